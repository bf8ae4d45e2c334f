"""One callback's place on a bus: what it hears, and how it has fared."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Self

from taskflow_core.bus.filter import EventFilter
from taskflow_core.bus.loops import private_loop, running_loop
from taskflow_core.events import Event, SubscriberGap

Subscriber = Callable[[Event], object]
"""Called with one event at a time, in order. What it returns is awaited, if it can be."""

FAILURES = 10
"""How often in a row a subscriber may fail before it is called no more."""

log = logging.getLogger(__name__)


class Subscription:
    """One callback's place on a bus. Close it, or use it in a `with` block, to hear no more.

    Args:
        callback: What is called.
        wanted: Which events it hears.
        queue: How many events may wait for it in memory.
        patience: Seconds without progress after which the end of a run no longer waits for it.
        on_close: Called when it is closed.
    """

    def __init__(
        self,
        callback: Subscriber,
        wanted: EventFilter,
        *,
        queue: int,
        patience: float,
        on_close: Callable[["Subscription"], None],
    ) -> None:
        self.callback = callback
        self.wanted = wanted
        self.queue = queue
        self.patience = patience
        self._on_close = on_close
        self._loop = running_loop()
        self.is_async = _is_async(callback)
        self.uses_loop = self.is_async
        """It cannot go on while the thread of its event loop waits for something."""
        self.is_open = True
        self.failures = 0
        """How often the callback has raised."""
        self.failures_in_a_row = 0
        self.dropped = 0
        """How many events it missed for good, because it was slow and there is no record."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop on which its coroutines run."""
        return self._loop or private_loop()

    def close(self) -> None:
        """Hear no more, once a call that is under way has ended. Closing twice is harmless."""
        self.is_open = False
        self._on_close(self)

    def note_failure(self, event: Event, error: BaseException) -> None:
        """Count and log what the callback raised; the tenth time in a row is the last."""
        self.failures += 1
        self.failures_in_a_row += 1
        level = logging.ERROR if self.failures == 1 else logging.DEBUG
        log.log(level, "subscriber %r failed on %s", self.callback, event.kind, exc_info=error)
        if self.failures_in_a_row == FAILURES:
            text = "subscriber %r failed %d times in a row and is called no more; last: %r"
            log.warning(text, self.callback, FAILURES, error)
            self.close()

    def note_gap(self, gap: SubscriberGap) -> None:
        """Count and log what the subscriber was too slow to hear."""
        if not self.dropped:
            text = "subscriber %r is slow and missed events %d to %d, maybe more later"
            log.warning(text, self.callback, gap.first, gap.last)
        self.dropped += gap.last - gap.first + 1

    def note_loop_ended(self) -> None:
        """Close, as there is nowhere to run the callback any more."""
        if self.is_open:
            log.warning(
                "the event loop of subscriber %r has ended; it hears no more", self.callback
            )
            self.close()


def _is_async(callback: Subscriber) -> bool:
    call = getattr(callback, "__call__", None)  # noqa: B004  an object with `async def __call__`
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(call)
