"""A failure blocks what depends on it, is retried as the policy says, and nothing else stops."""

from typing import Any

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


def test_a_fresh_manual_retry_has_the_whole_budget_again() -> None:
    drive = Drive(spec("a", retries=1), spec("free"))
    drive.start("a", "free")
    drive.end("a", BROKEN)
    drive.wait(0)
    drive.start("a")
    drive.end("a", BROKEN)
    drive.scheduler.retry(drive.now, ["a"], by="ann", fresh=True)
    drive.turn()
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.RETRY_WAIT

    drive.wait(0)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.FAILED
    assert [a.attempt for a in drive.state.task("a").attempts] == [1, 2, 3, 4]


def test_a_manual_retry_does_not_wait_for_the_time_of_the_next_attempt() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=60)))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.turn()
    drive.run("a")
    drive.wait(60)

    assert len(drive.state.task("a").attempts) == 2
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_the_time_set_for_an_attempt_that_was_made_by_hand_does_not_start_the_one_after() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=2, delay=60)))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.wait(30)
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(30)

    assert drive.status("a") is TaskStatus.RETRY_WAIT

    drive.wait(30)

    assert drive.status("a") is TaskStatus.READY


def test_a_retry_of_a_task_that_succeeded_runs_it_again_in_a_new_epoch() -> None:
    drive = Drive(spec("a"), spec("ok"))
    drive.start("a", "ok")
    drive.end("ok")

    assert drive.scheduler.retry(drive.now, ["ok"], by="ann") == ["ok"]

    drive.turn()
    drive.run("ok")

    assert drive.state.task("ok").epoch == 1


def test_a_retry_names_each_task_once_and_keeps_failed_and_succeeded_apart() -> None:
    drive = Drive(spec("bad"), spec("ok"), spec("slow"))
    drive.start("bad", "ok", "slow")
    drive.end("bad", BROKEN)
    drive.end("ok")

    assert drive.scheduler.retry(drive.now, ["bad", "ok", "bad"], by="ann") == ["bad", "ok"]

    drive.turn()

    assert (drive.state.task("bad").epoch, drive.state.task("ok").epoch) == (0, 1)


def test_a_task_that_cannot_be_retried_says_why() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("runs"), spec("waits", "runs"))
    drive.start("a", "runs")
    drive.end("a", BROKEN)

    with pytest.raises(RefusedError, match="'b' did not fail itself: 'a' did") as caught:
        drive.scheduler.retryable(["b"])
    with pytest.raises(RefusedError, match="'runs' is RUNNING"):
        drive.scheduler.retryable(["runs"])
    with pytest.raises(RefusedError, match="'waits' is PENDING"):
        drive.scheduler.retryable(["waits"])

    assert caught.value.hint == "Retry 'a'; 'b' follows by itself."


def test_a_retry_of_everything_is_refused_where_nothing_failed() -> None:
    drive = Drive(spec("a"))

    with pytest.raises(RefusedError, match="no task has failed"):
        drive.scheduler.retry(drive.now, None, by="ann")


# --- how long it waits, and what for -----------------------------------------------------


def waits(policy: RetryPolicy, attempts: int, chance: float = 0.5) -> list[float]:
    """Fail so many attempts of a task, and return how long it waited after each."""
    drive = Drive(spec("a", retry=policy))
    drive.chance = chance
    for _ in range(attempts):
        drive.start("a")
        drive.end("a", BROKEN)
        due = drive.scheduler.due()
        assert due is not None
        drive.wait(due - drive.now.mono)
    return [event.delay for event in drive.events if isinstance(event, ev.RetryScheduled)]


def test_a_fixed_delay_stays_the_same() -> None:
    assert waits(RetryPolicy(retries=3, delay=2), 3) == [2, 2, 2]


def test_a_linear_delay_grows_by_itself() -> None:
    assert waits(RetryPolicy(retries=3, delay=2, backoff="linear"), 3) == [2, 4, 6]


def test_an_exponential_delay_is_multiplied_by_the_factor() -> None:
    assert waits(RetryPolicy(retries=3, delay=2, backoff="exponential"), 3) == [2, 4, 8]
    assert waits(RetryPolicy(retries=3, delay=2, backoff="exponential", factor=3), 3) == [2, 6, 18]


def test_a_list_of_delays_repeats_its_last() -> None:
    assert waits(RetryPolicy(retries=4, delay=(1, 5, 9)), 4) == [1, 5, 9, 9]


def test_no_wait_is_longer_than_max_delay_and_jitter_comes_after_it() -> None:
    policy = RetryPolicy(retries=3, delay=2, backoff="exponential", max_delay=3)

    assert waits(policy, 3) == [2, 3, 3]

    jittery = RetryPolicy(
        retries=2, delay=2, backoff="exponential", max_delay=3, jitter="plus_minus"
    )

    assert waits(jittery, 2, chance=0.75) == [2.5, 3.75]


