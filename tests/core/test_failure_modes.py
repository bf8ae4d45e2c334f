"""`on_failure` says what one failed task means for the rest of the run."""

import pytest

from taskflow_core.errors import RefusedError
from taskflow_core.plan import TaskSpec
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, GONE, OK, Drive, spec


def flow(*, allow_failure: bool = False) -> tuple[TaskSpec, ...]:
    """Return a task that fails, one that runs beside it, and two that have not begun."""
    return (
        spec("bad", allow_failure=allow_failure),
        spec("behind", "bad"),
        spec("beside"),
        spec("later", "beside"),
        spec("ready"),
    )


def failed(on_failure: str, *, allow_failure: bool = False) -> Drive:
    """Return a run of that flow after the failure, when `beside` runs and `ready` is ready."""
    drive = Drive(*flow(allow_failure=allow_failure), slots=2, on_failure=on_failure)
    drive.start("bad", "beside")
    drive.end("bad", BROKEN)
    return drive


# --- finish ------------------------------------------------------------------------------


def test_finish_goes_on_with_everything_that_does_not_depend_on_the_failure() -> None:
    drive = failed("finish")
    drive.end("beside")
    drive.run("later", "ready")

    assert drive.statuses() == {
        "bad": "FAILED",
        "behind": "UPSTREAM_FAILED",
        "beside": "SUCCEEDED",
        "later": "SUCCEEDED",
        "ready": "SUCCEEDED",
    }
    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "1 task failed")


# --- stop --------------------------------------------------------------------------------


def test_stop_starts_nothing_more_and_lets_what_runs_finish() -> None:
    drive = failed("stop")

    assert drive.take() is None
    assert drive.stops() == []
    assert drive.statuses() == {
        "bad": "FAILED",
        "behind": "UPSTREAM_FAILED",
        "beside": "RUNNING",
        "later": "CANCELLED",
        "ready": "CANCELLED",
    }
    assert drive.state.task("later").reason == "run_stopped"
    assert drive.outcome() is RunStatus.RUNNING

    drive.end("beside")

    assert drive.status("beside") is TaskStatus.SUCCEEDED
    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "1 task failed")


def test_stop_does_not_try_again_what_fails_while_it_finishes() -> None:
    drive = Drive(spec("bad"), spec("beside", retries=3), on_failure="stop")
    drive.start("bad", "beside")
    drive.end("bad", BROKEN)
    drive.end("beside", BROKEN)

    assert drive.status("beside") is TaskStatus.FAILED
    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "2 tasks failed")


def test_stop_drops_the_attempts_that_wait_for_their_time() -> None:
    drive = Drive(
        spec("bad"), spec("waits", retry=RetryPolicy(retries=1, delay=60)), on_failure="stop"
    )
    drive.start("bad", "waits")
    drive.end("waits", BROKEN)
    drive.end("bad", BROKEN)

    assert drive.status("waits") is TaskStatus.CANCELLED
    assert drive.outcome() is RunStatus.FAILED

    drive.wait(60)

    assert drive.status("waits") is TaskStatus.CANCELLED


def test_stop_waits_for_the_retries_of_the_task_before_it_counts_as_failed() -> None:
    drive = Drive(spec("bad", retries=1), spec("other"), slots=1, on_failure="stop")
    drive.start("bad")
    drive.end("bad", BROKEN)
    drive.run("other")
    drive.wait(0)
    drive.run("bad")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_stop_starts_no_clean_up_either() -> None:
    drive = Drive(spec("bad"), spec("clean-up", "bad", trigger_rule="all_done"), on_failure="stop")
    drive.start("bad")
    drive.end("bad", BROKEN)

    assert drive.status("clean-up") is TaskStatus.CANCELLED
    assert drive.outcome() is RunStatus.FAILED


def test_after_a_stop_a_retry_takes_up_everything_that_never_started() -> None:
    drive = failed("stop")
    drive.end("beside")
    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="ann")
    drive.turn()
    drive.run("bad", "behind", "later", "ready")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_after_a_stop_retries_happen_again() -> None:
    drive = Drive(spec("bad", retries=2), on_failure="stop")
    for _ in range(3):
        drive.start("bad")
        drive.end("bad", BROKEN)
        drive.wait(0)
    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="ann", fresh=True)
    drive.turn()
    drive.start("bad")
    drive.end("bad", BROKEN)

    assert drive.status("bad") is TaskStatus.RETRY_WAIT


# --- cancel ------------------------------------------------------------------------------


def test_cancel_stops_what_runs_too() -> None:
    drive = failed("cancel")

    assert drive.stops() == [("beside", False)]
    assert drive.outcome() is RunStatus.CANCELLING
    assert drive.take() is None

    drive.end("beside", GONE)

    assert drive.statuses() == {
        "bad": "FAILED",
        "behind": "UPSTREAM_FAILED",
        "beside": "CANCELLED",
        "later": "CANCELLED",
        "ready": "CANCELLED",
    }
    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "1 task failed")


