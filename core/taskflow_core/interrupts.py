"""Ctrl-C on a main thread that runs tasks itself: it reaches the tasks, never our own code.

Python raises KeyboardInterrupt between any two instructions of the main thread. Between those of
a turn it would leave a run half decided.
"""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

_let_through = False
_pending = False


@contextmanager
def interrupts_held_back() -> Generator[None]:
    """Hold Ctrl-C back while the block runs, except within `interrupts_let_through`.

    Does nothing on other threads than the main one, and where the program has a handler of its
    own.

    Raises:
        KeyboardInterrupt: at the end, if Ctrl-C came and was never let through.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _at_the_gate(is_open=False):
        is_outermost = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if is_outermost:
            signal.signal(signal.SIGINT, _hear)
        try:
            yield
        finally:
            if is_outermost:
                signal.signal(signal.SIGINT, signal.default_int_handler)
    if is_outermost:
        _raise_pending()


@contextmanager
def interrupts_let_through() -> Generator[None]:
    """Let Ctrl-C be raised in the block, also one that came before it.

    Raises:
        KeyboardInterrupt: it did.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _at_the_gate(is_open=True):
        _raise_pending()
        yield


@contextmanager
def _at_the_gate(*, is_open: bool) -> Generator[None]:
    global _let_through
    before, _let_through = _let_through, is_open
    try:
        yield
    finally:
        _let_through = before


def _hear(number: int, frame: FrameType | None) -> None:
    global _pending
    del number, frame
    _pending = True
    if _let_through:
        _raise_pending()


def _raise_pending() -> None:
    global _pending
    if _pending:
        _pending = False
        raise KeyboardInterrupt
