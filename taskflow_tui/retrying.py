"""What the retry key does now, decided from the state alone."""

from dataclasses import dataclass

from taskflow_core.state import RunState, TaskState
from taskflow_core.statuses import TaskStatus
from taskflow_tui.formatting import count, named
from taskflow_tui.task_facts import upstreams_missing
from taskflow_tui.terminal_text import safe_text

_RETRYABLE = frozenset({TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.RETRY_WAIT})
_AFTER_FAILURE = frozenset({"on_failure", "on_retry"})
"""Where a task is held that has failed."""


@dataclass(frozen=True)
class Retry:
    """The tasks to retry: the one under the cursor, or for None all that failed."""

    tasks: list[str] | None
    said: str
    """What is about to happen, as a sentence."""


@dataclass(frozen=True)
class NoRetry:
    """There is nothing to retry."""

    why: str


def retry_choice(state: RunState, cursor: int | None) -> Retry | NoRetry:
    """Return what to retry with the cursor on task number `cursor`."""
    if cursor is not None and _is_retryable(state.tasks[cursor]):
        name = state.plan.tasks[cursor].name
        return Retry([name], f"retrying {safe_text(name)}")
    failed = failed_tasks(state)
    if failed:
        names = named([safe_text(name) for name in failed], 3)
        return Retry(None, f"retrying {count(len(failed), 'failed task')}: {names}")
    return NoRetry(_why_not(state, cursor))


def failed_tasks(state: RunState) -> list[str]:
    """Return the names of the tasks that failed by themselves."""
    if not state.counts[TaskStatus.FAILED] and not state.counts[TaskStatus.HELD]:
        return []
    pairs = zip(state.plan.tasks, state.tasks, strict=True)
    return [spec.name for spec, task in pairs if _failed_itself(task) or task.held == "on_failure"]


def _is_retryable(task: TaskState) -> bool:
    return task.state in _RETRYABLE or task.held in _AFTER_FAILURE


def _why_not(state: RunState, cursor: int | None) -> str:
    if cursor is None:
        return "no task has failed"
    name = safe_text(state.plan.tasks[cursor].name)
    match state.tasks[cursor].state:
        case TaskStatus.SUCCEEDED:
            return f"{name} succeeded, and no task has failed"
        case TaskStatus.RUNNING | TaskStatus.QUEUED | TaskStatus.READY:
            return f"{name} has not ended yet, and no task has failed"
        case TaskStatus.HELD:
            return f"{name} is held, and no task has failed"
        case TaskStatus.PENDING:
            missing = named(upstreams_missing(state, cursor), 3)
            return f"{name} has not run yet" + (f": it waits for {missing}" if missing else "")
        case _:
            return f"{name} did not fail by itself, and no task has failed"


def _failed_itself(task: TaskState) -> bool:
    """Say whether a task failed, and not what is in it."""
    return task.state is TaskStatus.FAILED and task.expansion is None
