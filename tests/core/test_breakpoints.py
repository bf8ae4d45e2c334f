"""A breakpoint holds a task before it starts, or after it ends; nothing that runs is frozen."""

import pytest

import taskflow_core.events as ev
from taskflow_core.errors import RefusedError, TaskflowError
from taskflow_core.plan import BreakpointSpec
from taskflow_core.policies import RetryPolicy, Stop
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from tests.core.driving import BROKEN, DIED, GONE, OK, Drive, spec

STOPS: tuple[Stop, ...] = ("before", "after", "on_failure", "on_retry")


def at(stop: Stop, condition: str | None = None, hit: int = 1) -> tuple[BreakpointSpec]:
    """Return one breakpoint of a flow."""
    return (BreakpointSpec(stop, condition, hit),)


def held(stop: Stop, *, on_failure: str = "finish") -> Drive:
    """Return a run whose first task is held where `stop` says."""
    retry = RetryPolicy(retries=1 if stop == "on_retry" else 0, delay=5)
    drive = Drive(
        spec("a", breakpoints=at(stop), retry=retry), spec("b", "a"), on_failure=on_failure
    )
    if stop != "before":
        drive.start("a")
        drive.end("a", OK if stop == "after" else BROKEN)
    return drive


def resume(drive: Drive) -> None:
    """Let the run go on."""
    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()


@pytest.mark.parametrize("stop", STOPS)
def test_a_hit_holds_the_task_and_pauses_the_run(stop: Stop) -> None:
    drive = held(stop)

    assert drive.statuses() == {"a": "HELD", "b": "PENDING"}
    assert drive.state.task("a").reason == "breakpoint"
    assert drive.state.task("a").held == stop
    assert (drive.outcome(), drive.state.reason) == (RunStatus.PAUSED, "breakpoint")


@pytest.mark.parametrize("stop", STOPS)
def test_a_held_task_takes_no_slot(stop: Stop) -> None:
    drive = Drive(spec("a", breakpoints=at(stop), retries=1), spec("b"), slots=1)
    if stop != "before":
        drive.start("a")
        drive.end("a", OK if stop == "after" else BROKEN)
        if stop == "on_failure":
            drive.wait(0)
            drive.start("a")
            drive.end("a", BROKEN)
    drive.scheduler.clear_breakpoint(drive.now, "a", by="ann", stop=stop)
    drive.scheduler.hold(drive.now, ["a"], by="ann")
    resume(drive)

    assert drive.status("a") is TaskStatus.HELD

    drive.run("b")


# --- going on ----------------------------------------------------------------------------


def test_before_a_task_starts_once_it_is_resumed() -> None:
    drive = held("before")

    assert drive.take() is None

    resume(drive)
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED
    assert drive.kinds().count("TaskHeld") == 1


