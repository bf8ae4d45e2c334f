"""Undoing a run: compensations in reverse dependency order, side by side where independent."""

from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.graph import downstream_of
from taskflow_core.lanes import INLINE
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stop, Stopped, Succeeded
from taskflow_core.plan import RollbackSpec
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.timers import Timers
from taskflow_core.statuses import RunStatus, TaskStatus

Chance = Callable[[], float]
"""Returns a float in [0, 1)."""

CANCELLED = "cancelled"
_NOT_DONE_HERE = frozenset({"injected", "cached"})
"""How tasks succeeded that did nothing in this run, so there is nothing to undo."""
_TIMEOUT = ("TimeoutError", "builtins.TimeoutError", "OSError", "Exception", "BaseException")


class Rollback:
    """Decides which compensation runs next, and when a rollback is over.

    A task is undone only once everything downstream of it is, so that nothing is taken from under
    what still stands on it. One that fails for good holds those upstream; the others go on.
    """

    def __init__(
        self,
        record: Record,
        timers: Timers,
        slots: Mapping[str, int],
        total: int | None,
        lane_of: Mapping[str, str],
    ) -> None:
        self._record = record
        self._timers = timers
        self._sizes = {**dict.fromkeys([INLINE], 1), **slots}
        self._total = sum(slots.values()) if total is None else total
        self._lane_of = lane_of
        self._todo: set[int] | None = None
        """What is to be undone; None until all that ran has ended."""
        self._waiting: dict[int, int] = {}
        """For each task of the scope how many of those that depend on it are not done."""
        self._ready: dict[str, list[int]] = {}
        self._running: dict[int, Job] = {}
        self._stopping: dict[int, str] = {}
        self._stops: list[Stop] = []
        self._is_cancelled = False

    # --- what people ask -----------------------------------------------------------------

    def start(self, now: Instant, by: str, scope: str | None, skip: Iterable[int] = ()) -> None:
        """Begin, or go on after something failed; what `skip` names counts as undone."""
        self._todo = None
        self._waiting, self._ready, self._is_cancelled = {}, {}, False
        self._record.run_event(ev.RollbackStarted, now, by, scope)
        for number in skip:
            self._record.undo_event(ev.CompensationSucceeded, number, 0, now, f"skipped: {by}")

    def cancel(self, now: Instant, by: str) -> None:
        """Start no further compensation; those that run finish. Asked again, kill them."""
        self._record.run_event(ev.CancelRequested, now, by, None, None)
        if self._is_cancelled:
            for job in list(self._running.values()):
                self._kill(job)
        self._is_cancelled = True
        self._ready.clear()

    # --- turns ---------------------------------------------------------------------------

    @property
    def has_stops(self) -> bool:
        """There are orders to stop compensations that nobody has asked for."""
        return bool(self._stops)

    def stops(self) -> list[Stop]:
        """Return the orders to stop compensations given since the last call."""
        stops, self._stops = self._stops, []
        return stops

    def live_jobs(self) -> list[Job]:
        """Return the compensations that have not ended."""
        return list(self._running.values())

    def is_live(self, job: Job) -> bool:
        """Say whether `job` is a compensation that has not ended."""
        return self._running.get(job.number) == job

    def startable(self, lane: str) -> bool:
        """Say whether a compensation of `lane` could start now."""
        return bool(self._ready.get(lane)) and self._has_slot(lane)

    def take(self, lane: str, now: Instant) -> Job | None:
        """Start the next compensation of `lane`, or return None."""
        if not self.startable(lane):
            return None
        number = -heappop(self._ready[lane])
        spec, job = self._spec(number), self._job(number)
        self._running[number] = job
        self._record.attempt_event(ev.CompensationStarted, job, now, spec.executor)
        if spec.timeout is not None:
            self._timers.set(now.mono + spec.timeout, "timeout", job)
        return job

    def ended(self, job: Job, outcome: Outcome, now: Instant, chance: Chance) -> bool:
        """Record how a compensation ended; False if it was over already."""
        if not self.is_live(job):
            return False
        del self._running[job.number]
        why = self._stopping.pop(job.number, None)
        if isinstance(outcome, Succeeded) and why is None:
            self._record.attempt_event(ev.CompensationSucceeded, job, now, "executed")
            self._done([job.number], now)
        else:
            self._failed(job, _failure(outcome, why, self._spec(job.number)), now, chance)
        return True

    def ring(self, kind: str, job: Job, now: Instant) -> None:
        """Do what is due about a compensation: try again, stop, kill."""
        if kind == "retry":
            is_due = self._record.state.tasks[job.number].due_at is not None
            if is_due and job.number in (self._todo or ()) and not self._is_cancelled:
                self._push(job.number)
        elif self.is_live(job) and kind == "timeout":
            self._stopping[job.number] = "timeout"
            self._stops.append(Stop(job, kill=False))
            self._timers.set(now.mono + self._spec(job.number).grace, "kill", job)
        elif self.is_live(job) and kind == "kill":
            self._kill(job)

    def settle(self, now: Instant) -> bool:
        """Go on, and end the rollback if nothing is left to do; say whether it is over."""
        state = self._record.state
        if state.counts[TaskStatus.RUNNING] or state.counts[TaskStatus.QUEUED]:
            return False  # what runs finishes first
        if self._todo is None:
            self._plan(now)
        waits = any(self._ready.values()) or (self._has_due() and not self._is_cancelled)
        if self._running or waits:
            return False
        self._settle(now)
        return True

    # --- in detail -----------------------------------------------------------------------

    def _plan(self, now: Instant) -> None:
        """Find out what is to be undone, and begin at the ends of the graph."""
        plan = self._record.plan
        scope = self._scope()
        self._todo = {number for number in scope if self._is_due(number)}
        for number in scope:
            self._interrupted(number, now)
            self._waiting[number] = sum(other in scope for other in plan.downstream[number])
        self._done_if_nothing([n for n in scope if not self._waiting[n]], now)

    def _scope(self) -> set[int]:
        plan, to = self._record.plan, self._record.state.rollback_scope
        if to is None:
            return set(range(len(plan.tasks)))
        number = plan.index[to]
        inside = plan.nesting.within(number)
        return downstream_of([number, *inside], plan.downstream) | {number, *inside}

    def _is_due(self, number: int) -> bool:
        """Say whether there may be something to undo."""
        task = self._record.state.tasks[number]
        options = self._record.plan.tasks[number].options
        if task.state in {TaskStatus.FAILED, TaskStatus.CANCELLED}:
            begun = any(attempt.epoch == task.epoch for attempt in task.attempts)
            return begun and options.rollback_on == "started"
        return task.state in {
            TaskStatus.SUCCEEDED, TaskStatus.ROLLING_BACK, TaskStatus.ROLLBACK_FAILED
        }  # fmt: skip

    def _interrupted(self, number: int, now: Instant) -> None:
        """End a compensation whose runner died; it runs again."""
        task = self._record.state.tasks[number]
        if task.undo and task.undo[-1].is_live:
            last = task.undo[-1]
            self._record.undo_event(
                ev.CompensationFailed, number, last.attempt, now,
                "its runner is gone", None, None, now.wall,
            )  # fmt: skip

    def _done_if_nothing(self, numbers: list[int], now: Instant) -> None:
        """Take up tasks of which everything downstream is done."""
        while numbers:
            number = numbers.pop()
            if number in (self._todo or ()) and self._has_compensation(number):
                self._take_up(number, now)
                continue
            if number in (self._todo or ()):
                self._record.undo_event(ev.CompensationSucceeded, number, 0, now, "nothing_to_undo")
            numbers += self._freed_by(number)

    def _take_up(self, number: int, now: Instant) -> None:
        """Let a compensation start, now or when its next attempt is due."""
        due_at = self._record.state.tasks[number].due_at
        if self._is_cancelled:
            return
        if due_at is None or due_at <= now.wall:
            self._push(number)
        else:
            self._timers.set(now.mono + due_at - now.wall, "retry", self._job(number))

    def _done(self, numbers: list[int], now: Instant) -> None:
        for number in numbers:
            self._done_if_nothing(self._freed_by(number), now)

    def _freed_by(self, number: int) -> list[int]:
        """Return the tasks upstream that wait for nothing else downstream."""
        freed: list[int] = []
        for other in self._record.plan.upstream[number]:
            if other in self._waiting:
                self._waiting[other] -= 1
                if not self._waiting[other]:
                    freed.append(other)
        return freed

    def _failed(self, job: Job, failure: Failed, now: Instant, chance: Chance) -> None:
        retry = self._spec(job.number).retry
        task = self._record.state.tasks[job.number]
        tries = len(task.undo) - task.undo_from
        may = not failure.final and retry.wants(failure.names, failure.exit_code)
        due_at = delay = None
        if may and tries <= retry.retries and not self._is_cancelled:
            delay = retry.delay_before(tries + 1, chance)
            due_at = now.wall + delay
        self._record.attempt_event(
            ev.CompensationFailed, job, now,
            failure.error, failure.traceback, failure.exit_code, due_at,
        )  # fmt: skip
        if delay is not None:
            self._timers.set(now.mono + delay, "retry", job)

    def _push(self, number: int) -> None:
        ready = self._ready.setdefault(self._lane_of[self._spec(number).executor], [])
        if -number not in ready and number not in self._running:
            heappush(ready, -number)

    def _job(self, number: int) -> Job:
        """Return the next compensation of a task."""
        task, name = self._record.state.tasks[number], self._record.plan.tasks[number].name
        attempt = sum(undo.epoch == task.epoch for undo in task.undo) + 1
        return Job(number, name, task.epoch, attempt, self._spec(number).executor, undoes=True)

    def _has_slot(self, lane: str) -> bool:
        used = sum(self._lane_of[job.executor] == lane for job in self._running.values())
        return used < self._sizes.get(lane, 1) and len(self._running) < self._total

    def _has_compensation(self, number: int) -> bool:
        task = self._record.state.tasks[number]
        spec = self._record.plan.tasks[number]
        has_one = spec.rollback is not None and not spec.has_children
        return has_one and task.reason not in _NOT_DONE_HERE

    def _has_due(self) -> bool:
        tasks = self._record.state.tasks
        return any(tasks[number].due_at is not None for number in self._todo or ())

    def _kill(self, job: Job) -> None:
        self._stopping.setdefault(job.number, CANCELLED)
        self._stops.append(Stop(job, kill=True))

    def _spec(self, number: int) -> RollbackSpec:
        spec = self._record.plan.tasks[number].rollback
        assert spec is not None, "only tasks with a compensation get here"
        return spec

    def _settle(self, now: Instant) -> None:
        state, todo = self._record.state, sorted(self._todo or ())
        failed = [n for n in todo if state.tasks[n].state is TaskStatus.ROLLBACK_FAILED]
        left = [n for n in todo if state.tasks[n].state is not TaskStatus.ROLLED_BACK]
        blocked = [n for n in left if n not in failed]
        undone = [n for n, task in enumerate(state.tasks) if task.state is TaskStatus.ROLLED_BACK]
        status = RunStatus.ROLLBACK_FAILED if left else RunStatus.ROLLED_BACK
        reason = CANCELLED if left and self._is_cancelled else None
        if failed and reason is None:
            reason = f"{len(failed)} could not be undone"
        names = [self._names(numbers) for numbers in (undone, failed, blocked)]
        self._record.run_event(ev.RollbackSettled, now, status.value, reason, *names)
        shown = {status.value: n for status, n in state.counts.items() if n}
        self._record.run_event(ev.RunSettled, now, status.value, reason, shown)

    def _names(self, numbers: Iterable[int]) -> list[str]:
        return [self._record.plan.tasks[number].name for number in numbers]


def _failure(outcome: Outcome, why: str | None, spec: RollbackSpec) -> Failed:
    """Return how a compensation failed that did not succeed, or was stopped."""
    if why == "timeout":
        error = f"timed out: still running after {spec.timeout or 0.0:g} s"
        return Failed(error=error, names=_TIMEOUT)
    if isinstance(outcome, Failed):
        return outcome
    if isinstance(outcome, Crashed):
        return Failed(error=outcome.error, exit_code=None, names=("Crashed",))
    if isinstance(outcome, Stopped) or why is not None:
        return Failed(error="stopped", final=True)
    return Failed(error="a rollback cannot be skipped by itself", final=True)
