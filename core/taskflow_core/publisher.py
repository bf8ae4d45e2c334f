"""Recording events and telling subscribers, in order and off the engine's lock."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from taskflow_core.bus import EventBus
from taskflow_core.events import Event

BEAT = 0.02
"""Seconds within which events of tasks in threads are recorded and handed to subscribers."""


class Journal(Protocol):
    """Where events are recorded."""

    term: int
    """Counts the owners of the run, from 1."""

    def append(self, events: list[Event]) -> None: ...
    def close(self) -> None: ...


class Publisher:
    """Records the events of turns in batches, then hands them to subscribers.

    Nothing reaches a subscriber before it is recorded. `commit` records at once, whoever calls;
    subscribers are only ever called by the publisher's own thread.

    Args:
        fetch: Returns the events decided since its last call, in order.
        journal: Where events are recorded, if anywhere.
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
        self._recorded: list[Event] = []
        """What subscribers have not heard yet."""
        self._recorded_in_all = 0
        self._has_failed = False
        self._has_news = threading.Event()
        self._hurry = threading.Event()
        self._is_closing = False
        self._delivered = 0
        self._delivery = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="taskflow-bus", daemon=True)
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
            self._recorded += events
            self._recorded_in_all += len(events)
        self._on_commit()
        self._has_news.set()

    def flush(self) -> None:
        """Record and deliver all events decided so far before returning.

        From a subscriber's own callback it only records.
        """
        self.commit()
        if threading.current_thread() is self._thread:
            return
        target = self._recorded_in_all
        self._wake_up()
        with self._delivery:
            self._delivery.wait_for(lambda: self._delivered >= target)

    def close(self) -> None:
        """Record and deliver what is left, then stop. Harmless from a subscriber's callback."""
        self._is_closing = True
        self._wake_up()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _wake_up(self) -> None:
        self._hurry.set()
        self._has_news.set()

    def _run(self) -> None:
        while not self._is_closing:
            self._has_news.wait()
            self._has_news.clear()  # before the events are fetched, so that none is overlooked
            self._hurry.clear()
            self._deliver()
            if not self._is_closing:
                self._hurry.wait(BEAT)
        self._deliver()

    def _deliver(self) -> None:
        self.commit()
        with self._write_lock:
            events, self._recorded = self._recorded, []
        for bus in self._buses:
            bus.publish(events)
        with self._delivery:
            self._delivered += len(events)
            self._delivery.notify_all()
