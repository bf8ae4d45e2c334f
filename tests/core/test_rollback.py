"""A rollback undoes what a run did: dependents first, side by side where independent."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskflow_core.events as ev
from taskflow_core.actions import Rollback
from taskflow_core.errors import RefusedError
from taskflow_core.forecast import Terms, forecast
from taskflow_core.graph import downstream_of
from taskflow_core.lanes import PROCESSES, THREADS
from taskflow_core.outcomes import Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.plan import RollbackSpec, TaskSpec
from taskflow_core.policies import RetryPolicy
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, OK, Drive, spec

UNDO = RollbackSpec(executor="thread")
OUTCOMES: list[Outcome] = [OK, OK, BROKEN]


def undoable(
    name: str, *depends_on: str, undo: RollbackSpec | None = UNDO, **options: Any
) -> TaskSpec:
    """Return a task that has a rollback."""
    return msgspec.structs.replace(spec(name, *depends_on, **options), rollback=undo)


def roll_back(drive: Drive, **request: Any) -> None:
    """Ask for a rollback, in a run that goes on if it has settled."""
    if drive.scheduler.is_over:
        drive.begin_again()
    drive.scheduler.rollback(drive.now, by="ann", **request)
    drive.turn()


def take(drive: Drive) -> list[Job]:
    """Start every compensation that may start."""
    jobs: list[Job] = []
    while (job := drive.scheduler.take(THREADS, drive.now)) is not None:
        jobs.append(job)
    drive.turn()
    return jobs


def end(drive: Drive, job: Job, outcome: Outcome = OK) -> None:
    drive.scheduler.ended(job, outcome, drive.now, lambda: 0.5)
    drive.turn()


def undo_all(drive: Drive) -> list[str]:
    """Run compensations to the end and return the tasks in the order in which they started."""
    order: list[str] = []
    while jobs := take(drive):
        for job in jobs:
            order.append(job.task)
            end(drive, job)
    return order


def test_everything_that_succeeded_is_undone_dependents_first() -> None:
    drive = Drive(undoable("a"), undoable("b", "a"), undoable("c", "b"))
    drive.run("a", "b", "c")

    roll_back(drive)

    assert undo_all(drive) == ["c", "b", "a"]
    assert drive.outcome() is RunStatus.ROLLED_BACK
    assert set(drive.statuses().values()) == {"ROLLED_BACK"}


def test_independent_tasks_are_undone_side_by_side_as_far_as_there_are_slots() -> None:
    drive = Drive(
        undoable("a"), undoable("b", "a"), undoable("c", "a"), undoable("d", "a"), slots=2
    )
    drive.run("a", "b", "c", "d")

    roll_back(drive)
    first = take(drive)

    assert len(first) == 2
    assert "a" not in {job.task for job in first}


def test_a_task_is_not_undone_before_what_depends_on_it_even_through_a_skipped_one() -> None:
    drive = Drive(
        undoable("a"), undoable("middle", "a"), undoable("end", "middle", trigger_rule="all_done")
    )
    drive.start("a")
    drive.end("a")
    drive.scheduler.skip(drive.now, ["middle"], by="ann")
    drive.turn()
    drive.run("end")

    roll_back(drive)

    assert undo_all(drive) == ["end", "a"]


def test_a_task_with_nothing_to_undo_ends_rolled_back_all_the_same() -> None:
    drive = Drive(undoable("a", undo=None), spec("b", "a"))
    drive.run("a", "b")

    roll_back(drive)

    assert drive.outcome() is RunStatus.ROLLED_BACK
    assert drive.state.task("a").reason == "nothing_to_undo"


def test_a_failing_flow_is_undone_by_its_policy_once_what_runs_has_finished() -> None:
    drive = Drive(
        undoable("flight"), undoable("hotel"), undoable("pay", "flight"), undoable("never", "pay"),
        on_failure="rollback",
    )  # fmt: skip
    drive.run("flight")
    drive.start("pay", "hotel")

    drive.end("pay", BROKEN)
    assert drive.outcome() is RunStatus.ROLLING_BACK
    assert take(drive) == []
    drive.end("hotel")

    assert sorted(undo_all(drive)) == ["flight", "hotel"]
    assert drive.outcome() is RunStatus.ROLLED_BACK
    assert drive.status("pay") is TaskStatus.FAILED
    assert drive.status("never") is TaskStatus.UPSTREAM_FAILED


def test_failed_tasks_are_undone_too_where_that_is_said() -> None:
    drive = Drive(undoable("a", rollback_on="started"), undoable("b"))
    drive.start("a", "b")
    drive.end("a", BROKEN)
    drive.end("b", BROKEN)

    roll_back(drive)

    assert undo_all(drive) == ["a"]
    assert drive.statuses() == {"a": "ROLLED_BACK", "b": "FAILED"}


def test_a_result_that_a_person_gave_needs_no_undoing() -> None:
    drive = Drive(undoable("a"))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.begin_again()
    drive.scheduler.succeed(drive.now, "a", {"value": 1}, by="ann")
    drive.turn()

    roll_back(drive)

    assert undo_all(drive) == []
    assert drive.outcome() is RunStatus.ROLLED_BACK


def test_down_to_a_task_only_it_and_what_depends_on_it_is_undone() -> None:
    drive = Drive(undoable("a"), undoable("b", "a"), undoable("c", "b"), undoable("beside", "a"))
    drive.run("a", "b", "c", "beside")

    roll_back(drive, to="b")

    assert undo_all(drive) == ["c", "b"]
    assert drive.status("a") is TaskStatus.SUCCEEDED
    assert drive.status("beside") is TaskStatus.SUCCEEDED


def test_a_failing_compensation_is_retried_by_its_own_policy() -> None:
    undo = RollbackSpec(executor="thread", retry=RetryPolicy(retries=1, delay=5))
    drive = Drive(undoable("a", undo=undo))
    drive.run("a")
    roll_back(drive)
    (job,) = take(drive)
    end(drive, job, BROKEN)

    assert take(drive) == []
    drive.wait(5)
    (again,) = take(drive)
    end(drive, again)

    assert (job.attempt, again.attempt) == (1, 2)
    assert drive.outcome() is RunStatus.ROLLED_BACK


def failed_half_way() -> Drive:
    """Return a run in which undoing `b` failed: `a` is held, `beside` is undone."""
    drive = Drive(undoable("a"), undoable("b", "a"), undoable("beside"))
    drive.run("a", "b", "beside")
    roll_back(drive)
    for job in take(drive):
        end(drive, job, BROKEN if job.task == "b" else OK)
    return drive


def test_one_that_cannot_be_undone_holds_its_upstreams_and_nobody_else() -> None:
    drive = failed_half_way()

    assert drive.outcome() is RunStatus.ROLLBACK_FAILED
    settled = next(e for e in drive.events if isinstance(e, ev.RollbackSettled))
    assert (settled.undone, settled.failed, settled.blocked) == (["beside"], ["b"], ["a"])
    assert drive.status("a") is TaskStatus.SUCCEEDED


def test_a_failed_rollback_goes_on_where_it_failed() -> None:
    drive = failed_half_way()

    roll_back(drive)

    assert undo_all(drive) == ["b", "a"]
    assert drive.outcome() is RunStatus.ROLLED_BACK


def test_what_cannot_be_undone_can_be_skipped_so_that_the_rest_is() -> None:
    drive = failed_half_way()

    roll_back(drive, skip=["b"])

    assert undo_all(drive) == ["a"]
    assert drive.state.task("b").reason == "skipped: ann"
    assert drive.outcome() is RunStatus.ROLLED_BACK


def test_a_cancel_lets_what_runs_finish_and_starts_nothing_more() -> None:
    drive = Drive(undoable("a"), undoable("b", "a"))
    drive.run("a", "b")
    roll_back(drive)
    (job,) = take(drive)

    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()
    end(drive, job)

    assert drive.outcome() is RunStatus.ROLLBACK_FAILED
    assert drive.state.reason == "cancelled"
    assert drive.status("b") is TaskStatus.ROLLED_BACK


def test_a_second_cancel_kills() -> None:
    drive = Drive(undoable("a"))
    drive.run("a")
    roll_back(drive)
    (job,) = take(drive)

    for _ in range(2):
        drive.scheduler.cancel(drive.now, None, by="ann")
        drive.turn()
    assert [(stop.job, stop.kill) for stop in drive.scheduler.stops()] == [(job, True)]
    end(drive, job, Stopped(forced=True))

    assert drive.outcome() is RunStatus.ROLLBACK_FAILED


def test_a_compensation_that_takes_too_long_is_stopped_and_has_failed() -> None:
    drive = Drive(undoable("a", undo=RollbackSpec(executor="thread", timeout=10, grace=2)))
    drive.run("a")
    roll_back(drive)
    (job,) = take(drive)

    drive.wait(10)
    assert [stop.kill for stop in drive.scheduler.stops()] == [False]
    drive.wait(2)
    assert [stop.kill for stop in drive.scheduler.stops()] == [True]
    end(drive, job, Stopped(forced=True))

    assert drive.state.task("a").reason == "timed out: still running after 10 s"
    assert drive.outcome() is RunStatus.ROLLBACK_FAILED


def test_an_interrupted_rollback_goes_on_without_repeating_what_is_recorded() -> None:
    drive = Drive(undoable("a"), undoable("b", "a"), undoable("c", "b"))
    drive.run("a", "b", "c")
    roll_back(drive)
    (job,) = take(drive)
    end(drive, job)
    take(drive)

    again = drive.taken_up()

    assert again.outcome() is RunStatus.ROLLING_BACK
    assert undo_all(again) == ["b", "a"]
    assert again.outcome() is RunStatus.ROLLED_BACK
    assert len(again.state.task("b").undo) == 2


def test_a_late_outcome_of_a_compensation_is_dropped() -> None:
    drive = Drive(undoable("a"))
    drive.run("a")
    roll_back(drive)
    (job,) = take(drive)
    end(drive, job)

    assert drive.scheduler.ended(job, Failed(error="late"), drive.now, lambda: 0.5) is False


def test_a_rollback_is_refused_while_the_run_is_cancelled_or_rolled_back() -> None:
    drive = Drive(undoable("a"))
    drive.start("a")
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.turn()

    with pytest.raises(RefusedError, match="being cancelled"):
        drive.scheduler.rollback(drive.now, by="ann")


def test_a_rolled_back_task_can_run_again() -> None:
    drive = Drive(undoable("a"))
    drive.run("a")
    roll_back(drive)
    undo_all(drive)

    drive.begin_again()
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.turn()
    drive.run("a")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_skip_by_itself_is_no_success() -> None:
    drive = Drive(undoable("a"))
    drive.run("a")
    roll_back(drive)
    (job,) = take(drive)

    end(drive, job, Succeeded(None))

    assert drive.status("a") is TaskStatus.ROLLED_BACK


@given(data=st.data())
def test_whatever_fails_nothing_is_undone_before_what_depends_on_it(data: st.DataObject) -> None:
    drive = _random_run(data)
    roll_back(drive)
    while jobs := take(drive):
        for job in data.draw(st.permutations(jobs)):
            end(drive, job, data.draw(st.sampled_from(OUTCOMES)))

    assert drive.scheduler.is_over
    _check_order(drive)
    failed = {n for n, task in enumerate(drive.state.tasks) if task.state == "ROLLBACK_FAILED"}
    held = downstream_of(sorted(failed), drive.plan.upstream)
    for number, task in enumerate(drive.state.tasks):
        if task.state == "ROLLED_BACK":
            assert number not in held
        elif task.state == "SUCCEEDED":
            assert number in held
    assert (drive.outcome() is RunStatus.ROLLED_BACK) == (not failed)


@given(data=st.data())
def test_a_failed_rollback_can_always_be_finished_even_by_another_owner(
    data: st.DataObject,
) -> None:
    drive = _random_run(data)
    roll_back(drive)
    for job in take(drive):
        end(drive, job, data.draw(st.sampled_from(OUTCOMES)))
    if data.draw(st.booleans()):
        drive = drive.taken_up()
    if drive.scheduler.is_over and drive.outcome() is not RunStatus.ROLLED_BACK:
        roll_back(drive)
    undo_all(drive)
    if drive.outcome() is RunStatus.ROLLBACK_FAILED:
        roll_back(drive)
        undo_all(drive)

    assert drive.outcome() is RunStatus.ROLLED_BACK
    _check_order(drive)


def _random_run(data: st.DataObject) -> Drive:
    """Return a settled run of a random flow in which everything succeeded."""
    count = data.draw(st.integers(1, 7))
    tasks: list[TaskSpec] = []
    for n in range(count):
        needed = data.draw(st.sets(st.integers(0, n - 1))) if n else set[int]()
        undo = data.draw(st.sampled_from([UNDO, UNDO, None]))
        tasks.append(undoable(f"t{n}", *(f"t{k}" for k in sorted(needed)), undo=undo))
    drive = Drive(*tasks, slots=data.draw(st.integers(1, 4)))
    while (job := drive.take()) is not None:
        drive.end(job.task)
    return drive


def _check_order(drive: Drive) -> None:
    """For every edge: what depends is undone before what it depends on begins to be."""
    undone: set[int] = set()
    for event in drive.events:
        number = drive.plan.index.get(getattr(event, "task", ""))
        if number is None:
            continue
        if isinstance(event, ev.CompensationStarted):
            assert set(drive.plan.downstream[number]) <= undone
        elif isinstance(event, ev.CompensationSucceeded):
            assert set(drive.plan.downstream[number]) <= undone
            undone.add(number)


def test_the_plan_of_a_rollback_names_what_would_be_undone_in_order() -> None:
    drive = Drive(undoable("a"), undoable("b", "a"), undoable("c", undo=None))
    drive.run("a", "b", "c")

    found = forecast(
        drive.state, Rollback(), Terms(slots={THREADS: 10, PROCESSES: 10}), now=drive.now
    )

    assert found.reverted == ("b", "a")
    assert found.runs == ()
    assert found.ends == "ROLLED_BACK"
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_nothing_is_run_again_or_ended_by_hand_while_the_run_is_undone() -> None:
    drive = Drive(undoable("a"), spec("b"))
    drive.start("a", "b")
    drive.end("a")
    drive.end("b", BROKEN)
    roll_back(drive)
    take(drive)
    scheduler, now = drive.scheduler, drive.now

    for ask in (
        lambda: scheduler.retry(now, ["b"], by="ann"),
        lambda: scheduler.rerun(now, ["b"], by="ann"),
        lambda: scheduler.skip(now, ["b"], by="ann"),
        lambda: scheduler.succeed(now, "b", {"value": 1}, by="ann"),
        lambda: scheduler.rollback(now, by="ann"),
    ):
        with pytest.raises(RefusedError, match="being rolled back"):
            ask()
