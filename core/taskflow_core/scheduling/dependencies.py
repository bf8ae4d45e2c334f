"""Moving tasks along the edges: what becomes ready, skipped, blocked, and free again."""

from collections.abc import Callable, Iterable, Sequence

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import TaskflowError
from taskflow_core.graph import downstream_of
from taskflow_core.policies import TriggerRule
from taskflow_core.scheduling.edges import Edges
from taskflow_core.scheduling.inside import Inside
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.rules import BLOCKED, FAILED, SKIPPED, SUCCEEDED, Verdict, verdict
from taskflow_core.state import TaskState
from taskflow_core.statuses import TaskStatus

# Looking up a member on its Enum takes 70 ns in Python 3.11, and this is the hot path.
_PENDING = TaskStatus.PENDING

_KIND = {
    TaskStatus.SUCCEEDED: SUCCEEDED,
    TaskStatus.SKIPPED: SKIPPED,
    TaskStatus.FAILED: FAILED,
    TaskStatus.CANCELLED: FAILED,
    TaskStatus.UPSTREAM_FAILED: BLOCKED,
    TaskStatus.ROLLED_BACK: FAILED,
    TaskStatus.ROLLBACK_FAILED: FAILED,
}
"""How a task that ended counts for those behind it."""
_SPECIAL = 16
"""Seen by every task that another rule than `all_success` decides about."""

RUN_STOPPED = "run_stopped"
"""Why tasks are cancelled that wait when the run comes to its end."""
PARENT_SKIPPED = "parent_skipped"
"""Why tasks are skipped whose sub-flow never started."""
BY_RULE = ("upstream_skipped", "trigger_rule: ", PARENT_SKIPPED)
"""How the reasons of skips begin that follow from what happened upstream."""

Evaluate = Callable[[str, int], object]
"""Returns the value of an expression for the task with that number; raises TaskflowError."""
Gate = Callable[[int, Instant], bool]
"""Holds a ready task if it must be held, and says so."""
OnFailed = Callable[[int, Instant], None]
"""Hears of a task that failed."""
OnAllEnded = Callable[[int, Instant], None]
"""Hears of an open container whose children have all ended."""


