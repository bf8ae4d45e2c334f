"""Flows with handlers, and what is heard of these."""

from typing import Any

import taskflow_core.events as ev
from taskflow_core import Event, EventBus, Flow, Task


def broken() -> None:
    raise ValueError("broken")


def nothing() -> None:
    """Do nothing."""


def undo(result: object) -> None:
    del result


def not_undone(result: object) -> None:
    raise RuntimeError(f"{result} stays")


def heard(flow: Flow, **options: Any) -> list[Event]:
    """Run a flow and return its events."""
    bus, events = EventBus(), list[Event]()
    bus.subscribe(events.append)
    flow.run(bus=bus, **options)
    return events


def finished(events: list[Event]) -> list[tuple[str, bool, str | None]]:
    """Return which handlers ended, and how."""
    return [(e.handler, e.ok, e.error) for e in events if isinstance(e, ev.HandlerFinished)]


GOOD = Task(nothing, name="good", rollback=undo)
FAILED = Task(broken, name="broken", depends_on="good")
TOLERATED = Task(broken, name="broken", allow_failure=True)
STUCK = Task(nothing, name="good", rollback=not_undone)
