"""The names of the states of runs, tasks and attempts, and which of them belong together."""

from enum import StrEnum


class RunStatus(StrEnum):
    """The states of a run."""

    CREATED = "CREATED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STALLED = "STALLED"
    """Nothing runs and nothing can start, because people hold what is left."""
    CANCELLING = "CANCELLING"
    ROLLING_BACK = "ROLLING_BACK"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    """Nothing failed but tasks that may."""
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    ROLLED_BACK = "ROLLED_BACK"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    """Something could not be undone; the rollback can be continued."""
    INTERRUPTED = "INTERRUPTED"
    """Never recorded: what a reader shows for an unfinished run whose owner is dead."""

    @property
    def is_settled(self) -> bool:
        """The run has its outcome."""
        return self in _SETTLED_RUNS

    @property
    def is_live(self) -> bool:
        """Somebody works on the run, or will: it has no outcome, and its owner lives."""
        return not self.is_settled and self is not RunStatus.INTERRUPTED


class TaskStatus(StrEnum):
    """The states of a task."""

    PENDING = "PENDING"
    READY = "READY"
    HELD = "HELD"
    """A breakpoint or a person keeps it where it is."""
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRY_WAIT = "RETRY_WAIT"
    WAITING = "WAITING"
    """It waits for a person, a moment, a file or its children, and holds no slot."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    ROLLING_BACK = "ROLLING_BACK"
    """What it did is being undone."""
    ROLLED_BACK = "ROLLED_BACK"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


class AttemptStatus(StrEnum):
    """The states of an attempt."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    KILLING = "KILLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"
    LOST = "LOST"


_SETTLED_RUNS = frozenset(
    {
        RunStatus.SUCCEEDED,
        RunStatus.PARTIAL,
        RunStatus.FAILED,
        RunStatus.CANCELLED,
        RunStatus.ROLLED_BACK,
        RunStatus.ROLLBACK_FAILED,
    }
)
LIVE_ATTEMPTS = frozenset(
    {AttemptStatus.QUEUED, AttemptStatus.RUNNING, AttemptStatus.STOPPING, AttemptStatus.KILLING}
)
SETTLED_TASKS = frozenset(
    {
        TaskStatus.SUCCEEDED,
        TaskStatus.FAILED,
        TaskStatus.UPSTREAM_FAILED,
        TaskStatus.SKIPPED,
        TaskStatus.CANCELLED,
        TaskStatus.ROLLED_BACK,
        TaskStatus.ROLLBACK_FAILED,
    }
)
NOT_SUCCEEDED = frozenset(
    {
        TaskStatus.FAILED,
        TaskStatus.UPSTREAM_FAILED,
        TaskStatus.CANCELLED,
        TaskStatus.ROLLED_BACK,
        TaskStatus.ROLLBACK_FAILED,
    }
)
"""A task in one of these blocks what depends on it."""
RETRYABLE = frozenset({*NOT_SUCCEEDED, TaskStatus.RETRY_WAIT, TaskStatus.HELD})
"""A task in one of these can be told to make its next attempt now."""
