"""What a task may change of the process that it runs in, put back for the next one.

What belongs to the module state of imported code stays: a worker holds the code it has loaded.
"""

import contextlib
import locale
import os
import random
import resource
import signal
import sys
import warnings
from collections.abc import Generator

_LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_SIGNALS = tuple(map(int, signal.Signals))


class Surroundings:
    """How a process is between two tasks."""

    def __init__(self) -> None:
        self._home = os.getcwd()  # noqa: PTH109  the string, to go back to
        self._environment = dict(os.environ)
        self._umask = os.umask(0)
        os.umask(self._umask)  # the only way to read it
        self._locale = locale.setlocale(locale.LC_ALL)
        self._handlers = list(map(signal.getsignal, _SIGNALS))
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._final = _final_state()

    def enter(self, folder: str | None, variables: dict[str, str]) -> None:
        """Go to `folder`, or stay at home, with `variables` besides those of the process.

        Raises:
            OSError: there is no such folder.
        """
        os.environ.clear()
        os.environ.update({**self._environment, **variables})
        os.chdir(folder or self._home)

    @contextlib.contextmanager
    def kept(self) -> Generator[None]:
        """Put back, after the block, what Python code finds in its interpreter."""
        path, depth = sys.path.copy(), sys.getrecursionlimit()
        try:
            with warnings.catch_warnings():
                yield
        finally:
            sys.path[:] = path
            sys.setrecursionlimit(depth)

    def restore(self) -> bool:
        """Put back what the process had; False if it will never be what it was."""
        try:
            os.chdir(self._home)
            os.umask(self._umask)
            self._restore_signals()
            if locale.setlocale(locale.LC_ALL) != self._locale:
                locale.setlocale(locale.LC_ALL, self._locale)
            random.seed()
            return _final_state() == self._final
        except (OSError, TypeError, ValueError, locale.Error):
            return False

    def _restore_signals(self) -> None:
        for timer in _TIMERS:
            signal.setitimer(timer, 0)
        for number, handler in zip(_SIGNALS, self._handlers, strict=True):
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)


def _final_state() -> list[object]:
    """Return what a process cannot take back once it has changed it."""
    ids = os.getuid(), os.geteuid(), os.getgid(), os.getegid()
    return [ids, os.getpriority(os.PRIO_PROCESS, 0), *map(resource.getrlimit, _LIMITS)]
