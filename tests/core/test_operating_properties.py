"""Whatever people ask, and whenever: the story stays legal, and the run can be brought to its end.

`Drive` checks the invariants after every turn; here chance picks the flow, what happens, and what
is asked. What the scheduler refuses must change nothing.
"""

from collections.abc import Callable
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from taskflow_core.errors import RefusedError, TaskflowError
from taskflow_core.outcomes import Outcome, Skipped
from taskflow_core.plan import BreakpointSpec, TaskSpec
from taskflow_core.policies import OnFailure, RetryPolicy, Stop, TriggerRule
from taskflow_core.statuses import NOT_SUCCEEDED, SETTLED_TASKS, RunStatus, TaskStatus
from tests.core.driving import BROKEN, DIED, GONE, OK, Drive, spec

TOLERATED = (TaskStatus.FAILED, True)
LANES = ("threads", "processes")
DO_NOT_WAIT = {"one_success", "one_failed", "one_done", "always"}
OUTCOMES: list[Outcome] = [OK, OK, OK, BROKEN, DIED, Skipped("nothing new")]


def evaluate(expression: str, number: int) -> object:
    """Return what the text says; some texts are broken."""
    if expression == "broken":
        raise TaskflowError("it is broken")
    return expression == "yes"


CONDITIONS = st.sampled_from([None, None, None, "yes", "no", "broken"])
PLACES = st.builds(BreakpointSpec, st.sampled_from(get_args(Stop)), CONDITIONS, st.integers(1, 2))
POLICIES = st.builds(
    RetryPolicy,
    retries=st.integers(0, 2),
    delay=st.sampled_from([0.0, 1.0, 50.0]),
    max_elapsed=st.sampled_from([None, None, 20.0]),
    crash_retries=st.integers(0, 1),
)


@st.composite
def flows(draw: st.DrawFn) -> list[TaskSpec]:
    """Up to eight tasks of every kind."""
    tasks: list[TaskSpec] = []
    for number in range(draw(st.integers(1, 8))):
        needed = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set[int]()
        task = spec(
            f"t{number}",
            *(f"t{other}" for other in sorted(needed)),
            when=draw(CONDITIONS),
            breakpoints=draw(st.lists(PLACES, max_size=1)),
            retry=draw(POLICIES),
            executor=draw(st.sampled_from(["thread", "process"])),
            trigger_rule=draw(st.sampled_from(["all_success"] * 6 + [*get_args(TriggerRule)])),
            allow_failure=draw(st.sampled_from([False, False, True])),
            timeout=draw(st.sampled_from([None, 3.0])),
            pool=draw(st.sampled_from([None, None, "pool"])),
        )
        tasks.append(task)
    return tasks


