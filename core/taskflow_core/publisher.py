"""Recording events and telling subscribers, in order and off the engine's lock."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from taskflow_core.bus import EventBus
from taskflow_core.bus.delivery import wait_until_heard
from taskflow_core.bus.log import EventLog
from taskflow_core.events import Event

BEAT = 0.02
"""Seconds within which events of tasks in threads are recorded and handed to subscribers."""


class Journal(Protocol):
    """Where events are recorded."""

    term: int
    """Counts the owners of the run, from 1."""

    def append(self, events: list[Event]) -> None: ...
    def close(self) -> None: ...


@runtime_checkable
class ReadableJournal(Journal, Protocol):
    """A journal that can be asked what it holds, from any thread, even when it is closed."""

    def read(self, after: int) -> Sequence[Event]: ...


class Publisher:
    """Records the events of turns in batches, then lets subscribers have them.

    Nothing reaches a subscriber before it is recorded. `commit` records at once, whoever calls;
    subscribers fetch what was recorded on threads of their own, and hold up nobody.

    Args:
        fetch: Returns the events decided since its last call, in order.
        journal: Where events are recorded, if anywhere. A `ReadableJournal` is also where slow and
            late subscribers get them from.
        buses: Where they go then.
        on_commit: Called after each batch is recorded, from any thread.
        on_failure: Called once if recording fails; nothing is recorded or published after that.
    """

    def __init__(
        self,
        fetch: Callable[[], list[Event]],
        journal: Journal | None,
        buses: Sequence[EventBus],
        *,
        on_commit: Callable[[], None] = lambda: None,
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._fetch = fetch
        self._journal = journal
        self._buses = buses
        self._on_commit = on_commit
        self._on_failure = on_failure
        self._write_lock = threading.Lock()
        self._log = EventLog(_reading(journal))
        self._has_failed = False
        self._has_news = threading.Event()
        self._is_closing = threading.Event()
        for bus in buses:
            bus.attach(self._log)
        self._thread = threading.Thread(target=self._run, name="taskflow-publisher", daemon=True)
        self._thread.start()

    def hear_of_events(self) -> None:
        """Fetch events within a beat. Cheap, as it is called at the end of every turn."""
        if not self._has_news.is_set():
            self._has_news.set()

    def commit(self) -> None:
        """Record all events decided so far before returning."""
        with self._write_lock:
            events = self._fetch()
            if not events or self._has_failed:
                return
            try:
                if self._journal is not None:
                    self._journal.append(events)
            except Exception as error:  # noqa: BLE001  whatever it is, the run cannot go on
                self._has_failed = True
                self._on_failure(error)
                return
            if self._buses:
                self._log.append(events)
        self._on_commit()
        self._has_news.set()

    def flush(self) -> None:
        """Record all events decided so far, and wait until subscribers have dealt with them.

        From a subscriber's own callback it only records. A subscriber that makes no progress for
        as long as its patience is left behind, with a warning.
        """
        self.commit()
        self._log.announce()
        self._wait_until_heard()

    def close(self) -> None:
        """Record and announce what is left, wait as `flush` does, then stop."""
        self._is_closing.set()
        self._has_news.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._log.close()
        self._wait_until_heard()
        for bus in self._buses:
            bus.detach(self._log)

    def _wait_until_heard(self) -> None:
        deliveries = [one for bus in self._buses for one in bus.deliveries(self._log)]
        wait_until_heard(deliveries, self._log.last)

    def _run(self) -> None:
        while not self._is_closing.is_set():
            self._has_news.wait()
            self._has_news.clear()  # before the events are fetched, so that none is overlooked
            self.commit()
            self._log.announce()
            self._is_closing.wait(BEAT)
        self.commit()


def _reading(journal: Journal | None) -> Callable[[int], Sequence[Event]] | None:
    """Return how recorded events are had back; the check is dear where there is no journal."""
    return journal.read if journal is not None and isinstance(journal, ReadableJournal) else None
