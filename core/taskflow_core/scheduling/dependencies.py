"""Moving tasks along the edges: what becomes ready, skipped, blocked, and free again."""

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.graph import downstream_of
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.statuses import NOT_SUCCEEDED, TaskStatus

# Looking up a member on its Enum takes 70 ns in Python 3.11, and this is the hot path.
_PENDING = TaskStatus.PENDING
_SKIPPED = TaskStatus.SKIPPED
_SUCCEEDED = TaskStatus.SUCCEEDED

_DONE = frozenset({_SUCCEEDED, _SKIPPED})


class Dependencies:
    """Counts for every task what it still waits for. A task runs when all upstream succeeded."""

    def __init__(self, record: Record, ready: ReadyQueue) -> None:
        self._record = record
        self._ready = ready
        self.waiting = list(map(len, record.plan.upstream))
        """For each task how many of those it depends on are not done."""
        for number, task in enumerate(record.state.tasks):
            if task.state in _DONE:
                for other in record.plan.downstream[number]:
                    self.waiting[other] -= 1

    def make_ready(self, number: int, now: Instant) -> None:
        """Put a task in the queue."""
        record, state = self._record, self._record.state
        name, task = record.plan.tasks[number].name, state.tasks[number]
        record.note_of(task, ev.TaskReady(state.seq + 1, now.wall, record.run, name, task.epoch))
        self._ready.push(number)

    def make_ready_if_free(self, number: int, now: Instant) -> None:
        """Put a pending task in the queue if it waits for nothing."""
        pending = self._record.state.tasks[number].state is _PENDING
        if pending and not self.waiting[number]:
            self.make_ready(number, now)

    def release(self, number: int, now: Instant) -> None:
        """Let the dependents of a task that succeeded have one thing less to wait for."""
        waiting, state = self.waiting, self._record.state
        for other in self._record.plan.downstream[number]:
            left = waiting[other] = waiting[other] - 1
            if not left and state.tasks[other].state is _PENDING:
                if state.counts[_SKIPPED] and self._has_skipped_upstream(other):
                    self.skip(other, "upstream_skipped", now)
                else:
                    self.make_ready(other, now)

    def skip(self, number: int, reason: str, now: Instant) -> None:
        """Skip a task, and with it those that wait for nothing else."""
        self._record.task_event(ev.TaskSkipped, number, now, reason)
        tasks, stack = self._record.state.tasks, [number]
        while stack:
            for other in self._record.plan.downstream[stack.pop()]:
                self.waiting[other] -= 1
                if not self.waiting[other] and tasks[other].state is _PENDING:
                    self._record.task_event(ev.TaskSkipped, other, now, "upstream_skipped")
                    stack.append(other)

    def block(self, number: int, now: Instant) -> None:
        """Block everything downstream of a task that did not succeed."""
        record = self._record
        by = record.plan.tasks[number].name
        stack = [number]
        while stack:
            for other in record.plan.downstream[stack.pop()]:
                if record.state.tasks[other].state is _PENDING:
                    record.task_event(ev.TaskBlocked, other, now, by)
                    stack.append(other)

    def reopen(self, chosen: list[int], now: Instant) -> None:
        """Ready the tasks in `chosen`, which are pending again, and free what they blocked."""
        plan, tasks = self._record.plan, self._record.state.tasks
        behind = downstream_of(chosen, plan.downstream)
        order = plan.order
        for number in order:
            if number in behind and tasks[number].state in NOT_SUCCEEDED:
                needed = plan.upstream[number]
                if not any(tasks[other].state in NOT_SUCCEEDED for other in needed):
                    self._record.task_event(ev.TaskUnblocked, number, now)
        for number in order:
            if tasks[number].state is _PENDING:
                self.waiting[number] = self._unmet(number)
                self.make_ready_if_free(number, now)

    def _has_skipped_upstream(self, number: int) -> bool:
        tasks, needed = self._record.state.tasks, self._record.plan.upstream[number]
        return any(tasks[other].state is _SKIPPED for other in needed)

    def _unmet(self, number: int) -> int:
        tasks = self._record.state.tasks
        return sum(tasks[other].state not in _DONE for other in self._record.plan.upstream[number])
