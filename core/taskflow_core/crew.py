"""The threads that make attempts: how many there are, who works, and who waits."""

import math
import threading
import time
from collections.abc import Callable

from taskflow_core.interrupts import interrupts_let_through
from taskflow_core.lanes import INLINE

TINY = 50e-6
"""Seconds: when tasks take less on average, one thread makes them all, one after another.

Threads that share tiny tasks only hand the interpreter and the lock to each other, at 20 µs and
more a hand-over: slower than one thread alone, whatever their number.
"""
STALE = 200e-6
"""Seconds after which the thread that makes the tiny tasks counts as busy with a long one."""
LOOKOUT = 0.5e-3
"""Seconds between two looks at whether that thread is busy with a long one."""
FOREVER = 1e9
"""Seconds: longer than any task."""
WEIGHT = 0.1
"""How much the newest task counts in the average."""


class Crew:
    """The threads of one lane. Every method is called with the engine's lock held.

    While tasks are tiny, one thread is *hot*: it makes them all. If there is more to start than
    it takes, another is the *lookout*: it looks twice a millisecond whether the hot one got stuck
    in a long task, and if so it takes the next and calls the others.

    Args:
        lane: What the threads take tasks from.
        lock: The engine's lock.
        work: What a thread does, from beginning to end.
        shares_interpreter: Its tasks run Python in this process, so tiny ones are not spread.
    """

    def __init__(
        self,
        lane: str,
        lock: threading.RLock,
        work: "Callable[[Crew], None]",
        *,
        shares_interpreter: bool,
    ) -> None:
        self.lane = lane
        self._wake = threading.Condition(lock)
        self._work = work
        self._idle = 0
        self.somebody_looks = False
        """A thread was called and will look for a task, or is the lookout: no need to call one."""
        self._pace = 0.0 if shares_interpreter else FOREVER
        """Seconds that a task takes, on a moving average; tiny until the contrary is known."""
        self._weight = WEIGHT if shares_interpreter else 0.0
        self._hot: int | None = None
        self._hot_since = 0.0
        """When the hot thread took its task, on the clock of `perf_counter`."""
        self._looked_at = -1.0
        """What `_hot_since` was when another thread last looked."""

    def note_pace(self, seconds: float) -> None:
        """Take in how long a task took."""
        self._pace += (seconds - self._pace) * self._weight

    def may_take(self, thread: int, now: float) -> bool:
        """Say whether a thread may take a task, or leaves it to the hot one; `perf_counter` now."""
        if self._pace > TINY:
            return True
        if self._hot != thread and self._hot is not None:
            # Only if it has the task that it had at the last look: a look that comes late may
            # just have waited for the interpreter, as the hot one did.
            is_stuck = now - self._hot_since >= STALE and self._hot_since == self._looked_at
            self._looked_at = self._hot_since
            if not is_stuck:
                return False
            self._pace = STALE  # tasks are not tiny any more
        self._hot = thread
        self._hot_since = now
        return True

    def call(self) -> bool:
        """Have another thread look for a task; True if that took a new thread.

        It calls the next one in its own turn, if there is more to start by then.
        """
        is_new = not self._idle
        if is_new:
            work, name = self._work, f"taskflow-{self.lane}"
            threading.Thread(target=work, args=(self,), name=name, daemon=True).start()
        else:
            self._wake.notify()
        self.somebody_looks = True
        return is_new

    def arrive(self) -> None:
        """Note that a thread is here, called or not, and about to look for a task."""
        self.somebody_looks = False

    def wait(self, thread: int, *, more: bool) -> bool:
        """Wait, on the calling thread, until there may be something to do; True: look again.

        Args:
            thread: The calling thread.
            more: There are tasks that could start, but they are left to the hot thread.
        """
        if self._hot == thread:
            self._hot = None
        self._idle += 1
        if more and not self.somebody_looks:
            self.somebody_looks = True
            self._wake.wait(LOOKOUT)
        else:
            self._wake.wait()
        self._idle -= 1
        self.arrive()
        return True

    def call_all(self) -> None:
        """Have every waiting thread look."""
        self._wake.notify_all()


class Seat:
    """The place of the one waiting thread that makes the inline tasks, in the stead of a crew.

    Every method is called with the engine's lock held.
    """

    lane = INLINE
    somebody_looks = False
    """Calling costs nothing here."""

    def __init__(self, lock: threading.RLock) -> None:
        self._wake = threading.Condition(lock)
        self._holder: int | None = None
        self._until = math.inf
        self._interrupts: dict[int, KeyboardInterrupt] = {}

    def is_held_by(self, thread: int) -> bool:
        """Say whether a thread has the seat."""
        return self._holder == thread

    def sit(self, thread: int, until: float) -> bool:
        """Give the seat to a thread until some moment of `time.monotonic`; False if it is taken."""
        if self._holder is not None:
            return False
        self._holder = thread
        self._until = until
        return True

    def rise(self, thread: int | None = None) -> None:
        """Free the seat, if `thread`, or whoever, has it."""
        if thread is None or thread == self._holder:
            self._holder = None

    def interrupt(self, thread: int, error: KeyboardInterrupt) -> None:
        """Keep what a task on a thread raised until the run has ended."""
        self._interrupts[thread] = error

    def interrupt_of(self, thread: int) -> KeyboardInterrupt | None:
        """Return what is to be raised on a thread, once."""
        return self._interrupts.pop(thread, None)

    def note_pace(self, seconds: float) -> None:
        """Whatever it took: there is nobody to share with."""

    def may_take(self, thread: int, now: float) -> bool:
        """Say whether a thread may take a task."""
        del now
        return self._holder == thread

    def call(self) -> bool:
        """Have the thread on the seat look; with nobody there the tasks wait."""
        self._wake.notify()
        return False

    def arrive(self) -> None:
        """Note that a thread is about to look for a task."""

    def wait(self, thread: int, *, more: bool) -> bool:
        """Wait until there may be something to do; False if the thread has waited long enough.

        Raises:
            KeyboardInterrupt: somebody pressed Ctrl-C.
        """
        del thread, more
        left = self._until - time.monotonic()
        if left <= 0:
            return False
        with interrupts_let_through():
            self._wake.wait(None if left == math.inf else left)
        return True

    def call_all(self) -> None:
        """Have the thread on the seat look."""
        self._wake.notify_all()
