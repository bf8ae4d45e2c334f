"""How events about an attempt change the state of its task."""

import msgspec

import taskflow_core.events as ev
from taskflow_core.state.model import (
    Attempt,
    CacheCheck,
    IllegalTransitionError,
    Progress,
    RunState,
    TaskState,
    Written,
    folds,
    require,
)
from taskflow_core.statuses import LIVE_ATTEMPTS, AttemptStatus, TaskStatus

# Looking up a member on its Enum takes 70 ns in Python 3.11, and this is the hot path.
_READY = TaskStatus.READY
_QUEUED = TaskStatus.QUEUED
_RUNNING = TaskStatus.RUNNING
_ATTEMPT_RUNNING = AttemptStatus.RUNNING
_ATTEMPT_SUCCEEDED = AttemptStatus.SUCCEEDED


@folds(ev.AttemptQueued)
def _queued(state: RunState, event: ev.AttemptQueued, task: TaskState) -> None:
    require(task.state is _READY, event)
    _open(event, task, AttemptStatus.QUEUED)
    state.move(task, _QUEUED)


@folds(ev.AttemptStarted)
def _started(state: RunState, event: ev.AttemptStarted, task: TaskState) -> None:
    before, counts = task.state, state.counts
    if before is _READY:
        attempt = _open(event, task, _ATTEMPT_RUNNING)
    else:
        require(before is _QUEUED, event)
        attempt = _live(event, task)
        attempt.state = _ATTEMPT_RUNNING
    attempt.started_at = event.at
    attempt.pid = event.pid
    attempt.arguments = event.arguments
    counts[before] -= 1
    counts[_RUNNING] += 1
    task.state = _RUNNING
    task.reason = None


@folds(ev.AttemptProgressed)
def _progressed(_: RunState, event: ev.AttemptProgressed, task: TaskState) -> None:
    _live(event, task)
    task.progress = Progress(event.done, event.total, event.message)


@folds(ev.ContextWritten)
def _written(state: RunState, event: ev.ContextWritten, _: TaskState) -> None:
    state.is_plain = False
    write = Written(event.task, event.epoch, event.key, event.value)
    state.written.setdefault(event.task, []).append(write)


@folds(ev.CacheChecked)
def _checked(_: RunState, event: ev.CacheChecked, task: TaskState) -> None:
    _live(event, task).cache = CacheCheck(event.hit, event.reason)


@folds(ev.CacheNotKept)
def _not_kept(_: RunState, event: ev.CacheNotKept, task: TaskState) -> None:
    attempt = _live(event, task)
    check = attempt.cache or CacheCheck(hit=False, reason="")
    attempt.cache = msgspec.structs.replace(check, not_kept=event.reason)


@folds(ev.AttemptStopping)
def _stopping(_: RunState, event: ev.AttemptStopping, task: TaskState) -> None:
    attempt = _live(event, task)
    attempt.state = AttemptStatus.KILLING if event.signal == "KILL" else AttemptStatus.STOPPING
    attempt.stop_reason = event.reason


@folds(ev.AttemptSucceeded)
def _succeeded(_: RunState, event: ev.AttemptSucceeded, task: TaskState) -> None:
    _end(event, task, _ATTEMPT_SUCCEEDED).peak_rss = event.peak_rss
    task.result = event.result


@folds(ev.AttemptFailed)
def _failed(_: RunState, event: ev.AttemptFailed, task: TaskState) -> None:
    attempt = _end(event, task, AttemptStatus.FAILED, event.error)
    attempt.traceback = event.traceback
    attempt.exit_code = event.exit_code


@folds(ev.AttemptTimedOut)
def _timed_out(_: RunState, event: ev.AttemptTimedOut, task: TaskState) -> None:
    error = f"still running after {event.after:g} s"
    attempt = _end(event, task, AttemptStatus.TIMED_OUT, error)
    attempt.forced = event.forced
    attempt.leftovers = event.leftovers


@folds(ev.AttemptCancelled)
def _cancelled(_: RunState, event: ev.AttemptCancelled, task: TaskState) -> None:
    attempt = _end(event, task, AttemptStatus.CANCELLED)
    attempt.forced = event.forced
    attempt.leftovers = event.leftovers


@folds(ev.AttemptCrashed)
def _crashed(_: RunState, event: ev.AttemptCrashed, task: TaskState) -> None:
    _end(event, task, AttemptStatus.CRASHED, event.error).exit_code = event.exit_code


@folds(ev.AttemptLost)
def _lost(state: RunState, event: ev.AttemptLost, task: TaskState) -> None:
    attempt = _end(event, task, AttemptStatus.LOST, event.reason)
    attempt.ended_at = max(attempt.started_at or 0.0, state.last_sign)
    state.move(task, TaskStatus.PENDING)


@folds(ev.RetryScheduled)
def _retry_scheduled(state: RunState, event: ev.RetryScheduled, task: TaskState) -> None:
    require(task.state in {_RUNNING, _QUEUED, TaskStatus.HELD}, event)
    state.move(task, TaskStatus.RETRY_WAIT)
    task.due_at = event.due_at
    task.held = None


# --- how they do it ----------------------------------------------------------------------


def _open(
    event: ev.AttemptQueued | ev.AttemptStarted, task: TaskState, status: AttemptStatus
) -> Attempt:
    attempt = Attempt(event.epoch, event.attempt, status, executor=event.executor)
    if task.attempts:
        require(not task.attempts[-1].is_live, event)
        task.attempts.append(attempt)
        task.progress = None
    else:
        task.attempts = [attempt]
    task.epoch = event.epoch
    return attempt


def _live(event: ev.AttemptEvent, task: TaskState) -> Attempt:
    attempts = task.attempts
    if attempts:
        attempt = attempts[-1]
        if attempt.attempt == event.attempt and attempt.state in LIVE_ATTEMPTS:
            return attempt
    raise IllegalTransitionError(f"{event!r}: that attempt is not live")


def _end(
    event: ev.AttemptEvent, task: TaskState, status: AttemptStatus, error: str | None = None
) -> Attempt:
    attempt = _live(event, task)
    attempt.state = status
    attempt.ended_at = event.at
    attempt.error = error
    return attempt