class Chance:
    """Lets things happen to a run, and people ask for things."""

    def __init__(self, drive: Drive, data: st.DataObject) -> None:
        self.drive = drive
        self._data = data

    def asks(self) -> list[Callable[[], object]]:
        """Return everything that people can ask for but the end of the run."""
        run, now, by = self.drive.scheduler, self.drive.now, "ann"
        return [
            lambda: run.pause(now, by=by),
            lambda: run.resume(now, by=by),
            lambda: run.step(now, by=by),
            lambda: run.step_frontier(now, by=by),
            lambda: run.run_to(now, self.name(), by=by),
            lambda: run.cancel(now, self.names(), by=by),
            lambda: run.retry(now, None, by=by),
            lambda: run.retry(now, self.names(), by=by, fresh=self.coin()),
            lambda: run.rerun(now, self.names(), by=by, from_here=self.coin(), changes={"x": 1}),
            lambda: run.skip(now, self.names(), by=by),
            lambda: run.succeed(now, self.name(), 7, by=by),
            lambda: run.hold(now, self.names(), by=by),
            lambda: run.release(now, self.names(), by=by),
            lambda: run.set_breakpoint(now, self.name(), by=by, stop=self.stop()),
            lambda: run.clear_breakpoint(now, self.name(), by=by, stop=self.stop()),
            lambda: run.set_parallelism(now, 3, by=by),
        ]

    def coin(self) -> bool:
        return self._data.draw(st.booleans())

    def name(self) -> str:
        return self._data.draw(st.sampled_from([task.name for task in self.drive.plan.tasks]))

    def names(self) -> list[str]:
        return [self.name() for _ in range(self._data.draw(st.integers(1, 2)))]

    def stop(self) -> Stop:
        return self._data.draw(st.sampled_from(get_args(Stop)))

    def move(self) -> None:
        """Let one thing happen."""
        moves = [self.take, self.take, self.end, self.end, self.ask, self.ask, self.wait]
        is_rare = self._data.draw(st.integers(0, 30)) == 0
        self._data.draw(st.sampled_from([self.cancel, self.die] if is_rare else moves))()

    def take(self) -> None:
        """Start a task, if one may start; what it waits for has ended."""
        drive = self.drive
        job = drive.take(self._data.draw(st.sampled_from(LANES)))
        if job is None:
            return
        if drive.plan.tasks[job.number].options.trigger_rule not in DO_NOT_WAIT:
            needed = drive.plan.upstream[job.number]
            assert all(drive.state.tasks[other].state in SETTLED_TASKS for other in needed)
        if self.coin():
            drive.scheduler.began(job, drive.now, 77, {})
            drive.turn()

    def end(self) -> None:
        """End a live attempt, if there is one."""
        live = self.drive.scheduler.live_jobs()
        if not live:
            return
        job = self._data.draw(st.sampled_from(live))
        outcome = self._data.draw(st.sampled_from([*OUTCOMES, GONE]))
        if self.drive.status(job.task) is TaskStatus.QUEUED:
            outcome = BROKEN  # it cannot have said anything else
        self.drive.end(job.task, outcome)

    def wait(self) -> None:
        self.drive.wait(self._data.draw(st.sampled_from([0.0, 1.0, 10.0, 60.0])))

    def cancel(self) -> None:
        if not self.drive.outcome().is_settled:
            self.drive.scheduler.cancel(self.drive.now, None, by="ann")
            self.drive.turn()

    def die(self) -> None:
        """Leave the run to its next owner."""
        self.drive = self.drive.taken_up(after=30.0)

    def ask(self) -> None:
        """Ask for something; a settled run is begun again first where that makes sense."""
        drive = self.drive
        if drive.outcome().is_settled:
            drive.begin_again()
        before = drive.state.seq
        try:
            self._data.draw(st.sampled_from(self.asks()))()
        except RefusedError:
            assert drive.state.seq == before
        drive.turn()


def bring_to_its_end(drive: Drive) -> None:
    """Do what a patient person does, until nothing is left."""
    for _ in range(400):
        if drive.outcome().is_settled:
            return
        held = [task.name for task in drive.plan.tasks if task.name in drive.state.holds]
        if held:
            drive.scheduler.release(drive.now, held, by="ann")
        if drive.outcome() in {RunStatus.PAUSED, RunStatus.STALLED}:
            drive.scheduler.resume(drive.now, by="ann")
        drive.turn()
        for lane in LANES:
            job = drive.take(lane)
            if job is not None:
                drive.scheduler.began(job, drive.now, 77, {})
                drive.turn()
        for job in drive.scheduler.live_jobs():
            begun = drive.status(job.task) is TaskStatus.RUNNING
            drive.end(job.task, OK if begun else BROKEN)
        drive.wait(100.0)
    raise AssertionError(f"never ends: {drive.outcome()} {drive.statuses()}")


def fitting(drive: Drive) -> set[RunStatus]:
    """Return the outcomes that fit to how the tasks ended."""
    if drive.outcome() in {RunStatus.ROLLED_BACK, RunStatus.ROLLBACK_FAILED}:
        undone = {task.state for task in drive.state.tasks} & {TaskStatus.SUCCEEDED}
        return {RunStatus.ROLLBACK_FAILED if undone else RunStatus.ROLLED_BACK}
    ends = {
        (task.state, spec.options.allow_failure)
        for task, spec in zip(drive.state.tasks, drive.plan.tasks, strict=True)
    }
    if any(state in NOT_SUCCEEDED and (state, allowed) != TOLERATED for state, allowed in ends):
        return {RunStatus.FAILED, RunStatus.CANCELLED}
    fits = RunStatus.PARTIAL if TOLERATED in ends else RunStatus.SUCCEEDED
    return {fits, RunStatus.CANCELLED}


@settings(max_examples=200, deadline=None)
@given(flows(), st.sampled_from(get_args(OnFailure)), st.integers(1, 3), st.data())
def test_whatever_people_ask_the_story_stays_legal_and_the_run_can_end(
    tasks: list[TaskSpec], on_failure: OnFailure, slots: int, data: st.DataObject
) -> None:
    drive = Drive(*tasks, slots=slots, on_failure=on_failure, pools={"pool": 1}, evaluate=evaluate)
    drive.slots = 3  # people may raise it
    chance = Chance(drive, data)
    for _ in range(data.draw(st.integers(0, 40))):
        chance.move()

    bring_to_its_end(chance.drive)

    assert chance.drive.outcome() in fitting(chance.drive)