def test_full_jitter_draws_from_nothing_to_the_whole_wait() -> None:
    policy = RetryPolicy(retries=1, delay=8, jitter="full")

    assert waits(policy, 1, chance=0.0) == [0]
    assert waits(policy, 1, chance=0.5) == [4]


def test_crashes_and_failures_have_budgets_of_their_own() -> None:
    drive = Drive(spec("a", executor="process", retry=RetryPolicy(retries=1, crash_retries=1)))
    for outcome in (DIED, BROKEN):
        drive.start("a")
        drive.end("a", outcome)
        drive.wait(0)

        assert drive.status("a") is TaskStatus.READY

    drive.start("a")
    drive.end("a", DIED)

    assert drive.status("a") is TaskStatus.FAILED
    assert drive.state.task("a").reason == "its process was killed by SIGKILL"


def test_a_crash_is_tried_again_at_once_whatever_the_delay() -> None:
    drive = Drive(spec("a", executor="process", retry=RetryPolicy(delay=60, crash_retries=1)))
    drive.start("a")
    drive.end("a", DIED)

    assert drive.scheduler.due() == drive.now.mono


def test_a_timeout_spends_a_retry_like_any_failure() -> None:
    drive = Drive(spec("a", timeout=1, retries=1))
    drive.start("a")
    drive.wait(1)
    drive.end("a", GONE)
    drive.wait(0)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.FAILED


def failing_with(outcome: Failed, **policy: Any) -> TaskStatus:
    """Return what becomes of a task with that policy whose first attempt ends so."""
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, **policy)))
    drive.start("a")
    drive.end("a", outcome)
    return drive.status("a")


def test_an_error_is_retried_by_its_own_name_or_that_of_a_base_and_no_retry_on_wins() -> None:
    again, over = TaskStatus.RETRY_WAIT, TaskStatus.FAILED

    assert failing_with(BROKEN, retry_on=("ValueError",)) is again
    assert failing_with(BROKEN, retry_on=("Exception",)) is again
    assert failing_with(BROKEN, retry_on=("KeyError",)) is over
    assert failing_with(BROKEN, no_retry_on=("ValueError",)) is over
    assert failing_with(BROKEN, retry_on=("ValueError",), no_retry_on=("Exception",)) is over
    assert failing_with(BROKEN, no_retry_on=("KeyError",)) is again


def test_a_command_is_retried_only_after_the_exit_codes_that_are_named() -> None:
    again, over = TaskStatus.RETRY_WAIT, TaskStatus.FAILED
    code_75 = Failed(error="exit code 75", exit_code=75)

    assert failing_with(code_75) is again
    assert failing_with(code_75, retry_exit_codes=(75,)) is again
    assert failing_with(code_75, retry_exit_codes=(1, 2)) is over


def test_a_task_that_asks_without_saying_when_waits_as_its_policy_says() -> None:
    asks = Failed(error="not yet", names=("Retry",), asks_again=True)
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=60)))
    drive.start("a")

    drive.end("a", asks)

    assert drive.scheduler.due() == drive.now.mono + 60


def test_a_task_that_asks_for_another_attempt_spends_a_retry_and_ignores_retry_on() -> None:
    asks = Failed(error="rate limit", names=("Retry",), asks_again=True, retry_after=3)
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=60, retry_on=("KeyError",))))
    drive.start("a")
    drive.end("a", asks)

    assert drive.scheduler.due() == drive.now.mono + 3

    drive.wait(3)
    drive.start("a")
    drive.end("a", asks)

    assert drive.status("a") is TaskStatus.FAILED


def test_a_wait_goes_on_under_a_new_owner_and_spends_nothing() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=30)))
    drive.start("a")
    drive.end("a", BROKEN)
    drive = drive.taken_up(after=10)

    assert drive.scheduler.due() == drive.now.mono + 20

    drive.wait(20)
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.FAILED


def test_a_wait_that_is_over_before_the_new_owner_comes_is_over() -> None:
    drive = Drive(spec("a", retry=RetryPolicy(retries=1, delay=30)))
    drive.start("a")
    drive.end("a", BROKEN)
    drive = drive.taken_up(after=3600)
    drive.wait(0)

    assert drive.status("a") is TaskStatus.READY


def test_a_lost_attempt_is_free_of_charge() -> None:
    drive = Drive(spec("a", retries=1))
    drive.start("a")
    drive = drive.taken_up()
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.RETRY_WAIT


def test_what_was_freed_is_not_what_a_person_cancelled() -> None:
    """A retry brings back what the failure or the end of the run took, nothing else."""
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "a"), spec("slow"))
    drive.start("a", "slow")
    drive.scheduler.cancel(drive.now, ["b"], by="ann")
    drive.end("a", BROKEN)
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.statuses() == {
        "a": "READY",
        "b": "CANCELLED",
        "c": "PENDING",
        "slow": "RUNNING",
    }
