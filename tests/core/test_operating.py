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
