"""The facts of a run, in the past tense and in order.

Every event carries `seq` (dense, from 1, per run), `at` (Unix seconds) and `run`. They are
msgspec Structs because one costs 0.2 µs to make, where a frozen dataclass costs 1.2 µs.
The kind stored and shown is the class's name; renaming a class breaks recorded runs.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

Preview = Any
"""JSON: `{"value": …}` where the value is small and exact, else its type, size and a glimpse."""


class Event(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A fact about a run."""

    seq: int
    at: float
    """Seconds since the Unix epoch."""
    run: str

    @property
    def kind(self) -> str:
        """The name of the event's kind, such as `AttemptFailed`."""
        return type(self).__name__


class TaskEvent(Event, frozen=True, gc=False, array_like=True, tag=True):
    """A fact about a task. `epoch` counts its re-runs, from 0."""

    task: str
    epoch: int


class AttemptEvent(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A fact about an attempt, numbered from 1 within its epoch."""

    attempt: int


# --- the run ---------------------------------------------------------------------------


class RunCreated(Event, frozen=True, gc=False, array_like=True, tag=True):
    """A run was asked for; `plan` is everything that it will do, as `Plan.packed` gives it."""

    flow: str
    source: str | None
    """The flow file, absolute, with `:name` for a flow inside a Python file."""
    plan: msgspec.Raw
    """Msgpack: packing it once and for all takes a third of the time that a dict would."""
    plan_hash: str
    max_parallel: int | None
    by: str
    versions: dict[str, str]


class RunStarted(Event, frozen=True, gc=False, array_like=True, tag=True):
    """A process took ownership and began, or went on after an interruption."""

    owner: int
    """The process id of the owner."""
    term: int
    """Counts the owners, from 1; an owner of an older term can write no more."""


class RunPaused(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Nothing new starts; what runs goes on."""

    by: str
    reason: str


class RunResumed(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Tasks start again."""

    by: str


class RetryRequested(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Somebody asked for another attempt of these failed tasks."""

    by: str
    tasks: list[str]


class CancelRequested(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Somebody asked for the end of the run, or of these tasks."""

    by: str
    scope: list[str] | None
    """Task names; None means the whole run."""
    grace: float | None
    """Seconds between the soft signal and the kill; None means each task's own."""


class RunSettled(Event, frozen=True, gc=False, array_like=True, tag=True):
    """The run reached its outcome."""

    state: str
    reason: str | None
    counts: dict[str, int]
    """How many tasks ended in which state."""


# --- tasks -----------------------------------------------------------------------------


class TaskReady(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """Everything it waited for is there; it starts when a slot is free."""


class TaskBlocked(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It will not run, because `by`, a task upstream, did not succeed."""

    by: str


class TaskUnblocked(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """What blocked it is being retried: it waits again."""


class TaskSucceeded(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """The task has a result."""

    how: str
    """`executed`."""
    result: Preview


class TaskFailed(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """The task's attempts are spent."""

    reason: str


class TaskSkipped(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """The task did not need to run."""

    reason: str


class TaskCancelled(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """The task will not run, or was stopped, because somebody said so."""

    reason: str


# --- attempts --------------------------------------------------------------------------


class AttemptQueued(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A slot was granted; the worker has not begun yet."""

    executor: str


class AttemptStarted(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A worker has begun it."""

    executor: str
    pid: int | None
    """The process that does the work; None for a thread of the run's own process."""
    arguments: dict[str, Preview] | None


class AttemptStopping(AttemptEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It was told to stop: `soft` first, `kill` after its grace."""

    signal: str
    reason: str
    """`timeout` or `cancel`."""


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


class UnknownEvent(Event, frozen=True, gc=False, array_like=True, tag=True):
    """An event of a kind this version does not know: kept, and shown as it is."""

    name: str
    fields: list[Any]


def as_json(event: Event) -> dict[str, Any]:
    """Return the public JSON shape of `event`, as `run --json` prints it."""
    fields: Mapping[str, Any] = msgspec.structs.asdict(event)
    kind = event.name if isinstance(event, UnknownEvent) else event.kind
    head = {"seq": event.seq, "at": event.at, "kind": kind, "run": event.run}
    return head | {key: _plain(value) for key, value in fields.items() if key not in head}


def _plain(value: Any) -> Any:
    return msgspec.msgpack.decode(value) if isinstance(value, msgspec.Raw) else value
