"""What of the context a task sees: only what was written upstream, so timing changes nothing."""

import msgspec

from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.graph import downstream_of
from taskflow_core.state import RunState, Written
from taskflow_core.statuses import SETTLED_TASKS


class ContextConflictError(TaskflowError):
    """Two tasks upstream, neither behind the other, wrote one key differently."""


class Entry(msgspec.Struct, frozen=True):
    """One value that a task sees."""

    writer: int
    """The number of the task that wrote it."""
    values: tuple[Preview, ...]
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
        """By task and epoch: what those behind it see, once it has ended."""

    def of(self, number: int) -> Seen:
        """Return what a task sees, by key.

        Raises:
            ContextConflictError: two tasks upstream wrote one key differently.
        """
        if not self._state.written:
            return {}
        for other in self._unknown_before(number):
            self._after[self._key(other)] = self._behind(other)
        return self._join(number)

    def _unknown_before(self, number: int) -> list[int]:
        """Return the tasks upstream that are not worked out yet, each after its own upstream."""
        upstream = self._state.plan.upstream
        found: set[int] = set()
        stack = list(upstream[number])
        while stack:
            other = stack.pop()
            if other not in found and self._key(other) not in self._after:
                found.add(other)
                stack.extend(upstream[other])
        if len(found) < 2:
            return list(found)
        return [other for other in self._state.plan.order if other in found]

    def _behind(self, number: int) -> Seen:
        if self._state.tasks[number].state not in SETTLED_TASKS:
            return {}
        seen = self._join(number)
        name, epoch = self._state.plan.tasks[number].name, self._state.tasks[number].epoch
        for write in self._writes_of(name):
            if write.epoch == epoch:
                seen[write.key] = Entry(number, (write.value,))
        return seen

    def _join(self, number: int) -> Seen:
        upstream = self._state.plan.upstream[number]
        seen: Seen = {}
        for other in upstream:
            for key, entry in self._after.get(self._key(other), {}).items():
                have = seen.get(key)
                if have is None or have.writer == entry.writer or have.values == entry.values:
                    seen[key] = entry
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

    def _writes_of(self, name: str) -> list[Written]:
        return [write for write in self._state.written if write.task == name]

    def _key(self, number: int) -> tuple[int, int]:
        return number, self._state.tasks[number].epoch
