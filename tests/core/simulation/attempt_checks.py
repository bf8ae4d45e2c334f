"""Checks of what happens to attempts, and of what follows from how they end."""

import taskflow_core.events as ev
from taskflow_core.lanes import PROCESSES
from taskflow_core.outcomes import Failed, Skipped, Stopped, Succeeded
from taskflow_core.statuses import TaskStatus
from tests.core.simulation.checks import ALMOST, ViolationError, checks, require
from tests.core.simulation.shadow import TaskShadow
from tests.core.simulation.witness import Witness

_TIMEOUT = ("TimeoutError", "builtins.TimeoutError")


@checks(ev.AttemptQueued)
def _queued(witness: Witness, event: ev.AttemptQueued, number: int, task: TaskShadow) -> None:
    _open(witness, event, number, task)
    task.status, task.live = TaskStatus.QUEUED, "QUEUED"


@checks(ev.AttemptStarted)
def _started(witness: Witness, event: ev.AttemptStarted, number: int, task: TaskShadow) -> None:
    if task.status is TaskStatus.READY:
        require(task.lane != PROCESSES, "running, but no worker began it:", event)
        _open(witness, event, number, task)
    require(event.attempt == task.attempt, "not the newest attempt:", event)
    shadow = witness.shadow
    if task.first_start is None:
        task.first_start = shadow.worked(event.at)
        task.deadline = shadow.deadline_of(number)
    shadow.last_sign = event.at
    task.status, task.live, task.started = TaskStatus.RUNNING, "RUNNING", witness.now.mono


@checks(ev.AttemptStopping)
def _stopping(witness: Witness, event: ev.AttemptStopping, number: int, task: TaskShadow) -> None:
    if event.signal == "TERM":
        require(task.live in {"QUEUED", "RUNNING"}, "told twice:", event)
        too_long = witness.is_too_long(task, number)
        by_time = event.reason == "timeout"
        require(too_long if by_time else task.cancel_asked, "stopped without a reason:", event)
        task.live, task.told_at = "STOPPING", witness.now.mono
        return
    require(task.live == "STOPPING", "killed without being told to stop:", event)
    grace = witness.plan.tasks[number].options.grace
    in_time = witness.now.mono >= task.told_at + grace - ALMOST
    require(in_time or number in witness.asked_again, "killed within its grace:", event)
    task.live = "KILLING"


@checks(ev.AttemptSucceeded)
def _succeeded(witness: Witness, event: ev.AttemptSucceeded, number: int, task: TaskShadow) -> None:
    _end(witness, event, task, "SUCCEEDED")
    if isinstance(witness.delivered, Skipped):
        witness.expect(number, "TaskSkipped")
        return
    require(isinstance(witness.delivered, Succeeded), "it did not succeed:", event)
    task.succeeded = True
    _hold_or(witness, number, "after", "TaskSucceeded")


@checks(ev.AttemptFailed)
def _failed(witness: Witness, event: ev.AttemptFailed, number: int, task: TaskShadow) -> None:
    failed = witness.delivered
    if not isinstance(failed, Failed):
        raise ViolationError(f"it did not fail: {event}")
    _end(witness, event, task, "FAILED")
    wants = witness.plan.tasks[number].options.retry.wants(failed.names, failed.exit_code)
    asked = failed.retry_after is not None
    may = not failed.final and (asked or wants)
    _after_failure(witness, number, task, may=may, after=failed.retry_after)


@checks(ev.AttemptTimedOut)
def _timed_out(witness: Witness, event: ev.AttemptTimedOut, number: int, task: TaskShadow) -> None:
    require(task.live in {"STOPPING", "KILLING"}, "it was not told to stop:", event)
    _end(witness, event, task, "TIMED_OUT")
    options = witness.plan.tasks[number].options
    is_whole_task = event.after == options.retry.max_elapsed
    may = options.retry.wants(_TIMEOUT, None) and not is_whole_task
    _after_failure(witness, number, task, may=may, after=None)


@checks(ev.AttemptCrashed)
def _crashed(witness: Witness, event: ev.AttemptCrashed, number: int, task: TaskShadow) -> None:
    _end(witness, event, task, "CRASHED")
    task.crashes += 1
    task.due_at = event.at
    if task.crashes > witness.plan.tasks[number].options.retry.crash_retries:
        _hold_or(witness, number, "on_failure", "TaskFailed")
    else:
        _try_again(witness, number)


