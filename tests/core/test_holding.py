"""People hold tasks back; where that leaves nothing to do, the run is stalled and says so."""

import pytest

from taskflow_core.errors import RefusedError
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, GONE, Drive, spec


def hold(drive: Drive, *names: str) -> None:
    """Hold these tasks."""
    drive.scheduler.hold(drive.now, names, by="ann")
    drive.turn()


def release(drive: Drive, *names: str) -> None:
    """Let these tasks go."""
    drive.scheduler.release(drive.now, names, by="ann")
    drive.turn()


def stalled() -> Drive:
    """Return a run in which two tasks are held and nothing else is left to do."""
    drive = Drive(spec("a"), spec("b"), spec("c", "a"))
    hold(drive, "a", "b")
    return drive


def test_a_ready_task_that_is_held_does_not_start() -> None:
    drive = Drive(spec("a"), spec("b"))
    hold(drive, "a")

    assert drive.status("a") is TaskStatus.HELD
    assert drive.state.task("a").reason == "operator: ann"

    drive.run("b")

    assert drive.take() is None


def test_a_task_that_waits_is_held_once_it_is_ready() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    hold(drive, "b")

    assert drive.status("b") is TaskStatus.PENDING

    drive.run("a")

    assert drive.status("b") is TaskStatus.HELD


def test_a_task_that_waits_for_its_retry_is_held_before_it() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=5)))
    drive.start("a")
    drive.end("a", BROKEN)
    hold(drive, "a")

    assert drive.status("a") is TaskStatus.RETRY_WAIT

    drive.wait(5)

    assert drive.status("a") is TaskStatus.HELD

    release(drive, "a")
    drive.run("a")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_released_task_starts_and_is_not_held_again() -> None:
    drive = Drive(spec("a", retries=1), spec("b"))
    hold(drive, "a")
    release(drive, "a")
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(0)

    assert drive.status("a") is TaskStatus.READY


def test_a_hold_that_is_taken_back_in_time_has_no_effect() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    hold(drive, "b")
    release(drive, "b")
    drive.run("a", "b")

    assert "TaskHeld" not in drive.kinds()
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_resuming_a_paused_run_does_not_release_what_a_person_holds() -> None:
    drive = Drive(spec("a"), spec("b"))
    hold(drive, "a")
    drive.scheduler.pause(drive.now, by="ann")
    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "HELD", "b": "READY"}


def test_what_a_breakpoint_holds_can_be_held_by_a_person_beyond_the_resume() -> None:
    drive = Drive(spec("x"), spec("a", "x"))
    drive.scheduler.set_breakpoint(drive.now, "a", by="ann")
    drive.run("x")
    hold(drive, "a")
    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()

    assert drive.status("a") is TaskStatus.HELD

    release(drive, "a")
    drive.run("a")

    assert drive.outcome() is RunStatus.SUCCEEDED


@pytest.mark.parametrize("has_ended", [False, True])
def test_it_is_too_late_to_hold_what_has_begun(has_ended: bool) -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.start("a")
    if has_ended:
        drive.end("a")

    with pytest.raises(RefusedError, match="too late to hold"):
        hold(drive, "b", "a")
    assert drive.status("b") is TaskStatus.READY


def test_releasing_what_nothing_holds_is_refused() -> None:
    drive = Drive(spec("a"))

    with pytest.raises(RefusedError, match="nothing holds task 'a'"):
        release(drive, "a")


def test_a_hold_survives_its_owner() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c"))
    hold(drive, "b", "c")
    drive = drive.taken_up()

    assert drive.status("c") is TaskStatus.HELD

    drive.run("a")

    assert drive.status("b") is TaskStatus.HELD


# --- stalled -----------------------------------------------------------------------------


def test_a_run_in_which_only_held_tasks_are_left_is_stalled() -> None:
    drive = stalled()

    assert (drive.outcome(), drive.state.reason) == (RunStatus.STALLED, "2 held")
    assert getattr(drive.events[-1], "waiting", None) == ["a", "b"]


def test_a_run_is_not_stalled_while_something_runs_or_will() -> None:
    drive = Drive(spec("a"), spec("b", retry=RetryPolicy(retries=1, delay=5)))
    hold(drive, "a")

    assert drive.outcome() is RunStatus.RUNNING

    drive.start("b")
    drive.end("b", BROKEN)

    assert drive.outcome() is RunStatus.RUNNING

    drive.wait(5)
    drive.run("b")

    assert drive.outcome() is RunStatus.STALLED


def test_a_paused_run_is_paused_and_not_stalled() -> None:
    drive = stalled()
    drive.scheduler.pause(drive.now, by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.PAUSED

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.STALLED


def test_releasing_one_task_sets_a_stalled_run_going_until_it_stalls_again() -> None:
    drive = stalled()
    release(drive, "a")

    assert drive.outcome() is RunStatus.RUNNING

    drive.run("a", "c")

    assert (drive.outcome(), drive.state.reason) == (RunStatus.STALLED, "1 held")

    release(drive, "b")
    drive.run("b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_breakpoint_hit_by_a_release_pauses_the_stalled_run() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.scheduler.set_breakpoint(drive.now, "a", by="ann", stop="after")
    drive.run("a")
    hold(drive, "a", "b")
    drive.scheduler.set_breakpoint(drive.now, "b", by="ann")
    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.STALLED

    release(drive, "b", "a")

    assert drive.status("b") is TaskStatus.HELD
    assert (drive.outcome(), drive.state.reason) == (RunStatus.PAUSED, "breakpoint")


def test_skipping_what_is_held_ends_a_stalled_run() -> None:
    drive = stalled()
    drive.scheduler.skip(drive.now, ["a", "b"], by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_cancelling_the_held_tasks_sets_going_what_follows_a_failure() -> None:
    drive = Drive(spec("a"), spec("clean-up", "a", trigger_rule="all_done"))
    hold(drive, "a")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.RUNNING

    drive.run("clean-up")

    assert drive.outcome() is RunStatus.FAILED


def test_retrying_a_failed_task_sets_a_stalled_run_going() -> None:
    drive = Drive(spec("a"), spec("b"))
    hold(drive, "b")
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.outcome() is RunStatus.STALLED

    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.turn()
    drive.run("a")

    assert drive.outcome() is RunStatus.STALLED


def test_running_a_task_again_sets_a_stalled_run_going() -> None:
    drive = Drive(spec("a"), spec("b"))
    hold(drive, "b")
    drive.run("a")
    drive.scheduler.rerun(drive.now, ["a"], by="ann")
    drive.turn()
    drive.run("a")

    assert drive.outcome() is RunStatus.STALLED


def test_cancelling_a_stalled_run_ends_it() -> None:
    drive = stalled()
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.CANCELLED


def test_a_step_in_a_stalled_run_is_refused_because_nothing_is_ready() -> None:
    drive = stalled()

    with pytest.raises(RefusedError, match="no task is ready"):
        drive.scheduler.step(drive.now, by="ann")


def test_a_stalled_run_times_out_like_any_other() -> None:
    drive = Drive(spec("a"), timeout=10)
    hold(drive, "a")
    drive.wait(10)

    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "run_timeout")


def test_a_run_is_stalled_too_while_a_person_holds_what_another_stopped() -> None:
    """One that is being stopped is not over: it still counts as running."""
    drive = Drive(spec("a"), spec("b"))
    drive.start("a")
    hold(drive, "b")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.RUNNING

    drive.end("a", GONE)

    assert drive.outcome() is RunStatus.STALLED
