"""The events of one run, for readers that each go at their own pace."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from taskflow_core.errors import TaskflowError
from taskflow_core.events import Event, SubscriberGap

KEPT = 50_000
"""How many of the newest events stay in memory: some 10 MB, once for all readers of a run."""
SLICE = 1_000
"""How many events a reader is given at a time."""

log = logging.getLogger(__name__)


class EventLog:
    """The newest events of one run in memory, and behind them those that were recorded.

    Appending never waits for a reader, and costs the same whether there is one or none.

    Args:
        recorded: Returns the recorded events after a number, in order; None if there is no record.
        kept: How many events stay in memory at least; twice as many do at most.
    """

    def __init__(
        self, recorded: Callable[[int], Sequence[Event]] | None = None, *, kept: int = KEPT
    ) -> None:
        self._recorded = recorded
        self._kept = kept
        self._events: list[Event] = []
        self._first = 1
        """The number of the oldest event in memory."""
        self._is_closed = False
        self._changed = threading.Condition()
        self.last = 0
        """The number of the newest event."""

    def append(self, events: Sequence[Event]) -> None:
        """Add the next events of the run; `announce` tells the readers."""
        with self._changed:
            if not self._events:
                self._first = events[0].seq
            self._events += events
            self.last = events[-1].seq
            surplus = len(self._events) - self._kept
            if surplus >= self._kept:  # rarely, so that it costs next to nothing for each event
                del self._events[:surplus]
                self._first += surplus

    def announce(self) -> None:
        """Wake readers that wait."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Say that no more events come."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def read(self, after: int, queue: int, is_over: Callable[[], bool]) -> Sequence[Event]:
        """Wait for events after number `after`, and return some: those that come next.

        Only the newest `queue` events are taken from memory. Older ones come from the record; if
        it does not have them, one SubscriberGap takes their place.

        Returns:
            No events if there will be no more, or as soon as `is_over` says so.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.last > after or self._is_closed or is_over())
            if is_over():
                return []
            oldest = max(self._first, self.last - queue + 1)
            if after + 1 >= oldest:
                start = after + 1 - self._first
                return self._events[start : start + SLICE]
            run = self._events[0].run
        gap = SubscriberGap(oldest - 1, time.time(), run, after + 1, oldest - 1)
        return self._from_record(after) or [gap]

    def _from_record(self, after: int) -> Sequence[Event]:
        if self._recorded is None:
            return ()
        try:
            events = self._recorded(after)
        except TaskflowError as error:
            log.warning("events after %d cannot be read again: %s", after, error)
            return ()
        return events if events and events[0].seq == after + 1 else ()
