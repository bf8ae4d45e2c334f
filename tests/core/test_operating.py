"""People pause, resume and cancel a run; a new owner goes on where a dead one stopped."""

import pytest

from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError
from taskflow_core.policies import RetryPolicy
from taskflow_core.state import RunState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from tests.core.driving import BROKEN, GONE, Drive, plan, spec


def test_a_paused_run_starts_nothing_and_lets_what_runs_go_on() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.scheduler.pause(drive.now, by="ann")
    drive.turn()
    drive.end("a")

    assert drive.take() is None
    assert drive.outcome() is RunStatus.PAUSED

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.run("b")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_pausing_twice_is_refused() -> None:
    drive = Drive(spec("a"))
    drive.scheduler.pause(drive.now, by="ann")

    with pytest.raises(RefusedError, match="PAUSED"):
        drive.scheduler.pause(drive.now, by="ann")


def test_cancelling_stops_what_runs_and_ends_what_waits() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.stops() == [("a", False)]
    assert drive.statuses() == {"a": "RUNNING", "b": "CANCELLED", "c": "CANCELLED"}
    assert drive.outcome() is RunStatus.CANCELLING

    drive.end("a", GONE)
    assert drive.state.task("a").attempts[0].state is AttemptStatus.CANCELLED
    assert drive.outcome() is RunStatus.CANCELLED


def test_cancelling_again_kills() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.stops() == [("a", False), ("a", True)]


def test_cancelling_takes_effect_at_once_while_a_retry_waits() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=60)))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.CANCELLED

    drive.wait(60)
    assert drive.status("a") is TaskStatus.CANCELLED


def test_a_cancelled_task_blocks_its_dependents_and_fails_the_run() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()
    drive.end("a", GONE)

    assert drive.statuses() == {"a": "CANCELLED", "b": "UPSTREAM_FAILED"}
    assert drive.outcome() is RunStatus.FAILED


def test_cancelling_one_task_again_kills_it_and_nothing_else() -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.start("a", "b")
    for _ in range(3):
        drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.stops() == [("a", False), ("a", True)]
    assert drive.outcome() is RunStatus.RUNNING


def test_naming_a_task_twice_cancels_it_once() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, ["a", "a"], by="ann")
    drive.turn()

    assert drive.stops() == [("a", False)]


@pytest.mark.parametrize("names", [["a", "b"], ["b", "a"]])
def test_the_order_in_which_tasks_are_named_to_be_cancelled_does_not_matter(
    names: list[str],
) -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"))
    drive.scheduler.cancel(drive.now, names, by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "CANCELLED", "b": "CANCELLED", "c": "UPSTREAM_FAILED"}
    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "2 tasks cancelled")


def test_a_queued_task_is_cancelled_before_its_worker_has_begun() -> None:
    drive = Drive(spec("a", executor="process"))
    job = drive.take("processes")
    assert job is not None
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.stops() == [("a", False)]

    drive.scheduler.began(job, drive.now, 77, {})
    drive.end("a", GONE)

    assert drive.status("a") is TaskStatus.CANCELLED
    assert "AttemptStarted" not in drive.kinds()


def test_a_success_recorded_before_the_cancel_wins() -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.start("a", "b")
    drive.end("a")

    with pytest.raises(RefusedError, match="a: SUCCEEDED, so there is nothing to cancel"):
        drive.scheduler.cancel(drive.now, ["a"], by="ann")

    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.end("b", GONE)

    assert drive.statuses() == {"a": "SUCCEEDED", "b": "CANCELLED"}
    assert drive.outcome() is RunStatus.CANCELLED


def test_a_cancel_recorded_before_the_success_wins() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.end("a")

    assert drive.statuses() == {"a": "CANCELLED", "b": "UPSTREAM_FAILED"}
    assert "TaskSucceeded" not in drive.kinds()


def test_a_cancelled_task_is_not_tried_again() -> None:
    drive = Drive(spec("a", retries=5))
    drive.start("a")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.CANCELLED


def test_one_task_is_cancelled_at_once_while_its_retry_waits() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=60)), spec("b", "a"))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "CANCELLED", "b": "UPSTREAM_FAILED"}
    assert len(drive.state.task("a").attempts) == 1

    drive.wait(60)

    assert drive.outcome() is RunStatus.FAILED


def test_a_cancelled_task_does_not_do_what_on_failure_says() -> None:
    drive = Drive(spec("a"), spec("b"), on_failure="cancel")
    drive.start("a", "b")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.end("a", GONE)

    assert drive.status("b") is TaskStatus.RUNNING
    assert drive.outcome() is RunStatus.RUNNING


