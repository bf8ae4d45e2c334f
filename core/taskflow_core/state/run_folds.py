"""How events about the run change its state."""

from typing import TYPE_CHECKING, cast

import taskflow_core.events as ev
from taskflow_core.plan import Plan
from taskflow_core.state.model import Breakpoint, Handled, RunState, folds, require
from taskflow_core.statuses import RETRYABLE, RunStatus, TaskStatus

if TYPE_CHECKING:
    from taskflow_core.policies import Stop


@folds(ev.RunCreated)
def _created(state: RunState, event: ev.RunCreated) -> None:
    if not state.tasks:
        state.lay_out(Plan.unpack(event.plan))
    state.run = event.run
    state.flow = event.flow
    state.source = event.source
    state.max_parallel = event.max_parallel
    state.created_at = event.at
    state.params = event.params


@folds(ev.RunStarted)
def _started(state: RunState, event: ev.RunStarted) -> None:
    if state.started_at is None or state.since is None:
        state.started_at = state.since = event.at
    else:
        state.last_sign = _last_sign_of_life(state)
        left = state.ended_at or state.last_sign
        state.since += event.at - left
        state.gaps.append((left, event.at))
    state.state = RunStatus.RUNNING
    state.reason = state.asked_by = None
    state.owner = event.owner
    state.term = event.term
    state.ended_at = None
    state.handled = {}


@folds(ev.RunPaused)
def _paused(state: RunState, event: ev.RunPaused) -> None:
    state.state = RunStatus.PAUSED
    state.reason = event.reason
    state.asked_by = event.by


@folds(ev.RunResumed)
def _resumed(state: RunState, _: ev.RunResumed) -> None:
    state.state = RunStatus.RUNNING
    state.reason = state.asked_by = None


@folds(ev.RunStalled)
def _stalled(state: RunState, event: ev.RunStalled) -> None:
    require(state.state is RunStatus.RUNNING, event)
    state.state = RunStatus.STALLED
    state.reason = f"{len(event.waiting)} held"


@folds(ev.CancelRequested)
def _cancel_requested(state: RunState, event: ev.CancelRequested) -> None:
    is_ending = state.state in {RunStatus.CANCELLING, RunStatus.ROLLING_BACK}
    if event.scope is None and not is_ending:
        state.state = RunStatus.CANCELLING
        state.reason = f"cancelled by {event.by}"
        state.asked_by = event.by


@folds(ev.RetryRequested)
def _retry_requested(state: RunState, event: ev.RetryRequested) -> None:
    for name in event.tasks:
        task = state.task(name)
        require(task.state in RETRYABLE, event)
        state.move(task, TaskStatus.PENDING)
        task.held = None
        task.due_at = None
        if event.fresh:
            task.budget_from = len(task.attempts)


@folds(ev.ActionRequested)
def _action_requested(state: RunState, event: ev.ActionRequested) -> None:
    if event.action == "hold":
        state.holds.update(dict.fromkeys(event.tasks, event.by))
    elif event.action == "release":
        for name in event.tasks:
            state.holds.pop(name, None)


@folds(ev.BreakpointSet)
def _breakpoint_set(state: RunState, event: ev.BreakpointSet) -> None:
    place = Breakpoint(event.target, cast("Stop", event.stop), event.condition, event.hit)
    state.breakpoints[event.target, event.stop] = place


@folds(ev.BreakpointCleared)
def _breakpoint_cleared(state: RunState, event: ev.BreakpointCleared) -> None:
    state.breakpoints.pop((event.target, event.stop), None)


@folds(ev.ParallelismChanged)
def _parallelism_changed(state: RunState, event: ev.ParallelismChanged) -> None:
    state.max_parallel = event.max_parallel


@folds(ev.RunSettled)
def _settled(state: RunState, event: ev.RunSettled) -> None:
    state.state = RunStatus(event.state)
    state.reason = event.reason
    state.ended_at = event.at


@folds(ev.HandlerStarted)
def _handler_started(state: RunState, event: ev.HandlerStarted) -> None:
    require(state.state.is_settled, event)
    state.handled[event.handler] = Handled(started_at=event.at)


@folds(ev.HandlerFinished)
def _handler_finished(state: RunState, event: ev.HandlerFinished) -> None:
    require(state.state.is_settled, event)
    began = state.handled.get(event.handler, Handled()).started_at
    state.handled[event.handler] = Handled(began, event.at, event.ok, event.error, event.leftovers)


def _last_sign_of_life(state: RunState) -> float:
    attempts = (attempt for task in state.tasks for attempt in task.attempts)
    times = [a.ended_at or a.started_at or 0.0 for a in attempts]
    taken_up = state.gaps[-1][1] if state.gaps else state.started_at or 0.0
    return max([taken_up, *times])
