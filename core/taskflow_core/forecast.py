"""What an action would lead to, found out by the real scheduler on a copy of the run.

The copy is asked for the action and then driven to where it ends or stands still, every attempt
taking as long as is known and succeeding, and every service being ready at once. Nothing of the run
itself changes.
"""

from collections.abc import Callable, Mapping
from heapq import heappop, heappush

import msgspec

from taskflow_core.actions import Action, Pause, Step
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError
from taskflow_core.lanes import LANE_OF
from taskflow_core.outcomes import Job, Stopped, Succeeded
from taskflow_core.plan import Plan
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.state import RunState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus

FIRST = 0.0
"""Seconds after which an attempt that runs longer than it usually does is taken to end."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What an action would lead to, if everything that runs succeeds. Task names, in order."""

    runs: tuple[str, ...]
    """The tasks that would start an attempt, in the order in which they would start."""
    reused: tuple[str, ...]
    """Those whose result is there and stays."""
    skipped: tuple[str, ...]
    """Those that would end skipped, cancelled or blocked without running."""
    stale: tuple[str, ...] = ()
    """Those whose result would stay although one that it was made from is made again."""
    reverted: tuple[str, ...] = ()
    """Those that would be undone by a rollback of their own, in the order in which these start."""
    seconds: float = 0.0
    """How long it would take, as far as known."""
    unknown: tuple[str, ...] = ()
    """The tasks that would run and whose duration is not known: they count as nothing."""
    ends: str = ""
    """The state that the run would be in then."""


_TOLD = frozenset({AttemptStatus.STOPPING, AttemptStatus.KILLING})


