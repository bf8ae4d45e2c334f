"""What an action would lead to is found out on a copy of the run, which itself does not change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.actions import Action, Cancel, Pause, Rerun, Retry, Skip, Step, Succeed
from taskflow_core.errors import RefusedError
from taskflow_core.forecast import Forecast, Terms, forecast
from taskflow_core.lanes import PROCESSES, THREADS
from taskflow_core.plan import TaskSpec
from tests.core.driving import BROKEN, Drive, spec


def plan(drive: Drive, action: Action, **options: Any) -> Forecast:
    """Return the forecast, after making sure that the run itself did not change."""
    before = drive.state.seq, drive.statuses()
    terms = Terms(slots={THREADS: drive.slots, PROCESSES: drive.slots}, total=drive.slots)
    found = forecast(drive.state, action, terms, now=drive.now, **options)
    assert (drive.state.seq, drive.statuses()) == before
    return found


@pytest.fixture
def failed() -> Drive:
    """A settled run: `load` failed, `report` and `mail` are blocked, `fetch` and `beside` done."""
    drive = Drive(
        spec("fetch"),
        spec("load", "fetch"),
        spec("report", "load"),
        spec("mail", "report"),
        spec("beside"),
    )
    drive.start("fetch")
    drive.wait(4)
    drive.end("fetch")
    drive.start("load")
    drive.end("load", BROKEN)
    drive.run("beside")
    return drive


def test_a_retry_runs_the_failed_task_and_what_it_blocked_and_reuses_the_rest(
    failed: Drive,
) -> None:
    found = plan(failed, Retry())

    assert found.runs == ("load", "report", "mail")
    assert found.reused == ("fetch", "beside")
    assert found.ends == "SUCCEEDED"


def test_running_again_from_a_task_on_takes_everything_downstream(failed: Drive) -> None:
    found = plan(failed, Rerun(tasks=("fetch",), from_here=True))

    assert found.runs == ("fetch", "load", "report", "mail")
    assert found.reused == ("beside",)


def test_the_time_is_that_of_the_longest_way_as_far_as_it_is_known(failed: Drive) -> None:
    found = plan(
        failed, Rerun(tasks=("fetch",), from_here=True), estimates={"load": 2.0, "report": 0.5}
    )

    assert abs(found.seconds - 6.5) < 1e-9  # fetch took 4 s in this run
    assert found.unknown == ("mail",)


def test_a_skip_ends_what_depends_on_the_task(failed: Drive) -> None:
    found = plan(failed, Skip(tasks=("load",)))

    assert found.runs == ()
    assert found.skipped == ("load", "report", "mail")


def test_a_success_by_hand_lets_the_rest_run(failed: Drive) -> None:
    found = plan(failed, Succeed(task="load"))

    assert found.runs == ("report", "mail")
    assert found.reused == ("fetch", "beside")


def test_what_the_run_would_refuse_is_refused(failed: Drive) -> None:
    with pytest.raises(RefusedError, match="did not fail itself"):
        plan(failed, Retry(tasks=("mail",)))
    with pytest.raises(RefusedError):
        plan(failed, Pause())


def test_in_a_live_run_what_runs_goes_on_and_holds_its_slot() -> None:
    drive = Drive(spec("slow"), spec("next", "slow"), spec("other"), slots=1)
    drive.start("slow")

    found = plan(drive, Skip(tasks=("other",)), estimates={"slow": 3.0, "next": 1.0})

    assert found.runs == ("next",)
    assert abs(found.seconds - 4.0) < 1e-9


def test_cancelling_ends_what_has_not_started() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")

    found = plan(drive, Cancel())

    assert found.runs == ()
    assert "b" in found.skipped
    assert found.ends == "CANCELLED"


def test_a_step_lets_one_task_go_and_then_the_run_stands_still() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.scheduler.pause(drive.now, by="ann")
    drive.turn()

    found = plan(drive, Step())

    assert (found.runs, found.ends) == (("a",), "PAUSED")


@given(data=st.data())
def test_the_plan_shown_before_an_action_equals_what_then_happens(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    tasks: list[TaskSpec] = []
    for n in range(count):
        needed = data.draw(st.sets(st.sampled_from([f"t{k}" for k in range(n)] or ["t0"])))
        tasks.append(spec(f"t{n}", *sorted(needed if n else ())))
    drive = Drive(*tasks)
    failing = data.draw(st.sets(st.integers(0, count - 1)))
    _finish(drive, {f"t{n}" for n in failing})
    target = f"t{data.draw(st.integers(0, count - 1))}"
    actions: list[Action] = [
        Retry(), Retry(tasks=(target,)), Rerun(tasks=(target,)),
        Rerun(tasks=(target,), from_here=True), Skip(tasks=(target,)), Succeed(task=target),
    ]  # fmt: skip
    action = data.draw(st.sampled_from(actions))
    try:
        found = plan(drive, action)
    except RefusedError:
        drive.scheduler.begin(drive.now, owner=2, term=2)
        with pytest.raises(RefusedError):
            action.ask("ann")(drive.scheduler, drive.now)
        return

    drive.scheduler.begin(drive.now, owner=2, term=2)
    action.ask("ann")(drive.scheduler, drive.now)
    drive.turn()
    started = _finish(drive, set())

    assert set(found.runs) == set(started)
    assert found.ends == drive.outcome()
    reused = {name for name, state in drive.statuses().items() if state == "SUCCEEDED"}
    assert set(found.reused) <= reused - set(started)


def _finish(drive: Drive, failing: set[str]) -> list[str]:
    started: list[str] = []
    while (job := drive.take()) is not None:
        started.append(job.task)
        if job.task in failing:
            drive.end(job.task, BROKEN)
        else:
            drive.end(job.task)
    return started
