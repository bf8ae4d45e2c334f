"""Tasks run again: alone, with everything behind them, with other arguments; in a new epoch."""

import pytest

import taskflow_core.events as ev
from taskflow_core.errors import RefusedError
from taskflow_core.outcomes import Skipped, Succeeded
from taskflow_core.plan import BreakpointSpec
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, OK, Drive, spec


def finished() -> Drive:
    """Return a run of a chain and a task beside it, all of which have succeeded."""
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"), spec("beside"))
    drive.run("a", "b", "c", "beside")
    return drive


def rerun(drive: Drive, *names: str, from_here: bool = False, **changes: object) -> list[str]:
    """Run these tasks again, in a run that has settled too."""
    if drive.outcome().is_settled:
        drive.begin_again()
    again = drive.scheduler.rerun(
        drive.now, names, by="ann", from_here=from_here, changes=changes or None
    )
    drive.turn()
    return again


def epochs(drive: Drive) -> dict[str, int]:
    """Return the epoch of every task."""
    return {task.name: drive.state.task(task.name).epoch for task in drive.plan.tasks}


# --- alone -------------------------------------------------------------------------------


def test_a_task_runs_again_alone_in_a_new_epoch() -> None:
    drive = finished()

    assert rerun(drive, "a") == ["a"]
    assert drive.outcome() is RunStatus.RUNNING
    assert drive.statuses() == {"a": "READY", "b": "SUCCEEDED", "c": "SUCCEEDED"} | {
        "beside": "SUCCEEDED"
    }

    drive.start("a")
    drive.end("a", Succeeded(2))

    assert drive.outcome() is RunStatus.SUCCEEDED
    assert epochs(drive) == {"a": 1, "b": 0, "c": 0, "beside": 0}
    assert drive.state.task("a").result == 2


def test_nothing_earlier_is_overwritten() -> None:
    drive = finished()
    rerun(drive, "a")
    drive.run("a")

    assert [(a.epoch, a.attempt) for a in drive.state.task("a").attempts] == [(0, 1), (1, 1)]


def test_what_was_made_from_the_old_result_is_stale() -> None:
    drive = finished()
    rerun(drive, "a")

    assert drive.state.task("b").stale == "a"
    assert drive.state.task("c").stale == "a"
    assert drive.state.task("beside").stale is None


def test_what_is_stale_names_the_task_that_it_was_made_from() -> None:
    drive = Drive(spec("a"), spec("x"), spec("after-x", "x"))
    drive.run("x", "a", "after-x")
    rerun(drive, "a", "x")

    assert drive.state.task("after-x").stale == "x"


def test_running_a_stale_task_again_brings_it_up_to_date() -> None:
    drive = finished()
    rerun(drive, "a")
    drive.run("a")
    rerun(drive, "b", from_here=True)
    drive.run("b", "c")

    assert [drive.state.task(name).stale for name in ("a", "b", "c")] == [None, None, None]


def test_retrying_a_task_that_succeeded_runs_it_again_alone() -> None:
    drive = finished()
    drive.begin_again()

    assert drive.scheduler.retry(drive.now, ["a"], by="ann") == ["a"]

    drive.turn()
    drive.run("a")

    assert epochs(drive)["a"] == 1
    assert drive.state.task("b").stale == "a"
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_new_epoch_says_who_opened_it_and_why() -> None:
    drive = finished()
    rerun(drive, "a")
    opened = [event for event in drive.events if isinstance(event, ev.EpochOpened)]

    assert [(e.task, e.epoch, e.by, e.reason) for e in opened] == [("a", 1, "ann", "rerun")]


def test_a_new_epoch_has_a_retry_budget_of_its_own() -> None:
    drive = Drive(spec("a", retries=1))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.wait(0)
    drive.run("a")
    rerun(drive, "a")
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.status("a") is TaskStatus.RETRY_WAIT


def test_a_failure_of_the_second_run_fails_the_run_and_leaves_the_dependents_as_they_are() -> None:
    drive = finished()
    rerun(drive, "a")
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.statuses()["b"] == "SUCCEEDED"
    assert drive.state.task("b").stale == "a"
    assert drive.outcome() is RunStatus.FAILED


