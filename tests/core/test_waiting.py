"""Tasks that wait for a person, a moment or a file, and hold no slot meanwhile."""

from typing import Any

import msgspec
import pytest

from taskflow_core.errors import RefusedError
from taskflow_core.plan import Approval, TaskSpec, Wait
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import Drive, spec


def approve(name: str, *depends_on: str, **options: Any) -> TaskSpec:
    task = spec(name, *depends_on, **options)
    return msgspec.structs.replace(task, kind="approve", approval=Approval("Ship it?"))


def wait(name: str, *depends_on: str, what: Wait, **options: Any) -> TaskSpec:
    return msgspec.structs.replace(spec(name, *depends_on, **options), kind="wait", wait=what)


def test_an_approval_waits_without_a_slot_until_somebody_answers() -> None:
    drive = Drive(approve("ship"), spec("other"), spec("push", "ship"), slots=1)
    assert drive.status("ship") is TaskStatus.WAITING
    assert drive.state.task("ship").waiting is not None
    drive.run("other")
    assert drive.outcome() is RunStatus.RUNNING

    drive.scheduler.answer(drive.now, "ship", {"note": "ok"}, by="ann")
    drive.turn()

    assert drive.state.task("ship").result == {"value": {"note": "ok"}}
    drive.run("push")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_rejection_fails_the_task_with_its_reason_and_it_can_be_asked_again() -> None:
    drive = Drive(approve("ship"), spec("push", "ship"))
    drive.scheduler.reject(drive.now, "ship", by="ann", reason="too early")
    drive.turn()
    assert drive.state.task("ship").reason == "rejected by ann: too early"
    assert drive.outcome() is RunStatus.FAILED

    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="bob")
    drive.turn()
    drive.scheduler.answer(drive.now, "ship", {}, by="bob")
    drive.turn()
    drive.run("push")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_only_what_asks_can_be_answered() -> None:
    drive = Drive(spec("first"), approve("ship", "first"))
    for name in ("first", "ship"):
        with pytest.raises(RefusedError, match="it asks nothing now"):
            drive.scheduler.answer(drive.now, name, {}, by="me")


def test_an_approval_gives_up_after_its_timeout() -> None:
    drive = Drive(approve("ship", timeout=60))
    drive.wait(59)
    assert drive.status("ship") is TaskStatus.WAITING
    drive.wait(1)
    assert drive.state.task("ship").reason == "timed out: still waiting after 60 s"


def test_a_wait_is_over_after_its_time_also_when_the_run_was_left_alone_meanwhile() -> None:
    drive = Drive(wait("settle", what=Wait(seconds=30)), spec("next", "settle"))
    assert drive.scheduler.due() == drive.now.mono + 30
    drive.wait(29)
    assert drive.status("settle") is TaskStatus.WAITING

    again = drive.taken_up(after=0.5)
    assert again.status("settle") is TaskStatus.WAITING
    again.wait(0.5)

    assert again.status("settle") is TaskStatus.SUCCEEDED
    again.run("next")


def test_a_file_is_waited_for_until_somebody_has_seen_it() -> None:
    drive = Drive(wait("done", what=Wait(file="/data/done")), spec("next", "done"))
    assert drive.scheduler.watched() == {0: "/data/done"}

    drive.scheduler.appeared({0: "/data/other"}, drive.now)
    drive.turn()
    assert drive.status("done") is TaskStatus.WAITING
    drive.scheduler.appeared({0: "/data/done"}, drive.now)
    drive.turn()

    assert drive.state.task("done").result == {"value": "/data/done"}
    assert drive.scheduler.watched() == {}


def test_waiting_tasks_are_cancelled_skipped_and_given_results_like_others() -> None:
    for end, state in [("cancel", "CANCELLED"), ("skip", "SKIPPED"), ("succeed", "SUCCEEDED")]:
        drive = Drive(approve("ship"))
        if end == "cancel":
            drive.scheduler.cancel(drive.now, ["ship"], by="me")
        elif end == "skip":
            drive.scheduler.skip(drive.now, ["ship"], by="me")
        else:
            drive.scheduler.succeed(drive.now, "ship", {"value": 1}, by="me")
        drive.turn()
        assert drive.status("ship") == state
        assert drive.outcome().is_settled


def test_a_paused_run_asks_only_when_it_goes_on() -> None:
    drive = Drive(spec("first"), approve("ship", "first"))
    drive.start("first")
    drive.scheduler.pause(drive.now, by="me")
    drive.end("first")
    assert drive.status("ship") is TaskStatus.READY

    drive.scheduler.resume(drive.now, by="me")
    drive.turn()
    assert drive.status("ship") is TaskStatus.WAITING


def test_a_run_that_waits_for_a_person_is_not_stalled_by_what_is_held_beside_it() -> None:
    drive = Drive(approve("ship"), spec("held"))
    drive.scheduler.hold(drive.now, ["held"], by="me")
    drive.turn()
    assert drive.outcome() is RunStatus.RUNNING
    drive.scheduler.answer(drive.now, "ship", {}, by="me")
    drive.turn()
    assert drive.outcome() is RunStatus.STALLED


def test_a_task_upstream_that_runs_again_takes_the_question_back() -> None:
    drive = Drive(spec("first"), approve("ship", "first"))
    drive.run("first")
    drive.scheduler.rerun(drive.now, ["first"], by="me")
    drive.turn()
    assert drive.status("ship") is TaskStatus.PENDING
    drive.run("first")
    assert drive.status("ship") is TaskStatus.WAITING


def test_a_breakpoint_after_an_answer_holds_it_also_across_owners() -> None:
    drive = Drive(approve("ship"))
    drive.scheduler.set_breakpoint(drive.now, "ship", by="me", stop="after")
    drive.scheduler.answer(drive.now, "ship", {"note": "ok"}, by="ann")
    drive.turn()
    assert drive.status("ship") is TaskStatus.HELD

    again = drive.taken_up()
    again.scheduler.release(again.now, ["ship"], by="me")
    again.turn()
    assert again.state.task("ship").result == {"value": {"note": "ok"}}


def test_rolling_back_undoes_children_after_what_depends_on_them() -> None:
    """See `test_mapping` for children; here an approval in between has nothing to undo."""
    drive = Drive(spec("first"), approve("ship", "first"))
    drive.run("first")
    drive.scheduler.answer(drive.now, "ship", {}, by="me")
    drive.turn()
    drive.begin_again()
    drive.scheduler.rollback(drive.now, by="me")
    drive.turn()
    assert drive.outcome() is RunStatus.ROLLED_BACK
