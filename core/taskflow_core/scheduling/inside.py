"""Which containers are open, and how many of their children have not ended."""

from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.rules import Verdict
from taskflow_core.statuses import SETTLED_TASKS, TaskStatus

_NOT_YET = frozenset({TaskStatus.PENDING, TaskStatus.READY, TaskStatus.HELD})
_WITHOUT = frozenset({TaskStatus.SKIPPED, TaskStatus.SUCCEEDED})


class Inside:
    """Knows of every container whether its children may start."""

    def __init__(self, record: Record) -> None:
        self._tasks = record.state.tasks
        self._nesting = record.plan.nesting
        self._left: dict[int, int] = {}
        """For each open container how many of its children have not ended."""
        for number, task in enumerate(self._tasks):
            if task.state is TaskStatus.WAITING and task.expansion is not None:
                self.count(number)

    def count(self, number: int) -> int:
        """Count afresh how many children of a container that is open have not ended."""
        expansion, children = self._tasks[number].expansion, self._nesting.children.get(number, [])
        most = len(children) if expansion is None else expansion.children
        self._left[number] = sum(
            self._tasks[child].state not in SETTLED_TASKS for child in children[:most]
        )
        return self._left[number]

    def count_all(self) -> None:
        """Count afresh for every open container: tasks that had ended run again."""
        for number in self._nesting.children:
            if self._tasks[number].state is TaskStatus.WAITING:
                self.count(number)

    def one_less(self, number: int) -> bool:
        """Note that a child of a container has ended; say whether it was the last one."""
        if self._tasks[number].state is not TaskStatus.WAITING:
            return False
        self._left[number] -= 1
        return not self._left[number]

    def may_start(self, number: int) -> bool:
        """Say whether a task has no container, or one that is open."""
        parent = self._nesting.parents[number]
        return parent is None or self._tasks[parent].state is TaskStatus.WAITING

    def is_over(self, number: int) -> bool:
        """Say whether a task is in a container that was open and has ended."""
        parent = self._nesting.parents[number]
        if parent is None:
            return False
        container = self._tasks[parent]
        return container.expansion is not None and container.state in SETTLED_TASKS

    def verdict(self, number: int) -> Verdict:
        """Return what becomes of a task whose container is not open."""
        parent = self._nesting.parents[number]
        status = TaskStatus.PENDING if parent is None else self._tasks[parent].state
        if status in _NOT_YET:
            return "wait"
        return "skip" if status in _WITHOUT else "block"