def test_a_failed_task_runs_again_and_frees_what_it_blocked() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.start("a")
    drive.end("a", BROKEN)
    rerun(drive, "a")

    assert drive.statuses() == {"a": "READY", "b": "PENDING"}

    drive.run("a", "b")

    assert epochs(drive) == {"a": 1, "b": 0}
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_skipped_task_decides_again_whether_it_is_skipped() -> None:
    values = [True, False]
    drive = Drive(spec("a", when="x"), evaluate=lambda text, number: values.pop())

    assert drive.status("a") is TaskStatus.SKIPPED

    rerun(drive, "a")
    drive.run("a")

    assert drive.outcome() is RunStatus.SUCCEEDED


# --- from here ---------------------------------------------------------------------------


def test_from_here_everything_downstream_runs_again_in_order() -> None:
    drive = finished()

    assert rerun(drive, "b", from_here=True) == ["b", "c"]
    assert drive.statuses() == {"a": "SUCCEEDED", "b": "READY", "c": "PENDING"} | {
        "beside": "SUCCEEDED"
    }

    drive.run("b", "c")

    assert epochs(drive) == {"a": 0, "b": 1, "c": 1, "beside": 0}
    assert "TaskStale" not in drive.kinds()


def test_from_here_what_was_skipped_or_blocked_downstream_is_decided_again() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("alarm", "a", trigger_rule="one_failed"))
    drive.run("a", "b")
    rerun(drive, "a", from_here=True)

    assert drive.statuses() == {"a": "READY", "b": "PENDING", "alarm": "PENDING"}

    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.statuses() == {"a": "FAILED", "b": "UPSTREAM_FAILED", "alarm": "READY"}


def test_from_here_a_join_waits_for_all_that_run_again() -> None:
    drive = Drive(spec("a"), spec("b"), spec("join", "a", "b"))
    drive.run("a", "b", "join")
    rerun(drive, "a", "b", from_here=True)
    drive.run("a")

    assert drive.status("join") is TaskStatus.PENDING

    drive.run("b", "join")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_from_here_of_100000_tasks_is_quick() -> None:
    names = [f"t{number}" for number in range(100_000)]
    tasks = [spec(name, *names[max(0, n - 1) : n]) for n, name in enumerate(names)]
    drive = Drive(*tasks, begin=False)
    drive.scheduler.begin(drive.now, owner=1, term=1)
    job = drive.scheduler.take("threads", drive.now)
    assert job is not None
    drive.scheduler.ended(job, Skipped("nothing new"), drive.now, lambda: 0.0)
    drive.begin_again()

    again = drive.scheduler.rerun(drive.now, ["t0"], by="ann", from_here=True)

    assert len(again) == 100_000
    assert drive.state.counts[TaskStatus.PENDING] == 99_999


# --- with changes ------------------------------------------------------------------------


def test_changed_arguments_are_recorded_for_the_named_task_alone() -> None:
    drive = finished()
    rerun(drive, "a", from_here=True, day="2026-01-01")

    assert drive.state.task("a").changes == {"day": "2026-01-01"}
    assert drive.state.task("b").changes is None


def test_changes_stay_for_later_runs_of_the_task() -> None:
    drive = finished()
    rerun(drive, "a", day="2026-01-01")
    drive.run("a")
    rerun(drive, "a")

    assert drive.state.task("a").changes == {"day": "2026-01-01"}


# --- in a live run -----------------------------------------------------------------------


def test_in_a_live_run_a_task_runs_again_while_others_go_on() -> None:
    drive = Drive(spec("a"), spec("slow"))
    drive.start("a", "slow")
    drive.end("a")
    rerun(drive, "a")
    drive.run("a")
    drive.end("slow")

    assert epochs(drive) == {"a": 1, "slow": 0}
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_what_was_ready_waits_for_the_task_that_runs_again() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("slow"), slots=1)
    drive.run("a")
    rerun(drive, "a")

    assert drive.statuses() == {"a": "READY", "b": "PENDING", "slow": "READY"}

    drive.run("a", "b", "slow")

    assert epochs(drive) == {"a": 1, "b": 0, "slow": 0}
    assert drive.state.task("b").stale is None


