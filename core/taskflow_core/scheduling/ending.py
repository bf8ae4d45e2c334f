"""How a run comes to its end: by failing, by being cancelled, or because nothing is left to do."""

from collections import Counter
from collections.abc import Iterable, Sequence

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.scheduling.attempts import Attempts
from taskflow_core.scheduling.containers import Containers
from taskflow_core.scheduling.dependencies import RUN_STOPPED, Dependencies
from taskflow_core.scheduling.gates import Gates
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.rollback import Rollback
from taskflow_core.statuses import (
    NOT_SUCCEEDED,
    SETTLED_TASKS,
    RunStatus,
    TaskStatus,
)

ON_FAILURE = "on_failure"
RUN_TIMEOUT = "run_timeout"

_BUSY = (TaskStatus.READY, TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.RETRY_WAIT)
"""While a task is in one of these, the run goes on by itself."""


class Ending:
    """Ends tasks before their time, and the run when all have ended."""

    def __init__(
        self,
        record: Record,
        ready: ReadyQueue,
        dependencies: Dependencies,
        gates: Gates,
        rollback: Rollback,
    ) -> None:
        self._record = record
        self._ready = ready
        self._dependencies = dependencies
        self._gates = gates
        self._rollback = rollback
        self.attempts: Attempts
        """Given once; attempts and ending need each other."""
        self.containers: Containers
        """Given once, for the same reason."""

    def task_failed(self, number: int, now: Instant) -> None:
        """Do what the flow wants to happen when a task fails."""
        plan, state = self._record.plan, self._record.state
        if self._may_fail(number) or state.state is RunStatus.ROLLING_BACK:
            return
        if plan.on_failure == "stop":
            self.stop_starting(now)
        elif plan.on_failure == "cancel":
            if state.state is not RunStatus.CANCELLING:
                self.cancel_run(now, by=ON_FAILURE)
        elif plan.on_failure == "rollback":
            if state.state is not RunStatus.CANCELLING:
                self.roll_back(now, by=ON_FAILURE, scope=None)
        elif plan.on_failure == "pause" and self._may_be_paused():
            self._record.run_event(ev.RunPaused, now, ON_FAILURE, "task_failed")

    def stop_starting(self, now: Instant) -> None:
        """Cancel every task that does not run; those that run finish."""
        self.attempts.retrying.is_over = True
        self._ready.clear()
        for number in self._dependents_first():
            if not self._is_live(number):
                self._cancel_waiting(number, now, RUN_STOPPED)
        self.containers.close_all(now)

    def roll_back(
        self, now: Instant, *, by: str, scope: str | None, skip: Iterable[int] = ()
    ) -> None:
        """Start nothing new, let what runs finish, then undo everything down to `scope`."""
        self.stop_starting(now)
        self._rollback.start(now, by, scope, skip)

    def cancel_run(self, now: Instant, *, by: str) -> None:
        """Cancel every task; asking again kills. A rollback only starts nothing more."""
        if self._record.state.state is RunStatus.ROLLING_BACK:
            self._rollback.cancel(now, by)
            return
        self._record.run_event(ev.CancelRequested, now, by, None, None)
        self._ready.clear()
        for number in self._dependents_first():
            self.cancel_task(number, now, RUN_STOPPED)
        self.containers.close_all(now)

    def cancel_tasks(self, numbers: Sequence[int], now: Instant, *, by: str) -> None:
        """Cancel some tasks; asking again kills. What depends on them is blocked."""
        names = [self._record.plan.tasks[number].name for number in numbers]
        self._record.run_event(ev.CancelRequested, now, by, names, None)
        every = [*numbers, *self._containers_content(numbers)]
        ended = [number for number in every if self.cancel_task(number, now, "cancelled")]
        for number in ended:
            self._dependencies.ended(number, now)

    def cancel_task(self, number: int, now: Instant, reason: str) -> bool:
        """Cancel a task; say whether it has ended by that."""
        last = self._record.state.tasks[number].last
        if last is None or not last.is_live:
            return self._cancel_waiting(number, now, reason)
        self.attempts.cancel(self._record.job(number, last), now)
        return False

    def settle(self, now: Instant) -> bool:
        """End the run if nothing is left to do; say whether it is over."""
        state = self._record.state
        counts = state.counts
        settled = sum(counts[status] for status in SETTLED_TASKS)
        if state.state.is_settled:
            return True
        if settled < len(state.tasks):
            self._stall_if_stuck(now)
            return False
        if state.state is RunStatus.PAUSED and state.asked_by == ON_FAILURE:
            return False  # a person decides what becomes of it
        shown = {status.value: n for status, n in counts.items() if n}
        self._record.run_event(ev.RunSettled, now, *self._outcome(), shown)
        return True

    # --- in detail -----------------------------------------------------------------------

    def _may_be_paused(self) -> bool:
        """Say whether a failure pauses the run: not where it did already, nor at the end."""
        state = self._record.state
        return state.state is not RunStatus.CANCELLING and state.asked_by != ON_FAILURE

    def _stall_if_stuck(self, now: Instant) -> None:
        state = self._record.state
        is_busy = any(state.counts[status] for status in _BUSY)
        may_be = state.state is RunStatus.RUNNING and state.counts[TaskStatus.HELD] and not is_busy
        if may_be and not self._waits():
            held = [self._record.plan.tasks[number].name for number in self._gates.held()]
            self._record.run_event(ev.RunStalled, now, held)

    def _cancel_waiting(self, number: int, now: Instant, reason: str) -> bool:
        task = self._record.state.tasks[number]
        if task.state in SETTLED_TASKS or task.state is TaskStatus.ROLLING_BACK:
            return False
        if task.state is TaskStatus.WAITING and task.expansion is not None:
            return False  # it ends when its children have
        if task.state is TaskStatus.READY:
            self._ready.remove(number)
        self._gates.forget(number)
        self._record.task_event(ev.TaskCancelled, number, now, reason)
        return True

    def _is_live(self, number: int) -> bool:
        last = self._record.state.tasks[number].last
        return last is not None and last.is_live

    def _dependents_first(self) -> Iterable[int]:
        """Return all tasks so that dependents end as cancelled and not as blocked."""
        return reversed(self._record.plan.order)

    def _outcome(self) -> tuple[str, str | None]:
        state, counts = self._record.state, self._record.state.counts
        if state.state is RunStatus.CANCELLING:
            if state.asked_by == RUN_TIMEOUT:
                return RunStatus.FAILED.value, RUN_TIMEOUT
            if state.asked_by != ON_FAILURE:
                return RunStatus.CANCELLED.value, state.reason
        if not any(counts[status] for status in NOT_SUCCEEDED):
            return RunStatus.SUCCEEDED.value, None
        bad = [n for n, task in enumerate(state.tasks) if task.state in NOT_SUCCEEDED]
        own = [number for number in bad if not self._is_settled_otherwise(number)]
        counted = Counter(state.tasks[n].state for n in own if not self._is_tolerated(n))
        if counted:
            return RunStatus.FAILED.value, _failures(counted)
        if not own:
            return RunStatus.SUCCEEDED.value, None
        tolerated = sum(state.tasks[number].state is TaskStatus.FAILED for number in own)
        return RunStatus.PARTIAL.value, f"{_tasks(tolerated)} failed, as allowed"

    def _is_tolerated(self, number: int) -> bool:
        """Say whether it does not count that a task did not succeed: it, or all around, may fail.

        In a container that may fail, what its failures block does not count either.
        """
        if self._record.state.tasks[number].state is TaskStatus.FAILED:
            return self._may_fail(number)
        parent = self._record.plan.nesting.parents[number]
        return parent is not None and self._may_fail(parent)

    def _may_fail(self, number: int) -> bool:
        plan = self._record.plan
        both = [number, *plan.nesting.around(number)]
        return any(plan.tasks[n].options.allow_failure for n in both)

    def _is_settled_otherwise(self, number: int) -> bool:
        """Say whether it does not matter how a task ended.

        Of a container that was open its children say it all, those that still take part; and where
        a person has given a container a result, or skipped it, what is in it no longer counts.
        """
        tasks, plan = self._record.state.tasks, self._record.plan
        if tasks[number].expansion is not None or not self._record.state.is_part(number):
            return True
        if tasks[number].state is TaskStatus.FAILED and plan.tasks[number].options.allow_failure:
            return False
        around = plan.nesting.around(number)
        return any(tasks[n].state in {TaskStatus.SUCCEEDED, TaskStatus.SKIPPED} for n in around)

    def _waits(self) -> bool:
        """Say whether some task waits by itself: for a person, a moment or a file."""
        state = self._record.state
        if not state.counts[TaskStatus.WAITING]:
            return False
        return any(t.state is TaskStatus.WAITING and t.expansion is None for t in state.tasks)

    def _containers_content(self, numbers: Sequence[int]) -> list[int]:
        nesting = self._record.plan.nesting
        return [child for number in numbers for child in nesting.within(number)]


def _failures(counts: Counter[TaskStatus]) -> str:
    """Return how many tasks failed, else how many were cancelled, else how many blocked."""
    if counts[TaskStatus.FAILED]:
        return f"{_tasks(counts[TaskStatus.FAILED])} failed"
    if counts[TaskStatus.CANCELLED]:
        return f"{_tasks(counts[TaskStatus.CANCELLED])} cancelled"
    return f"{_tasks(counts[TaskStatus.UPSTREAM_FAILED])} blocked"


def _tasks(count: int) -> str:
    return f"{count} task{'s' if count != 1 else ''}"
