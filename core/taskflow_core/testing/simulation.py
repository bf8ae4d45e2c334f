"""Driving the real scheduler with a clock that jumps from one happening to the next."""

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from math import inf
from random import Random
from typing import NamedTuple, Protocol

from taskflow_core.actions import Action
from taskflow_core.errors import RefusedError, TaskflowError
from taskflow_core.events import Event
from taskflow_core.lanes import INLINE, LANE_OF, LANES, THREADS
from taskflow_core.outcomes import Job, Outcome
from taskflow_core.plan import Plan
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.state import RunState
from taskflow_core.testing.clock import FakeClock
from taskflow_core.testing.script import Ending, Script, Scripts
from taskflow_core.testing.simulated import Scheduled, SimulatedRun

BY = "simulation"
"""Who asks for the actions of a simulated run."""


class Planned(Protocol):
    """Something with a plan, such as a `Flow`."""

    def plan(self) -> Plan: ...


class At(NamedTuple):
    """What somebody asks of the run at a moment."""

    seconds: float
    actions: tuple[Action, ...]


def at(seconds: float, *actions: Action) -> At:
    """Return that somebody asks for `actions`, so many seconds after the start of the run.

    Actions are those of `taskflow_core.actions`, such as `Pause()` and `Retry(tasks=("load",))`.
    """
    return At(seconds, actions)


def simulate(  # noqa: PLR0913  one argument for each thing that a run depends on
    flow: Planned | Plan,
    *,
    outcomes: Mapping[str, Script] | None = None,
    durations: Mapping[str, float] | float = 1.0,
    workers: int | None = None,
    conditions: Mapping[str, object] | None = None,
    actions: Iterable[At] = (),
    seed: int = 0,
) -> SimulatedRun:
    """Return how a run of `flow` goes, decided by the real scheduler; no task is really run.

    It goes on until the run has settled, or nothing more happens by itself: it is paused or stalled
    then, or it is RUNNING because an attempt hangs that has no timeout.

    Args:
        flow: A flow, or a plan.
        outcomes: How attempts end, by task: see `script.Script`. All others succeed.
        durations: Seconds that each attempt takes, by task, or of all; by default 1. A service
            takes so long until it is ready.
        workers: How many tasks run at once; by default what the flow says, else all.
        conditions: What `when` and the conditions of breakpoints are, by task: true by default.
            An exception stands for a condition that cannot be evaluated.
        actions: What people ask of the run, and when: see `at`.
        seed: Decides the jitter of retries. The same arguments give the same events, byte by byte.

    Raises:
        UnknownTaskError: a name is no task's.
        RefusedError: the run refused one of `actions`.
    """
    plan = flow if isinstance(flow, Plan) else flow.plan()
    simulation = Simulation(
        plan,
        scripts=Scripts(plan, outcomes or {}),
        durations=_durations(plan, durations),
        workers=workers,
        conditions=conditions,
        seed=seed,
    )
    for asked in sorted(actions, key=lambda one: one.seconds):
        simulation.ask_later(asked)
    return simulation.run()


class _Attempt:
    """An attempt that is being made."""

    def __init__(self, job: Job, ending: Ending, start: float, place: int) -> None:
        self.job = job
        self.ending = ending
        self.start = start
        self.place = place
        """Where it is in the schedule."""


