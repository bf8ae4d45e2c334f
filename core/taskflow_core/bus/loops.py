"""The event loops that async callbacks run on, seen from other threads."""

import asyncio
import functools
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, wait

LOOK = 1.0
"""Seconds between looks whether a loop that does not answer was closed."""


class LoopEndedError(Exception):
    """The event loop runs no more callbacks."""


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@functools.cache
def private_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop for callbacks that have none; it runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="taskflow-callbacks", daemon=True).start()
    return loop


os.register_at_fork(after_in_child=private_loop.cache_clear)  # its thread is not there


def complete(coroutine: Coroutine[object, object, None], loop: asyncio.AbstractEventLoop) -> None:
    """Run `coroutine` on a loop of another thread, and wait for its end.

    Raises:
        LoopEndedError: the loop was closed, before or meanwhile.
    """
    try:
        future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    except RuntimeError as error:
        coroutine.close()
        raise LoopEndedError from error
    while not wait([future], LOOK).done:
        if loop.is_closed():  # without a word to what it had still to do
            coroutine.close()
            raise LoopEndedError
    try:
        future.result()
    except CancelledError as error:
        raise LoopEndedError from error
