"""How many tasks are in which state, as people count: a container leaves that to its children."""

from taskflow_core.state.model import RunState
from taskflow_core.statuses import NOT_SUCCEEDED, TaskStatus


def is_counted(state: RunState, number: int) -> bool:
    """Say whether a task is one of those that are counted.

    A sub-flow or a mapped task is not once it has children, for these are counted: unless it
    failed by itself, and none of them did. Children that were removed are no longer counted.
    """
    task = state.tasks[number]
    if task.state is TaskStatus.SKIPPED and task.reason == "removed":
        return False
    inside = state.plan.nesting.children.get(number)
    if not inside:
        return True
    if task.state is not TaskStatus.FAILED:
        return False
    return not any(state.tasks[child].state in NOT_SUCCEEDED for child in inside)


def counted(state: RunState) -> dict[TaskStatus, int]:
    """Return how many of the tasks that are counted are in which state."""
    if not state.plan.nesting.is_nested:
        return dict(state.counts)
    found = dict.fromkeys(TaskStatus, 0)
    for number, task in enumerate(state.tasks):
        if is_counted(state, number):
            found[task.state] += 1
    return found


def is_open(state: RunState, number: int) -> bool:
    """Say whether a task is a container that waits for its children."""
    task = state.tasks[number]
    return task.state is TaskStatus.WAITING and task.expansion is not None
