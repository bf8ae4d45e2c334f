"""How events about services change their state, and what is so of them."""

import taskflow_core.events as ev
from taskflow_core.readiness import Condition
from taskflow_core.state.model import Attempt, RunState, TaskState, folds, require
from taskflow_core.statuses import AttemptStatus

HEALTHY = "healthy"
"""Why a service runs, as people read it, once it is ready."""
NOT_READY = "not ready yet: "
"""How the reason begins why it runs, before that: what its probe met with last follows."""


@folds(ev.ProbeFailed)
def _probe_failed(_: RunState, event: ev.ProbeFailed, task: TaskState) -> None:
    _starting(event, task)
    task.reason = f"{NOT_READY}{event.error}"


@folds(ev.AttemptReady)
def _ready(_: RunState, event: ev.AttemptReady, task: TaskState) -> None:
    _starting(event, task).ready_at = event.at
    task.reason = HEALTHY


@folds(ev.AttemptStopped)
def _stopped(_: RunState, event: ev.AttemptStopped, task: TaskState) -> None:
    attempt = task.last
    require(attempt is not None and attempt.is_live, event)
    assert attempt is not None
    require(attempt.attempt == event.attempt, event)
    attempt.state = AttemptStatus.SUCCEEDED
    attempt.ended_at = event.at
    attempt.forced = event.forced
    attempt.leftovers = event.leftovers
    task.result = None


def _starting(event: ev.AttemptEvent, task: TaskState) -> Attempt:
    """Return the live attempt of a service that is not ready yet."""
    attempt = task.last
    is_it = attempt is not None and attempt.attempt == event.attempt
    require(is_it, event)
    assert attempt is not None
    require(attempt.state is AttemptStatus.RUNNING and attempt.ready_at is None, event)
    return attempt


def is_so(condition: Condition, task: TaskState) -> bool:
    """Say whether a service is now what a condition says that it is while it is alive."""
    attempt = task.last
    if attempt is None or attempt.state is not AttemptStatus.RUNNING:
        return False
    return condition == "started" or attempt.ready_at is not None
