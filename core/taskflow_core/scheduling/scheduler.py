"""The decisions of a run: what starts, and when it is over; and what people ask of it.

The engine calls it under one lock, a turn at a time, and carries out what it decides.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import TaskflowError
from taskflow_core.lanes import LANE_OF, PROCESSES, SERVICES, WAITS
from taskflow_core.outcomes import Job, Outcome, Stop
from taskflow_core.plan import Plan
from taskflow_core.scheduling.arrivals import ArrivalQueue
from taskflow_core.scheduling.attempts import Attempts
from taskflow_core.scheduling.containers import Containers
from taskflow_core.scheduling.dependencies import Dependencies, Evaluate
from taskflow_core.scheduling.ending import RUN_TIMEOUT, Ending
from taskflow_core.scheduling.gates import Gates
from taskflow_core.scheduling.openings import Assumed, Openings
from taskflow_core.scheduling.parts import MOVING, Adopt, Parts
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.requests import Requests
from taskflow_core.scheduling.retrying import Chance
from taskflow_core.scheduling.rollback import Rollback
from taskflow_core.scheduling.services import Services
from taskflow_core.scheduling.timers import Timer, Timers
from taskflow_core.scheduling.waits import Waits
from taskflow_core.state import RunState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus

# Looking up a member on its Enum takes 70 ns in Python 3.11, and this is the hot path.
_PENDING = TaskStatus.PENDING
_RUNNING = TaskStatus.RUNNING
_HELD = TaskStatus.HELD
_RUN_RUNNING = RunStatus.RUNNING
_RUN_PAUSED = RunStatus.PAUSED
_RUN_ROLLING_BACK = RunStatus.ROLLING_BACK

Describe = Callable[[int], dict[str, Any] | None]
"""Previews the arguments of the task with that number."""


def undescribed(number: int) -> dict[str, Any] | None:
    """Preview no arguments."""
    del number
    return None


def unheard(number: int, result: ev.Preview) -> None:
    """Take a result that nobody wants to know of."""


def no_expressions(expression: str, number: int) -> object:
    """Refuse to evaluate anything: for plans that hold no expressions."""
    raise TaskflowError(f"nothing here evaluates {expression!r} of task {number}")


class Scheduler(Requests):
    """Decides what a run does next, given what happened; takes requests as well.

    Args:
        plan: What to do.
        state: What is so already; folded into from here on, and by nobody else.
        run: The run's id.
        slots: How many tasks may run at once in each lane.
        total: How many tasks may run at once in all.
        describe: Previews arguments of tasks that start within this process.
        evaluate: Evaluates `when` and the conditions of breakpoints.
        adopt: Hears of results that no attempt brought.
        lane_of: The lane of each executor that the plan names.
        longest: For each task what is left on its longest way to the end, such as in seconds
            known from earlier runs; by default in tasks. For plans whose order goes by it.
        openings: Answers about tasks that wait; by default what can be known without values.
    """

    def __init__(  # noqa: PLR0913  its parts, all of them named
        self,
        plan: Plan,
        state: RunState,
        *,
        run: str,
        slots: Mapping[str, int],
        total: int | None = None,
        describe: Describe = undescribed,
        evaluate: Evaluate = no_expressions,
        adopt: Adopt = unheard,
        lane_of: Mapping[str, str] = LANE_OF,
        longest: Sequence[float] | None = None,
        openings: Openings | None = None,
    ) -> None:
        plan = state.plan  # the run's own, if tasks are added to it
        self._describe = describe
        self._lane_of = lane_of
        self._timers = Timers()
        self._run_until = inf
        """When, on the monotonic clock, the run has taken too long."""
        record = Record(plan, state, run)
        queue = ReadyQueue if plan.ready_order != "fifo" else partial(ArrivalQueue, state.tasks)
        ready = queue(plan, slots, total, lane_of, longest)
        gates = Gates(record, evaluate)
        dependencies = Dependencies(
            record, ready, evaluate=evaluate, gate=gates.hold_start, on_failed=self._task_failed
        )
        self._rollback = Rollback(record, self._timers, slots, total, lane_of)
        ending = Ending(record, ready, dependencies, gates, self._rollback)
        attempts = Attempts(record, dependencies, gates, self._timers, ending.task_failed)
        openings = openings or Assumed(state)
        containers = Containers(
            record, ready, dependencies, gates, openings, on_failed=ending.task_failed
        )
        waits = Waits(
            record,
            dependencies,
            gates,
            self._timers,
            openings,
            on_failed=ending.task_failed,
            adopt=adopt,
        )
        ending.attempts, ending.containers = attempts, containers
        self._has_waits = not all(spec.needs_slot for spec in plan.tasks)
        specs = [*plan.tasks, *plan.templates] if self._has_waits else []
        self.may_watch = any(spec.wait is not None and spec.wait.file for spec in specs)
        """Some task waits for a file, or will."""
        services = None
        if plan.lifetimes is not None:
            services = Services(record, ready, dependencies, attempts, self._timers, plan.lifetimes)
        super().__init__(
            Parts(
                record, ready, dependencies, gates, attempts, ending, containers, waits, services,
                adopt,
            )
        )  # fmt: skip
        own = {SERVICES} if services is not None else set[str]()
        self.lanes = sorted({lane_of[executor] for executor in plan.executors} | own)
        """The lanes that tasks run in, and what undoes them."""

    # --- what the engine asks ------------------------------------------------------------

    def due(self) -> float | None:
        """Return when, on the monotonic clock, `tick` has something to do."""
        return self._timers.next_at()

    def startable(self, lane: str) -> bool:
        """Say whether a task of `lane` could start now."""
        if self.state.state is _RUN_RUNNING:
            return self._ready.startable(lane)
        if self.state.state is _RUN_ROLLING_BACK:
            return self._rollback.startable(lane)
        among = self._among()
        return bool(among) and self._ready.startable(lane, among)

    def drain(self) -> list[ev.Event]:
        """Return the events decided since the last call."""
        return self.record.drain()

    @property
    def has_stops(self) -> bool:
        """There are orders to stop attempts that nobody has asked for."""
        return self._attempts.has_stops or self._rollback.has_stops

    def stops(self) -> list[Stop]:
        """Return the orders to stop attempts given since the last call."""
        return [*self._attempts.stops(), *self._rollback.stops()]

    def live_jobs(self) -> list[Job]:
        """Return the attempts that have not ended."""
        lasts = ((number, task.last) for number, task in enumerate(self.state.tasks))
        live = [self.record.job(number, last) for number, last in lasts if last and last.is_live]
        return [*live, *self._rollback.live_jobs()]

    def is_live(self, job: Job) -> bool:
        """Say whether an attempt has not ended."""
        if job.undoes:
            return self._rollback.is_live(job)
        return self.record.current(job) is not None

    # --- turns ---------------------------------------------------------------------------

    def begin(self, now: Instant, *, owner: int, term: int) -> None:
        """Start the run, or go on with one that was interrupted or has settled."""
        is_new = self.state.started_at is None
        was, asked_by = self.state.state, self.state.asked_by
        self.record.run_event(ev.RunStarted, now, owner, term)
        self._attempts.retrying.begin()
        self._gates.allowed.clear()
        self._gates.allowed_within.clear()
        if is_new and self._plan.is_stopped:
            self._set_own_breakpoints(now)
        if self._plan.timeout is not None:
            elapsed = now.wall - (self.state.since or now.wall)
            self._run_until = now.mono + self._plan.timeout - elapsed
            self._timers.set(self._run_until, "run")
        if self.state.counts[_PENDING] < len(self.state.tasks):
            self._take_all_up(now)
            if self._services is not None:
                self._services.take_up(now)
        self._dependencies.decide_all(now)
        self._containers.close_all(now)
        if was is RunStatus.CANCELLING:
            self._ending.cancel_run(now, by=asked_by or "operator")
        elif was is RunStatus.ROLLING_BACK:
            self._ending.roll_back(now, by=asked_by or "operator", scope=self.state.rollback_scope)

    def _take_all_up(self, now: Instant) -> None:
        for number, task in enumerate(self.state.tasks):
            if task.state is not _PENDING:
                self._take_up(number, now)

    def join(self, now: Instant) -> None:
        """Take over a run in the midst of its work, as a rehearsal does with a copy."""
        self._attempts.join()
        for number, task in enumerate(self.state.tasks):
            if task.last is not None and task.last.is_live:
                self._ready.occupy(number)
            else:
                self._take_up(number, now)

    def take(self, lane: str, now: Instant) -> Job | None:
        """Start the next task of `lane` that may start, or return None."""
        if self.state.state is _RUN_RUNNING:
            number = self._ready.take(lane)
        elif self.state.state is _RUN_ROLLING_BACK:
            return self._rollback.take(lane, now)
        else:
            among = self._among()
            number = self._ready.take(lane, among) if among else None
        if number is None:
            return None
        job = self.record.coming(number)
        if lane is PROCESSES or lane is SERVICES:
            pool = self._plan.tasks[number].options.pool
            self.record.attempt_event(ev.AttemptQueued, job, now, job.executor, pool)
        else:
            self._attempts.start(job, now, None, self._describe(number))
        return job

    def began(
        self, job: Job, now: Instant, pid: int | None, arguments: dict[str, Any] | None
    ) -> None:
        """Record that a worker has begun `job`; of a compensation that is recorded before."""
        attempt = None if job.undoes else self.record.current(job)
        if attempt is not None and attempt.state is AttemptStatus.QUEUED:
            self._attempts.start(job, now, pid, arguments)
            if self._services is not None:
                self._services.began(job, now)

    def progressed(
        self, job: Job, now: Instant, done: float, total: float | None, message: str | None
    ) -> None:
        """Record how far an attempt says it is."""
        self.said(ev.AttemptProgressed, job, now, done, total, message)

    def said(
        self, kind: Callable[..., ev.AttemptEvent], job: Job, now: Instant, *fields: Any
    ) -> None:
        """Record what is said about an attempt, if it is live; of a compensation nothing is.

        Args:
            kind: The kind of event.
            job: The attempt.
            now: The moment.
            fields: The event's own.
        """
        if not job.undoes:
            self._attempts.said(kind, job, now, *fields)

    def ended(self, job: Job, outcome: Outcome, now: Instant, chance: Chance) -> bool:
        """Record how `job` ended, and decide what follows.

        Returns:
            False if the outcome is stale: the attempt was over already, and nothing changes.
        """
        if job.undoes:
            return self._rollback.ended(job, outcome, now, chance)
        if self.record.current(job) is None:
            return False
        self._ready.give_back(job.number)
        if self._services is not None:
            outcome = self._services.judge(job, outcome)
        self._attempts.end(job, outcome, now, chance)
        if self._services is not None:
            self._services.ended(job, now)
        if self._has_waits:
            self._begin_waits(now)
        return True

    def watched(self) -> dict[int, str]:
        """Return the files that tasks wait for, by the number of the task."""
        return self._waits.watched()

    def appeared(self, files: Mapping[int, str], now: Instant) -> None:
        """Go on with tasks whose file is there, as `watched` named it."""
        for number, path in files.items():
            self._waits.appeared(number, path, now)

    def tick(self, now: Instant) -> None:
        """Do what is due: retries, timeouts, kills."""
        while timer := self._timers.pop_due(now.mono):
            self._ring(timer, now)

    def settle(self, now: Instant) -> bool:
        """End the run if nothing is left to do; say whether it is over."""
        counts = self.state.counts
        if self._services is not None:
            self._services.look(now)
        if self.state.state is _RUN_ROLLING_BACK:
            return self._rollback.settle(now)
        if self._has_waits:
            self._begin_waits(now)
        if counts[_RUNNING] or (counts[_PENDING] and not counts[_HELD]):
            return False
        return self._ending.settle(now)

    # --- in detail -----------------------------------------------------------------------

    def _begin_waits(self, now: Instant) -> None:
        """Begin what needs no slot: approvals and the like, and containers."""
        while (number := self._next_wait()) is not None:
            self._gates.allowed.discard(number)
            if self._plan.tasks[number].has_children:
                self._containers.open(number, now)
            else:
                self._waits.begin(number, now)

    def _next_wait(self) -> int | None:
        if self.state.state is _RUN_RUNNING:
            return self._ready.take(WAITS)
        among = self._among()
        return self._ready.take(WAITS, among) if among else None

    def _ring(self, timer: Timer, now: Instant) -> None:
        if timer.job is None:
            self._run_timed_out(now)
        elif timer.kind == "wake":
            self._waits.wake(timer.job, now)
        elif timer.job.undoes:
            self._rollback.ring(timer.kind, timer.job, now)
        elif timer.kind == "retry":
            self._attempts.retrying.due(timer.job, now)
        elif timer.kind == "kill":
            self._attempts.grace_is_over(timer.job, now)
        elif timer.kind == "ready" and self._services is not None:
            self._services.late(timer.job, now)
        elif timer.kind == "timeout" or timer.kind == "deadline":
            self._attempts.timed_out(timer.kind, timer.job, now)

    def _run_timed_out(self, now: Instant) -> None:
        """Cancel the run, unless the timer was set before it was begun again."""
        is_due = now.mono >= self._run_until
        if is_due and self.state.state in MOVING:
            self._ending.cancel_run(now, by=RUN_TIMEOUT)

    def _among(self) -> Collection[int]:
        """Return the tasks that may start although the run does not."""
        return self._gates.allowed if self.state.state is _RUN_PAUSED else ()

    def _task_failed(self, number: int, now: Instant) -> None:
        self._ending.task_failed(number, now)

    def _take_up(self, number: int, now: Instant) -> None:
        """Go on with a task that had begun when the run was left alone."""
        task = self.state.tasks[number]
        if task.attempts and task.attempts[-1].is_live:
            job = self.record.job(number, task.attempts[-1])
            self.record.attempt_event(ev.AttemptLost, job, now, "its runner is gone")
        elif task.state is TaskStatus.READY:
            self._ready.push(number)
        elif task.state is TaskStatus.RETRY_WAIT:
            self._attempts.retrying.wait(number, now)
        elif task.state is TaskStatus.WAITING:
            self._waits.go_on(number, now)
        elif task.state is _HELD and task.held != "before":
            self._hold_again(number)

    def _hold_again(self, number: int) -> None:
        """Take up a task that a breakpoint held at its end when the run was interrupted."""
        spec = self._plan.tasks[number]
        if spec.needs_slot:
            self._attempts.hold_again(number)
        else:
            by = self._containers if spec.has_children else self._waits
            self._gates.hold_again(number, partial(by.conclude, number))

    def _set_own_breakpoints(self, now: Instant) -> None:
        for spec in self._plan.tasks:
            for place in spec.breakpoints:
                self.record.run_event(
                    ev.BreakpointSet, now, "flow", spec.name, place.stop, place.condition, place.hit
                )
