"""Time limits: of an attempt, of a task over all of its attempts, of a run; in awake time."""

import pytest

from taskflow_core.clock import Instant
from taskflow_core.outcomes import Failed
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from tests.core.driving import BROKEN, DIED, GONE, OK, Drive, spec


def jump(drive: Drive, seconds: float) -> None:
    """Set the wall clock, as an administrator or a time server does."""
    drive.now = Instant(drive.now.wall + seconds, drive.now.mono)
    drive.scheduler.tick(drive.now)
    drive.turn()


# --- of an attempt -----------------------------------------------------------------------


def test_a_timeout_counts_from_the_start_and_not_from_the_queue() -> None:
    drive = Drive(spec("a", executor="process", timeout=10))
    job = drive.take("processes")
    assert job is not None
    drive.wait(100)

    assert drive.stops() == []

    drive.scheduler.began(job, drive.now, 77, {})
    drive.wait(9)

    assert drive.stops() == []

    drive.wait(1)

    assert drive.stops() == [("a", False)]


def test_every_attempt_has_its_own_timeout() -> None:
    drive = Drive(spec("a", timeout=10, retries=1))
    drive.start("a")
    drive.wait(6)
    drive.end("a", BROKEN)
    drive.wait(0)
    drive.start("a")
    drive.wait(6)

    assert drive.stops() == []

    drive.wait(4)

    assert drive.stops() == [("a", False)]


@pytest.mark.parametrize("seconds", [86_400.0, -86_400.0])
def test_a_jump_of_the_wall_clock_neither_fires_a_timeout_nor_puts_it_off(seconds: float) -> None:
    drive = Drive(spec("a", timeout=10))
    drive.start("a")
    jump(drive, seconds)

    assert drive.stops() == []

    drive.wait(10)

    assert drive.stops() == [("a", False)]


def test_a_success_recorded_before_the_timeout_wins() -> None:
    drive = Drive(spec("a", timeout=10))
    drive.start("a")
    drive.end("a")
    drive.wait(10)

    assert drive.stops() == []
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_timeout_recorded_before_the_result_wins_and_the_result_is_dropped() -> None:
    drive = Drive(spec("a", timeout=10), spec("b", "a"))
    drive.start("a")
    drive.wait(10)
    drive.end("a", OK)

    assert drive.statuses() == {"a": "FAILED", "b": "UPSTREAM_FAILED"}
    assert "TaskSucceeded" not in drive.kinds()


def test_a_failure_after_the_order_to_stop_is_the_timeout() -> None:
    drive = Drive(spec("a", timeout=10, retry=RetryPolicy(retries=1, retry_on=("ValueError",))))
    drive.start("a")
    drive.wait(10)
    drive.end("a", BROKEN)

    assert drive.state.task("a").attempts[0].state is AttemptStatus.TIMED_OUT
    assert drive.status("a") is TaskStatus.FAILED


def test_a_timeout_is_never_a_crash_even_if_the_process_died_of_it() -> None:
    drive = Drive(
        spec("a", executor="process", timeout=1, retry=RetryPolicy(retries=0, crash_retries=5))
    )
    drive.start("a")
    drive.wait(1)
    drive.end("a", DIED)

    assert drive.state.task("a").attempts[0].state is AttemptStatus.TIMED_OUT
    assert drive.status("a") is TaskStatus.FAILED


@pytest.mark.parametrize("name", ["TimeoutError", "builtins.TimeoutError", "OSError", "Exception"])
def test_a_timeout_is_retried_where_the_policy_names_timeout_error_or_a_base(name: str) -> None:
    drive = Drive(spec("a", timeout=1, retry=RetryPolicy(retries=1, retry_on=(name,))))
    drive.start("a")
    drive.wait(1)
    drive.end("a", GONE)

    assert drive.status("a") is TaskStatus.RETRY_WAIT


def test_a_timeout_is_not_retried_where_only_other_errors_are() -> None:
    drive = Drive(spec("a", timeout=1, retry=RetryPolicy(retries=1, retry_on=("ValueError",))))
    drive.start("a")
    drive.wait(1)
    drive.end("a", GONE)

    assert drive.status("a") is TaskStatus.FAILED


def test_what_ends_within_its_grace_is_not_killed() -> None:
    drive = Drive(spec("a", timeout=1, grace=5))
    drive.start("a")
    drive.wait(1)
    drive.stops()
    drive.end("a", GONE)
    drive.wait(5)

    assert drive.stops() == []


# --- a timeout and a person --------------------------------------------------------------


def stopping(*, retries: int = 0) -> Drive:
    """Return a run whose task took too long and is in its grace."""
    drive = Drive(spec("a", timeout=10, grace=5, retries=retries), spec("b", "a"))
    drive.start("a")
    drive.wait(10)
    assert drive.stops() == [("a", False)]
    return drive


