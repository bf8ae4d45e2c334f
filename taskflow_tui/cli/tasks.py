"""Finding the task that a command names."""

from taskflow_core.errors import RunNotFoundError, suggestion
from taskflow_core.state import RunState


def task_number(run: str, state: RunState, task: str) -> int:
    """Return the number of the task called `task`.

    Raises:
        RunNotFoundError: the run has none of that name.
    """
    known = state.plan.index
    if task not in known:
        hint = suggestion(task, known) or f"Its tasks are: {', '.join(list(known)[:10])}"
        raise RunNotFoundError(f"run {run} has no task {task!r}", hint=hint)
    return known[task]
