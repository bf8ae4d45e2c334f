"""What happens to a task."""

from typing import Any

from taskflow_core.events.base import Preview, TaskEvent


class TaskReady(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """Everything it waited for is there; it starts when a slot is free."""


class TaskHeld(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It stays where it is until it is released."""

    reason: str
    """`operator: who`, or `breakpoint`, with what is wrong with its condition, if anything."""
    breakpoint: str | None
    """`before`, `after`, `on_failure` or `on_retry`."""


class TaskReleased(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It goes on from where it was held."""

    by: str


class TaskExpanded(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """A sub-flow or a mapped task has opened: its children may start, and it waits for them."""

    children: int
    """How many a mapped task has: `load[0]`, `load[1]`, …; those of a sub-flow are in the plan."""
    items: Preview
    """The list that a mapped task is mapped over; None for a sub-flow."""
    params: dict[str, Any]
    """The values of a sub-flow's parameters; dates as ISO text."""


class TaskWaiting(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It waits for something that is nobody's work, and holds no slot."""

    for_: str
    """`approval`, `moment` or `file`."""
    until: float | None
    """As Unix seconds: when the moment is, or when it gives up."""
    about: str
    """The question, or the file's path; empty for a moment."""


class TaskAnswered(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """Somebody approved or rejected what it asked."""

    by: str
    approved: bool
    fields: dict[str, Any]
    """What the answer says; dates as ISO text."""
    reason: str | None
    """Why it was rejected, if that was said."""


class TaskRemoved(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """The mapped task it is a child of was run again, over a list that is too short for it."""


class TaskBlocked(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It will not run, because `by`, a task upstream, did not succeed."""

    by: str


class TaskUnblocked(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It waits again: what blocked it, or what it would have started from, is made again."""


class TaskSucceeded(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """The task has a result."""

    how: str
    """`executed`; `cached`, an earlier success stands in for it; `injected`, somebody said what
    the result is; or `stopped`, it is a service that nobody needs any more."""
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


class EpochOpened(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """It runs again although it has run; `epoch` is the new one."""

    by: str
    reason: str
    changes: dict[str, Preview]
    """Named arguments that differ from now on."""


class TaskStale(TaskEvent, frozen=True, gc=False, array_like=True, tag=True):
    """Its result was made from one that is being made again: `because` is the task."""

    because: str
