"""A failure blocks what depends on it, is retried as the policy says, and nothing else stops."""

import pytest

import taskflow_core.events as ev
from taskflow_core.errors import RefusedError
from taskflow_core.outcomes import Failed, Skipped
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from tests.core.driving import BROKEN, DIED, GONE, OK, Drive, spec


def test_a_failure_blocks_everything_downstream_and_names_itself() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"), spec("free"))
    drive.start("a", "free")
    drive.end("a", BROKEN)

    assert drive.status("b") is TaskStatus.UPSTREAM_FAILED
    assert drive.state.task("c").reason == "a"
    assert drive.outcome() is RunStatus.RUNNING

    drive.end("free")

    assert drive.outcome() is RunStatus.FAILED
    assert drive.state.reason == "1 task failed"


def test_a_retry_waits_as_long_as_the_policy_says() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=5)))
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.RETRY_WAIT
    assert drive.scheduler.due() == drive.now.mono + 5

    drive.wait(4.9)
    assert drive.status("a") is TaskStatus.RETRY_WAIT

    drive.wait(0.1)
    drive.run("a")
    assert drive.outcome() is RunStatus.SUCCEEDED
    assert [a.state for a in drive.state.task("a").attempts] == [
        AttemptStatus.FAILED,
        AttemptStatus.SUCCEEDED,
    ]


def test_the_jitter_that_was_drawn_is_written_down() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=10, jitter="full")))
    drive.chance = 0.25
    drive.start("a")
    drive.end("a", BROKEN)

    scheduled = next(e for e in drive.events if isinstance(e, ev.RetryScheduled))

    assert scheduled.delay == 2.5
    assert scheduled.due_at == drive.now.wall + 2.5
    assert scheduled.attempt == 2


def test_attempts_end_with_the_retries() -> None:
    drive = Drive(spec("a", retries=2))
    for _ in range(3):
        drive.start("a")
        drive.end("a", BROKEN)
        drive.wait(0)

    assert drive.status("a") is TaskStatus.FAILED
    assert drive.state.task("a").reason == "ValueError: broken"


def test_a_crash_does_not_spend_retries_but_crash_retries() -> None:
    drive = Drive(spec("a", executor="process", retry=RetryPolicy(retries=5)))
    drive.start("a")
    drive.end("a", DIED)

    assert drive.status("a") is TaskStatus.FAILED

    drive = Drive(spec("a", executor="process", retry=RetryPolicy(crash_retries=1)))
    drive.start("a")
    drive.end("a", DIED)
    drive.wait(0)

    assert drive.status("a") is TaskStatus.READY


def test_only_the_errors_that_are_named_are_retried() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=3, retry_on=("ConnectionError",))))
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.FAILED


def test_a_task_can_say_that_trying_again_is_useless() -> None:
    drive = Drive(spec("a", retries=3))
    drive.start("a")
    drive.end("a", Failed(error="no such day", final=True))

    assert drive.status("a") is TaskStatus.FAILED


def test_a_task_can_ask_for_its_next_attempt_at_its_own_time() -> None:
    drive = Drive(spec("a", retries=1))
    drive.start("a")
    drive.end("a", Failed(error="rate limit", retry_after=30))

    assert drive.scheduler.due() == drive.now.mono + 30


def test_no_attempt_starts_after_max_elapsed() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=9, delay=6, max_elapsed=10)))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(6)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.FAILED


def test_a_skip_skips_what_depends_on_it_but_a_failure_wins() -> None:
    drive = Drive(spec("a"), spec("b"), spec("c", "a"), spec("d", "a", "b"))
    drive.start("a", "b")
    drive.end("a", Skipped("nothing new"))

    assert drive.status("c") is TaskStatus.SKIPPED
    assert drive.status("d") is TaskStatus.PENDING

    drive.end("b", BROKEN)

    assert drive.status("d") is TaskStatus.UPSTREAM_FAILED


