"""What of the context a task sees: only what was written upstream, so timing changes nothing."""

import msgspec

from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.graph import downstream_of, order_within
from taskflow_core.state import RunState
from taskflow_core.statuses import SETTLED_TASKS


class ContextConflictError(TaskflowError):
    """Two tasks upstream, neither behind the other, wrote one key differently."""


class Entry(msgspec.Struct, frozen=True):
    """One value that a task sees."""

    writer: int
    """The number of the task that wrote it."""
    values: tuple[Preview, ...]
    epoch: int = 0
    """Of the task that wrote it."""
    is_list: bool = False
    """It was merged into a list; else there is one value."""


Seen = dict[str, Entry]


class Visibility:
    """Works out the context of every task from what tasks wrote, and the edges.

    A task sees the newest write of each key among the tasks upstream. Where two upstream ways bring
    different writes of which neither followed the other, the task's `merge` decides; without one
    it is an error.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._after: dict[tuple[int, int], Seen] = {}
        """By task and epoch: what those behind it see, once it and all upstream have ended."""

    def of(self, number: int) -> Seen:
        """Return what a task sees, by key.

        Raises:
            ContextConflictError: two tasks upstream wrote one key differently.
        """
        if not self._state.written:
            return {}
        after: dict[int, Seen] = {}
        open_still: set[int] = set()
        for other in self._unknown_before(number):
            after[other] = self._behind(other, after)
            if self._is_open(other) or not open_still.isdisjoint(self._upstream(other)):
                open_still.add(other)
            else:
                self._after[self._key(other)] = after[other]
        return self._join(number, after)

    def _unknown_before(self, number: int) -> list[int]:
        """Return the tasks upstream that are not worked out yet, each after its own upstream."""
        found: set[int] = set()
        stack = [*self._upstream(number)]
        while stack:
            other = stack.pop()
            if other not in found and self._key(other) not in self._after:
                found.add(other)
                stack.extend(self._upstream(other))
        return order_within(found, self._state.plan.upstream)

    def _behind(self, number: int, after: dict[int, Seen]) -> Seen:
        if self._is_open(number):
            return {}
        seen = self._join(number, after)
        name, epoch = self._state.plan.tasks[number].name, self._state.tasks[number].epoch
        for write in self._state.written.get(name, ()):
            if write.epoch == epoch:
                seen[write.key] = Entry(number, (write.value,), epoch)
        return seen

    def _join(self, number: int, after: dict[int, Seen]) -> Seen:
        seen: Seen = {}
        for other in self._upstream(number):
            behind = after[other] if other in after else self._after[self._key(other)]
            for key, entry in behind.items():
                have = seen.get(key)
                if have is None or have.values == entry.values:
                    seen[key] = entry
                elif have.writer == entry.writer:  # it ran again, and one way has the older write
                    seen[key] = max(have, entry, key=lambda one: one.epoch)
                else:
                    seen[key] = self._choose(number, key, have, entry)
        return seen

    def _choose(self, number: int, key: str, have: Entry, entry: Entry) -> Entry:
        if self._follows(entry.writer, have.writer):
            return entry
        if self._follows(have.writer, entry.writer):
            return have
        match self._state.plan.tasks[number].options.merge:
            case "first":
                return have
            case "last":
                return entry
            case "list":
                return Entry(number, (*have.values, *entry.values), is_list=True)
            case None:
                raise self._conflict(number, key, have, entry)

    def _conflict(self, number: int, key: str, have: Entry, entry: Entry) -> ContextConflictError:
        tasks = self._state.plan.tasks
        one, other = tasks[have.writer].name, tasks[entry.writer].name
        return ContextConflictError(
            f"{one!r} and {other!r} both wrote the context key {key!r}, differently",
            hint=f"Say which {tasks[number].name!r} sees: merge: first, last or list.",
        )

    def _follows(self, number: int, other: int) -> bool:
        """Say whether `number` lies downstream of `other`, so that it knew what it overwrote."""
        return other in downstream_of([number], self._state.plan.upstream)

    def _is_open(self, number: int) -> bool:
        return self._state.tasks[number].state not in SETTLED_TASKS

    def _upstream(self, number: int) -> tuple[int, ...]:
        return self._state.plan.upstream[number]

    def _key(self, number: int) -> tuple[int, int]:
        return number, self._state.tasks[number].epoch
