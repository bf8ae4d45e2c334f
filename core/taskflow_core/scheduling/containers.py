"""Sub-flows and mapped tasks: they open, their children run, and they end when these have."""

from collections.abc import Iterable
from functools import partial

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import TaskflowError
from taskflow_core.scheduling.dependencies import RUN_STOPPED, Dependencies, OnFailed
from taskflow_core.scheduling.gates import Gates
from taskflow_core.scheduling.openings import Openings
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.state import CHILDREN, Expansion
from taskflow_core.statuses import NOT_SUCCEEDED, SETTLED_TASKS, TaskStatus


class Containers:
    """Opens and closes the tasks that stand for others."""

    def __init__(
        self,
        record: Record,
        ready: ReadyQueue,
        dependencies: Dependencies,
        gates: Gates,
        openings: Openings,
        on_failed: OnFailed,
    ) -> None:
        self._record = record
        self._ready = ready
        self._dependencies = dependencies
        self._gates = gates
        self._openings = openings
        self._on_failed = on_failed
        self._nesting = record.plan.nesting
        dependencies.on_all_ended = self.close

    def open(self, number: int, now: Instant) -> None:
        """Let the children of a ready task start."""
        try:
            known = self._record.state.tasks[number].expansion
            expansion = self._expansion(number) if known is None else known
        except TaskflowError as error:
            self._fail(number, str(error), now)
            return
        self._expand(number, expansion, now)
        for child in self._nesting.children.get(number, ())[expansion.children :]:
            if self._record.state.tasks[child].state is TaskStatus.PENDING:
                self._record.task_event(ev.TaskRemoved, child, now)
                self._dependencies.end_inside(child, now)
        if number in self._gates.allowed_within:
            self._gates.allow_within(self._nesting.children.get(number, ()))
        self._dependencies.open(number, now)

    def open_again(self, numbers: Iterable[int], now: Instant, by: str) -> list[int]:
        """Open the containers of tasks that run again, with what they had; return their numbers.

        Those that are opened anew themselves are not among them.
        """
        opened: list[int] = []
        for number in self._closed_around(numbers):
            task = self._record.state.tasks[number]
            if task.expansion is None:
                continue
            if task.state is TaskStatus.SUCCEEDED:
                self._record.epoch_event(number, task.epoch + 1, now, by, CHILDREN, {})
            else:
                self._gates.forget(number)
                self._record.task_event(ev.TaskUnblocked, number, now)
            self._expand(number, task.expansion, now)
            self._dependencies.count_children(number)
            opened.append(number)
        return opened

    def close(self, number: int, now: Instant) -> None:
        """End an open task whose children have all ended."""
        reason, is_cancelled = self._failure(number)
        if reason is None:
            self._gates.hold_end("after", number, now, partial(self.conclude, number))
            return
        kind = ev.TaskCancelled if is_cancelled else ev.TaskFailed
        self._record.task_event(kind, number, now, reason)
        self._dependencies.ended(number, now)

    def conclude(self, number: int, now: Instant) -> None:
        """Record what a task came to whose children went well."""
        result = self._openings.gathered(number, self._children(number))
        self._record.task_event(ev.TaskSucceeded, number, now, "executed", result)
        self._dependencies.ended(number, now)

    def close_all(self, now: Instant) -> None:
        """End every open task whose children were ended one by one, from the inside out."""
        if self._nesting.is_nested:
            for number in self._record.plan.order:
                is_open = self._is_open(number)
                if is_open and self._dependencies.count_children(number) == 0:
                    self.close(number, now)

    def _expand(self, number: int, expansion: Expansion, now: Instant) -> None:
        known = len(self._record.plan.tasks)
        fields = (expansion.children, expansion.items, expansion.params)
        self._record.task_event(ev.TaskExpanded, number, now, *fields)
        new = range(known, len(self._record.plan.tasks))
        self._openings.grown(number, len(self._record.plan.tasks))
        if new:
            self._ready.grow(number, new)
            self._dependencies.grow(new)
            self._set_breakpoints(new, now)

    def _set_breakpoints(self, new: Iterable[int], now: Instant) -> None:
        """Stop at tasks that were added where the flow says so; for children that is once."""
        for number in new:
            spec = self._record.plan.tasks[number]
            for place in () if self._nesting.is_copy(number) else spec.breakpoints:
                fields = (spec.name, place.stop, place.condition, place.hit)
                self._record.run_event(ev.BreakpointSet, now, "flow", *fields)

    def _expansion(self, number: int) -> Expansion:
        spec = self._record.plan.tasks[number]
        if spec.foreach is not None:
            items = self._openings.items(number)
            return Expansion(items.size, items.shown)
        children = len(self._nesting.children.get(number, ()))
        return Expansion(children, params=self._openings.params(number))

    def _fail(self, number: int, reason: str, now: Instant) -> None:
        spec = self._record.plan.tasks[number]
        what = "foreach" if spec.foreach is not None else "params"
        self._record.task_event(ev.TaskFailed, number, now, f"{what}: {reason}")
        self._dependencies.ended(number, now)
        self._on_failed(number, now)

    def _failure(self, number: int) -> tuple[str | None, bool]:
        """Return why a task ends badly, or None; and whether that is because of a cancel."""
        plan, tasks = self._record.plan, self._record.state.tasks
        bad = [
            child
            for child in self._children(number)
            if tasks[child].state in NOT_SUCCEEDED and not self._is_tolerated(child)
        ]
        if not bad:
            return None, False
        if any(tasks[child].state is TaskStatus.FAILED for child in bad):
            failed = [c for c in bad if tasks[c].state is TaskStatus.FAILED]
            names = ", ".join(plan.tasks[child].name for child in failed[:3])
            more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
            return f"{names}{more} failed", False
        reasons = {tasks[child].reason for child in bad}
        return (RUN_STOPPED if RUN_STOPPED in reasons else "cancelled"), True

    def _is_tolerated(self, number: int) -> bool:
        is_failed = self._record.state.tasks[number].state is TaskStatus.FAILED
        return is_failed and self._record.plan.tasks[number].options.allow_failure

    def _children(self, number: int) -> list[int]:
        expansion = self._record.state.tasks[number].expansion
        children = self._nesting.children.get(number, [])
        return children if expansion is None else children[: expansion.children]

    def _closed_around(self, numbers: Iterable[int]) -> list[int]:
        """Return the containers of tasks that have ended themselves, the outermost first."""
        found: dict[int, None] = {}
        for number in numbers:
            found.update(dict.fromkeys(self._nesting.around(number)))
        outermost_first = sorted(found, key=lambda n: len(self._nesting.around(n)))
        return list(filter(self._is_over, outermost_first))

    def _is_over(self, number: int) -> bool:
        """Say whether a container has ended, or is held at its end."""
        task = self._record.state.tasks[number]
        return task.state in SETTLED_TASKS or task.held == "after"

    def _is_open(self, number: int) -> bool:
        task = self._record.state.tasks[number]
        return task.state is TaskStatus.WAITING and task.expansion is not None
