"""Edges that wait for something else than success: whether it is so."""

from collections.abc import Callable, Sequence

from taskflow_core.lifetimes import Lifetimes
from taskflow_core.readiness import WHILE_ALIVE
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.rules import SUCCEEDED
from taskflow_core.state import TaskState, is_so
from taskflow_core.statuses import SETTLED_TASKS, TaskStatus

STOPPED = "stopped"
"""How a service has succeeded that nobody needed any more."""
NOT_NEEDED = "not_needed"
"""Why a service is skipped that nobody needs when it could start."""
OPEN = 0
"""How a task counts of which it is not known yet."""


class Edges:
    """Knows how each task counts for those that wait for something else than its success.

    Args:
        record: The run so far.
        lifetimes: What is waited for.
        kind: Returns how a task that has ended counts for others.
    """

    def __init__(self, record: Record, lifetimes: Lifetimes, kind: Callable[[int], int]) -> None:
        self._plan = record.plan
        self._tasks = record.state.tasks
        self._lifetimes = lifetimes
        self._kind = kind
        self._special: dict[int, bool] = {}

    def has_conditions(self, number: int) -> bool:
        """Say whether a task waits for something else than that others have succeeded."""
        known = self._special.get(number)
        if known is None:
            known = self._special[number] = self._lifetimes.has_conditions(number)
        return known

    def count(self, number: int, needed: Sequence[int]) -> tuple[int, int]:
        """Return how many of those that a task depends on are open, and how the others count."""
        kinds = [self.kind(number, other) for other in needed]
        seen = OPEN
        for kind in kinds:
            seen |= kind
        return kinds.count(OPEN), seen

    def kind(self, number: int, other: int) -> int:
        """Return how `other` counts for a task that depends on it, as in `rules`; or OPEN.

        What has ended well because nobody needed it does not count: it starts again for this one.
        """
        condition, task = self._lifetimes.condition(number, other), self._tasks[other]
        if condition in WHILE_ALIVE and is_so(condition, task):
            return SUCCEEDED
        if task.state not in SETTLED_TASKS:
            return OPEN
        if condition == "completed":
            return SUCCEEDED
        return OPEN if condition in WHILE_ALIVE and is_at_rest(task) else self._kind(other)


def is_at_rest(task: TaskState) -> bool:
    """Say whether a service does not run only because nobody needed it."""
    if task.state is TaskStatus.SUCCEEDED:
        return task.reason == STOPPED
    return task.state is TaskStatus.SKIPPED and task.reason == NOT_NEEDED
