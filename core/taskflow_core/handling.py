"""Handlers: what a flow wants done once a run's outcome is decided.

Each is a task of a small plan of its own, and called `handler:failure` or the like. The only task
upstream of it is called `run`; the result of that is the outcome. So a handler gets its arguments
by the rules that hold for tasks, and is run by the same executors.
"""

from collections.abc import Mapping

import msgspec

from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.policies import Moment
from taskflow_core.state import RunState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus

PREFIX = "handler:"
"""What the names of handlers begin with; those of other tasks cannot hold a colon."""
RUN = "run"
"""What the task is called that stands for the run."""
TIMEOUT = 60.0
"""Seconds that a handler has if it does not say: the owner of the run waits for it."""

_MOMENT: Mapping[RunStatus, Moment] = {
    RunStatus.SUCCEEDED: "success",
    RunStatus.PARTIAL: "success",
    RunStatus.FAILED: "failure",
    RunStatus.ROLLED_BACK: "failure",
    RunStatus.ROLLBACK_FAILED: "failure",
    RunStatus.CANCELLED: "cancel",
}
_WENT_WRONG = frozenset({AttemptStatus.FAILED, AttemptStatus.TIMED_OUT, AttemptStatus.CRASHED})


class RunOutcome(msgspec.Struct, frozen=True):
    """How a run ended, as its handlers see it."""

    state: str
    """`SUCCEEDED`, `PARTIAL`, `FAILED`, `CANCELLED`, `ROLLED_BACK` or `ROLLBACK_FAILED`."""
    reason: str | None = None
    """Why, if there is more to say than the state itself."""
    failed: tuple[str, ...] = ()
    """The tasks that failed, also those that may, were undone since, or could not be undone."""


def run_outcome(state: RunState) -> RunOutcome:
    """Return how a run that has settled ended."""
    failed = [n for n, _ in enumerate(state.tasks) if _has_failed(state, n)]
    names = tuple([state.plan.tasks[number].name for number in failed])
    return RunOutcome(state.state.value, state.reason, names)


def handler_name(moment: str) -> str:
    """Return what a handler is called as a task."""
    return PREFIX + moment


def moment_of(handler: TaskSpec) -> str:
    """Return which outcome a handler is for."""
    return handler.name.removeprefix(PREFIX)


def handler_plan(plan: Plan) -> Plan:
    """Return the plan that the handlers of `plan` are the tasks of, behind the one called `run`."""
    return Plan(
        name=plan.name,
        tasks=[TaskSpec(name=RUN, kind="command"), *plan.handlers],
        source=plan.source,
        flow_name=plan.flow_name,
        params=plan.params,
    )


def due_handlers(plan: Plan, status: RunStatus) -> list[int]:
    """Return which handlers are for an outcome, in the order in which they run.

    They are numbered as in `handler_plan`.
    """
    wanted = (_MOMENT.get(status), "always")
    found = {moment_of(spec): number for number, spec in enumerate(plan.handlers, 1)}
    return [found[moment] for moment in wanted if moment in found]


def pending_handlers(state: RunState) -> list[str]:
    """Return the moments of the handlers that a run which has settled has yet to finish."""
    due = (moment_of(state.plan.handlers[n - 1]) for n in due_handlers(state.plan, state.state))
    return [m for m in due if m not in state.handled or state.handled[m].ok is None]


def _has_failed(state: RunState, number: int) -> bool:
    task = state.tasks[number]
    if task.state is TaskStatus.ROLLED_BACK:
        last = task.last
        return last is not None and last.epoch == task.epoch and last.state in _WENT_WRONG
    return task.state in {TaskStatus.FAILED, TaskStatus.ROLLBACK_FAILED}
