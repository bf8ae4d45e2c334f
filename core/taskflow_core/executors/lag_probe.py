"""Notices when a coroutine does not let go of the event loop that it shares with others."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from taskflow_core.executors.loop_thread import LoopThread

LAG = 0.25
"""Seconds that a loop may not come round."""

Current = asyncio.Task[Any] | None


class LagProbe:
    """Looks at a loop four times a second while something runs on it, on a thread of its own.

    Args:
        loop: What is looked at.
        is_used: Says whether something runs on it.
        tell: Called once for each coroutine that blocks it, for `LAG` seconds at least.
    """

    def __init__(
        self,
        loop: LoopThread,
        is_used: Callable[[], bool],
        tell: Callable[[LoopThread, "asyncio.Task[Any]"], None],
    ) -> None:
        self._loop = loop
        self._is_used = is_used
        self._tell = tell
        self._wake = threading.Event()
        self._pause = threading.Event()
        threading.Thread(target=self._work, name="taskflow-lag", daemon=True).start()

    def wake(self) -> None:
        """Look from now on: something is about to run on the loop."""
        if not self._wake.is_set():
            self._wake.set()

    def end(self) -> None:
        """Look no more."""
        self._pause.set()
        self._wake.set()

    def _work(self) -> None:
        while not self._pause.wait(LAG):
            self._look()
            self._wake.clear()
            if not self._is_used():
                self._wake.wait()

    def _look(self) -> None:
        """Wait until the loop comes round, and tell who keeps it from doing so."""
        heard = threading.Event()
        self._loop.call(heard.set)
        before, told = self._current(), False
        while not heard.wait(LAG) and not self._pause.is_set():
            current = self._current()
            # One that was there already at the last look: a busy loop is not a blocked one.
            if current is not None and current is before and not told:
                told = True
                self._tell(self._loop, current)
            before = current

    def _current(self) -> Current:
        return asyncio.current_task(self._loop.loop)