def test_what_was_held_before_its_start_waits_for_the_task_that_runs_again() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("slow"))
    drive.scheduler.hold(drive.now, ["b"], by="ann")
    drive.run("a")
    rerun(drive, "a")

    assert drive.status("b") is TaskStatus.PENDING

    drive.run("a")

    assert drive.status("b") is TaskStatus.HELD


def test_what_waited_for_its_retry_waits_for_the_task_that_runs_again() -> None:
    drive = Drive(spec("a"), spec("b", "a", retry=RetryPolicy(retries=1, delay=5)))
    drive.run("a")
    drive.start("b")
    drive.end("b", BROKEN)
    rerun(drive, "a")
    drive.wait(5)

    assert drive.status("b") is TaskStatus.PENDING

    drive.run("a", "b")

    assert [a.attempt for a in drive.state.task("b").attempts] == [1, 2]
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_from_here_a_result_that_a_breakpoint_holds_is_made_again_too() -> None:
    drive = Drive(spec("a"), spec("b", "a", breakpoints=(BreakpointSpec("after"),)))
    drive.run("a")
    drive.start("b")
    drive.end("b")

    assert rerun(drive, "a", from_here=True) == ["a", "b"]

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.run("a")
    drive.start("b")
    drive.end("b")

    assert epochs(drive) == {"a": 1, "b": 1}
    assert drive.status("b") is TaskStatus.HELD


def test_in_a_paused_run_nothing_runs_again_before_it_goes_on() -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.run("a")
    drive.scheduler.pause(drive.now, by="ann")
    rerun(drive, "a")

    assert drive.take() is None

    drive.scheduler.resume(drive.now, by="ann")
    drive.turn()
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_retry_waits_for_what_is_made_again_upstream_of_it() -> None:
    """The dependent was running when the task before it was told to run again."""
    drive = Drive(spec("a"), spec("b", "a", retry=RetryPolicy(retries=1, delay=5)))
    drive.run("a")
    drive.start("b")
    rerun(drive, "a")
    drive.end("b", BROKEN)
    drive.wait(5)

    assert drive.status("b") is TaskStatus.PENDING

    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


# --- refused -----------------------------------------------------------------------------


def test_a_running_task_cannot_be_run_again() -> None:
    drive = Drive(spec("a"))
    drive.start("a")

    with pytest.raises(RefusedError, match="'a' is running") as caught:
        rerun(drive, "a")
    assert caught.value.hint == "Cancel it first."


def test_from_here_is_refused_while_something_downstream_runs() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    drive.run("a")
    drive.start("b")

    with pytest.raises(RefusedError, match="'b' is running"):
        rerun(drive, "a", from_here=True)
    assert drive.status("a") is TaskStatus.SUCCEEDED


def test_a_task_that_has_not_run_yet_cannot_be_run_again() -> None:
    drive = Drive(spec("a"), spec("b", "a"))

    for name in ("a", "b"):
        with pytest.raises(RefusedError, match=f"'{name}' has not run yet"):
            rerun(drive, name)


def test_nothing_runs_again_while_the_run_is_being_cancelled() -> None:
    drive = Drive(spec("a"), spec("b"))
    drive.run("a")
    drive.start("b")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    with pytest.raises(RefusedError, match="being cancelled"):
        rerun(drive, "a")
    with pytest.raises(RefusedError, match="being cancelled"):
        drive.scheduler.retry(drive.now, ["a"], by="ann")


# --- under a new owner -------------------------------------------------------------------


def test_a_second_run_survives_its_owner() -> None:
    drive = finished()
    rerun(drive, "a", from_here=True, day="2026-01-01")
    drive.start("a")
    drive = drive.taken_up()

    assert drive.statuses()["a"] == "READY"
    assert drive.state.task("a").changes == {"day": "2026-01-01"}

    drive.run("a", "b", "c")

    made = [(a.epoch, a.attempt) for a in drive.state.task("a").attempts]

    assert made == [(0, 1), (1, 1), (1, 2)]
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_late_word_of_the_first_epoch_changes_nothing_in_the_second() -> None:
    drive = Drive(spec("a"))
    job = drive.take()
    assert job is not None
    drive.end("a")
    rerun(drive, "a")
    drive.start("a")

    assert not drive.scheduler.ended(job, OK, drive.now, lambda: 0.0)
    assert drive.status("a") is TaskStatus.RUNNING
