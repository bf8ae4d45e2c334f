"""Which events a subscriber wants to hear."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from taskflow_core.errors import DefinitionError, suggestion
from taskflow_core.events import Event, SubscriberGap, UnknownEvent

Names = str | Iterable[str]
"""One name, or several."""


class EventFilter:
    """Picks the events of some kinds, about some tasks.

    Args:
        kinds: Names of kinds, such as `AttemptFailed`; None for all.
        tasks: Names of tasks, or patterns such as `load_*`; None for all. With names, only events
            about a task are wanted, and `SubscriberGap`.

    Raises:
        DefinitionError: there is no such kind of event.
    """

    def __init__(self, kinds: Names | None, tasks: Names | None) -> None:
        self._kinds = None if kinds is None else frozenset(map(_kind, _several(kinds)))
        self._patterns = None if tasks is None else tuple(_several(tasks))
        self._wanted_tasks: dict[str, bool] = {}

    def select(self, events: Sequence[Event]) -> Sequence[Event]:
        """Return those of `events` that are wanted, in their order."""
        kinds = self._kinds
        if kinds is not None:
            events = [event for event in events if type(event) in kinds]
        if self._patterns is not None:
            events = [event for event in events if self._is_about(event, self._patterns)]
        return events

    def _is_about(self, event: Event, patterns: tuple[str, ...]) -> bool:
        task: str | None = getattr(event, "task", None)
        if task is None:
            return isinstance(event, SubscriberGap)
        wanted = self._wanted_tasks.get(task)
        if wanted is None:
            wanted = any(task == pattern or fnmatchcase(task, pattern) for pattern in patterns)
            self._wanted_tasks[task] = wanted
        return wanted


def _several(names: Names) -> Iterable[str]:
    return (names,) if isinstance(names, str) else names


def _kind(name: str) -> type[Event]:
    known = {kind.__name__: kind for kind in _kinds(Event)}
    if name not in known:
        hint = suggestion(name, known) or f"There are: {', '.join(known)}."
        raise DefinitionError(f"there is no event called {name!r}", hint=hint)
    return known[name]


def _kinds(family: type[Event]) -> Iterator[type[Event]]:
    """Yield the kinds that events really have, not the families they belong to."""
    members = family.__subclasses__()
    for member in members:
        yield from _kinds(member)
    if not members and family is not UnknownEvent:
        yield family
