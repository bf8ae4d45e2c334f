"""One coroutine that is an attempt, and what is said of it between its loop and its thread."""

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from taskflow_core.context import Context
from taskflow_core.executors.base import Workplace
from taskflow_core.executors.daemon_threads import owner
from taskflow_core.executors.loop_thread import LoopThread
from taskflow_core.outcomes import Job, Outcome
from taskflow_core.output_router import destination


class Returned(msgspec.Struct, frozen=True):
    """What a coroutine returned; it is stored by the thread that waits for it."""

    value: Any


class Kill(msgspec.Struct, frozen=True):
    """Says to the thread that waits for a coroutine that it is to be killed."""


News = Returned | Outcome | Kill


class CoroutineAttempt:
    """One coroutine, from before it begins until the thread that waits for it lets go."""

    def __init__(self, job: Job, place: Workplace) -> None:
        output = place.output(job)
        self.job = job
        self.output = output
        self.told = False
        """It was told to stop."""
        self.loop: LoopThread | None = None
        """Where it is to run, or runs."""
        self.make: Callable[[], object] = lambda: None
        """Calls its function."""
        self.given: Context | None = None
        """The context that its function takes, if it takes one."""
        self.task: asyncio.Task[News] | None = None
        self.has_begun = False
        """Its function was called, so it cannot move to another loop."""
        self.has_shown = False
        """Its output says where it blocked the loop."""
        self.news: SimpleQueue[News] = SimpleQueue()
        self.context = contextvars.copy_context()
        self.context.run(destination.set, None if place.folder is None else output)
        self.context.run(owner.set, self)

    def ends(self, seconds: float) -> bool:
        """Say whether it ends within `seconds`."""
        try:
            while isinstance(self.news.get(timeout=seconds), Kill):
                pass
        except Empty:
            return False
        return True

    def show_block(self, loop: LoopThread) -> None:
        """Write to its output, once, where it blocks a loop right now."""
        if not self.has_shown:
            self.has_shown = True
            with suppress(OSError):  # a full disk is noticed by who prints
                self.output.write(f"the event loop is blocked here:\n{loop.place()}".encode())

    def left(self) -> int:
        """Return how many calls that it made by `asyncio.to_thread` go on."""
        return 0 if self.loop is None else self.loop.helpers.calls_of(self)