def test_cancel_says_who_cancelled() -> None:
    drive = failed("cancel")
    asked = next(event for event in drive.events if event.kind == "CancelRequested")

    assert getattr(asked, "by", None) == "on_failure"


def test_a_person_who_cancels_what_a_failure_cancels_kills_and_it_stays_a_failure() -> None:
    drive = failed("cancel")
    drive.stops()
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.stops() == [("beside", True)]

    drive.end("beside", GONE)

    assert drive.outcome() is RunStatus.FAILED


def test_cancel_is_asked_for_once_however_many_tasks_fail() -> None:
    drive = Drive(spec("a"), spec("b"), spec("c"), on_failure="cancel")
    drive.start("a", "b", "c")
    drive.end("a", BROKEN)
    drive.end("b", BROKEN)

    assert drive.kinds().count("CancelRequested") == 1
    assert sorted(drive.stops()) == [("b", False), ("c", False)]

    drive.end("c", GONE)

    assert drive.statuses() == {"a": "FAILED", "b": "CANCELLED", "c": "CANCELLED"}


def test_cancel_drops_retry_waits_and_tasks_that_are_held() -> None:
    drive = Drive(
        spec("bad"),
        spec("waits", retry=RetryPolicy(retries=1, delay=60)),
        spec("held"),
        on_failure="cancel",
    )
    drive.scheduler.hold(drive.now, ["held"], by="ann")
    drive.start("bad", "waits")
    drive.end("waits", BROKEN)
    drive.end("bad", BROKEN)

    assert drive.statuses() == {"bad": "FAILED", "waits": "CANCELLED", "held": "CANCELLED"}
    assert drive.outcome() is RunStatus.FAILED


@pytest.mark.parametrize("on_failure", ["stop", "cancel", "pause"])
def test_a_failure_that_is_allowed_stops_nothing(on_failure: str) -> None:
    drive = failed(on_failure, allow_failure=True)
    drive.run("behind")
    drive.end("beside")
    drive.run("later", "ready")

    assert drive.outcome() is RunStatus.PARTIAL


# --- pause -------------------------------------------------------------------------------


def test_pause_starts_nothing_more_until_a_person_resumes() -> None:
    drive = failed("pause")

    assert (drive.outcome(), drive.state.reason) == (RunStatus.PAUSED, "task_failed")
    assert drive.take() is None

    drive.end("beside")

    assert drive.status("later") is TaskStatus.READY
    assert drive.take() is None

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.run("later", "ready")

    assert drive.outcome() is RunStatus.FAILED


def alone(*more: TaskSpec) -> Drive:
    """Return a paused run whose only task with something to do has failed."""
    drive = Drive(spec("bad"), spec("behind", "bad"), *more, on_failure="pause")
    drive.start("bad")
    drive.end("bad", BROKEN)
    return drive


def test_a_paused_run_waits_for_a_person_even_if_everything_has_ended() -> None:
    drive = alone()

    assert drive.statuses() == {"bad": "FAILED", "behind": "UPSTREAM_FAILED"}
    assert drive.outcome() is RunStatus.PAUSED

    drive.wait(3600)

    assert drive.outcome() is RunStatus.PAUSED

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()

    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "1 task failed")


def test_a_retry_of_what_paused_the_run_frees_what_it_blocked() -> None:
    drive = alone()
    drive.scheduler.retry(drive.now, ["bad"], by="ann")
    drive.turn()

    assert drive.statuses() == {"bad": "READY", "behind": "PENDING"}
    assert drive.take() is None

    drive.scheduler.resume(drive.now, by="ann")
    drive.run("bad", "behind")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_success_by_hand_of_what_paused_the_run_frees_what_it_blocked() -> None:
    drive = alone()
    drive.scheduler.succeed(drive.now, "bad", 7, by="ann")
    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.run("behind")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_skip_of_what_paused_the_run_frees_what_it_blocked() -> None:
    drive = alone(spec("report", "bad", trigger_rule="none_failed"))
    drive.scheduler.skip(drive.now, ["bad"], by="ann")
    drive.turn()

    assert drive.statuses() == {"bad": "SKIPPED", "behind": "SKIPPED", "report": "READY"}

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.run("report")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_second_failure_pauses_again() -> None:
    drive = failed("pause")
    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.end("beside", BROKEN)

    assert (drive.outcome(), drive.state.reason) == (RunStatus.PAUSED, "task_failed")


def test_a_failure_in_a_run_that_a_person_paused_keeps_it_for_them() -> None:
    drive = Drive(spec("bad"), on_failure="pause")
    drive.start("bad")
    drive.scheduler.pause(drive.now, by="ann")
    drive.turn()
    drive.end("bad", BROKEN)

    assert (drive.outcome(), drive.state.reason) == (RunStatus.PAUSED, "task_failed")


def test_cancelling_a_paused_run_ends_it() -> None:
    drive = alone()
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.CANCELLED


def test_a_settled_run_is_over_for_everybody() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.end("a", OK)

    for ask in (drive.scheduler.pause, drive.scheduler.resume, drive.scheduler.step):
        with pytest.raises(RefusedError):
            ask(drive.now, by="ann")
