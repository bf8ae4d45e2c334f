"""What happens to a run, and what people ask of it."""

from typing import Any

import msgspec

from taskflow_core.events.base import Event


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
    params: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """The values of the flow's parameters; dates as ISO text."""


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


class RunStalled(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Nothing runs and nothing can start: people hold these tasks, and the rest waits."""

    waiting: list[str]


class RetryRequested(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Somebody asked for another attempt of these failed tasks."""

    by: str
    tasks: list[str]
    fresh: bool = False
    """Their retry budgets begin anew."""


class ActionRequested(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Somebody asked for something to be done with these tasks."""

    by: str
    action: str
    """`hold`, `release`, `skip`, `succeed` or `rerun`."""
    tasks: list[str]


class StepRequested(Event, frozen=True, gc=False, array_like=True, tag=True):
    """Somebody asked that a paused run go on a little."""

    by: str
    mode: str
    """`step`, one task; `frontier`, all that are ready; `to`, whatever `target` waits for."""
    target: str | None


class BreakpointSet(Event, frozen=True, gc=False, array_like=True, tag=True):
    """The run will stop at `target`, a task."""

    by: str
    target: str
    stop: str
    """`before`, `after`, `on_failure` or `on_retry`."""
    condition: str | None
    """An expression; it stops only where this is true."""
    hit: int
    """It stops from this time on that it is reached; from 1."""


class BreakpointCleared(Event, frozen=True, gc=False, array_like=True, tag=True):
    """The run no longer stops there."""

    by: str
    target: str
    stop: str


class ParallelismChanged(Event, frozen=True, gc=False, array_like=True, tag=True):
    """From now on at most so many tasks run at once."""

    by: str
    max_parallel: int


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


class HandlerStarted(Event, frozen=True, gc=False, array_like=True, tag=True):
    """What is to be done after an outcome such as the run's begins."""

    handler: str
    """`success`, `failure`, `cancel` or `always`."""
    executor: str


class HandlerFinished(Event, frozen=True, gc=False, array_like=True, tag=True):
    """A handler has ended, or was not begun because the run's owner was told to leave."""

    handler: str
    ok: bool
    error: str | None
    """What went wrong. The run's outcome is what it is all the same."""
    leftovers: int = 0
    """How many of its processes or threads could not be ended."""
    traceback: str | None = None
