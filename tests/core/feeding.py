"""A run that is only its events, and a subscriber that stands still until it is let through."""

import threading
from collections.abc import Sequence

import taskflow_core.events as ev
from taskflow_core import EventBus
from taskflow_core.bus.delivery import wait_until_heard
from taskflow_core.bus.log import KEPT, EventLog

SOON = 10.0
"""Seconds after which a test has failed; what it waits for takes no time."""


class Feed:
    """Stands for a run: publishes numbered events, one for each name of a task."""

    def __init__(self, *buses: EventBus, record: bool = False, kept: int = KEPT) -> None:
        self.events: list[ev.Event] = []
        self.buses = buses
        self.log = EventLog(self.recorded if record else None, kept=kept)
        for bus in buses:
            bus.attach(self.log)

    def recorded(self, after: int) -> Sequence[ev.Event]:
        return self.events[after:]

    def publish(self, *tasks: str) -> None:
        number = len(self.events)
        new = [ev.TaskReady(number + n, 1.0, "r", task, 0) for n, task in enumerate(tasks, 1)]
        self.events += new
        self.log.append(new)
        self.log.announce()

    def publish_kinds(self) -> None:
        number = len(self.events)
        new = [
            ev.RunStarted(number + 1, 1.0, "r", 1, 1),
            ev.TaskReady(number + 2, 1.0, "r", "a", 0),
            ev.TaskBlocked(number + 3, 1.0, "r", "b", 0, "a"),
        ]
        self.events += new
        self.log.append(new)
        self.log.announce()

    def wait(self) -> None:
        deliveries = [one for bus in self.buses for one in bus.deliveries(self.log)]
        wait_until_heard(deliveries, self.log.last)


class Gate:
    """A subscriber that stands still on each event until it is let through."""

    def __init__(self) -> None:
        self.heard: list[ev.Event] = []
        self.entered = threading.Event()
        self._way = threading.Semaphore(0)
        self._is_open = False

    def __call__(self, event: ev.Event) -> None:
        self.entered.set()
        assert self._is_open or self._way.acquire(timeout=SOON)
        self.heard.append(event)

    def let(self, number: int) -> None:
        """Let so many events pass."""
        for _ in range(number):
            self._way.release()

    def open(self) -> None:
        """Let all events pass from now on."""
        self._is_open = True
        self.let(1)


def numbers(events: Sequence[ev.Event]) -> list[int]:
    """Return the numbers of events."""
    return [event.seq for event in events]


def accounted(events: Sequence[ev.Event]) -> list[int]:
    """Return the numbers that were heard, with those that gaps stand for."""
    of_each = (
        range(event.first, event.last + 1) if isinstance(event, ev.SubscriberGap) else [event.seq]
        for event in events
    )
    return [number for numbers in of_each for number in numbers]
