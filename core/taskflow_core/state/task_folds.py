"""How events about a task change its state.

The folds of what every task goes through (ready, started, succeeded) do by themselves what
`RunState.move` does for the others: 22 bytecodes instead of 32, three times a task.
"""

import taskflow_core.events as ev
from taskflow_core.state.model import CHILDREN, RunState, TaskState, folds, illegal, require
from taskflow_core.statuses import SETTLED_TASKS, TaskStatus

# Looking up a member on its Enum takes 70 ns in Python 3.11, and this is the hot path.
_PENDING = TaskStatus.PENDING
_READY = TaskStatus.READY
_RUNNING = TaskStatus.RUNNING
_SUCCEEDED = TaskStatus.SUCCEEDED
_QUEUED = TaskStatus.QUEUED
_HELD = TaskStatus.HELD
_BEFORE_READY = frozenset({_PENDING, TaskStatus.RETRY_WAIT})
_WAITING = TaskStatus.WAITING
_MAY_WAIT_AGAIN = (SETTLED_TASKS | {_READY, _HELD, _WAITING, TaskStatus.RETRY_WAIT}) - {_SUCCEEDED}
_MAY_BE_HELD = frozenset({_READY, TaskStatus.QUEUED, _RUNNING, _WAITING})


@folds(ev.TaskReady)
def _ready(state: RunState, event: ev.TaskReady, task: TaskState) -> None:
    before, counts = task.state, state.counts
    if before not in _BEFORE_READY:
        raise illegal(event)
    counts[before] -= 1
    counts[_READY] += 1
    task.state = _READY
    task.reason = None
    task.due_at = None
    task.ready_at = event.at


@folds(ev.TaskHeld)
def _held(state: RunState, event: ev.TaskHeld, task: TaskState) -> None:
    require(task.state in _MAY_BE_HELD, event)
    state.move(task, _HELD, event.reason)
    task.held = event.breakpoint or "before"


@folds(ev.TaskReleased)
def _released(state: RunState, event: ev.TaskReleased, task: TaskState) -> None:
    require(task.state is _HELD, event)
    if task.held == "before":
        state.move(task, _READY)
        task.ready_at = event.at
    task.held = None


@folds(ev.TaskBlocked)
def _blocked(state: RunState, event: ev.TaskBlocked, task: TaskState) -> None:
    require(task.state is _PENDING, event)
    state.move(task, TaskStatus.UPSTREAM_FAILED, event.by)


@folds(ev.TaskUnblocked)
def _unblocked(state: RunState, event: ev.TaskUnblocked, task: TaskState) -> None:
    require(task.state in _MAY_WAIT_AGAIN, event)
    state.move(task, _PENDING)
    task.held = task.due_at = task.waiting = None


@folds(ev.TaskSucceeded)
def _succeeded(state: RunState, event: ev.TaskSucceeded, task: TaskState) -> None:
    before, counts = task.state, state.counts
    if before is not _RUNNING:
        _require_success(event, task)
        task.held = task.due_at = task.waiting = None
    counts[before] -= 1
    counts[_SUCCEEDED] += 1
    task.state = _SUCCEEDED
    task.reason = event.how
    task.result = event.result


def _require_success(event: ev.TaskSucceeded, task: TaskState) -> None:
    injected = event.how == "injected" and task.state is not _SUCCEEDED
    unbegun = event.how in {"cached", "stopped"} and task.state is _QUEUED
    require(injected or unbegun or task.state is _HELD or task.state is _WAITING, event)


@folds(ev.TaskFailed)
def _failed(state: RunState, event: ev.TaskFailed, task: TaskState) -> None:
    require(task.state is not _SUCCEEDED, event)
    state.move(task, TaskStatus.FAILED, event.reason)
    task.held = task.waiting = None


@folds(ev.TaskSkipped)
def _skipped(state: RunState, event: ev.TaskSkipped, task: TaskState) -> None:
    require(task.state is not _SUCCEEDED, event)
    state.move(task, TaskStatus.SKIPPED, event.reason)
    task.held = task.due_at = task.waiting = None


@folds(ev.TaskCancelled)
def _cancelled(state: RunState, event: ev.TaskCancelled, task: TaskState) -> None:
    require(task.state is not _SUCCEEDED, event)
    state.move(task, TaskStatus.CANCELLED, event.reason)
    task.held = task.due_at = task.waiting = None


@folds(ev.EpochOpened)
def _epoch_opened(state: RunState, event: ev.EpochOpened, task: TaskState) -> None:
    require(task.state in SETTLED_TASKS | {_HELD} and event.epoch == task.epoch + 1, event)
    state.move(task, _PENDING)
    task.held = None
    task.epoch = event.epoch
    task.result = task.stale = task.progress = None
    if event.reason != CHILDREN:
        task.expansion = None
    task.budget_from = len(task.attempts)
    if event.changes:
        state.is_plain = False
        task.changes = event.changes


@folds(ev.TaskStale)
def _stale(_: RunState, event: ev.TaskStale, task: TaskState) -> None:
    task.stale = event.because
