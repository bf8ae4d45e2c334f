"""What happens to an attempt."""

from taskflow_core.events.base import AttemptEvent, Preview


class AttemptQueued(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A slot was granted; the worker has not begun yet."""

    executor: str
    pool: str | None = None


class AttemptStarted(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A worker has begun it."""

    executor: str
    pid: int | None
    """The process that does the work; None for a thread of the run's own process."""
    arguments: dict[str, Preview] | None
    """By parameter name; None where they are not known."""


class AttemptProgressed(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """How far it says it is."""

    done: float
    total: float | None
    message: str | None


class ContextWritten(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It wrote a value that everything downstream can read."""

    key: str
    value: Preview


class CacheChecked(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It was looked up whether an earlier success stands in for it."""

    hit: bool
    reason: str
    """Why it does, or why the task has to run."""


class CacheNotKept(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It succeeded, but later runs will not find that."""

    reason: str


class AttemptStopping(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It was told to stop: `TERM` first, or what a service names, `KILL` after its grace."""

    signal: str
    reason: str
    """`timeout` or `cancel`; of a service also `not_ready` and `not_needed`."""


class ProbeFailed(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A service is not ready yet, for another reason than before."""

    error: str
    """What the last try of its probe met with."""


class AttemptReady(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A service is ready: what waits for that can start."""

    how: str
    """What found out: `command`, `tcp`, `http` or `log`."""


class AttemptStopped(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A service has ended because nobody needed it any more; however it did so, that is right."""

    forced: bool
    """It had to be killed."""
    leftovers: int
    """Processes that outlived it all the same."""


class AttemptSucceeded(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It returned a result."""

    result: Preview
    peak_rss: int | None
    """Bytes, of the process that did the work."""


class AttemptFailed(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It raised, or its command ended with an exit code that means failure."""

    error: str
    traceback: str | None
    exit_code: int | None


class AttemptTimedOut(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It ran longer than it may, and was stopped."""

    after: float
    """The timeout, in seconds."""
    forced: bool
    """It had to be killed."""
    leftovers: int
    """Processes or threads that outlived it all the same."""


class AttemptCancelled(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It was stopped because somebody said so."""

    forced: bool
    leftovers: int


class AttemptCrashed(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """Its process died without a word."""

    error: str
    signal: str | None
    exit_code: int | None


class AttemptLost(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """The process that watched it died; what became of it is unknown."""

    reason: str


class RetryScheduled(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """`attempt`, the coming one, starts at `due_at`; jitter is already in it."""

    due_at: float
    """Seconds since the Unix epoch."""
    delay: float