class Dependencies:
    """Knows for every task what it still waits for, and decides when that is nothing.

    Args:
        record: The run so far.
        ready: Where ready tasks go.
        evaluate: Evaluates `when`.
        gate: Asked for every ready task before it goes to the queue.
        on_failed: Told of tasks whose `when` fails.
    """

    def __init__(
        self,
        record: Record,
        ready: ReadyQueue,
        *,
        evaluate: Evaluate,
        gate: Gate,
        on_failed: OnFailed,
    ) -> None:
        self._record = record
        self._ready = ready
        self._evaluate = evaluate
        self._gate = gate
        self._on_failed = on_failed
        layout, nesting = record.plan.layout, record.plan.nesting
        self._rules: list[TriggerRule] = layout.rules
        if record.plan.is_dynamic:
            self._rules = [spec.options.trigger_rule for spec in record.plan.tasks]
        self._has_conditions = record.plan.is_conditional
        self._nesting, self._needed_by = nesting, nesting.needed_by
        self._inside: Inside | None = Inside(record) if nesting.is_nested else None
        """What there is to know of children; None where no task has any."""
        lifetimes = record.plan.lifetimes
        self._edges = None if lifetimes is None else Edges(record, lifetimes, self._kind)
        """What is waited for besides success; None where that is all."""
        self.on_all_ended: OnAllEnded
        """Given once; what opens and closes containers needs this, too."""
        self._waiting = list(map(len, record.plan.needs))
        """For each task how many of those it depends on have not ended."""
        self._seen = [0] * len(self._rules)
        """For each task how the others ended; successes do not count where the rule is the
        default one, so that 0 stands for the everyday case."""
        for number in layout.first:
            if self._rules[number] != "all_success":
                self._seen[number] = _SPECIAL
        if not self._is_untouched():
            for number, task in enumerate(record.state.tasks):
                if task.state in _KIND:
                    self._count(number)
        added = range(nesting.written, len(self._rules))
        for number in added if self._edges is None else range(len(self._rules)):
            self._recount(number)

    def decide_all(self, now: Instant) -> None:
        """Decide about every pending task; what a run begins with."""
        waiting, seen, tasks = self._waiting, self._seen, self._record.state.tasks
        first = self._record.plan.layout.first if self._is_untouched() else range(len(tasks))
        for number in first:
            if tasks[number].state is _PENDING and (not waiting[number] or seen[number]):
                self._settle([(number, self._decide(number, now))], now)

    def make_ready(self, number: int, now: Instant) -> None:
        """Put a task in the queue, unless something holds it."""
        record, state = self._record, self._record.state
        name, task = record.plan.tasks[number].name, state.tasks[number]
        record.note_of(task, ev.TaskReady(state.seq + 1, now.wall, record.run, name, task.epoch))
        if not (state.breakpoints or state.holds) or not self._gate(number, now):
            self._ready.push(number)

    def try_again(self, number: int, now: Instant) -> None:
        """Make a task ready for its next attempt, unless what is upstream is made again."""
        if self._verdict(number) == "run":
            self.make_ready(number, now)
        else:
            self._record.task_event(ev.TaskUnblocked, number, now)
            self._settle([(number, self._decide(number, now))], now)

    def release(self, number: int, now: Instant) -> None:
        """Let the dependents of a task that succeeded have one thing less to wait for."""
        waiting, seen, tasks = self._waiting, self._seen, self._record.state.tasks
        for other in self._needed_by[number]:
            left = waiting[other] = waiting[other] - 1
            if seen[other]:
                seen[other] |= SUCCEEDED
                self._settle([(other, self._decide(other, now))], now)
            elif not left and tasks[other].state is _PENDING:
                if self._has_conditions:
                    self._settle([(other, self._start(other, now))], now)
                else:
                    self.make_ready(other, now)
        if self._inside is not None:
            self._tell_around(number, now)

    def ended(self, number: int, now: Instant) -> None:
        """Let the dependents of a task that ended in any way know."""
        self._settle([(number, True)], now)

    def reopen(self, changed: Iterable[int], now: Instant) -> None:
        """Count afresh behind `changed`, free what they blocked, and start what is free now."""
        changed = set(changed)
        plan, tasks = self._record.plan, self._record.state.tasks
        behind = downstream_of(list(changed), plan.downstream)
        behind |= {child for number in changed for child in self._nesting.within(number)}
        queued: list[int] = []
        for number in filter(behind.__contains__, plan.opening_order):
            self._recount(number)
            if self._is_outdated(number):
                if tasks[number].state is TaskStatus.READY:
                    queued.append(number)
                self._record.task_event(ev.TaskUnblocked, number, now)
        self._ready.remove_all(queued)
        if self._inside is not None:
            self._inside.count_all()
        for number in plan.opening_order:
            if tasks[number].state is _PENDING and (number in behind or number in changed):
                self._recount(number)
                self._settle([(number, self._decide(number, now))], now)

    def decide_again(self, numbers: Iterable[int], now: Instant) -> None:
        """Decide about tasks since a service has changed; those wait again that may not start."""
        for number in numbers:
            task = self._record.state.tasks[number]
            if _has_not_begun(task) and self._verdict(number) != "run":
                self._ready.remove(number)
                self._record.task_event(ev.TaskUnblocked, number, now)
            self._settle([(number, self._decide(number, now))], now)

    # --- containers ----------------------------------------------------------------------

    def grow(self, new: Sequence[int]) -> None:
        """Learn of tasks that were added to the plan."""
        tasks = self._record.plan.tasks
        for number in new:
            self._rules.append(tasks[number].options.trigger_rule)
            self._waiting.append(0)
            self._seen.append(0)
            self._recount(number)

    def open(self, number: int, now: Instant) -> None:
        """Let the children of a container start, those that need no other first."""
        for child in self._nesting.within(number):
            self._recount(child)
        if not self.count_children(number):
            self.on_all_ended(number, now)
            return
        for child in list(self._nesting.children[number]):
            self._settle([(child, self._decide(child, now))], now)

    def end_inside(self, number: int, now: Instant) -> None:
        """End what a container never started that has ended itself."""
        tasks = self._record.state.tasks
        for child in self._nesting.within(number):
            if tasks[child].state is _PENDING:
                self._end_with(child, number, now)

    def end_blocked_inside(self, number: int, now: Instant) -> None:
        """Let what was blocked in a container count as skipped: a person has ended it well."""
        tasks = self._record.state.tasks
        for child in self._nesting.within(number):
            was_blocked = tasks[child].state is TaskStatus.UPSTREAM_FAILED
            if was_blocked and tasks[number].expansion is None:
                self._record.task_event(ev.TaskUnblocked, child, now)
        self.end_inside(number, now)

    def count_children(self, number: int) -> int:
        """Count afresh how many children of an open container have not ended."""
        assert self._inside is not None, "only containers are open"
        return self._inside.count(number)

    # --- in detail -----------------------------------------------------------------------

    def _is_untouched(self) -> bool:
        """Say whether no task has begun, as in nearly every run that starts."""
        return self._record.state.counts[_PENDING] == len(self._rules)

    def _settle(self, ended: list[tuple[int, bool]], now: Instant) -> None:
        """Go on behind every task of `ended` that has ended, and behind those that end by it."""
        while ended:
            number, has_ended = ended.pop()
            if has_ended:
                if self._inside is not None:
                    self._tell_around(number, now)
                kind = self._kind(number)
                for other in self._needed_by[number]:
                    self._waiting[other] -= 1
                    self._seen[other] |= kind
                    ended.append((other, self._decide(other, now)))

    def _decide(self, number: int, now: Instant) -> bool:
        """Decide about a task if it is pending; say whether it has ended by that."""
        if self._record.state.tasks[number].state is not _PENDING:
            return False
        if self._inside is not None and not self._inside.may_start(number):
            return False
        match self._verdict(number):
            case "wait":
                return False
            case "run":
                return self._start(number, now)
            case "skip":
                self._record.task_event(ev.TaskSkipped, number, now, self._skip_reason(number))
            case "block":
                self._record.task_event(ev.TaskBlocked, number, now, self._culprit(number))
        return True

    def _tell_around(self, number: int, now: Instant) -> None:
        """Let the container of a task that ended know, and end what it never started itself."""
        inside = self._inside
        assert inside is not None, "there are containers"
        self.end_inside(number, now)
        parent = self._nesting.parents[number]
        if parent is not None and inside.one_less(parent):
            self.on_all_ended(parent, now)

    def _end_with(self, child: int, number: int, now: Instant) -> None:
        """End a task because its container has ended without it."""
        container = self._record.state.tasks[number]
        if container.state is TaskStatus.CANCELLED:
            reason = container.reason or "cancelled"
            self._record.task_event(ev.TaskCancelled, child, now, reason)
        elif container.state in {TaskStatus.SKIPPED, TaskStatus.SUCCEEDED}:
            self._record.task_event(ev.TaskSkipped, child, now, PARENT_SKIPPED)
        else:
            name = self._record.plan.tasks[number].name
            is_blocked = container.state is TaskStatus.UPSTREAM_FAILED
            by = container.reason if is_blocked and container.reason else name
            self._record.task_event(ev.TaskBlocked, child, now, by)

    def _start(self, number: int, now: Instant) -> bool:
        """Make a task ready if its condition holds; say whether it has ended instead."""
        when = self._record.plan.tasks[number].when
        if when is not None:
            try:
                holds = bool(self._evaluate(when, number))
            except TaskflowError as error:
                self._record.task_event(ev.TaskFailed, number, now, f"condition: {error}")
                self._on_failed(number, now)
                return True
            if not holds:
                self._record.task_event(ev.TaskSkipped, number, now, "condition")
                return True
        self.make_ready(number, now)
        return False

    def _verdict(self, number: int) -> Verdict:
        if self._inside is not None and not self._inside.may_start(number):
            return self._inside.verdict(number)
        if self._edges is not None:
            if not self._is_served(number):
                return "wait"
            self._recount(number)
        return self._by_rule(number)

    def _by_rule(self, number: int) -> Verdict:
        seen = self._seen[number] & ~_SPECIAL
        return verdict(self._rules[number], self._waiting[number], seen)

    def _is_served(self, number: int) -> bool:
        """Say whether the containers around a task have what they need to run."""
        at = self._nesting.parents[number]
        while at is not None:
            if self._edges is not None and self._edges.has_conditions(at):
                self._recount(at)
                if self._by_rule(at) == "wait":
                    return False
            at = self._nesting.parents[at]
        return True

    def _is_outdated(self, number: int) -> bool:
        """Say whether a task is where it is only because of what was upstream before."""
        if self._inside is not None and self._inside.is_over(number):
            return False
        task = self._record.state.tasks[number]
        now = self._verdict(number)
        match task.state:
            case TaskStatus.UPSTREAM_FAILED:
                return now != "block"
            case TaskStatus.SKIPPED:
                return (task.reason or "").startswith(BY_RULE) and now != "skip"
            case TaskStatus.CANCELLED:  # with the run, before it ever started
                last = task.last
                has_begun = last is not None and last.epoch == task.epoch
                return task.reason == RUN_STOPPED and not has_begun and now != "block"
            case _:
                return now != "run" and _has_not_begun(task)

    def _count(self, number: int) -> None:
        kind = self._kind(number)
        for other in self._needed_by[number]:
            self._waiting[other] -= 1
            if kind != SUCCEEDED or self._seen[other]:
                self._seen[other] |= kind

    def _recount(self, number: int) -> None:
        tasks, needed = self._record.state.tasks, self._record.plan.needs[number]
        if self._inside is not None and self._nesting.is_copy(number):
            needed = ()
        if self._edges is not None and self._edges.has_conditions(number):
            self._waiting[number], seen = self._edges.count(number, needed)
            self._seen[number] = seen | _SPECIAL
            return
        ended = [other for other in needed if tasks[other].state in _KIND]
        self._waiting[number] = len(needed) - len(ended)
        is_default = self._rules[number] == "all_success"
        seen = 0 if is_default else _SPECIAL
        for other in ended:
            kind = self._kind(other)
            if not (is_default and kind == SUCCEEDED):
                seen |= kind
        self._seen[number] = seen

    def _kind(self, number: int) -> int:
        status = self._record.state.tasks[number].state
        if status is TaskStatus.FAILED and self._record.plan.tasks[number].options.allow_failure:
            return SUCCEEDED
        return _KIND[status]

    def _skip_reason(self, number: int) -> str:
        rule = self._rules[number]
        return "upstream_skipped" if rule == "all_success" else f"trigger_rule: {rule}"

    def _culprit(self, number: int) -> str:
        """Return the task upstream that failed, near or far; the first in `depends_on` order."""
        plan, tasks = self._record.plan, self._record.state.tasks
        ended = [other for other in plan.needs[number] if tasks[other].state in _KIND]
        edges = self._edges
        kinds = {o: self._kind(o) if edges is None else edges.kind(number, o) for o in ended}
        for other, kind in kinds.items():
            if kind == FAILED:
                return plan.tasks[other].name
        for other, kind in kinds.items():
            if kind == BLOCKED and tasks[other].reason is not None:
                return str(tasks[other].reason)
        return plan.tasks[plan.needs[number][0]].name


def _has_not_begun(task: TaskState) -> bool:
    """Say whether a task is about to start, or only waits, so nothing is lost if it does not."""
    match task.state:
        case TaskStatus.READY:
            return True
        case TaskStatus.HELD:
            return task.held == "before"
        case TaskStatus.WAITING:
            return task.expansion is None
        case _:
            return False
