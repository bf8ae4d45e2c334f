"""What the children of each container are doing, kept up to date change by change."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from taskflow_core.state import RunState, TaskState
from taskflow_core.state.counting import is_counted, is_open
from taskflow_core.statuses import SETTLED_TASKS, TaskStatus

WORST_FIRST = (
    TaskStatus.FAILED,
    TaskStatus.ROLLBACK_FAILED,
    TaskStatus.HELD,
    TaskStatus.RETRY_WAIT,
    TaskStatus.WAITING,
    TaskStatus.ROLLING_BACK,
    TaskStatus.RUNNING,
    TaskStatus.QUEUED,
    TaskStatus.READY,
    TaskStatus.PENDING,
    TaskStatus.UPSTREAM_FAILED,
    TaskStatus.CANCELLED,
    TaskStatus.ROLLED_BACK,
    TaskStatus.SUCCEEDED,
    TaskStatus.SKIPPED,
)
"""States in the order in which a person wants to know of them."""
_GONE = "removed"


@dataclass
class Tally:
    """The children of one container."""

    states: Counter[TaskStatus] = field(default_factory=Counter[TaskStatus])
    """How many are in which state; a container that is open stands for the worst inside of it."""
    began: float | None = None
    ended: float | None = None
    """When the first attempt of a child began, and when the last one ended. Unix seconds."""

    @property
    def total(self) -> int:
        """How many children there are."""
        return self.states.total()

    @property
    def done(self) -> int:
        """How many of them have ended."""
        return sum(self.states[status] for status in SETTLED_TASKS)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return self.states[TaskStatus.FAILED]

    def took(self, container: TaskState, now: float) -> float | None:
        """Return the seconds from the first attempt of a child to the end, or until now."""
        if self.began is None:
            return None
        is_over = container.state in SETTLED_TASKS and self.ended is not None
        return (self.ended if is_over and self.ended is not None else now) - self.began

    @property
    def worst(self) -> TaskStatus:
        """The state of them that a person wants to know of first."""
        return next((s for s in WORST_FIRST if self.states[s]), TaskStatus.PENDING)


class Tallies:
    """Knows about the containers of one run. Tell it which tasks changed, with `touch`."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._of: dict[int, Tally] = {}
        self._shown: list[TaskStatus | None] = []
        self._counted: list[TaskStatus | None] = []
        self.counts: dict[TaskStatus, int] = dict.fromkeys(TaskStatus, 0)
        """How many of the tasks that are counted are in which state."""
        self.asking: dict[int, None] = {}
        """The tasks that wait for a person, in the order in which they were seen to."""
        if state.plan.nesting.is_nested:
            self._note_new()
        else:
            self.counts = state.counts
            self._note_asking(range(len(state.tasks)))

    def of(self, number: int) -> Tally | None:
        """Return what is known of the children of a task; None for a task without any."""
        return self._of.get(number)

    def status(self, number: int) -> TaskStatus:
        """Return the state to show for a task: of an open container, the worst inside of it."""
        tally = self._of.get(number)
        if tally is not None and is_open(self._state, number):
            return tally.worst
        return self._state.tasks[number].state

    def touch(self, numbers: Iterable[int]) -> None:
        """Note that tasks have changed, and that there may be more of them."""
        if not self._state.plan.nesting.is_nested:
            self._note_asking(numbers)
            return
        changed = sorted(numbers)
        for number in changed:
            self._begin_again(number)
        self._note_new()
        for number in changed:
            self._update(number)
        self._note_asking(changed)

    # --- in detail -----------------------------------------------------------------------

    def _note_new(self) -> None:
        first, size = len(self._shown), len(self._state.tasks)
        self._shown += [None] * (size - first)
        self._counted += [None] * (size - first)
        for number in range(first, size):
            parent = self._state.plan.nesting.parents[number]
            if parent is not None:
                self._of.setdefault(parent, Tally())
        for number in range(first, size):
            if number not in self._of:
                self._note_leaf(number)
        parents = {self._state.plan.nesting.parents[number] for number in range(first, size)}
        for number in sorted({*self._of} & {*range(first, size), *parents}, reverse=True):
            self._update(number)
        self._note_asking(range(first, size))

    def _note_leaf(self, number: int) -> None:
        """Note a new task without children; its container is told, and those around that later."""
        task, parent = self._state.tasks[number], self._state.plan.nesting.parents[number]
        if task.reason == _GONE:
            return
        self._shown[number] = self._counted[number] = task.state
        self.counts[task.state] += 1
        if parent is not None:
            self._of[parent].states[task.state] += 1
            self._note_times(number)

    def _begin_again(self, number: int) -> None:
        """Forget the times of a container that has just opened."""
        tally = self._of.get(number)
        if tally is not None and is_open(self._state, number) and self._has_ended(number):
            tally.began = tally.ended = None

    def _has_ended(self, number: int) -> bool:
        return self._shown[number] in SETTLED_TASKS

    def _update(self, number: int) -> None:
        """Note what a task shows and counts as, and tell the containers it is in."""
        at: int | None = number
        self._note_times(number)
        while at is not None:
            self._count(at)
            before, status = self._shown[at], self.status(at)
            shown = None if self._state.tasks[at].reason == _GONE else status
            if shown is before and at != number:
                return
            self._shown[at] = shown
            at = self._state.plan.nesting.parents[at]
            if at is not None:
                self._move(self._of[at], before, shown)

    def _move(self, tally: Tally, before: TaskStatus | None, after: TaskStatus | None) -> None:
        if before is not None:
            tally.states[before] -= 1
        if after is not None:
            tally.states[after] += 1

    def _count(self, number: int) -> None:
        before = self._counted[number]
        counts = is_counted(self._state, number)
        after = self._state.tasks[number].state if counts else None
        if before is not after:
            self._counted[number] = after
            if before is not None:
                self.counts[before] -= 1
            if after is not None:
                self.counts[after] += 1

    def _note_times(self, number: int) -> None:
        """Widen the time of the containers around a task to its newest attempt."""
        last, at = self._state.tasks[number].last, self._state.plan.nesting.parents[number]
        if last is None or last.started_at is None:
            return
        while at is not None:
            tally = self._of[at]
            tally.began = min(last.started_at, tally.began or last.started_at)
            if last.ended_at is not None:
                tally.ended = max(last.ended_at, tally.ended or last.ended_at)
            at = self._state.plan.nesting.parents[at]

    def _note_asking(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            task = self._state.tasks[number]
            waiting = task.waiting if task.state is TaskStatus.WAITING else None
            if waiting is not None and waiting.what == "approval":
                self.asking[number] = None
            else:
                self.asking.pop(number, None)
