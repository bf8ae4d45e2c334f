"""Whatever the graph, the outcomes and the order of things: a run ends, and its story is legal."""

from hypothesis import given, settings
from hypothesis import strategies as st

from taskflow_core.outcomes import Outcome
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, DIED, GONE, OK, Drive, spec

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