def test_a_paused_run_can_be_cancelled() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.scheduler.pause(drive.now, by="ann")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.outcome() is RunStatus.CANCELLING
    with pytest.raises(RefusedError, match="CANCELLING"):
        drive.scheduler.resume(drive.now, by="ann")

    drive.end("a", GONE)

    assert (drive.outcome(), drive.state.reason) == (RunStatus.CANCELLED, "cancelled by ann")


def test_every_way_to_wait_ends_with_the_run_that_is_cancelled() -> None:
    drive = Drive(
        spec("waits", priority=1, retry=RetryPolicy(retries=1, delay=60)),
        spec("held"),
        spec("ready"),
        spec("pending", "ready"),
    )
    drive.scheduler.hold(drive.now, ["held"], by="ann")
    drive.start("waits")
    drive.end("waits", BROKEN)

    assert drive.statuses() == {
        "waits": "RETRY_WAIT",
        "held": "HELD",
        "ready": "READY",
        "pending": "PENDING",
    }

    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert set(drive.statuses().values()) == {"CANCELLED"}
    assert {drive.state.task(task.name).reason for task in drive.plan.tasks} == {"run_stopped"}
    assert drive.outcome() is RunStatus.CANCELLED


def test_a_retry_while_the_run_is_being_cancelled_is_refused() -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.start("a", "b")
    drive.end("a", BROKEN)
    drive.scheduler.cancel(drive.now, None, by="ann")

    with pytest.raises(RefusedError, match="being cancelled"):
        drive.scheduler.retry(drive.now, None, by="ann")


def test_a_settled_run_cannot_be_cancelled() -> None:
    drive = Drive(spec("a"))
    drive.run("a")

    with pytest.raises(RefusedError, match="SUCCEEDED"):
        drive.scheduler.cancel(drive.now, None, by="ann")


def test_a_cancelled_run_can_be_retried() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.end("a", GONE)
    drive.scheduler.begin(drive.now, owner=2, term=2)
    drive.scheduler.retry(drive.now, None, by="ann")
    drive.turn()
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_new_owner_forgets_that_the_run_was_paused() -> None:
    """Whoever takes the run up wants it to go on."""
    drive = Drive(spec("a"))
    drive.scheduler.pause(drive.now, by="ann")
    drive.turn()
    drive = drive.taken_up()

    assert drive.outcome() is RunStatus.RUNNING

    drive.run("a")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_what_succeeded_is_never_run_again_by_a_new_owner() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"))
    drive.run("a", "b")
    drive = drive.taken_up().taken_up()
    drive.run("c")

    assert [len(drive.state.task(name).attempts) for name in "abc"] == [1, 1, 1]
    assert drive.state.term == 3


def test_what_was_blocked_stays_blocked_under_a_new_owner() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"), spec("slow"))
    drive.start("a", "slow")
    drive.end("a", BROKEN)
    drive = drive.taken_up()
    drive.run("slow")

    assert drive.outcome() is RunStatus.FAILED

    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="ann")
    drive.turn()
    drive.run("a", "b", "c")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_new_owner_goes_on_where_the_old_one_died() -> None:
    """What succeeded stays; what ran is LOST and free of charge runs again; waits go on."""
    tasks = (
        spec("done"),
        spec("running", executor="process"),
        spec("waiting", retry=RetryPolicy(retries=1, delay=30)),
        spec("after", "done", "running"),
    )
    before = Drive(*tasks)
    before.run("done")
    before.start("waiting", "running")
    before.end("waiting", BROKEN)

    state = RunState(plan(*tasks))
    state.apply(before.events)
    drive = Drive(state=state, begin=False)
    drive.now = Instant(drive.now.wall + 10, drive.now.mono)
    drive.events = list(before.events)
    drive.scheduler.begin(drive.now, owner=2, term=2)
    drive.turn()

    assert drive.statuses() == {
        "done": "SUCCEEDED",
        "running": "READY",
        "waiting": "RETRY_WAIT",
        "after": "PENDING",
    }
    assert drive.state.task("running").attempts[0].state is AttemptStatus.LOST
    assert drive.scheduler.due() == drive.now.mono + 20

    drive.start("running")
    assert drive.state.task("running").attempts[1].attempt == 2


def test_a_new_owner_finishes_a_cancel_that_the_old_one_had_begun() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    again = drive.taken_up()

    assert again.outcome() is RunStatus.CANCELLED
    assert again.statuses() == {"a": "CANCELLED", "b": "CANCELLED"}