class Simulation:
    """One simulated run.

    Args:
        plan: What it does.
        scripts: How attempts end.
        durations: Seconds that attempts take, by task number.
        workers: How many tasks run at once.
        longest: For each task what is left on its longest way, to start the longest first; by
            default the number of tasks.
        conditions: What the expressions of tasks are, by task name.
        seed: Decides the jitter of retries.
    """

    def __init__(  # noqa: PLR0913  its parts, all of them named
        self,
        plan: Plan,
        *,
        scripts: Scripts,
        durations: list[float],
        workers: int | None = None,
        longest: list[float] | None = None,
        conditions: Mapping[str, object] | None = None,
        seed: int = 0,
    ) -> None:
        self._plan = plan
        self._scripts = scripts
        self._durations = durations
        self._conditions = {
            plan.number_of(name): is_so for name, is_so in (conditions or {}).items()
        }
        self._chance = Random(seed).random  # noqa: S311  jitter needs no secrecy
        self._clock = FakeClock()
        self._ends: list[tuple[float, int, _Attempt]] = []
        self._readies: list[tuple[float, int, _Attempt]] = []
        """When the probe of each service finds it ready."""
        self._live: dict[Job, _Attempt] = {}
        self._asked: list[At] = []
        self._events: list[Event] = []
        self._schedule: list[Scheduled] = []
        self._makespan = 0.0
        most = workers or plan.max_parallel or max(1, len(plan.tasks))
        self._scheduler = Scheduler(
            plan,
            RunState(plan),
            run=BY,
            slots=dict.fromkeys(LANES, most) | {INLINE: 1},
            total=most,
            evaluate=self._evaluate,
            lane_of={s.options.executor: _lane(s.options.executor) for s in plan.tasks},
            longest=longest,
        )

    def ask_later(self, asked: At) -> None:
        """Ask for actions when their time comes; to be called in the order of their times."""
        self._asked.append(asked)

    def run(self) -> SimulatedRun:
        """Let the run happen until nothing more happens by itself."""
        self._begin()
        self._go_on()
        while (moment := self._next_moment()) < inf:
            self._clock.advance(max(0.0, moment - self._clock.now().mono))
            self._happen()
            self._go_on()
        return SimulatedRun(self._scheduler.state, self._events, self._schedule, self._makespan)

    # --- moments -------------------------------------------------------------------------

    def _next_moment(self) -> float:
        moments: list[float] = []
        for coming in (self._ends, self._readies):
            while coming and coming[0][2].job not in self._live:
                heappop(coming)  # it was stopped before
            moments += [coming[0][0]] if coming else []
        due = self._scheduler.due()
        if due is not None and not self._scheduler.is_over:
            moments.append(due)
        if self._asked:
            moments.append(self._asked[0].seconds)
        return min(moments, default=inf)

    def _happen(self) -> None:
        """Do what is due: attempts end first, all that end now, before anything starts."""
        now = self._clock.now()
        while self._ends and self._ends[0][0] <= now.mono:
            attempt = heappop(self._ends)[2]
            if attempt.ending.outcome is not None and attempt.job in self._live:
                self._end(attempt, attempt.ending.outcome)
        while self._readies and self._readies[0][0] <= now.mono:
            job = heappop(self._readies)[2].job
            if job in self._live:
                self._scheduler.is_ready(job, BY, now)
        self._scheduler.tick(now)
        while self._asked and self._asked[0].seconds <= now.mono:
            for action in self._asked.pop(0).actions:
                self._ask(action)

    def _ask(self, action: Action) -> None:
        if self._scheduler.is_over:
            if not action.revives:
                raise RefusedError(f"the run is {self._scheduler.state.state} already")
            self._begin()
        action.ask(BY)(self._scheduler, self._clock.now())

    def _begin(self) -> None:
        term = self._scheduler.state.term + 1
        self._scheduler.begin(self._clock.now(), owner=1, term=term)

    # --- turns ---------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Stop and start what the scheduler says, until it says no more."""
        while True:
            self._scheduler.settle(self._clock.now())
            events = self._scheduler.drain()
            if events:
                self._events += events
                self._makespan = self._clock.now().mono
            if not self._stop_some() and not self._start_some():
                break

    def _stop_some(self) -> bool:
        has_ended = False
        for stop in self._scheduler.stops():
            attempt = self._live.get(stop.job)
            if attempt is None:
                continue
            outcome = attempt.ending.when_stopped(kill=stop.kill)
            if outcome is not None:
                self._end(attempt, outcome)
                has_ended = True
        return has_ended

    def _start_some(self) -> bool:
        has_started = False
        for lane in self._scheduler.lanes:
            while (job := self._scheduler.take(lane, self._clock.now())) is not None:
                self._start(job)
                has_started = True
        return has_started

    def _start(self, job: Job) -> None:
        now, place = self._clock.now(), len(self._schedule)
        self._scheduler.began(job, now, None, None)
        attempt = _Attempt(job, self._scripts.next(job), now.mono, place)
        self._live[job] = attempt
        self._schedule.append(Scheduled(job.task, now.mono, None, job.attempt, job.epoch))
        ending, after = attempt.ending, now.mono + self._durations[job.number]
        if ending.lives is not None:
            heappush(self._readies, (after, place, attempt))
        if ending.outcome is not None:
            heappush(self._ends, (after + (ending.lives or 0.0), place, attempt))

    def _end(self, attempt: _Attempt, outcome: Outcome) -> None:
        now = self._clock.now()
        del self._live[attempt.job]
        self._schedule[attempt.place] = self._schedule[attempt.place]._replace(end=now.mono)
        self._scheduler.ended(attempt.job, outcome, now, self._chance)

    def _evaluate(self, expression: str, number: int) -> object:
        value = self._conditions.get(number, True)
        if isinstance(value, Exception):
            raise TaskflowError(f"{expression!r}: {value}")
        return value


def _durations(plan: Plan, durations: Mapping[str, float] | float) -> list[float]:
    if isinstance(durations, Mapping):
        found = [1.0] * len(plan.tasks)
        for name, seconds in durations.items():
            found[plan.number_of(name)] = float(seconds)
        return found
    return [float(durations)] * len(plan.tasks)


def _lane(executor: str) -> str:
    return LANE_OF.get(executor, THREADS)