def assume(expression: str, number: int) -> object:
    """Take every condition to hold."""
    del expression, number
    return True


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is carried out; what a rehearsal needs to know besides its state."""

    slots: Mapping[str, int]
    total: int | None = None
    lane_of: Mapping[str, str] = msgspec.field(default_factory=lambda: LANE_OF)
    evaluate: Callable[[str, int], object] = assume


def forecast(
    state: RunState,
    action: Action,
    terms: Terms,
    *,
    now: Instant,
    estimates: Mapping[str, float] | None = None,
) -> Forecast:
    """Return what `action` would lead to.

    Args:
        state: Of the run; it is copied.
        action: What would be asked.
        terms: How the run is carried out.
        now: The moment.
        estimates: Seconds that tasks take, by name; by default what their last successful
            attempt in this run took.

    Raises:
        RefusedError: the run would refuse the action.
    """
    known = durations(state) | dict(estimates or {})
    rehearsal = _Rehearsal(state.copy(), terms, now, known)
    return rehearsal.perform(action)


def check(state: RunState, action: Action, terms: Terms, *, now: Instant) -> None:
    """Make sure that a run would not refuse `action`.

    Raises:
        RefusedError: it would.
    """
    _Rehearsal(state.copy(), terms, now, {}).ask(action)


def durations(state: RunState) -> dict[str, float]:
    """Return how many seconds the newest successful attempt of each task took, by name.

    Services are left out: how long one lives says how long others took.
    """
    found: dict[str, float] = {}
    for spec, task in zip(state.plan.tasks, state.tasks, strict=True):
        for attempt in task.attempts if spec.service is None else ():
            if attempt.state is not AttemptStatus.SUCCEEDED or attempt.is_cached:
                continue
            if attempt.started_at is not None:
                found[spec.name] = max(0.0, (attempt.ended_at or 0.0) - attempt.started_at)
    return found


class _Rehearsal:
    """A scheduler on a copy of a run, and a clock that jumps from one happening to the next."""

    def __init__(
        self, state: RunState, terms: Terms, now: Instant, known: Mapping[str, float]
    ) -> None:
        self._plan: Plan = state.plan
        self._state = state
        self._now = self._start = now
        self._known = known
        self._acted = now
        """When something happened last."""
        self._running: list[tuple[float, int, Job]] = []
        self._serving: set[Job] = set()
        """The services that run: each is ready at once, and ends when nobody needs it."""
        self._started: dict[str, None] = {}
        self._undone: dict[str, None] = {}
        self._scheduler = Scheduler(
            self._plan,
            state,
            run=state.run,
            slots=terms.slots,
            total=terms.total,
            evaluate=terms.evaluate,
            lane_of=terms.lane_of,
        )

    def ask(self, action: Action) -> None:
        """Ask for the action, in a run that goes on if it has ended."""
        state, scheduler = self._state, self._scheduler
        if state.state.is_settled or state.started_at is None:
            if not action.revives:
                raise RefusedError(f"the run is {state.state}: nobody runs it")
            scheduler.begin(self._now, owner=0, term=state.term + 1)
        else:
            self._join()
        action.ask("forecast")(scheduler, self._now)

    def perform(self, action: Action) -> Forecast:
        """Return what the action leads to, until the run ends or stands still."""
        before = [task.state for task in self._state.tasks]
        self.ask(action)
        if self._state.state is RunStatus.PAUSED and not isinstance(action, (Pause, Step)):
            # What it leads to once the run goes on.
            self._scheduler.resume(self._now, by="forecast")
        while self._go_on():
            pass
        return self._forecast(before)

    def _join(self) -> None:
        self._scheduler.join(self._now)
        for job in self._scheduler.live_jobs():
            attempt = self._state.tasks[job.number].last
            is_told = attempt is not None and attempt.state in _TOLD
            if self._is_service(job) and not is_told:
                self._serve(job)
                continue
            begun = (attempt.started_at if attempt else None) or self._now.wall
            left = self._known.get(job.task, FIRST) - (self._now.wall - begun)
            heappush(self._running, (self._now.mono + max(FIRST, left), job.number, job))

    def _go_on(self) -> bool:
        """Start what may start, then let the next thing happen; False if there is none."""
        if self._scheduler.settle(self._now):
            return False
        while self._start_all():  # a service that starts lets others start
            pass
        if self._scheduler.settle(self._now):
            return False
        if self._stop_services():
            return True
        due = self._scheduler.due()
        if self._running and (due is None or self._running[0][0] <= due):
            at, _, job = heappop(self._running)
            self._jump(at)
            self._scheduler.ended(job, Succeeded(None), self._now, lambda: 0.5)
        elif due is not None:
            self._jump(due)
            self._scheduler.tick(self._now)
        else:
            return False
        if self._scheduler.drain():  # a timer may have come to nothing
            self._acted = self._now
        return True

    def _start_all(self) -> bool:
        """Start what may start; say whether that was a service."""
        has_served = False
        for lane in self._scheduler.lanes:
            while (job := self._scheduler.take(lane, self._now)) is not None:
                (self._undone if job.undoes else self._started)[job.task] = None
                if self._is_service(job):
                    self._serve(job)
                    has_served = True
                    continue
                self._scheduler.began(job, self._now, None, None)
                takes = self._known.get(job.task, FIRST)
                heappush(self._running, (self._now.mono + takes, job.number, job))
        return has_served

    def _is_service(self, job: Job) -> bool:
        return not job.undoes and self._state.plan.tasks[job.number].service is not None

    def _serve(self, job: Job) -> None:
        self._serving.add(job)
        self._scheduler.began(job, self._now, None, None)
        self._scheduler.is_ready(job, "forecast", self._now)

    def _stop_services(self) -> bool:
        """End the services that are told to stop; say whether there were any."""
        told = {stop.job for stop in self._scheduler.stops()} & self._serving
        for job in sorted(told, key=lambda one: one.number):
            self._serving.discard(job)
            self._scheduler.ended(job, Stopped(forced=False), self._now, lambda: 0.5)
        return bool(told)

    def _jump(self, mono: float) -> None:
        by = max(0.0, mono - self._now.mono)
        self._now = Instant(self._now.wall + by, self._now.mono + by)

    def _is_unknown(self, name: str) -> bool:
        """Say whether nobody knows how long a task takes; a service takes as long as others do."""
        spec = self._state.plan.tasks[self._state.number_of(name)]
        return name not in self._known and spec.service is None

    def _forecast(self, before: list[TaskStatus]) -> Forecast:
        names = [spec.name for spec in self._plan.tasks]
        tasks = self._state.tasks
        before = before + [TaskStatus.PENDING] * (len(tasks) - len(before))
        without = {TaskStatus.SKIPPED, TaskStatus.CANCELLED, TaskStatus.UPSTREAM_FAILED}
        return Forecast(
            runs=tuple(self._started),
            reused=tuple(
                name
                for name, task, was in zip(names, tasks, before, strict=True)
                if task.state is was is TaskStatus.SUCCEEDED and name not in self._started
            ),
            skipped=tuple(
                name
                for name, task, was in zip(names, tasks, before, strict=True)
                if task.state in without and task.state is not was and name not in self._started
            ),
            stale=tuple(
                name
                for name, task in zip(names, tasks, strict=True)
                if task.stale is not None and task.state is TaskStatus.SUCCEEDED
            ),
            reverted=tuple(self._undone),
            seconds=self._acted.mono - self._start.mono,
            unknown=tuple(name for name in self._started if self._is_unknown(name)),
            ends=self._state.state.value,
        )
