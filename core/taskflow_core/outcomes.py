"""How an attempt can end, as values: what an executor tells the scheduler.

Exceptions never cross this border. One that a task raised arrives as its type, message and
traceback text.
"""

from typing import TypeAlias

import msgspec

from taskflow_core.events import Preview


class Job(msgspec.Struct, frozen=True, gc=False):
    """One attempt to be made."""

    number: int
    """The task's number in the plan."""
    task: str
    epoch: int
    attempt: int
    executor: str
    undoes: bool = False
    """It undoes what the task did; `attempt` counts such attempts apart."""

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells this attempt from all others of the run."""
        return self.number, self.epoch, -self.attempt if self.undoes else self.attempt


class Succeeded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """It returned; the value itself is in the result store."""

    result: Preview
    peak_rss: int | None = None
    """Bytes, of the process that did the work."""
    context: dict[str, Preview] | None = None
    """What it wrote to the context; the values themselves are in the result store."""


class Cached(msgspec.Struct, frozen=True, gc=False, tag=True):
    """It was not made: an earlier success stands in for it."""

    result: Preview
    reason: str
    """Why that is good."""
    context: dict[str, Preview] | None = None
    """What that one wrote to the context."""


class Failed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """It raised, or its command failed."""

    error: str
    traceback: str | None = None
    exit_code: int | None = None
    names: tuple[str, ...] = ()
    """The exception's class and its bases, short and dotted, for `retry_on`."""
    final: bool = False
    """It said itself that another attempt would not help."""
    asks_again: bool = False
    """It asked for another attempt itself."""
    retry_after: float | None = None
    """So many seconds from now; None leaves that to the policy."""


class Skipped(msgspec.Struct, frozen=True, gc=False, tag=True):
    """It said that there was nothing to do."""

    reason: str


class Crashed(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """Its process died without a word."""

    error: str
    signal: str | None = None
    exit_code: int | None = None


class Stopped(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """It was told to stop, and nothing of it is left but `leftovers`."""

    forced: bool
    leftovers: int = 0


Outcome: TypeAlias = Succeeded | Cached | Failed | Skipped | Crashed | Stopped


class Stop(msgspec.Struct, frozen=True, gc=False):
    """An order to end an attempt: softly first, then by force."""

    job: Job
    kill: bool
