"""People end tasks themselves: skipped, or with a result that they bring."""

from collections.abc import Callable

import pytest

import taskflow_core.events as ev
from taskflow_core.errors import RefusedError
from taskflow_core.outcomes import Skipped
from taskflow_core.plan import TaskSpec
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, GONE, Drive, spec

WAITS = RetryPolicy(retries=1, delay=60)


def build(*, retry: RetryPolicy | None = None, when: str | None = None) -> Drive:
    """Return a run of `root`, the task `t` behind it, two tasks behind that, and a slow one."""
    task = spec("t", "root", when=when, retry=retry or RetryPolicy())
    behind: list[TaskSpec] = [spec("next", "t"), spec("either", "t", trigger_rule="none_failed")]
    drive = Drive(spec("root"), task, *behind, spec("slow"), evaluate=lambda text, number: False)
    drive.start("root", "slow")
    return drive


def pending() -> Drive:
    return build()


def ready() -> Drive:
    drive = build()
    drive.end("root")
    return drive


def held() -> Drive:
    drive = ready()
    drive.scheduler.hold(drive.now, ["t"], by="ann")
    drive.turn()
    return drive


def waiting() -> Drive:
    drive = build(retry=WAITS)
    drive.end("root")
    drive.start("t")
    drive.end("t", BROKEN)
    return drive


def failed() -> Drive:
    drive = ready()
    drive.start("t")
    drive.end("t", BROKEN)
    return drive


def blocked() -> Drive:
    drive = build()
    drive.end("root", BROKEN)
    return drive


def skipped() -> Drive:
    drive = build(when="never")
    drive.end("root")
    return drive


def cancelled() -> Drive:
    drive = ready()
    drive.start("t")
    drive.scheduler.cancel(drive.now, ["t"], by="ann")
    drive.end("t", GONE)
    return drive


STATES: dict[TaskStatus, Callable[[], Drive]] = {
    TaskStatus.PENDING: pending,
    TaskStatus.READY: ready,
    TaskStatus.HELD: held,
    TaskStatus.RETRY_WAIT: waiting,
    TaskStatus.FAILED: failed,
    TaskStatus.UPSTREAM_FAILED: blocked,
    TaskStatus.SKIPPED: skipped,
    TaskStatus.CANCELLED: cancelled,
}
"""How a task comes into each state in which a person may end it."""


def skip(drive: Drive, *names: str) -> None:
    """Skip these tasks."""
    drive.scheduler.skip(drive.now, names, by="ann")
    drive.turn()


def succeed(drive: Drive, name: str, result: object = 7) -> None:
    """Say what the result of a task is."""
    drive.scheduler.succeed(drive.now, name, result, by="ann")
    drive.turn()


@pytest.mark.parametrize("status", STATES)
def test_a_task_that_does_not_run_can_be_skipped(status: TaskStatus) -> None:
    drive = STATES[status]()
    assert drive.status("t") is status

    skip(drive, "t")

    assert drive.status("t") is TaskStatus.SKIPPED
    assert drive.state.task("t").reason == "operator: ann"
    assert drive.state.task("next").reason == "upstream_skipped"
    assert drive.status("either") is TaskStatus.READY


@pytest.mark.parametrize("status", STATES)
def test_a_task_that_does_not_run_can_be_given_a_result(status: TaskStatus) -> None:
    drive = STATES[status]()
    attempts = list(drive.state.task("t").attempts)

    succeed(drive, "t")

    assert drive.status("t") is TaskStatus.SUCCEEDED
    assert drive.state.task("t").reason == "injected"
    assert drive.state.task("t").result == 7
    assert drive.state.task("t").attempts == attempts
    assert drive.status("next") is TaskStatus.READY
    assert drive.status("either") is TaskStatus.READY


@pytest.mark.parametrize("status", STATES)
def test_what_was_ended_by_hand_does_not_start_after_all(status: TaskStatus) -> None:
    drive = STATES[status]()
    skip(drive, "t")
    if drive.status("root") is TaskStatus.RUNNING:
        drive.end("root")
    drive.wait(60)
    drive.run("either")
    drive.end("slow")

    assert drive.take() is None
    assert drive.status("t") is TaskStatus.SKIPPED
    assert drive.outcome().is_settled


def test_a_skip_heals_the_run_that_the_failure_would_have_failed() -> None:
    drive = failed()
    skip(drive, "t")
    drive.run("either")
    drive.end("slow")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_several_tasks_are_skipped_at_once_even_if_one_depends_on_another() -> None:
    drive = ready()
    skip(drive, "t", "next", "t")

    assert drive.state.task("next").reason == "operator: ann"


def test_a_task_that_runs_cannot_be_ended_by_hand() -> None:
    drive = ready()
    drive.start("t")

    with pytest.raises(RefusedError, match="'t' is running") as caught:
        skip(drive, "t")
    with pytest.raises(RefusedError, match="'t' is running"):
        succeed(drive, "t")
    assert caught.value.hint == "Cancel it first."


def test_a_task_that_has_succeeded_cannot_be_ended_otherwise() -> None:
    drive = ready()
    drive.run("t")

    with pytest.raises(RefusedError, match="'t' has succeeded already"):
        skip(drive, "t")
    with pytest.raises(RefusedError, match="'t' has succeeded already"):
        succeed(drive, "t")


def test_one_that_may_not_be_skipped_keeps_all_from_being_skipped() -> None:
    drive = ready()

    with pytest.raises(RefusedError, match="'root' has succeeded already"):
        skip(drive, "t", "root")
    assert drive.status("t") is TaskStatus.READY


def test_a_run_that_is_over_or_being_cancelled_takes_no_results() -> None:
    over = Drive(spec("a"))
    over.start("a")
    over.end("a", BROKEN)
    cancelling = ready()
    cancelling.scheduler.cancel(cancelling.now, None, by="ann")
    cancelling.turn()

    with pytest.raises(RefusedError, match="the run is FAILED"):
        succeed(over, "a")
    with pytest.raises(RefusedError, match="being cancelled"):
        skip(cancelling, "t")


def test_a_settled_run_that_is_begun_again_takes_them() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.begin_again()
    succeed(drive, "a")
    drive.run("b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_ending_by_hand_is_recorded_with_who_asked() -> None:
    drive = ready()
    skip(drive, "t")
    asked = next(event for event in drive.events if isinstance(event, ev.ActionRequested))

    assert (asked.by, asked.action, asked.tasks) == ("ann", "skip", ["t"])


def test_a_rule_that_ran_because_of_a_failure_keeps_what_it_did() -> None:
    drive = Drive(spec("a"), spec("alarm", "a", trigger_rule="one_failed"), spec("slow"))
    drive.start("a", "slow")
    drive.end("a", BROKEN)
    drive.run("alarm")
    succeed(drive, "a")

    assert drive.status("alarm") is TaskStatus.SUCCEEDED


def test_a_rule_that_has_not_started_yet_is_decided_afresh() -> None:
    drive = Drive(spec("a"), spec("alarm", "a", trigger_rule="one_failed"), spec("slow"))
    drive.start("a", "slow")
    drive.end("a", BROKEN)

    assert drive.status("alarm") is TaskStatus.READY

    succeed(drive, "a")

    assert drive.status("alarm") is TaskStatus.SKIPPED


def test_what_was_skipped_because_of_a_skip_runs_once_that_has_a_result() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"), spec("slow"))
    drive.start("a", "slow")
    drive.end("a", Skipped("nothing new"))
    succeed(drive, "a")
    drive.run("b", "c")
    drive.end("slow")

    assert drive.outcome() is RunStatus.SUCCEEDED