def test_after_a_task_its_result_is_seen_by_nobody_until_it_is_resumed() -> None:
    drive = held("after")

    assert drive.state.task("a").attempts[0].state is AttemptStatus.SUCCEEDED
    assert "TaskSucceeded" not in drive.kinds()

    resume(drive)

    assert drive.status("a") is TaskStatus.SUCCEEDED
    assert drive.state.task("a").result == {"value": 1}

    drive.run("b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_on_failure_the_failure_is_seen_by_nobody_until_it_is_resumed() -> None:
    drive = held("on_failure")
    resume(drive)

    assert drive.statuses() == {"a": "FAILED", "b": "UPSTREAM_FAILED"}
    assert drive.state.task("a").reason == "ValueError: broken"
    assert drive.outcome() is RunStatus.FAILED


def test_on_retry_the_wait_begins_once_it_is_resumed() -> None:
    drive = held("on_retry")
    drive.wait(100)
    resume(drive)

    assert drive.status("a") is TaskStatus.RETRY_WAIT
    assert drive.scheduler.due() == drive.now.mono + 5

    drive.wait(5)
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_on_failure_holds_only_when_nothing_is_left_to_try() -> None:
    drive = Drive(spec("a", breakpoints=at("on_failure"), retries=1))
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.RETRY_WAIT

    drive.wait(0)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.state.task("a").held == "on_failure"


def test_on_failure_holds_what_timed_out_and_what_crashed() -> None:
    drive = Drive(
        spec("late", breakpoints=at("on_failure"), timeout=1),
        spec("dead", breakpoints=at("on_failure"), executor="process"),
    )
    drive.start("late", "dead")
    drive.wait(1)
    drive.end("late", GONE)
    drive.end("dead", DIED)

    assert drive.statuses() == {"late": "HELD", "dead": "HELD"}

    resume(drive)

    assert drive.state.task("late").reason == "timed out: still running after 1 s"
    assert drive.state.task("dead").reason == "its process was killed by SIGKILL"


def test_on_failure_holds_a_process_that_could_not_even_be_started() -> None:
    drive = Drive(spec("a", breakpoints=at("on_failure"), executor="shell"))
    job = drive.take("processes")
    assert job is not None
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.HELD


def test_what_was_let_go_does_not_stop_at_the_same_place_again() -> None:
    drive = Drive(
        spec("a", breakpoints=(BreakpointSpec("before"), BreakpointSpec("after"))), spec("b", "a")
    )
    resume(drive)
    drive.scheduler.pause(drive.now, by="ann")
    resume(drive)
    drive.start("a")
    drive.end("a")

    assert drive.state.task("a").held == "after"

    resume(drive)

    assert drive.kinds().count("TaskHeld") == 2
    assert drive.status("b") is TaskStatus.READY


def test_one_resume_lets_all_of_them_go_and_stops_at_the_next() -> None:
    drive = Drive(
        spec("x"),
        spec("a", "x", breakpoints=at("before")),
        spec("b", breakpoints=at("after")),
        spec("c", "b", breakpoints=at("before")),
    )
    drive.start("x", "b")
    drive.end("x")
    drive.end("b")

    assert drive.statuses() == {"x": "SUCCEEDED", "a": "HELD", "b": "HELD", "c": "PENDING"}

    resume(drive)

    assert drive.statuses() == {"x": "SUCCEEDED", "a": "READY", "b": "SUCCEEDED", "c": "HELD"}
    assert drive.outcome() is RunStatus.PAUSED


def test_releasing_one_task_leaves_the_run_paused() -> None:
    drive = Drive(spec("a", breakpoints=at("before")), spec("b", breakpoints=at("before")))
    drive.scheduler.release(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "READY", "b": "HELD"}
    assert drive.take() is None

    resume(drive)
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


@pytest.mark.parametrize("on_failure", ["stop", "cancel"])
def test_one_failure_that_is_let_go_may_end_the_others_that_are_held(on_failure: str) -> None:
    drive = Drive(
        spec("a", breakpoints=at("on_failure")),
        spec("b", breakpoints=at("on_failure")),
        on_failure=on_failure,
    )
    drive.start("a", "b")
    drive.end("a", BROKEN)
    drive.end("b", BROKEN)
    resume(drive)

    assert drive.statuses() == {"a": "FAILED", "b": "CANCELLED"}
    assert drive.outcome() is RunStatus.FAILED


# --- conditions and hits -----------------------------------------------------------------


def test_a_breakpoint_stops_only_where_its_condition_is_true() -> None:
    asked: list[tuple[str, int]] = []

    def is_b(expression: str, number: int) -> bool:
        asked.append((expression, number))
        return number == 1

    drive = Drive(
        spec("a", breakpoints=at("before", "is_b")),
        spec("b", breakpoints=at("before", "is_b")),
        evaluate=is_b,
    )

    assert drive.statuses() == {"a": "READY", "b": "HELD"}
    assert asked == [("is_b", 0), ("is_b", 1)]


def test_a_condition_that_cannot_be_evaluated_stops_and_says_what_is_wrong() -> None:
    def broken(expression: str, number: int) -> object:
        raise TaskflowError(f"{expression!r} is undefined")

    drive = Drive(spec("a", breakpoints=at("before", "day")), evaluate=broken)

    assert drive.status("a") is TaskStatus.HELD
    assert drive.state.task("a").reason == "breakpoint: 'day' is undefined"
    assert drive.outcome() is RunStatus.PAUSED


def test_a_breakpoint_stops_from_its_hit_on() -> None:
    """Every attempt arrives at the place again."""
    drive = Drive(spec("a", breakpoints=at("before", hit=2), retries=2))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(0)

    assert drive.status("a") is TaskStatus.HELD

    resume(drive)
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(0)

    assert drive.status("a") is TaskStatus.HELD


def test_arrivals_where_the_condition_is_false_are_no_hits() -> None:
    values = iter([False, True, True])
    drive = Drive(
        spec("a", breakpoints=at("before", "x", hit=2), retries=2),
        evaluate=lambda text, number: next(values),
    )
    for _ in range(2):
        drive.start("a")
        drive.end("a", BROKEN)
        drive.wait(0)

    assert drive.status("a") is TaskStatus.HELD


def test_setting_a_breakpoint_anew_counts_from_the_first_hit() -> None:
    drive = Drive(spec("a", breakpoints=at("on_retry", hit=2), retries=3))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.scheduler.set_breakpoint(drive.now, "a", by="ann", stop="on_retry", hit=2)
    drive.wait(0)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.RETRY_WAIT

    drive.wait(0)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.HELD


# --- by people ---------------------------------------------------------------------------


def test_the_flow_s_own_breakpoints_are_recorded_as_such() -> None:
    drive = Drive(spec("a", breakpoints=at("after", "x > 1", 3)))
    place = next(event for event in drive.events if isinstance(event, ev.BreakpointSet))

    assert (place.by, place.target, place.stop) == ("flow", "a", "after")
    assert (place.condition, place.hit) == ("x > 1", 3)


def test_people_set_and_clear_breakpoints_while_the_run_goes_on() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"))
    drive.scheduler.set_breakpoint(drive.now, "b", by="ann")
    drive.scheduler.set_breakpoint(drive.now, "c", by="ann", stop="after")
    drive.run("a")

    assert drive.status("b") is TaskStatus.HELD

    drive.scheduler.clear_breakpoint(drive.now, "c", by="ann", stop="after")
    resume(drive)
    drive.run("b", "c")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_breakpoint_before_a_task_that_is_ready_already_stops_it_there() -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.scheduler.set_breakpoint(drive.now, "a", by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "HELD", "b": "READY"}
    assert (drive.outcome(), drive.state.reason) == (RunStatus.PAUSED, "breakpoint")

    resume(drive)
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_breakpoint_that_does_not_stop_a_ready_task_leaves_it_in_its_place() -> None:
    drive = Drive(spec("a"), spec("b"), evaluate=lambda text, number: False)
    drive.scheduler.set_breakpoint(drive.now, "a", by="ann", condition="never")
    drive.scheduler.set_breakpoint(drive.now, "b", by="ann", stop="after", condition="never")
    drive.turn()

    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_what_is_held_stays_held_when_its_breakpoint_is_cleared() -> None:
    drive = held("before")
    drive.scheduler.clear_breakpoint(drive.now, "a", by="ann")
    drive.turn()

    assert drive.status("a") is TaskStatus.HELD

    drive.scheduler.release(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.status("a") is TaskStatus.READY


def test_a_task_that_runs_already_is_not_held_before_it() -> None:
    drive = Drive(spec("a"))
    drive.start("a")
    drive.scheduler.set_breakpoint(drive.now, "a", by="ann")
    drive.end("a")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_breakpoint_that_cannot_be_is_refused() -> None:
    drive = Drive(spec("a"))

    with pytest.raises(RefusedError, match="no breakpoint after 'a'"):
        drive.scheduler.clear_breakpoint(drive.now, "a", by="ann", stop="after")
    with pytest.raises(RefusedError, match="hit 0"):
        drive.scheduler.set_breakpoint(drive.now, "a", by="ann", hit=0)
    with pytest.raises(TaskflowError, match="'x'"):
        drive.scheduler.set_breakpoint(drive.now, "x", by="ann")


# --- what else can happen to a held task -------------------------------------------------


@pytest.mark.parametrize("stop", STOPS)
def test_a_held_task_can_be_cancelled(stop: Stop) -> None:
    drive = held(stop)
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "CANCELLED", "b": "UPSTREAM_FAILED"}
    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "1 task cancelled")


