"""A paused run goes on a little at a time: one task, all that are ready, or up to a task."""

import pytest

import taskflow_core.events as ev
from taskflow_core.errors import RefusedError, TaskflowError
from taskflow_core.plan import BreakpointSpec, TaskSpec
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, Drive, spec


def paused(*tasks: TaskSpec, slots: int = 10) -> Drive:
    """Return a run that was paused before anything started."""
    drive = Drive(*tasks, slots=slots)
    drive.scheduler.pause(drive.now, by="ann")
    drive.turn()
    return drive


def step(drive: Drive) -> str:
    """Let one task go on, and return its name."""
    name = drive.scheduler.step(drive.now, by="ann")
    drive.turn()
    return name


# --- step --------------------------------------------------------------------------------


def test_a_step_starts_the_next_task_and_no_other() -> None:
    drive = paused(spec("a"), spec("b"), spec("c", "a"))

    assert step(drive) == "a"

    drive.run("a")

    assert drive.take() is None
    assert drive.statuses() == {"a": "SUCCEEDED", "b": "READY", "c": "READY"}
    assert drive.outcome() is RunStatus.PAUSED


def test_steps_take_one_task_each_in_the_order_in_which_they_would_start() -> None:
    drive = paused(spec("a"), spec("b", priority=1), spec("c"))

    assert [step(drive), step(drive), step(drive)] == ["b", "a", "c"]

    drive.start("b", "a", "c")


def test_a_step_in_a_run_that_is_not_paused_pauses_it() -> None:
    drive = Drive(spec("a"), spec("b"))
    step(drive)

    assert (drive.outcome(), drive.state.reason) == (RunStatus.PAUSED, "step")

    drive.start("a")

    assert drive.take() is None


def test_a_step_is_recorded_with_who_asked_and_what_for() -> None:
    drive = paused(spec("a"))
    step(drive)
    asked = next(event for event in drive.events if isinstance(event, ev.StepRequested))

    assert (asked.by, asked.mode, asked.target) == ("ann", "step", "a")


def test_a_step_with_nothing_ready_is_refused_and_changes_nothing() -> None:
    drive = paused(spec("a"), spec("b", "a"))
    step(drive)
    drive.start("a")
    before = len(drive.events)

    with pytest.raises(RefusedError, match="no task is ready to start"):
        step(drive)

    assert len(drive.events) == before


def test_a_step_does_not_pause_a_run_where_nothing_is_ready() -> None:
    drive = Drive(spec("a"))
    drive.start("a")

    with pytest.raises(RefusedError):
        step(drive)

    assert drive.outcome() is RunStatus.RUNNING


def test_a_step_that_finds_no_free_slot_starts_once_there_is_one() -> None:
    drive = Drive(spec("a"), spec("b"), slots=1)
    drive.start("a")
    step(drive)

    assert drive.take() is None

    drive.end("a")
    drive.start("b")


def test_the_retries_of_a_stepped_task_belong_to_the_step() -> None:
    drive = paused(spec("a", retry=RetryPolicy(retries=1, delay=5)), spec("b"))
    step(drive)
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(5)
    drive.run("a")

    assert drive.take() is None
    assert drive.status("a") is TaskStatus.SUCCEEDED


def test_a_step_lets_go_what_a_breakpoint_holds_first() -> None:
    drive = Drive(spec("first"), spec("a", breakpoints=(BreakpointSpec("before"),)))

    assert step(drive) == "a"

    drive.start("a")

    assert drive.take() is None


def test_a_step_from_a_held_result_shows_it_and_stands_still() -> None:
    drive = Drive(spec("a", breakpoints=(BreakpointSpec("after"),)), spec("b", "a"))
    drive.run("a")

    assert step(drive) == "a"
    assert drive.statuses() == {"a": "SUCCEEDED", "b": "READY"}
    assert drive.take() is None


def test_a_step_passes_by_what_a_person_holds() -> None:
    drive = paused(spec("a"), spec("b"))
    drive.scheduler.hold(drive.now, ["a"], by="bob")

    assert step(drive) == "b"
    with pytest.raises(RefusedError, match="no task is ready"):
        step(drive)


