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
        rivals: dict[str, list[Entry]] = {}
        """The different values of a key, in the order of the edges, where there are several."""
        for other in self._upstream(number):
            behind = after[other] if other in after else self._after[self._key(other)]
            for key, entry in behind.items():
                have = seen.setdefault(key, entry)
                if have is not entry and have.values != entry.values:
                    rivals.setdefault(key, [have]).append(entry)
        for key, entries in rivals.items():
            seen[key] = self._choose(number, key, self._newest(entries))
        return seen

    def _newest(self, entries: list[Entry]) -> list[Entry]:
        """Return those that no other one followed; of one that was written again the newer one."""
        by_writer: dict[int, Entry] = {}
        for entry in entries:
            have = by_writer.setdefault(entry.writer, entry)
            if entry.epoch > have.epoch:
                by_writer[entry.writer] = entry
        followed: set[int] = set()
        for writer in by_writer:
            followed |= downstream_of([writer], self._state.plan.upstream)
        return [entry for writer, entry in by_writer.items() if writer not in followed]

    def _choose(self, number: int, key: str, entries: list[Entry]) -> Entry:
        if len(entries) == 1:
            return entries[0]
        match self._state.plan.tasks[number].options.merge:
            case "first":
                return entries[0]
            case "last":
                return entries[-1]
            case "list":
                values = [value for entry in entries for value in entry.values]
                return Entry(number, tuple(values), is_list=True)
            case None:
                raise self._conflict(number, key, *entries[:2])

    def _conflict(self, number: int, key: str, have: Entry, entry: Entry) -> ContextConflictError:
        tasks = self._state.plan.tasks
        one, other = tasks[have.writer].name, tasks[entry.writer].name
        return ContextConflictError(
            f"{one!r} and {other!r} both wrote the context key {key!r}, differently",
            hint=f"Say which {tasks[number].name!r} sees: merge: first, last or list.",
        )

    def _is_open(self, number: int) -> bool:
        return self._state.tasks[number].state not in SETTLED_TASKS

    def _upstream(self, number: int) -> tuple[int, ...]:
        return self._state.plan.upstream[number]

    def _key(self, number: int) -> tuple[int, int]:
        return number, self._state.tasks[number].epoch