@pytest.mark.parametrize("stop", STOPS)
def test_a_run_with_a_held_task_can_be_cancelled(stop: Stop) -> None:
    drive = held(stop)
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "CANCELLED", "b": "CANCELLED"}
    assert drive.outcome() is RunStatus.CANCELLED


@pytest.mark.parametrize("stop", STOPS)
def test_a_held_task_can_be_skipped(stop: Stop) -> None:
    drive = held(stop)
    drive.scheduler.skip(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.statuses() == {"a": "SKIPPED", "b": "SKIPPED"}
    assert drive.outcome() is RunStatus.SUCCEEDED


@pytest.mark.parametrize("stop", STOPS)
def test_a_held_task_can_be_given_another_result(stop: Stop) -> None:
    drive = held(stop)
    drive.scheduler.succeed(drive.now, "a", 7, by="ann")
    resume(drive)
    drive.run("b")

    assert drive.state.task("a").result == 7
    assert drive.state.task("a").reason == "injected"
    assert drive.outcome() is RunStatus.SUCCEEDED


@pytest.mark.parametrize("stop", ["on_failure", "on_retry"])
def test_a_failure_that_is_held_can_be_tried_again_at_once(stop: Stop) -> None:
    drive = held(stop)
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    resume(drive)
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED
    assert len(drive.state.task("a").attempts) == 2


def test_a_retry_of_everything_that_failed_includes_a_failure_that_is_held() -> None:
    drive = held("on_failure")

    assert drive.scheduler.retry(drive.now, None, by="ann") == ["a"]


def test_a_success_that_is_held_can_be_run_again_instead() -> None:
    drive = held("after")
    drive.scheduler.clear_breakpoint(drive.now, "a", by="ann", stop="after")
    drive.scheduler.rerun(drive.now, ["a"], by="ann", changes={"x": 2})
    resume(drive)
    drive.run("a", "b")

    assert drive.state.task("a").epoch == 1
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_task_held_before_it_starts_cannot_be_retried_or_run_again() -> None:
    drive = held("before")

    with pytest.raises(RefusedError, match="'a' is HELD"):
        drive.scheduler.retry(drive.now, ["a"], by="ann")
    with pytest.raises(RefusedError, match="'a' has not run yet"):
        drive.scheduler.rerun(drive.now, ["a"], by="ann")


# --- interruption ------------------------------------------------------------------------


@pytest.mark.parametrize("stop", STOPS)
def test_what_is_held_is_held_under_a_new_owner_too(stop: Stop) -> None:
    drive = held(stop).taken_up(after=60)

    assert drive.statuses() == {"a": "HELD", "b": "PENDING"}
    assert drive.state.task("a").held == stop


def test_a_new_owner_starts_what_was_held_before_its_start() -> None:
    drive = held("before").taken_up()
    resume(drive)
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED
    assert drive.kinds().count("TaskHeld") == 1


def test_a_new_owner_lets_a_held_result_go() -> None:
    drive = held("after").taken_up()
    drive.scheduler.release(drive.now, ["a"], by="ann")
    drive.turn()
    drive.run("b")

    assert drive.state.task("a").result == {"value": 1}
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_new_owner_lets_a_held_failure_go() -> None:
    drive = held("on_failure").taken_up()
    resume(drive)

    assert drive.statuses() == {"a": "FAILED", "b": "UPSTREAM_FAILED"}
    assert drive.state.task("a").reason == "ValueError: broken"


def test_a_new_owner_tries_again_what_was_held_before_its_retry() -> None:
    drive = held("on_retry").taken_up()
    resume(drive)
    drive.wait(0)
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_new_owner_does_not_stop_again_where_a_task_was_let_go() -> None:
    before = held("before")
    resume(before)
    drive = before.taken_up()

    assert drive.status("a") is TaskStatus.READY