def test_a_timeout_stops_softly_then_kills_after_the_grace() -> None:
    drive = Drive(spec("a", timeout=10, grace=3))
    drive.start("a")
    drive.wait(10)

    assert drive.stops() == [("a", False)]
    assert drive.state.task("a").attempts[0].state is AttemptStatus.STOPPING

    drive.wait(3)
    assert drive.stops() == [("a", True)]

    drive.end("a", GONE)
    last = drive.state.task("a").attempts[0]
    assert (last.state, last.forced) == (AttemptStatus.TIMED_OUT, True)
    assert drive.state.task("a").reason == "timed out: still running after 10 s"


def test_a_timed_out_attempt_is_retried_only_once_nothing_is_left_of_it() -> None:
    drive = Drive(spec("a", timeout=10, retries=1))
    drive.start("a")
    drive.wait(10)

    assert drive.take() is None

    drive.end("a", GONE)
    drive.wait(0)
    drive.run("a")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_timeout_counts_as_timeout_error_for_the_policy() -> None:
    drive = Drive(spec("a", timeout=1, retry=RetryPolicy(retries=5, no_retry_on=("TimeoutError",))))
    drive.start("a")
    drive.wait(1)
    drive.end("a", GONE)

    assert drive.status("a") is TaskStatus.FAILED


def test_a_success_that_comes_after_the_order_to_stop_is_no_success() -> None:
    drive = Drive(spec("a", timeout=1))
    drive.start("a")
    drive.wait(1)
    drive.end("a", OK)

    assert drive.state.task("a").attempts[0].state is AttemptStatus.TIMED_OUT


def test_a_late_outcome_of_an_attempt_that_is_over_changes_nothing() -> None:
    drive = Drive(spec("a", retries=1))
    job = drive.take()
    assert job is not None
    drive.end("a", BROKEN)
    before = len(drive.events)

    assert not drive.scheduler.ended(job, OK, drive.now, lambda: 0.0)
    drive.turn()

    assert len(drive.events) == before


def test_retrying_by_hand_runs_the_task_and_then_what_it_blocked() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"))
    drive.start("a")
    drive.end("a", BROKEN)
    assert drive.outcome() is RunStatus.FAILED

    drive.scheduler.begin(drive.now, owner=2, term=2)
    assert drive.scheduler.retry(drive.now, None, by="ann") == ["a"]
    drive.turn()

    assert drive.statuses() == {"a": "READY", "b": "PENDING", "c": "PENDING"}

    drive.run("a", "b", "c")
    assert drive.outcome() is RunStatus.SUCCEEDED
    assert [a.attempt for a in drive.state.task("a").attempts] == [1, 2]


def test_what_another_failure_blocks_stays_blocked() -> None:
    drive = Drive(spec("a"), spec("b"), spec("join", "a", "b"), spec("free"))
    drive.start("a", "b", "free")
    drive.end("a", BROKEN)
    drive.end("b", BROKEN)
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.statuses() == {
        "a": "READY",
        "b": "FAILED",
        "join": "UPSTREAM_FAILED",
        "free": "RUNNING",
    }


def test_a_manual_retry_keeps_the_budget_spent() -> None:
    drive = Drive(spec("a", retries=1), spec("free"))
    drive.start("a", "free")
    drive.end("a", BROKEN)
    drive.wait(0)
    drive.start("a")
    drive.end("a", BROKEN)
    drive.scheduler.retry(drive.now, None, by="ann")
    drive.turn()
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.FAILED
    assert len(drive.state.task("a").attempts) == 3


def test_a_task_that_did_not_fail_cannot_be_retried_and_says_why() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("ok"))
    drive.start("a", "ok")
    drive.end("ok")
    drive.end("a", BROKEN)

    with pytest.raises(RefusedError, match="'b' did not fail itself: 'a' did"):
        drive.scheduler.retryable(["b"])
    with pytest.raises(RefusedError, match="'ok' is SUCCEEDED"):
        drive.scheduler.retryable(["ok"])
