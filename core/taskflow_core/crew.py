"""The threads that make attempts: how many there are, who works, and who waits."""

import threading
from collections.abc import Callable
from time import perf_counter

TINY = 50e-6
"""Seconds: when tasks take less on average, one thread makes them all, one after another.

Threads that share tiny tasks only hand the interpreter and the lock to each other, at 20 µs and
more a hand-over: slower than one thread alone, whatever their number.
"""
STALE = 200e-6
"""Seconds after which the thread that makes the tiny tasks counts as busy with a long one."""
LOOKOUT = 0.5e-3
"""Seconds between two looks at whether that thread is busy with a long one."""
WEIGHT = 0.1
"""How much the newest task counts in the average."""


class Crew:
    """The threads of one lane. Every method is called with the engine's lock held.

    While tasks are tiny, one thread is *hot*: it makes them all. If there is more to start than
    it takes, another is the *lookout*: it looks twice a millisecond whether the hot one got stuck
    in a long task, and if so it takes the next and calls the others.

    Args:
        name: For the threads' names.
        lock: The engine's lock.
        work: What a thread does, from beginning to end.
        shares_interpreter: Its tasks run Python in this process, so tiny ones are not spread.
    """

    def __init__(
        self,
        name: str,
        lock: threading.RLock,
        work: Callable[[], None],
        *,
        shares_interpreter: bool,
    ) -> None:
        self._name = f"taskflow-{name}"
        self._wake = threading.Condition(lock)
        self._work = work
        self._shares_interpreter = shares_interpreter
        self._idle = 0
        self._is_coming = False
        """A thread was called and has not looked for a task yet."""
        self._pace = 0.0
        """Seconds that a task takes, on a moving average; tiny until the contrary is known."""
        self._hot: int | None = None
        self._hot_since = 0.0
        """When the hot thread took its task, on the clock of `perf_counter`."""
        self._has_lookout = False

    def note_pace(self, seconds: float) -> None:
        """Take in how long a task took."""
        self._pace += (seconds - self._pace) * WEIGHT

    def may_take(self, thread: int, now: float) -> bool:
        """Say whether a thread may take a task, or leaves it to the hot one; `perf_counter` now."""
        if self._pace > TINY or not self._shares_interpreter:
            return True
        if self._hot != thread and self._hot is not None:
            if now - self._hot_since < STALE:
                return False
            self._pace = STALE  # the hot one is stuck: tasks are not tiny any more
        self._hot = thread
        self._hot_since = now
        return True

    def call(self) -> bool:
        """See to it that tasks which could start do start; True if that took a new thread.

        One thread is called at a time. It calls the next one in its own turn, if there is more
        to start by then.
        """
        if self._is_coming or (self._has_lookout and self._is_hot()):
            return False
        self._is_coming = True
        if self._idle:
            self._wake.notify()
            return False
        threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return True

    def arrive(self) -> None:
        """Note that a thread is here, called or not, and about to look for a task."""
        self._is_coming = False

    def wait(self, thread: int, *, more: bool) -> None:
        """Wait, on the calling thread, until there may be something to do.

        Args:
            thread: The calling thread.
            more: There are tasks that could start, but they are left to the hot thread.
        """
        if self._hot == thread:
            self._hot = None
        self._idle += 1
        if more and not self._has_lookout:
            self._has_lookout = True
            self._wake.wait(LOOKOUT)
            self._has_lookout = False
        else:
            self._wake.wait()
        self._idle -= 1
        self.arrive()

    def call_all(self) -> None:
        """Have every waiting thread look."""
        self._wake.notify_all()

    def _is_hot(self) -> bool:
        if self._pace > TINY or not self._shares_interpreter or self._hot is None:
            return False
        return perf_counter() - self._hot_since < STALE