def test_a_person_who_cancels_what_is_being_stopped_leaves_it_its_grace() -> None:
    drive = stopping()
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.stops() == []

    drive.wait(5)

    assert drive.stops() == [("a", True)]


def test_a_person_who_cancels_twice_kills_what_is_being_stopped() -> None:
    drive = stopping()
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.stops() == [("a", True)]


def test_what_a_person_cancelled_is_not_tried_again_because_it_took_too_long() -> None:
    drive = stopping(retries=3)
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.end("a", GONE)

    assert drive.statuses() == {"a": "CANCELLED", "b": "UPSTREAM_FAILED"}


def test_a_breakpoint_does_not_keep_a_run_from_being_cancelled() -> None:
    drive = stopping()
    drive.scheduler.set_breakpoint(drive.now, "a", by="ann", stop="on_failure")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.end("a", GONE)

    assert drive.outcome() is RunStatus.CANCELLED


# --- of a task ---------------------------------------------------------------------------


def limited(
    seconds: float, *, delay: float = 0.0, no_retry_on: tuple[str, ...] = ()
) -> RetryPolicy:
    """Return a policy with many retries and a limit on all of them."""
    return RetryPolicy(retries=9, max_elapsed=seconds, delay=delay, no_retry_on=no_retry_on)


def test_an_attempt_is_stopped_when_the_time_of_its_task_is_over() -> None:
    drive = Drive(spec("a", retry=limited(10)))
    drive.start("a")
    drive.wait(6)
    drive.end("a", BROKEN)
    drive.wait(0)
    drive.start("a")
    drive.wait(3.9)

    assert drive.stops() == []

    drive.wait(0.1)

    assert drive.stops() == [("a", False)]

    drive.end("a", GONE)

    assert drive.status("a") is TaskStatus.FAILED
    assert drive.state.task("a").reason == "timed out: still running after 10 s"


def test_an_attempt_that_is_being_stopped_is_not_stopped_again_for_another_reason() -> None:
    drive = Drive(spec("a", timeout=10, grace=60, retry=limited(12)), timeout=14)
    drive.start("a")
    drive.wait(10)
    drive.wait(2)

    assert drive.stops() == [("a", False)]

    drive.wait(2)

    assert drive.stops() == []
    assert drive.outcome() is RunStatus.CANCELLING


def test_the_time_of_a_task_counts_its_waits() -> None:
    drive = Drive(spec("a", retry=limited(10, delay=4)))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(4)
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(4)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.FAILED


def test_a_wait_that_the_task_asks_for_itself_may_not_be_longer_than_its_time() -> None:
    drive = Drive(spec("a", retry=limited(10)))
    drive.start("a")
    drive.end("a", Failed(error="rate limit", retry_after=11))

    assert drive.status("a") is TaskStatus.FAILED


@pytest.mark.parametrize("seconds", [86_400.0, -86_400.0])
def test_the_time_of_a_task_does_not_jump_with_the_wall_clock(seconds: float) -> None:
    drive = Drive(spec("a", retry=limited(10, delay=4)))
    drive.start("a")
    jump(drive, seconds)
    drive.end("a", BROKEN)
    drive.wait(4)
    drive.start("a")
    drive.wait(5)

    assert drive.stops() == []

    drive.wait(1)

    assert drive.stops() == [("a", False)]


def test_time_that_nobody_worked_does_not_count_against_a_task() -> None:
    drive = Drive(spec("a", retry=limited(10, delay=4)))
    drive.start("a")
    drive.wait(3)
    drive.end("a", BROKEN)
    drive = drive.taken_up(after=86_400)
    drive.wait(0)
    drive.start("a")
    drive.wait(6)

    assert drive.stops() == []

    drive.wait(1)

    assert drive.stops() == [("a", False)]


def test_a_person_who_tries_again_after_the_time_is_over_gives_the_task_its_time_again() -> None:
    drive = Drive(spec("a", retry=limited(10)), spec("slow"))
    drive.start("a", "slow")
    drive.wait(10)
    drive.end("a", GONE)
    drive.stops()
    drive.wait(100)
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.turn()
    drive.start("a")
    drive.wait(9)

    assert drive.stops() == []

    drive.wait(1)

    assert drive.stops() == [("a", False)]


def test_a_fresh_retry_gives_all_of_the_time_again_and_counts_from_the_new_start() -> None:
    drive = Drive(spec("a", retry=limited(10, no_retry_on=("ValueError",))), spec("slow"), slots=2)
    drive.start("a", "slow")
    drive.wait(6)
    drive.end("a", BROKEN)
    drive.scheduler.pause(drive.now, by="ann")
    drive.scheduler.retry(drive.now, ["a"], by="ann", fresh=True)
    drive.wait(50)
    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.start("a")
    drive.wait(9)

    assert drive.stops() == []

    drive.wait(1)

    assert drive.stops() == [("a", False)]


