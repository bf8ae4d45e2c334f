"""An event loop on a thread of its own."""

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from taskflow_core.executors.daemon_threads import DaemonThreads
from taskflow_core.executors.thread import ThreadStopped, raise_in

FAREWELL = 0.2
"""Seconds that coroutines which are left have to end when their loop ends."""
HELPERS = 32
"""How many calls `asyncio.to_thread` makes at once."""


class LoopThread:
    """Runs an event loop until it is told to end; what a coroutine raises never ends it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.helpers = DaemonThreads(HELPERS)
        """The threads of `asyncio.to_thread`."""
        self.loop.set_default_executor(self.helpers)
        self._is_ending = False
        self._thread = threading.Thread(target=self._work, name="taskflow-async", daemon=True)
        self._thread.start()

    def call(self, func: Callable[..., object], *args: Any) -> None:
        """Have the loop call a function soon."""
        with suppress(RuntimeError):  # it has ended, and nothing can be said to it any more
            self.loop.call_soon_threadsafe(func, *args)

    def answers(self, seconds: float) -> bool:
        """Say whether the loop comes round within `seconds`, that is, nothing blocks it."""
        heard = threading.Event()
        self.call(heard.set)
        return heard.wait(seconds)

    def interrupt(self) -> None:
        """Raise ThreadStopped in what blocks the loop, at its next line of Python."""
        raise_in(self._ident, ThreadStopped)

    def take_back(self) -> None:
        """Take back an `interrupt` that has not come through."""
        raise_in(self._ident, None)

    def place(self) -> str:
        """Return the stack of the loop's thread as text, where it is right now."""
        frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        frame = frames.get(self._ident)
        return "".join(traceback.format_stack(frame))

    def end(self, seconds: float = 0.0) -> bool:
        """Have the loop end, and say whether it has, within `seconds`."""
        self._is_ending = True
        self.call(self.loop.stop)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def _ident(self) -> int:
        return self._thread.ident or 0

    def _work(self) -> None:
        while not self._is_ending:
            # A SystemExit in a coroutine that nobody awaits comes out here; the loop can go on.
            with suppress(BaseException):
                self.loop.run_forever()
        self.loop.set_exception_handler(_say_nothing)
        with suppress(BaseException):
            self._end_coroutines()
        self.loop.close()

    def _end_coroutines(self) -> None:
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            self.loop.run_until_complete(asyncio.wait(left, timeout=FAREWELL))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())


def _say_nothing(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Ignore what a coroutine that was left behind says at the end: its outcome is recorded."""
    del loop, context
