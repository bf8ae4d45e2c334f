"""What the scheduler makes of an attempt that an earlier success stands in for."""

import pytest

import taskflow_core.events as ev
from taskflow_core.forecast import durations
from taskflow_core.outcomes import Cached
from taskflow_core.plan import BreakpointSpec, RollbackSpec
from taskflow_core.specs import TaskSpec
from taskflow_core.statuses import TaskStatus
from tests.core.driving import BROKEN, OK, Drive, spec

FOUND = Cached({"value": 7}, "nothing changed")


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_it_ends_the_attempt_and_the_task_and_releases_what_waits(executor: str) -> None:
    drive = Drive(spec("a", executor=executor), spec("b", "a"))
    job = drive.take("processes" if executor == "process" else "threads")
    assert job is not None
    drive.end("a", FOUND)

    task = drive.state.task("a")
    assert (task.state, task.reason, task.result) == ("SUCCEEDED", "cached", {"value": 7})
    assert task.cache is not None
    assert (task.cache.hit, task.cache.reason) == (True, "nothing changed")
    assert drive.status("b") == "READY"
    assert drive.kinds()[-4:] == ["CacheChecked", "AttemptSucceeded", "TaskSucceeded", "TaskReady"]


def test_what_it_wrote_is_written_again() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.end("a", Cached(None, "", {"key": {"value": 1}}))

    (written,) = [event for event in drive.events if isinstance(event, ev.ContextWritten)]
    assert (written.task, written.key, written.value) == ("a", "key", {"value": 1})
    assert not drive.state.is_plain


def test_why_a_task_has_to_run_is_part_of_its_attempt() -> None:
    drive = Drive(spec("a", executor="process"))
    job = drive.take("processes")
    assert job is not None
    drive.scheduler.said(ev.CacheChecked, job, drive.now, False, "no entry yet")
    drive.scheduler.began(job, drive.now, 7, {})
    drive.scheduler.said(ev.CacheNotKept, job, drive.now, "the disk is full")
    drive.end("a")

    check = drive.state.task("a").cache
    assert check is not None
    assert (check.hit, check.reason, check.not_kept) == (
        False,
        "no entry yet",
        "the disk is full",
    )
    assert drive.state.task("a").reason == "executed"


def test_what_is_said_of_an_attempt_that_is_over_is_dropped() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    job = drive.scheduler.live_jobs()[0]
    drive.end("a")
    before = len(drive.events)

    drive.scheduler.said(ev.CacheNotKept, job, drive.now, "too late")
    drive.turn()

    assert len(drive.events) == before


def test_why_it_had_to_run_is_what_was_said_of_its_first_attempt() -> None:
    drive = Drive(spec("a", retries=1))
    for reason, outcome in [("no entry yet", None), ("it is tried again", OK)]:
        drive.start("a")
        job = drive.scheduler.live_jobs()[0]
        drive.scheduler.said(ev.CacheChecked, job, drive.now, False, reason)
        drive.end("a", outcome or BROKEN)
        drive.wait(0)

    check = drive.state.task("a").cache
    assert check is not None
    assert check.reason == "no entry yet"


def test_one_that_was_told_to_stop_counts_as_stopped() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.end("a", FOUND)

    assert drive.status("a") == "CANCELLED"


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_a_breakpoint_after_it_holds_the_result(executor: str) -> None:
    drive = Drive(spec("a", executor=executor, breakpoints=[BreakpointSpec("after")]))
    assert drive.take("processes" if executor == "process" else "threads") is not None
    drive.end("a", FOUND)
    assert drive.status("a") == "HELD"

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()

    assert drive.state.task("a").reason == "cached"


def test_one_that_is_held_when_the_runner_dies_is_cached_still() -> None:
    drive = Drive(spec("a", breakpoints=[BreakpointSpec("after")]))
    drive.start("a")
    drive.end("a", FOUND)
    later = drive.taken_up()
    later.scheduler.release(later.now, ["a"], by="ann")
    later.turn()

    assert later.state.task("a").reason == "cached"


def test_there_is_nothing_to_undo_of_it() -> None:
    undo = RollbackSpec(executor="thread", function="m.undo")
    drive = Drive(TaskSpec(name="a", rollback=undo))
    drive.start("a")
    drive.end("a", FOUND)
    drive.scheduler.rollback(drive.now, by="ann")
    drive.begin_again()
    drive.turn()

    assert drive.status("a") is TaskStatus.ROLLED_BACK
    assert drive.state.task("a").reason == "nothing_to_undo"
    assert drive.state.task("a").undo == []


def test_it_says_nothing_of_how_long_the_task_takes() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.wait(3)
    drive.end("a", FOUND)

    assert durations(drive.state) == {}


def test_a_new_epoch_has_not_looked() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.end("a", FOUND)
    drive.scheduler.rerun(drive.now, ["a"], by="ann")
    drive.begin_again()
    drive.turn()

    assert drive.state.task("a").cache is None