def test_a_second_run_of_a_task_has_all_of_its_time() -> None:
    drive = Drive(spec("a", retry=limited(10)), spec("slow"))
    drive.start("a", "slow")
    drive.wait(8)
    drive.end("a")
    drive.scheduler.rerun(drive.now, ["a"], by="ann")
    drive.turn()
    drive.start("a")
    drive.wait(9)

    assert drive.stops() == []


# --- of a run ----------------------------------------------------------------------------


def test_a_run_that_takes_too_long_is_cancelled_and_has_failed() -> None:
    drive = Drive(spec("a"), spec("b", "a"), timeout=10)
    drive.start("a")
    drive.wait(10)

    assert drive.stops() == [("a", False)]
    assert drive.outcome() is RunStatus.CANCELLING

    drive.end("a", GONE)

    assert drive.statuses() == {"a": "CANCELLED", "b": "CANCELLED"}
    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "run_timeout")


def test_a_person_who_cancels_a_run_that_took_too_long_kills_and_it_stays_a_timeout() -> None:
    drive = Drive(spec("a"), timeout=10)
    drive.start("a")
    drive.wait(10)
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    assert drive.stops() == [("a", False), ("a", True)]

    drive.end("a", GONE)

    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "run_timeout")


def test_a_run_that_a_person_cancels_first_does_not_time_out() -> None:
    drive = Drive(spec("a", grace=60), timeout=10)
    drive.start("a")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.stops()
    drive.wait(10)

    assert drive.stops() == []

    drive.end("a", GONE)

    assert drive.outcome() is RunStatus.CANCELLED


def test_a_run_that_ended_in_time_does_not_time_out_later() -> None:
    drive = Drive(spec("a"), timeout=10)
    drive.run("a")
    drive.wait(10)

    assert drive.outcome() is RunStatus.SUCCEEDED


@pytest.mark.parametrize("seconds", [86_400.0, -86_400.0])
def test_the_time_of_a_run_does_not_jump_with_the_wall_clock(seconds: float) -> None:
    drive = Drive(spec("a"), timeout=10)
    drive.start("a")
    jump(drive, seconds)
    drive.wait(9)

    assert drive.outcome() is RunStatus.RUNNING

    drive.wait(1)

    assert drive.outcome() is RunStatus.CANCELLING


def test_time_between_the_end_of_a_run_and_its_retry_does_not_count() -> None:
    drive = Drive(spec("a"), timeout=10)
    drive.start("a")
    drive.wait(4)
    drive.end("a", BROKEN)
    drive.now = Instant(drive.now.wall + 3600, drive.now.mono + 3600)
    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="ann")
    drive.wait(0)

    assert drive.outcome() is RunStatus.RUNNING

    drive.start("a")
    drive.wait(5)

    assert drive.outcome() is RunStatus.RUNNING

    drive.wait(1)

    assert drive.outcome() is RunStatus.CANCELLING


def test_time_between_two_owners_does_not_count() -> None:
    drive = Drive(spec("a"), spec("b", "a"), timeout=10)
    drive.start("a")
    drive.wait(4)
    drive.end("a")
    drive = drive.taken_up(after=3600)
    drive.start("b")
    drive.wait(5)

    assert drive.outcome() is RunStatus.RUNNING

    drive.wait(1)

    assert drive.outcome() is RunStatus.CANCELLING


def test_a_run_times_out_while_it_is_paused_for_somebody_too() -> None:
    drive = Drive(spec("a"), timeout=10)
    drive.scheduler.pause(drive.now, by="ann")
    drive.wait(10)

    assert (drive.outcome(), drive.state.reason) == (RunStatus.FAILED, "run_timeout")


# --- many --------------------------------------------------------------------------------


def test_100000_waits_are_one_queue_and_cost_no_thread() -> None:
    tasks = [spec(f"t{n}", retry=RetryPolicy(retries=1, delay=1 + n % 7)) for n in range(100_000)]
    drive = Drive(*tasks, slots=100_000, begin=False)
    drive.scheduler.begin(drive.now, owner=1, term=1)
    while (job := drive.scheduler.take("threads", drive.now)) is not None:
        drive.scheduler.ended(job, BROKEN, drive.now, lambda: 0.0)

    assert drive.state.counts[TaskStatus.RETRY_WAIT] == 100_000
    assert drive.scheduler.due() == drive.now.mono + 1

    drive.scheduler.tick(Instant(drive.now.wall + 7, drive.now.mono + 7))

    assert drive.state.counts[TaskStatus.READY] == 100_000
    assert drive.scheduler.due() is None
