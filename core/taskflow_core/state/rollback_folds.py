"""How the events of a rollback change the state."""

import taskflow_core.events as ev
from taskflow_core.state.model import Attempt, RunState, TaskState, folds, require
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus

_UNDONE = frozenset(
    {
        TaskStatus.SUCCEEDED,
        TaskStatus.FAILED,
        TaskStatus.CANCELLED,
        TaskStatus.ROLLING_BACK,
        TaskStatus.ROLLBACK_FAILED,
    }
)
"""In these a task can be undone."""


@folds(ev.RollbackStarted)
def _started(state: RunState, event: ev.RollbackStarted) -> None:
    state.state = RunStatus.ROLLING_BACK
    state.reason = None
    state.asked_by = event.by
    state.rollback_scope = event.scope
    for task in state.tasks:
        task.undo_from = len(task.undo)


@folds(ev.CompensationStarted)
def _compensation_started(state: RunState, event: ev.CompensationStarted, task: TaskState) -> None:
    require(task.state in _UNDONE, event)
    require(not task.undo or not task.undo[-1].is_live, event)
    running = Attempt(event.epoch, event.attempt, AttemptStatus.RUNNING, started_at=event.at)
    running.executor = event.executor
    task.undo = [*task.undo, running]
    state.move(task, TaskStatus.ROLLING_BACK)
    task.due_at = None


@folds(ev.CompensationSucceeded)
def _compensation_succeeded(
    state: RunState, event: ev.CompensationSucceeded, task: TaskState
) -> None:
    require(task.state in _UNDONE, event)
    if event.attempt and event.how == "executed":
        _end(event, task, AttemptStatus.SUCCEEDED)
    state.move(task, TaskStatus.ROLLED_BACK, event.how)
    task.due_at = None


@folds(ev.CompensationFailed)
def _compensation_failed(state: RunState, event: ev.CompensationFailed, task: TaskState) -> None:
    require(task.state is TaskStatus.ROLLING_BACK, event)
    attempt = _end(event, task, AttemptStatus.FAILED)
    attempt.error = event.error
    attempt.traceback = event.traceback
    attempt.exit_code = event.exit_code
    task.due_at = event.due_at
    if event.due_at is None:
        state.move(task, TaskStatus.ROLLBACK_FAILED, event.error)


@folds(ev.RollbackSettled)
def _settled(state: RunState, event: ev.RollbackSettled) -> None:
    state.state = RunStatus(event.state)
    state.reason = event.reason
    state.ended_at = event.at


def _end(event: ev.AttemptEvent, task: TaskState, status: AttemptStatus) -> Attempt:
    require(bool(task.undo) and task.undo[-1].is_live, event)
    attempt = task.undo[-1]
    require(attempt.attempt == event.attempt, event)
    attempt.state = status
    attempt.ended_at = event.at
    return attempt