@checks(ev.AttemptCancelled)
def _cancelled(witness: Witness, event: ev.AttemptCancelled, number: int, task: TaskShadow) -> None:
    by_itself = isinstance(witness.delivered, Stopped) and task.live == "RUNNING"
    require(task.cancel_asked or by_itself or task.live == "QUEUED", "nobody asked for it:", event)
    _end(witness, event, task, "CANCELLED")
    task.stopped = True
    witness.expect(number, "TaskCancelled")


@checks(ev.AttemptLost)
def _lost(witness: Witness, event: ev.AttemptLost, number: int, task: TaskShadow) -> None:
    _end(witness, event, task, "LOST")
    task.status = TaskStatus.PENDING
    witness.has_changed = True


@checks(ev.RetryScheduled)
def _retried(witness: Witness, event: ev.RetryScheduled, number: int, task: TaskShadow) -> None:
    require(event.attempt == task.attempt + 1, "attempts are not dense:", event)
    require(abs(event.due_at - event.at - event.delay) < ALMOST, "the delay is wrong:", event)
    if task.status is not TaskStatus.HELD:
        require(abs(event.due_at - task.due_at) < ALMOST, "the delay is wrong:", event)
    task.status, task.due_at, task.held = TaskStatus.RETRY_WAIT, event.due_at, None


def _open(witness: Witness, event: ev.AttemptEvent, number: int, task: TaskShadow) -> None:
    shadow = witness.shadow
    require(task.live is None, "two live attempts:", event)
    require(event.attempt == task.attempt + 1, "attempts are not dense:", event)
    require(shadow.may_start(number), f"started while the run is {shadow.state}:", event)
    require(not shadow.is_ending, "started after the failure that ends the run:", event)
    require(event.task not in shadow.holds, "started although a person holds it:", event)
    require(shadow.has_slot(task), "no slot was free:", event)
    require(shadow.startable(task.lane)[0] == number, "out of turn:", event)
    shadow.starts += 1
    task.attempt = event.attempt
    task.cancel_asked, task.started, task.stopped = False, None, False


def _end(witness: Witness, event: ev.AttemptEvent, task: TaskShadow, how: str) -> None:
    require(task.live is not None, "that attempt is over:", event)
    stopped = how in {"CANCELLED", "TIMED_OUT", "LOST"}
    require(stopped or task.live in {"QUEUED", "RUNNING"}, "it was told to stop:", event)
    cancelled = how in {"CANCELLED", "LOST"}
    require(cancelled or not task.cancel_asked, "it was cancelled:", event)
    task.ended.append((event.epoch, event.attempt, how))
    task.live = None
    if how != "LOST":
        witness.shadow.last_sign = event.at


def _after_failure(
    witness: Witness, number: int, task: TaskShadow, *, may: bool, after: float | None
) -> None:
    """Expect what follows a failed or timed-out attempt."""
    task.failures += 1
    retry = witness.plan.tasks[number].options.retry
    if not may or task.failures > retry.retries:
        _hold_or(witness, number, "on_failure", "TaskFailed")
        return
    delay = after
    if delay is None:
        delay = retry.delay_before(task.failures + 1, lambda: witness.chance)
    task.due_at = witness.now.wall + delay
    left = witness.shadow.time_left(number, witness.now.wall) - delay
    if abs(left) < ALMOST:  # too close to tell
        witness.expect(number, "TaskFailed", "RetryScheduled", "TaskHeld")
    elif left < 0:
        _hold_or(witness, number, "on_failure", "TaskFailed")
    else:
        _try_again(witness, number)


def _try_again(witness: Witness, number: int) -> None:
    if witness.shadow.gives_up:
        witness.expect(number, "TaskFailed")
    else:
        _hold_or(witness, number, "on_retry", "RetryScheduled")


def _hold_or(witness: Witness, number: int, stop: str, kind: str) -> None:
    held = witness.shadow.stops_at(stop, number)
    witness.expect(number, "TaskHeld" if held else kind)
