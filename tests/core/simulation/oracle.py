"""What the documents say should happen, written down a second time and as plainly as possible.

Nothing here comes from the scheduler: where the two differ, one of them is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from taskflow_core.errors import TaskflowError
from taskflow_core.plan import Plan
from taskflow_core.statuses import RunStatus, TaskStatus


class Seen(NamedTuple):
    """How the tasks that one depends on stand: `n` in all, and how they ended."""

    n: int
    succeeded: int
    skipped: int
    failed: int
    """Failed by themselves, or cancelled."""
    blocked: int

    @property
    def bad(self) -> int:
        return self.failed + self.blocked

    @property
    def done(self) -> bool:
        return self.succeeded + self.skipped + self.bad == self.n


def _first(*cases: tuple[bool, str]) -> str:
    return next((verdict for holds, verdict in cases if holds), "wait")


_ROWS: dict[str, Callable[[Seen], str]] = {
    "all_success": lambda s: _first(
        (s.bad > 0, "block"), (s.done and s.skipped > 0, "skip"), (s.done, "run")
    ),
    "all_failed": lambda s: _first((s.succeeded + s.skipped > 0, "skip"), (s.bad == s.n, "run")),
    "all_done": lambda s: _first((s.done, "run")),
    "all_done_min_one_success": lambda s: _first(
        (s.done and s.succeeded > 0, "run"), (s.done, "block")
    ),
    "all_skipped": lambda s: _first((s.succeeded + s.bad > 0, "skip"), (s.done, "run")),
    "one_success": lambda s: _first(
        (s.succeeded > 0, "run"), (s.done and s.skipped == s.n, "skip"), (s.done, "block")
    ),
    "one_failed": lambda s: _first((s.bad > 0, "run"), (s.done, "skip")),
    "one_done": lambda s: _first((s.succeeded + s.failed > 0, "run"), (s.done, "skip")),
    "none_failed": lambda s: _first((s.bad > 0, "block"), (s.done, "run")),
    "none_failed_min_one_success": lambda s: _first(
        (s.bad > 0, "block"), (s.done and s.succeeded > 0, "run"), (s.done, "skip")
    ),
    "none_skipped": lambda s: _first((s.skipped > 0, "skip"), (s.done, "run")),
    "always": lambda _: "run",
}
"""The table of trigger rules, research/engine.md 6.4."""


def verdict(rule: str, seen: Seen) -> str:
    """Return `run`, `skip`, `block` or `wait` for a task of that rule."""
    return "run" if not seen.n else _ROWS[rule](seen)


def counts_as(status: TaskStatus, allow_failure: bool) -> str | None:
    """Return how a task counts for those behind it; None if it has not ended."""
    match status:
        case TaskStatus.SUCCEEDED:
            return "succeeded"
        case TaskStatus.SKIPPED:
            return "skipped"
        case TaskStatus.FAILED:
            return "succeeded" if allow_failure else "failed"
        case TaskStatus.CANCELLED:
            return "failed"
        case TaskStatus.UPSTREAM_FAILED:
            return "blocked"
        case _:
            return None


def seen_by(number: int, plan: Plan, statuses: Sequence[TaskStatus]) -> Seen:
    """Return how the tasks stand that the task with that number depends on."""
    kinds = [
        counts_as(statuses[other], plan.tasks[other].options.allow_failure)
        for other in plan.needs[number]
    ]
    count = kinds.count
    return Seen(len(kinds), count("succeeded"), count("skipped"), count("failed"), count("blocked"))


def may_fail(number: int, plan: Plan) -> bool:
    """Say whether a task's failure is tolerated: its own, or in a container of which that holds."""
    at: int | None = number
    while at is not None:
        if plan.tasks[at].options.allow_failure:
            return True
        at = plan.nesting.parents[at]
    return False


def takes_part(number: int, plan: Plan, opened: Mapping[int, int]) -> bool:
    """Say whether a task has an item, if it is for one, and all around it."""
    at: int | None = number
    while at is not None:
        parent = plan.nesting.parents[at]
        if parent is not None and parent in opened:
            children = plan.nesting.children[parent]
            if children.index(at) >= opened[parent]:
                return False
        at = parent
    return True


def outcome(
    plan: Plan,
    statuses: Sequence[TaskStatus],
    cancelled_by: str | None,
    opened: Mapping[int, int] = {},
) -> RunStatus:
    """Return how a run ends whose tasks stand like this; of all tasks, not of the last ones.

    Of containers that were `opened` their children say it all, and of these so many.
    """
    if cancelled_by not in {None, "on_failure", "run_timeout"}:
        return RunStatus.CANCELLED
    if cancelled_by == "run_timeout":
        return RunStatus.FAILED
    tolerated = False
    well = {TaskStatus.SUCCEEDED, TaskStatus.SKIPPED}
    for number, status in enumerate(statuses):
        parent = plan.nesting.parents[number]
        if status in well or number in opened or not takes_part(number, plan, opened):
            continue
        own = status is TaskStatus.FAILED and plan.tasks[number].options.allow_failure
        if not own and any(statuses[around] in well for around in plan.nesting.around(number)):
            continue  # a person has given what it is in a result, or skipped that
        if status is TaskStatus.FAILED and may_fail(number, plan):
            tolerated = True
        elif status is TaskStatus.FAILED or parent is None or not may_fail(parent, plan):
            return RunStatus.FAILED
        else:
            tolerated = True  # blocked or cancelled where anything may fail
    return RunStatus.PARTIAL if tolerated else RunStatus.SUCCEEDED


def start_order(plan: Plan) -> list[tuple[int, ...]]:
    """Return for each task its place among ready ones: the least starts first.

    In the order `fifo` this is so only among those that became ready together.
    """
    longest = [0] * len(plan.tasks)

    def way(number: int) -> int:
        if not longest[number]:
            longest[number] = 1 + max(map(way, plan.downstream[number]), default=0)
        return longest[number]

    ways = plan.ready_order == "critical"
    return [
        (-spec.options.priority, -way(n) if ways else 0, n) for n, spec in enumerate(plan.tasks)
    ]


def evaluate(expression: str, number: int) -> object:
    """Return what an expression of a drawn plan means."""
    if expression == "broken":
        raise TaskflowError(f"'broken' of task {number} cannot be evaluated")
    return expression == "yes"
