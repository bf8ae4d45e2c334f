"""Leaving when the system says so: with the terminal restored, or without it if it is gone."""

import asyncio
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

EXIT_CODES = {signal.SIGTERM: 143, signal.SIGHUP: 129}
PATIENCE = 3.0
"""Seconds after which the process ends in any case: a terminal that is gone can block for ever."""


def heed_signals(leave: Callable[[int], None]) -> None:
    """Call `leave` with the exit code when SIGTERM or SIGHUP comes; the loop has to be running."""
    loop = asyncio.get_running_loop()
    for number, code in EXIT_CODES.items():
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, _leave_in_time, leave, code)
    with suppress(ValueError):
        _guard_continuing()


def _leave_in_time(leave: Callable[[int], None], code: int) -> None:
    watchdog = threading.Timer(PATIENCE, os._exit, (code,))
    watchdog.daemon = True
    watchdog.start()
    leave(code)


def _guard_continuing() -> None:
    """Let Textual take the terminal again on SIGCONT only if there is one.

    The kernel sends SIGCONT along with SIGHUP when a terminal goes away. Textual would start a
    second writer thread then, and wait for the first one without end.
    """
    before = signal.getsignal(signal.SIGCONT)
    if not callable(before):
        return

    def continued(number: int, frame: FrameType | None) -> None:
        if _terminal_is_there():
            before(number, frame)

    signal.signal(signal.SIGCONT, continued)


def _terminal_is_there() -> bool:
    try:
        termios.tcgetattr(sys.__stdin__ or 0)
    except (termios.error, OSError, ValueError):
        return False
    return True
