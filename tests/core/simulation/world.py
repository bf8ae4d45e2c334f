"""Letting things happen to a run, a turn at a time, as the engine does; chance comes from a seed.

Outcomes of all kinds, at all times, also twice and too late; people who pause, cancel, retry, skip
and step, also where it makes no sense; the end of the process that watches, and another one that
takes over. At last nobody does anything more, and the run has to come to its end.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError
from taskflow_core.events import as_json
from taskflow_core.lanes import INLINE, LANE_OF, PROCESSES, THREADS
from taskflow_core.outcomes import Job, Outcome, Stopped
from taskflow_core.plan import Plan
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.simulation import attempt_checks, container_checks, run_checks, task_checks
from tests.core.simulation.checks import ViolationError, require
from tests.core.simulation.legal import Pair
from tests.core.simulation.making import BAD, OK, Live
from tests.core.simulation.openings import Drawn
from tests.core.simulation.oracle import evaluate
from tests.core.simulation.people import Request, draw_request
from tests.core.simulation.plans import draw_plan
from tests.core.simulation.witness import Witness

CHECKERS = (attempt_checks, run_checks, task_checks, container_checks)
"""They fill the table of checks that the witness uses."""
LATENESS = (0.001, 0.001, 0.5)
"""Seconds by which somebody notices too late that something is due; never 0, as in real life: two
deadlines that meet to the last bit could be told apart by rounding alone."""
LATEST = 2000
"""A run that takes more turns than this does not come to its end."""


class World:
    """One run, and everything around it that the scheduler does not see.

    Args:
        seed: Decides everything.
        pairs: Where pairs of (task's state, event) are collected.
        run_pairs: Where pairs of (run's state, event) are collected.
        keeps_log: Whether `log` is written.
    """

    def __init__(
        self,
        seed: int,
        pairs: set[Pair] | None = None,
        run_pairs: set[Pair] | None = None,
        *,
        keeps_log: bool = False,
    ) -> None:
        self.rng = rng = Random(seed)
        self.written: Plan = draw_plan(rng)
        self.state = RunState(self.written)
        self.now = Instant(1_000_000.0, 50.0)
        self.events: list[ev.Event] = []
        self.log: list[str] = []
        self._keeps_log = keeps_log
        self.live: dict[tuple[int, int, int], Live] = {}
        self.gone: list[Job] = []
        """Attempts that are over, for outcomes that come twice or too late."""
        total, size = rng.choice((1, 2, 3, 8)), rng.choice((1, 2, 8))
        self._slots = {THREADS: size, PROCESSES: rng.choice((1, 2, 8)), INLINE: 1}
        self._total = total
        self.witness = Witness(
            self.written.own(),
            dict(self._slots),
            total,
            set() if pairs is None else pairs,
            set() if run_pairs is None else run_pairs,
        )
        self._operators = rng.choice((0.0, 0.05, 0.2, 0.4))
        self._interruptions = rng.choice((0.0, 0.0, 0.03))
        self._failures = rng.choice((0.05, 0.3, 0.7))
        self._stubborn = rng.choice((0.0, 0.3, 1.0))
        self._term = 0
        self.scheduler = self._scheduler()

    @property
    def plan(self) -> Plan:
        """The plan of the run as it is now."""
        return self.state.plan

    # --- the story -----------------------------------------------------------------------

    def play(self) -> None:
        """Let the run happen, from its beginning to its end.

        Raises:
            ViolationError: something that must hold did not.
        """
        self._begin()
        for _ in range(self.rng.randint(5, 60)):
            if self.state.state.is_settled:
                if self.rng.random() < 0.6:
                    break
                self._after_the_end()
            else:
                self._something()
        self._let_it_end()
        self.witness.check_attempts(self.scheduler)
        self._fold_again()

    def _something(self) -> None:
        draw = self.rng.random()
        if draw < self._interruptions:
            self._interrupt()
        elif draw < self._interruptions + self._operators:
            self._ask()
        elif draw > 0.95:
            self._noise()
        elif not self._go_on():
            self._ask()

    def _let_it_end(self) -> None:
        """Nobody asks for anything any more; then somebody lets go of all that is held."""
        for _ in range(LATEST):
            if self._go_on():
                continue
            state = self.state.state
            if state.is_settled:
                return
            stands = state in {RunStatus.PAUSED, RunStatus.STALLED}
            require(stands, f"the run hangs: it is {state}, and nothing will happen")
            self._let_go()
        raise ViolationError("the run does not come to its end")

    def _let_go(self) -> None:
        held = [n for n in self.plan.index if n in self.state.holds]
        if held:
            self._tell("release", lambda s: s.release(self.now, held, by="end"))
        if self.state.state in {RunStatus.PAUSED, RunStatus.STALLED}:
            self._tell("resume", lambda s: s.resume(self.now, by="end"))

    # --- what happens by itself ----------------------------------------------------------

    def _go_on(self) -> bool:
        """Let one thing happen; say whether there was one."""
        rng = self.rng
        lanes = [lane for lane in self.scheduler.lanes if self.scheduler.startable(lane)]
        live = [attempt for attempt in self.live.values() if attempt.can_end]
        due = self.scheduler.due()
        moves: list[Callable[[], None]] = []
        if lanes:
            moves += [lambda: self._take(rng.choice(lanes))] * 3
        if live:
            moves += [lambda: self._advance(rng.choice(live))] * 2
        if due is not None and not self.state.state.is_settled:
            moves.append(lambda: self._wait(due))
        asking = [] if self.state.state.is_settled else self._waiting()
        if asking:
            moves.append(lambda: self._answer(rng.choice(asking)))
        if not moves:
            return False
        rng.choice(moves)()
        return True

    def _waiting(self) -> list[int]:
        """Return the tasks that wait for a person or a file."""
        tasks = self.state.tasks
        found = [n for n, t in enumerate(tasks) if t.state is TaskStatus.WAITING and t.waiting]
        return [n for n in found if tasks[n].reason in {"approval", "file"}]

    def _answer(self, number: int) -> None:
        name, now = self.plan.tasks[number].name, self.now
        if self.plan.tasks[number].kind == "wait":
            self._note("appeared", name)
            self.scheduler.appeared(self.scheduler.watched(), now)
            self._finish_turn()
        elif self.rng.random() < 0.7:
            self._tell("answer", lambda s: s.answer(now, name, {}, by="ann"))
        else:
            self._tell("reject", lambda s: s.reject(now, name, by="ann", reason="no"))

    def _take(self, lane: str) -> None:
        job = self.scheduler.take(lane, self.now)
        self._note("take", job)
        require(job is not None, f"nothing starts in {lane}, although something could")
        if job is not None:
            stubborn = self.rng.random() < self._stubborn
            self.live[job.key] = Live(job, began=lane != PROCESSES, stubborn=stubborn)
        self._finish_turn()

    def _advance(self, attempt: Live) -> None:
        """Let an attempt begin, make progress, or end."""
        rng, job = self.rng, attempt.job
        draw = rng.random()
        if not attempt.began and draw < 0.85:
            attempt.began = True
            self._note("began", job)
            self.scheduler.began(job, self.now, 77, {})
            self._finish_turn()
        elif draw > 0.93:
            self._note("progressed", job)
            if attempt.began:
                self.scheduler.progressed(job, self.now, 1.0, 2.0, "half")
                self._finish_turn()
        else:
            self._end(attempt, attempt.draw_outcome(rng, self._failures))

    def _end(self, attempt: Live, outcome: Outcome) -> None:
        job, lane = attempt.job, self._lane(attempt.job)
        del self.live[job.key]
        self.gone.append(job)
        self._note("ended", job, outcome)
        self.witness.delivered = outcome
        require(self.scheduler.ended(job, outcome, self.now, self._chance), "dropped:", job)
        self._observe()
        self.witness.delivered = None
        if self.rng.random() < 0.5 and self.scheduler.startable(lane):
            self._take(lane)  # the thread that made it takes the next one in the same turn
        else:
            self._finish_turn()

    def _wait(self, until: float) -> None:
        seconds = max(0.0, until - self.now.mono) + self.rng.choice(LATENESS)
        self._pass(seconds)
        self._tick()

    def _tick(self) -> None:
        self._note("tick", self.now.mono)
        self.scheduler.tick(self.now)
        self._finish_turn()
        self.witness.check_time()

    def _chance(self) -> float:
        self.witness.chance = self.rng.random()
        return self.witness.chance

    # --- what should change nothing ------------------------------------------------------

    def _noise(self) -> None:
        """Let something come late, or twice."""
        if not self.gone:
            self._pass(self.rng.choice((0.251, 1.003)))
            self._tick()
            return
        job = self.rng.choice(self.gone)
        outcome = self.rng.choice((*OK, *BAD, Stopped(forced=False)))
        self._note("late", job, outcome)
        require(not self.scheduler.ended(job, outcome, self.now, self._chance), "accepted:", job)
        self.scheduler.began(job, self.now, 78, {})
        self.scheduler.progressed(job, self.now, 1.0, None, None)
        events = self.scheduler.drain()
        require(not events, "a late word changed something:", events)
        self._finish_turn()

    # --- people --------------------------------------------------------------------------

    def _ask(self) -> None:
        is_cancelled = self.state.state is RunStatus.CANCELLING
        self._tell(*draw_request(self.rng, self.plan, self.now, is_cancelled=is_cancelled))

    def _tell(self, name: str, request: Request) -> bool:
        """Ask for something; say whether it was not refused."""
        self._note("ask", name)
        try:
            request(self.scheduler)
        except RefusedError as error:
            self._note("refused", str(error))
            events = self.scheduler.drain()
            require(not events, "refused, and yet something happened:", events)
            return False
        self._finish_turn()
        return True

    def _after_the_end(self) -> None:
        """Ask a settled run for more, as the engine and the next runner do."""
        rng, by = self.rng, "ann"
        names = rng.sample(list(self.plan.index), 1)
        again, from_here = rng.choice((None, names)), rng.random() < 0.5
        is_retry = rng.random() < 0.5
        try:
            if is_retry:
                self.scheduler.retryable(again)
            else:
                self.scheduler.rerunnable(names, from_here=from_here)
        except RefusedError as error:
            self._note("refused", str(error))
            self._noise()
            return
        self._pass(rng.choice((0.0, 30.0)))
        if rng.random() < 0.5:
            self._take_over()
        now = self.now
        self._note("begin", again if is_retry else names)
        self._term += 1
        self.scheduler.begin(now, owner=1, term=self._term)
        if is_retry:
            self.scheduler.retry(now, again, by=by)
        else:
            self.scheduler.rerun(now, names, by=by, from_here=from_here)
        self._finish_turn()

    # --- the process that watches --------------------------------------------------------

    def _begin(self) -> None:
        self._term += 1
        self._note("begin", self._term)
        self.scheduler.begin(self.now, owner=1, term=self._term)
        self._finish_turn()

    def _interrupt(self) -> None:
        """Let the process end that watches the run; another one goes on."""
        self._note("interrupted")
        self._take_over()
        self._begin()

    def _take_over(self) -> None:
        self.witness.interrupted()
        self.witness.check_attempts(self.scheduler)
        self.gone += [attempt.job for attempt in self.live.values()]
        self.live.clear()
        self._fold_again()
        state = RunState(self.written)
        state.apply(self.events)
        self.state = state
        self.now = Instant(
            self.now.wall + self.rng.choice((0.0, 7.0)), self.rng.choice((3.0, 900.0))
        )
        self.scheduler = self._scheduler()

    def _scheduler(self) -> Scheduler:
        most = self.state.max_parallel
        return Scheduler(
            self.plan,
            self.state,
            run="r",
            slots=self._slots if most is None else dict.fromkeys(self._slots, most) | {INLINE: 1},
            total=self._total if most is None else most,
            evaluate=evaluate,
            openings=Drawn(self.state, self.rng),
        )

    def _fold_again(self) -> None:
        """Check that the events, folded in batches of any size, give the state that there is."""
        state, at = RunState(self.written), 0
        while at < len(self.events):
            size = self.rng.choice((1, 3, 10, 50))
            state.apply(self.events[at : at + size])
            at += size
        for key, value in vars(self.state).items():
            require(vars(state)[key] == value, f"folded again, {key} differs")

    # --- turns ---------------------------------------------------------------------------

    def _finish_turn(self) -> None:
        over = self.scheduler.settle(self.now)
        require(over == self.state.state.is_settled, "settled, or not?", over)
        self._observe()
        self.witness.check_turn(self.scheduler)
        for stop in self.scheduler.stops():
            self._note("stop", stop.job, stop.kill)
            attempt = self.live.get(stop.job.key)
            if attempt is None:
                continue
            attempt.told = True
            attempt.killed |= stop.kill

    def _observe(self) -> None:
        events = self.scheduler.drain()
        self.events += events
        if self._keeps_log:
            self.log += [msgspec.json.encode(as_json(event)).decode() for event in events]
        self.witness.observe(events, self.now)

    def _pass(self, seconds: float) -> None:
        self.now = Instant(self.now.wall + seconds, self.now.mono + seconds)

    def _lane(self, job: Job) -> str:
        return LANE_OF[job.executor]

    def _note(self, *what: Any) -> None:
        if self._keeps_log:
            self.log.append("· " + " ".join(map(str, what)))
