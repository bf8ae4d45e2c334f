"""Watching a run: every event is checked as it comes, and after every turn what must always hold.

Which event may follow which is in `task_checks`, `attempt_checks` and `run_checks`.
"""

from collections.abc import Sequence

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.lanes import WAITS
from taskflow_core.outcomes import Outcome
from taskflow_core.plan import Plan
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.state import Attempt
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus
from tests.core.simulation.checks import ALMOST, CHECKS, require
from tests.core.simulation.legal import RUN_PAIRS, TASK_PAIRS, Pair
from tests.core.simulation.shadow import Shadow, TaskShadow

_OPENING = (ev.AttemptQueued, ev.AttemptStarted, ev.RetryScheduled)
_ONLY_EXPECTED = (ev.TaskHeld, ev.TaskSucceeded, ev.RetryScheduled)
"""What happens only because of the event before it, or because a person says so."""


class Witness:
    """Checks the events of one run.

    Args:
        plan: What it does.
        slots: By lane.
        total: Slots in all.
        pairs: Where pairs of (task's state, event) are collected.
        run_pairs: Where pairs of (run's state, event) are collected.
    """

    def __init__(
        self,
        plan: Plan,
        slots: dict[str, int],
        total: int,
        pairs: set[Pair],
        run_pairs: set[Pair],
    ) -> None:
        self.plan = plan
        self.shadow = Shadow(plan, slots, total)
        self.seq = 0
        self.now = Instant(0.0, 0.0)
        self.delivered: Outcome | None = None
        """The outcome that is being told to the scheduler."""
        self.chance = 0.0
        """What the last draw of chance was."""
        self.has_changed = False
        """A task settled, or was opened again, in this turn."""
        self.answers: set[int] = set()
        """The tasks that were answered in this turn, or are held since."""
        self.must_pause = False
        """A task failed in this turn, and the flow says that the run pauses then."""
        self.asked_again: set[int] = set()
        """The tasks whose cancel was asked for in this turn."""
        self._pairs = pairs
        self._run_pairs = run_pairs
        self._expected: tuple[tuple[str, ...], int | None] | None = None
        """What the very next event has to be: one of these kinds, and whose."""

    # --- events --------------------------------------------------------------------------

    def observe(self, events: Sequence[ev.Event], now: Instant) -> None:
        """Check the events of a turn, or of a part of one."""
        self.now = now
        for event in events:
            self.seq += 1
            require(event.seq == self.seq, "seq is not dense:", event)
            require(abs(event.at - now.wall) < ALMOST, "the time is not now:", event)
            if isinstance(event, ev.TaskEvent):
                self._observe_task(event)
            else:
                self._observe_run(event)

    def expect(self, number: int | None, *kinds: str) -> None:
        """Expect the very next event to be one of `kinds`, of that task or of the run."""
        self._expected = (kinds, number)

    def settle(self, task: TaskShadow, status: TaskStatus) -> None:
        """Bring a task to its end."""
        require(task.live is None, "ended while an attempt is live:", status)
        task.status = status
        task.held = None
        task.succeeded = task.stopped = task.by_rule = False
        self.has_changed = True

    def is_too_long(self, task: TaskShadow, number: int, by: float = -ALMOST) -> bool:
        """Say whether the live attempt of a task has used up its time, or the task's."""
        if task.started is None:
            return False
        limit = self.plan.tasks[number].options.timeout
        if limit is not None and self.now.mono >= task.started + limit + by:
            return True
        return self.shadow.time_left(number, self.now.wall) <= -by

    def _observe_task(self, event: ev.TaskEvent) -> None:
        number = self.plan.index[event.task]
        kind, task = event.kind, self.shadow.tasks[number]
        pair = (task.status, kind)
        require(pair in TASK_PAIRS, f"illegal in {task.status}:", event)
        self._pairs.add(pair)
        self._meet_expectation(number, event)
        require(event.epoch == task.epoch or kind == "EpochOpened", "wrong epoch:", event)
        if isinstance(event, ev.AttemptEvent) and not isinstance(event, _OPENING):
            require(event.attempt == task.attempt, "not the newest attempt:", event)
        check = CHECKS.get(type(event))
        if check is not None:
            check(self, event, number, task)

    def _observe_run(self, event: ev.Event) -> None:
        pair = (self.shadow.state, event.kind)
        require(pair in RUN_PAIRS, f"illegal while the run is {self.shadow.state}:", event)
        self._run_pairs.add(pair)
        self._meet_expectation(None, event)
        CHECKS[type(event)](self, event)

    def _meet_expectation(self, number: int | None, event: ev.Event) -> None:
        expected, self._expected = self._expected, None
        if expected is not None:
            holds = event.kind in expected[0] and number == expected[1]
            require(holds, f"expected {expected[0]}, not", event)
        elif isinstance(event, _ONLY_EXPECTED):
            held = isinstance(event, ev.TaskHeld) and event.reason.startswith("operator")
            injected = isinstance(event, ev.TaskSucceeded) and event.how == "injected"
            by_itself = number is not None and self.shadow.tasks[number].lane == WAITS
            require(held or injected or by_itself, "nothing led to", event)

    # --- between turns -------------------------------------------------------------------

    def interrupted(self) -> None:
        """Forget what does not outlive the process that watched the run."""
        self.shadow.reached.clear()
        self.shadow.starts = 0
        for task in self.shadow.tasks:
            task.ready = (task.ready[0], 0)

    def check_turn(self, scheduler: Scheduler) -> None:
        """Check what must hold whenever the scheduler has been asked and has answered."""
        shadow, state = self.shadow, scheduler.state
        require(self._expected is None, "missing:", self._expected)
        require(state.state is shadow.state, "the run's state is not what its events say")
        statuses = [task.state for task in state.tasks]
        require(statuses == shadow.statuses, "the tasks' states are not what their events say")
        for number, task in enumerate(shadow.tasks):
            if task.live is not None:
                self._check_live(number, task, state.tasks[number].attempts)
        for number, task in enumerate(shadow.tasks):
            if task.lane == WAITS and task.status is TaskStatus.READY:
                require(not shadow.may_start(number), "it could begin to wait:", number)
        for lane in scheduler.lanes:
            startable = bool(shadow.startable(lane))
            require(scheduler.startable(lane) == startable, f"startable is not {startable}:", lane)
        if self.has_changed:
            self._check_settled()
        if self.must_pause and not shadow.state.is_settled:
            stands = shadow.state in {RunStatus.PAUSED, RunStatus.CANCELLING}
            require(stands, "a task failed, and the run does not pause")
        if shadow.still_cancelled_by is not None and not shadow.state.is_settled:
            goes_on = shadow.by == shadow.still_cancelled_by
            require(goes_on, "a run that was being cancelled runs again after an interruption")
        shadow.still_cancelled_by = None
        self.has_changed = self.must_pause = False
        self.asked_again.clear()

    def check_time(self) -> None:
        """Check that nothing goes on, right after a tick, that should have been stopped."""
        for number, task in enumerate(self.shadow.tasks):
            if task.live == "RUNNING":
                require(not self.is_too_long(task, number, ALMOST), "it runs too long:", number)
            elif task.live == "STOPPING":
                until = task.told_at + self.plan.tasks[number].options.grace
                require(self.now.mono <= until + ALMOST, "it should be killed by now:", number)

    def check_attempts(self, scheduler: Scheduler) -> None:
        """Check that the attempts that ended are as they were then."""
        for task, state in zip(self.shadow.tasks, scheduler.state.tasks, strict=True):
            ended = [(a.epoch, a.attempt, a.state.value) for a in state.attempts if not a.is_live]
            require(ended == task.ended, "an attempt that had ended has changed:", ended)

    def _check_live(self, number: int, task: TaskShadow, attempts: Sequence[Attempt]) -> None:
        require(attempts[-1].state == task.live, "the attempt's state is wrong:", number)
        require(not any(attempt.is_live for attempt in attempts[:-1]), "two are live:", number)

    def _check_settled(self) -> None:
        """Check that every task is where those upstream of it have brought it."""
        shadow = self.shadow
        right = {TaskStatus.PENDING: "wait", TaskStatus.UPSTREAM_FAILED: "block"}
        for number, task in enumerate(shadow.tasks):
            verdict = "skip" if task.by_rule else right.get(task.status)
            if verdict is not None:
                require(shadow.verdict(number) == verdict, f"{task.status} for no reason:", number)
        if shadow.is_ending:
            fine = SETTLED_TASKS | {TaskStatus.HELD}
            at_rest = [t for t in shadow.tasks if t.live is None and not t.is_open]
            left = [t.status for t in at_rest if t.status not in fine]
            require(not left, "left over when the run ends:", left)