def test_what_was_stepped_before_is_not_allowed_to_start_again_by_that() -> None:
    drive = paused(spec("a"), spec("b"))
    step(drive)
    drive.run("a")
    drive.scheduler.rerun(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.status("a") is TaskStatus.READY
    assert drive.take() is None
    assert step(drive) == "a"


def test_a_pause_after_a_resume_does_not_remember_the_steps_before() -> None:
    drive = paused(spec("a"), spec("b"), slots=1)
    step(drive)
    drive.scheduler.resume(drive.now, by="ann")
    drive.scheduler.pause(drive.now, by="ann")
    drive.turn()

    assert drive.take() is None


def test_a_run_can_be_stepped_to_its_end() -> None:
    drive = paused(spec("a"), spec("b", "a"))
    for name in ("a", "b"):
        assert step(drive) == name
        drive.run(name)

    assert drive.outcome() is RunStatus.SUCCEEDED


# --- frontier ----------------------------------------------------------------------------


def test_the_frontier_is_everything_that_is_ready_now_and_nothing_that_becomes_so() -> None:
    drive = paused(spec("a"), spec("b"), spec("c", "a"))
    names = drive.scheduler.step_frontier(drive.now, by="ann")
    drive.turn()
    drive.run("a", "b")

    assert names == ["a", "b"]
    assert drive.status("c") is TaskStatus.READY
    assert drive.take() is None


def test_the_frontier_includes_what_breakpoints_hold() -> None:
    drive = Drive(spec("a", breakpoints=(BreakpointSpec("before"),)), spec("b"))

    assert drive.scheduler.step_frontier(drive.now, by="ann") == ["a", "b"]

    drive.turn()
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_frontier_of_nothing_is_refused() -> None:
    drive = Drive(spec("a"))
    drive.start("a")

    with pytest.raises(RefusedError, match="no task is ready to start"):
        drive.scheduler.step_frontier(drive.now, by="ann")


# --- to a task ---------------------------------------------------------------------------


def diamond() -> tuple[TaskSpec, ...]:
    """Return a diamond, and a task beside it."""
    return (
        spec("a"),
        spec("left", "a"),
        spec("right", "a"),
        spec("join", "left", "right"),
        spec("beside"),
    )


def test_running_to_a_task_runs_what_it_waits_for_and_stands_still_before_it() -> None:
    drive = Drive(*diamond())
    drive.scheduler.run_to(drive.now, "join", by="ann")
    drive.turn()
    drive.run("a", "left", "right")

    assert drive.take() is None
    assert drive.statuses() == {
        "a": "SUCCEEDED",
        "left": "SUCCEEDED",
        "right": "SUCCEEDED",
        "join": "READY",
        "beside": "READY",
    }
    assert drive.outcome() is RunStatus.PAUSED


def test_running_to_a_task_lets_go_only_the_breakpoints_on_the_way() -> None:
    before = (BreakpointSpec("before"),)
    drive = Drive(spec("a", breakpoints=before), spec("x", breakpoints=before), spec("b", "a"))
    drive.scheduler.run_to(drive.now, "b", by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "READY", "x": "HELD", "b": "PENDING"}

    drive.run("a")

    assert drive.take() is None


def test_running_to_a_task_from_where_it_is_ready_stands_still_at_once() -> None:
    drive = Drive(spec("a"))
    drive.scheduler.run_to(drive.now, "a", by="ann")
    drive.turn()

    assert drive.take() is None
    assert drive.outcome() is RunStatus.PAUSED


@pytest.mark.parametrize("has_ended", [False, True])
def test_running_to_a_task_that_has_begun_is_refused(has_ended: bool) -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.start("a")
    if has_ended:
        drive.end("a")

    with pytest.raises(RefusedError, match="so the run cannot stop before it"):
        drive.scheduler.run_to(drive.now, "a", by="ann")


def test_running_to_a_task_that_does_not_exist_names_the_nearest() -> None:
    drive = Drive(spec("load"))

    with pytest.raises(TaskflowError) as caught:
        drive.scheduler.run_to(drive.now, "laod", by="ann")

    assert caught.value.hint == "Did you mean 'load'?"


def test_nothing_steps_in_a_run_that_is_being_cancelled() -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    with pytest.raises(RefusedError):
        step(drive)
    with pytest.raises(RefusedError):
        drive.scheduler.run_to(drive.now, "b", by="ann")
