"""Whatever the graph, the outcomes and the order of things: what holds for every run.

Random runs with everything in them are in `test_simulation`; here hypothesis looks for the smallest
plan and the smallest story that break a property.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

import taskflow_core.events as ev
from taskflow_core.journal.codec import decode, encode
from taskflow_core.outcomes import Outcome
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_core.testing import Scheduled, SimulatedRun, simulate
from tests.core.driving import BROKEN, DIED, GONE, OK, Drive, plan, spec
from tests.core.simulation.world import World

LANES = ("threads", "processes")


@st.composite
def flows(draw: st.DrawFn) -> list[tuple[tuple[int, ...], int, str]]:
    """For each task: what it depends on, how often it is retried, what runs it."""
    size = draw(st.integers(1, 12))
    return [
        (
            tuple(draw(st.sets(st.integers(0, number - 1), max_size=3))) if number else (),
            draw(st.integers(0, 2)),
            draw(st.sampled_from(["thread", "process", "shell"])),
        )
        for number in range(size)
    ]


@settings(max_examples=300, deadline=None)
@given(flows(), st.integers(1, 4), st.data())
def test_every_run_ends_with_a_legal_story(
    flow: list[tuple[tuple[int, ...], int, str]], slots: int, data: st.DataObject
) -> None:
    tasks = [
        spec(f"t{n}", *(f"t{other}" for other in deps), retries=retries, executor=executor)
        for n, (deps, retries, executor) in enumerate(flow)
    ]
    drive = Drive(*tasks, slots=slots)
    outcomes: list[Outcome] = [OK, OK, OK, BROKEN, DIED]
    failures: list[Outcome] = [BROKEN, DIED]
    for _ in range(400):
        if drive.outcome().is_settled:
            break
        live = [job.task for job in drive.scheduler.live_jobs()]
        startable = [lane for lane in LANES if drive.scheduler.startable(lane)]
        moves = ["end"] * bool(live) + startable + ["cancel"] * (data.draw(st.integers(0, 40)) == 0)
        move = data.draw(st.sampled_from(moves or ["wait"]))
        if move == "end":
            name = data.draw(st.sampled_from(live))
            told = drive.state.state is RunStatus.CANCELLING
            begun = drive.status(name) is TaskStatus.RUNNING  # else it cannot have succeeded
            drive.end(
                name,
                GONE if told else data.draw(st.sampled_from(outcomes if begun else failures)),
            )
        elif move == "cancel":
            drive.scheduler.cancel(drive.now, None, by="test")
            drive.turn()
        elif move == "wait":
            drive.wait(1.0)
        else:
            job = drive.take(move)
            if job is not None and data.draw(st.booleans()):
                drive.scheduler.began(job, drive.now, 77, {})
                drive.turn()
    assert drive.outcome().is_settled
    failed = {TaskStatus.FAILED, TaskStatus.UPSTREAM_FAILED, TaskStatus.CANCELLED}
    if drive.outcome() is RunStatus.SUCCEEDED:
        assert not any(task.state in failed for task in drive.state.tasks)
    else:
        assert any(task.state in failed for task in drive.state.tasks)


def _everything(state: RunState) -> dict[str, object]:
    return {name: value for name, value in vars(state).items() if name != "plan"}


def _batches(data: st.DataObject, events: Sequence[ev.Event]) -> Iterator[Sequence[ev.Event]]:
    cuts = data.draw(st.sets(st.integers(0, len(events))))
    for start, end in pairwise(sorted({0, *cuts, len(events)})):
        yield events[start:end]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_folding_in_any_batches_gives_the_same_state(seed: int, data: st.DataObject) -> None:
    world = World(seed)
    world.play()

    again = RunState(world.plan)
    for batch in _batches(data, world.events):
        again.apply(batch)

    assert _everything(again) == _everything(world.state)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_a_run_equals_its_replay_from_what_was_written_down(seed: int, data: st.DataObject) -> None:
    world = World(seed)
    world.play()
    written = [encode(list(batch)) for batch in _batches(data, world.events)]

    replayed = RunState(Plan.unpack(world.plan.packed))
    for batch in written:
        replayed.apply(decode(batch))

    assert _everything(replayed) == _everything(world.state)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.data())
def test_what_happened_first_does_not_change_by_what_happens_later(
    seed: int, data: st.DataObject
) -> None:
    world = World(seed)
    world.play()
    at = data.draw(st.integers(0, len(world.events)))

    early = RunState(world.plan)
    early.apply(world.events[:at])
    late = early.copy()
    late.apply(world.events[at:])

    once_more = RunState(world.plan)
    once_more.apply(world.events[:at])
    assert _everything(early) == _everything(once_more)
    assert _everything(late) == _everything(world.state)


@st.composite
def timed_runs(draw: st.DrawFn) -> tuple[Plan, dict[str, float], int, SimulatedRun]:
    """A plan, how long its tasks take, how many run at once, and how that goes."""
    size = draw(st.integers(1, 12))
    tasks: list[TaskSpec] = []
    for number in range(size):
        needed = sorted(draw(st.sets(st.integers(0, number - 1), max_size=3))) if number else []
        priority = draw(st.integers(-1, 1))
        executor = draw(st.sampled_from(["thread", "thread", "shell"]))
        tasks.append(
            spec(f"t{number}", *(f"t{n}" for n in needed), priority=priority, executor=executor)
        )
    made = plan(*tasks)
    durations = {task.name: float(draw(st.integers(0, 5))) for task in tasks}
    workers = draw(st.integers(1, 4))
    outcomes = {task.name: ["fail"] for task in tasks if draw(st.integers(0, 9)) == 0}
    run = simulate(made, durations=durations, workers=workers, outcomes=outcomes)
    return made, durations, workers, run


def _by_name(run: SimulatedRun) -> dict[str, Scheduled]:
    return {one.task: one for one in run.schedule}


@settings(max_examples=300, deadline=None)
@given(timed_runs())
def test_no_task_starts_before_those_it_depends_on_have_ended(
    drawn: tuple[Plan, dict[str, float], int, SimulatedRun],
) -> None:
    made, durations, _, run = drawn
    ran = _by_name(run)

    for task in made.tasks:
        if task.name in ran:
            assert ran[task.name].end == ran[task.name].start + durations[task.name]
            for other in task.depends_on:
                end = ran[other].end
                assert end is not None
                assert end <= ran[task.name].start


@settings(max_examples=300, deadline=None)
@given(timed_runs())
def test_slots_are_never_exceeded_and_never_idle_while_a_task_is_ready(
    drawn: tuple[Plan, dict[str, float], int, SimulatedRun],
) -> None:
    made, _, workers, run = drawn
    ran = _by_name(run)

    for one in run.schedule:
        busy = [o for o in run.schedule if o.start <= one.start < (o.end or 0.0)]
        assert len(busy) <= workers
        ready_at = max([ran[other].end or 0.0 for other in _needed(made, one.task)], default=0.0)
        if ready_at < one.start:  # it waited, so at every moment before all slots were taken
            before = [o for o in run.schedule if o.start < one.start <= (o.end or 0.0)]
            assert len(before) >= workers


def _needed(made: Plan, name: str) -> tuple[str, ...]:
    return made.tasks[made.number_of(name)].depends_on


@settings(max_examples=300, deadline=None)
@given(timed_runs())
def test_of_tasks_ready_at_the_same_time_none_overtakes_one_of_higher_priority(
    drawn: tuple[Plan, dict[str, float], int, SimulatedRun],
) -> None:
    made, _, _, run = drawn
    ran = _by_name(run)
    ready_at = {
        name: max([ran[other].end or 0.0 for other in _needed(made, name)], default=0.0)
        for name in ran
    }

    for one in ran.values():
        for other in ran.values():
            lane, its_lane = (
                made.tasks[made.number_of(name)].options.executor for name in (one.task, other.task)
            )
            higher = _priority(made, other.task) > _priority(made, one.task)
            if higher and lane == its_lane and ready_at[other.task] < one.start:
                assert other.start <= one.start


def _priority(made: Plan, name: str) -> int:
    return made.tasks[made.number_of(name)].options.priority
