"""What happens when a run is undone: compensations, in reverse order."""

from taskflow_core.events.base import AttemptEvent, Event


class RollbackStarted(Event, frozen=True, gc=False, array_like=True, tag=True):
    """What the run did is being undone, or goes on to be."""

    by: str
    scope: str | None
    """The task down to which everything is undone; None means all."""


class CompensationStarted(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A task's rollback is about to run; `attempt` counts from 1 in the epoch."""

    executor: str


class CompensationSucceeded(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """What the task did is undone; `attempt` is 0 where there was nothing to run."""

    how: str
    """`executed`, `nothing_to_undo`, or `skipped: who`."""


class CompensationFailed(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A task's rollback failed."""

    error: str
    traceback: str | None
    exit_code: int | None
    due_at: float | None
    """When it is tried again, as Unix seconds; None if it is not."""


class RollbackSettled(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Everything that could be undone is."""

    state: str
    """`ROLLED_BACK` or `ROLLBACK_FAILED`."""
    reason: str | None
    undone: list[str]
    failed: list[str]
    blocked: list[str]
    """Tasks that were not undone, because one downstream could not be."""
