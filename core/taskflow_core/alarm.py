"""The thread that acts when time has come."""

import math
import threading
from collections.abc import Callable

from taskflow_core.clock import Clock


class Alarm:
    """Wakes a thread of its own at the moments it is set to. All but `run` need the lock held.

    Args:
        lock: The engine's lock.
        clock: Tells the time.
        run: What the thread does, from beginning to end; it calls `wait`.
    """

    def __init__(self, lock: threading.RLock, clock: Clock, run: Callable[[], None]) -> None:
        self._wake = threading.Condition(lock)
        self._clock = clock
        self._run = run
        self._has_thread = False
        self._sleeps_until = math.inf

    def set(self, due: float) -> bool:
        """Have the thread awake at `due`, monotonic seconds; True if that took a new thread."""
        if not self._has_thread:
            self._has_thread = True
            threading.Thread(target=self._run, name="taskflow-timer", daemon=True).start()
            return True
        if due < self._sleeps_until:
            self._sleeps_until = due
            self._wake.notify()
        return False

    def wait(self, due: float | None) -> bool:
        """Return True if `due` has come; else wait for it, or for `set` or `stop`, and False."""
        seconds = None if due is None else due - self._clock.now().mono
        if seconds is not None and seconds <= 0:
            return True
        self._sleeps_until = math.inf if due is None else due
        self._wake.wait(seconds)
        return False

    def stop(self) -> None:
        """Wake the thread, so that it can see that all is over."""
        self._wake.notify_all()

    def leave(self) -> None:
        """Note that the thread ends."""
        self._has_thread = False
