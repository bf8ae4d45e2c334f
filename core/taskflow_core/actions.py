"""What a person can ask of a run, as values: they cross processes, and can be rehearsed.

As JSON an action is `{"do": "skip", "tasks": ["load"]}`: its kind, and its fields by name.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import msgspec

from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError
from taskflow_core.events import Preview
from taskflow_core.expressions import Expression
from taskflow_core.policies import Stop

if TYPE_CHECKING:
    from taskflow_core.scheduling.scheduler import Scheduler

Ask: TypeAlias = Callable[["Scheduler", Instant], Any]
"""A request to the scheduler at a moment; may raise RefusedError."""


class _Action(msgspec.Struct, frozen=True, tag_field="do", kw_only=True):
    """Something that a person asks of a run: `ask(by)` returns the request, made by `by`."""

    revives: ClassVar[bool] = False
    """A run that has settled goes on by it."""
    reloads: ClassVar[bool] = False
    """Tasks that start from now on run freshly loaded code."""


class Pause(_Action, frozen=True, tag="pause"):
    """Start nothing new."""

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.pause(now, by=by)


class Resume(_Action, frozen=True, tag="resume"):
    """Start tasks again, also those that breakpoints hold."""

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.resume(now, by=by)


class Step(_Action, frozen=True, tag="step"):
    """Let a paused run go on a little."""

    mode: Literal["step", "frontier", "to"] = "step"
    task: str | None = None
    """For `step` which task, by default the next; for `to` where to stop."""

    def ask(self, by: str) -> Ask:
        match self.mode:
            case "step":
                return lambda scheduler, now: [scheduler.step(now, self.task, by=by)]
            case "frontier":
                return lambda scheduler, now: scheduler.step_frontier(now, by=by)
            case "to":
                return lambda scheduler, now: scheduler.run_to(now, self.task or "", by=by)


class Cancel(_Action, frozen=True, tag="cancel"):
    """Stop the run, or some of its tasks; asked again, kill."""

    tasks: tuple[str, ...] | None = None

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.cancel(now, self.tasks, by=by)


class Retry(_Action, frozen=True, tag="retry"):
    """Make the next attempt of tasks that did not succeed, by default of all that failed."""

    revives: ClassVar[bool] = True
    reloads: ClassVar[bool] = True
    tasks: tuple[str, ...] | None = None
    fresh: bool = False
    """Their retry budgets begin anew."""

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.retry(now, self.tasks, by=by, fresh=self.fresh)


class Rerun(_Action, frozen=True, tag="rerun"):
    """Run tasks again that have ended, alone or with everything downstream."""

    revives: ClassVar[bool] = True
    reloads: ClassVar[bool] = True
    tasks: tuple[str, ...]
    from_here: bool = False
    changes: dict[str, Preview] = msgspec.field(default_factory=dict[str, Preview])
    """Previews of named arguments that differ from now on."""

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.rerun(
            now, self.tasks, by=by, from_here=self.from_here, changes=self.changes
        )


class Skip(_Action, frozen=True, tag="skip"):
    """End tasks as skipped."""

    revives: ClassVar[bool] = True
    tasks: tuple[str, ...]

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.skip(now, self.tasks, by=by)


class Succeed(_Action, frozen=True, tag="succeed"):
    """End a task as if it had returned a value."""

    revives: ClassVar[bool] = True
    task: str
    result: Preview = msgspec.field(default_factory=lambda: {"value": None})
    """What previews the value, which is in the result store if that is not all of it."""

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.succeed(now, self.task, self.result, by=by)


class Hold(_Action, frozen=True, tag="hold"):
    """Keep tasks from starting."""

    tasks: tuple[str, ...]

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.hold(now, self.tasks, by=by)


class Release(_Action, frozen=True, tag="release"):
    """Let tasks go that are held."""

    tasks: tuple[str, ...]

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.release(now, self.tasks, by=by)


class Break(_Action, frozen=True, tag="break"):
    """Stop the run at a task from now on.

    Raises:
        ExpressionError: the condition is not well-formed.
    """

    task: str
    stop: Stop = "before"
    condition: str | None = None
    hit: int = 1

    def __post_init__(self) -> None:
        if self.condition is not None:
            Expression.parse(self.condition)

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.set_breakpoint(
            now, self.task, by=by, stop=self.stop, condition=self.condition, hit=self.hit
        )


class Unbreak(_Action, frozen=True, tag="unbreak"):
    """Stop there no more."""

    task: str
    stop: Stop = "before"

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.clear_breakpoint(
            now, self.task, by=by, stop=self.stop
        )


class Parallelism(_Action, frozen=True, tag="set"):
    """Let so many tasks run at once from now on."""

    max_parallel: int

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.set_parallelism(now, self.max_parallel, by=by)


class Rollback(_Action, frozen=True, tag="rollback"):
    """Undo what the run did, or go on undoing after something failed."""

    revives: ClassVar[bool] = True
    to: str | None = None
    """The task down to which everything is undone; None means all."""
    skip: tuple[str, ...] = ()
    """Tasks that could not be undone and now count as if they were."""

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.rollback(now, self.to, by=by, skip=self.skip)


class Answer(_Action, frozen=True, tag="approve"):
    """Approve what a task asks."""

    task: str
    fields: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """What the answer says; texts are read as what the task declares them to be."""

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.answer(now, self.task, self.fields, by=by)


class Reject(_Action, frozen=True, tag="reject"):
    """Reject what a task asks, so that it fails."""

    task: str
    reason: str | None = None

    def ask(self, by: str) -> Ask:
        return lambda scheduler, now: scheduler.reject(now, self.task, by=by, reason=self.reason)


Action: TypeAlias = (
    Pause
    | Resume
    | Step
    | Cancel
    | Retry
    | Rerun
    | Skip
    | Succeed
    | Hold
    | Release
    | Break
    | Unbreak
    | Parallelism
    | Rollback
    | Answer
    | Reject
)


def read_action(fields: dict[str, Any]) -> Action:
    """Return the action that a request describes.

    Raises:
        RefusedError: it is none that this version knows.
    """
    try:
        action: Action = msgspec.convert(fields, Action)
    except msgspec.ValidationError as error:
        raise RefusedError(f"a run does not know this request: {error}") from error
    return action
