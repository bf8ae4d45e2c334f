"""Mapped tasks: they open once, have a child for each item, and end when these have."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from taskflow_core.actions import Rerun, Retry
from taskflow_core.errors import RefusedError, TaskflowError
from taskflow_core.forecast import Terms, forecast
from taskflow_core.lanes import THREADS
from taskflow_core.plan import ForEach, RollbackSpec, TaskSpec
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, GONE, OK, Drive, spec


def mapped(
    name: str, *depends_on: str, max_parallel: int | None = None, **options: Any
) -> TaskSpec:
    return msgspec.structs.replace(
        spec(name, *depends_on, **options),
        foreach=ForEach("params.files"),
        max_parallel=max_parallel,
    )


def three(**fields: Any) -> Drive:
    """Return a run in which `load` has three children and `report` depends on it."""
    return Drive(
        spec("list"),
        mapped("load", "list"),
        spec("report", "load"),
        items={"load": ["a", "b", "c"]},
        **fields,
    )


CHILDREN = ("load[0]", "load[1]", "load[2]")


def test_children_appear_when_what_they_are_made_from_is_there() -> None:
    drive = three()
    assert list(drive.statuses()) == ["list", "load", "report"]

    drive.run("list")

    assert list(drive.statuses()) == ["list", "load", "report", *CHILDREN]
    assert drive.status("load") is TaskStatus.WAITING
    drive.run(*CHILDREN)
    assert drive.status("load") is TaskStatus.SUCCEEDED
    assert drive.state.task("load").result == {"value": list(CHILDREN)}
    drive.run("report")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_children_start_together_where_the_mapped_task_would_in_the_order_of_the_items() -> None:
    drive = Drive(
        mapped("first"), spec("alone"), spec("after", "first"), slots=2, items={"first": [1, 2, 3]}
    )

    drive.start("first[0]", "first[1]")
    drive.end("first[0]")

    drive.start("first[2]")


def test_a_mapped_task_lets_so_many_of_its_children_run_at_once() -> None:
    drive = Drive(mapped("load", max_parallel=2), items={"load": [1, 2, 3]})

    drive.start("load[0]", "load[1]")

    assert drive.take() is None
    drive.end("load[1]")
    drive.start("load[2]")


def test_a_mapped_task_over_nothing_succeeds_at_once() -> None:
    drive = Drive(mapped("load"), mapped("more", "load"), spec("report", "more"),
                  items={"load": [], "more": []})  # fmt: skip

    assert drive.status("load") is TaskStatus.SUCCEEDED
    assert drive.state.task("load").result == {"value": []}
    drive.run("report")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_thousand_mapped_tasks_over_nothing_follow_each_other() -> None:
    names = [f"m{place}" for place in range(1000)]
    tasks = [mapped(name, *names[max(0, place - 1) : place]) for place, name in enumerate(names)]

    drive = Drive(*tasks, items={name: [] for name in names})

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_list_that_cannot_be_had_fails_the_mapped_task_alone() -> None:
    drive = Drive(
        mapped("load"), spec("report", "load"), items={"load": TaskflowError("no such file")}
    )

    assert drive.status("load") is TaskStatus.FAILED
    assert drive.state.task("load").reason == "foreach: no such file"
    assert drive.status("report") is TaskStatus.UPSTREAM_FAILED
    assert drive.outcome() is RunStatus.FAILED
    assert drive.state.reason == "1 task failed"


def test_it_is_evaluated_again_when_it_is_retried_after_that() -> None:
    drive = Drive(mapped("load"), items={"load": TaskflowError("no such file")})
    drive.openings.lists["load"] = ["a"]
    drive.begin_again()

    drive.scheduler.retry(drive.now, None, by="me")
    drive.turn()

    drive.run("load[0]")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_one_failed_child_fails_the_mapped_task_once_the_others_are_done() -> None:
    drive = three()
    drive.run("list")
    drive.start(*CHILDREN)

    drive.end("load[1]", BROKEN)
    assert drive.status("load") is TaskStatus.WAITING
    drive.end("load[0]")
    drive.end("load[2]")

    assert drive.status("load") is TaskStatus.FAILED
    assert drive.state.task("load").reason == "load[1] failed"
    assert drive.state.task("report").reason == "load"
    assert drive.state.reason == "1 task failed"


def failed() -> Drive:
    drive = three()
    drive.run("list", "load[0]")
    drive.start("load[1]", "load[2]")
    drive.end("load[1]", BROKEN)
    drive.end("load[2]")
    assert drive.outcome() is RunStatus.FAILED
    drive.begin_again()
    return drive


@pytest.mark.parametrize("names", [None, ["load[1]"], ["load"]])
def test_one_child_is_retried_alone(names: list[str] | None) -> None:
    drive = failed()

    assert drive.scheduler.retry(drive.now, names, by="me") == ["load[1]"]
    drive.turn()

    assert drive.status("load") is TaskStatus.WAITING
    assert drive.status("report") is TaskStatus.PENDING
    drive.run("load[1]", "report")
    assert drive.outcome() is RunStatus.SUCCEEDED
    assert [len(drive.state.task(name).attempts) for name in CHILDREN] == [1, 2, 1]


def test_a_child_that_succeeded_runs_again_alone_and_the_list_is_made_anew() -> None:
    drive = three()
    drive.run("list", *CHILDREN, "report")
    drive.begin_again()

    drive.scheduler.rerun(drive.now, ["load[2]"], by="me")
    drive.turn()

    assert drive.state.task("load").epoch == 1
    assert drive.state.task("report").stale == "load[2]"
    drive.run("load[2]")
    assert drive.outcome() is RunStatus.SUCCEEDED
    assert [drive.state.task(name).epoch for name in CHILDREN] == [0, 0, 1]


def test_running_it_again_maps_it_anew_over_a_list_that_may_be_shorter_or_longer() -> None:
    drive = three()
    drive.run("list", *CHILDREN, "report")
    drive.begin_again()
    drive.openings.lists["load"] = ["x"]

    drive.scheduler.rerun(drive.now, ["list"], by="me", from_here=True)
    drive.turn()
    drive.run("list", "load[0]", "report")

    assert drive.outcome() is RunStatus.SUCCEEDED
    assert drive.state.task("load").result == {"value": ["load[0]"]}
    assert [drive.state.task(name).reason for name in CHILDREN[1:]] == ["removed", "removed"]

    drive.begin_again()
    drive.openings.lists["load"] = [1, 2, 3, 4]
    drive.scheduler.rerun(drive.now, ["load"], by="me")
    drive.turn()
    drive.run(*CHILDREN, "load[3]")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_mapped_task_that_is_open_is_not_run_again_skipped_or_held() -> None:
    drive = three()
    drive.run("list")
    asks: list[Callable[[], object]] = [
        lambda: drive.scheduler.rerun(drive.now, ["load"], by="me"),
        lambda: drive.scheduler.skip(drive.now, ["load"], by="me"),
        lambda: drive.scheduler.hold(drive.now, ["load"], by="me"),
    ]
    for ask in asks:
        with pytest.raises(RefusedError):
            ask()


def test_cancelling_it_cancels_its_children_and_it_ends_with_them() -> None:
    drive = three(slots=1)
    drive.run("list")
    drive.start("load[0]")

    drive.scheduler.cancel(drive.now, ["load"], by="me")
    drive.turn()
    assert drive.status("load") is TaskStatus.WAITING
    drive.end("load[0]", GONE)

    assert drive.status("load") is TaskStatus.CANCELLED
    assert drive.status("report") is TaskStatus.UPSTREAM_FAILED
    assert drive.outcome() is RunStatus.FAILED
    assert drive.state.reason == "3 tasks cancelled"


def test_cancelling_the_run_ends_it_with_its_children() -> None:
    drive = three(slots=1)
    drive.run("list")
    drive.start("load[0]")

    drive.scheduler.cancel(drive.now, None, by="me")
    drive.turn()
    drive.end("load[0]", GONE)

    assert drive.outcome() is RunStatus.CANCELLED
    assert drive.status("load") is TaskStatus.CANCELLED


@pytest.mark.parametrize("policy", ["stop", "cancel"])
def test_a_run_that_fails_by_one_child_comes_to_its_end(policy: str) -> None:
    drive = three(slots=2, on_failure=policy)
    drive.run("list")
    drive.start("load[0]", "load[1]")

    drive.end("load[1]", BROKEN)
    drive.end("load[0]", GONE if policy == "cancel" else BROKEN)

    assert drive.outcome() is RunStatus.FAILED
    assert drive.status("load[2]") is TaskStatus.CANCELLED
    assert drive.status("load") is TaskStatus.FAILED


def test_children_that_may_fail_leave_the_list_with_gaps_and_the_run_partial() -> None:
    drive = Drive(mapped("load", allow_failure=True), spec("report", "load"),
                  items={"load": [1, 2]})  # fmt: skip
    drive.start("load[0]")
    drive.end("load[0]", BROKEN)
    drive.run("load[1]", "report")

    assert drive.status("load") is TaskStatus.SUCCEEDED
    assert drive.outcome() is RunStatus.PARTIAL


def test_a_run_taken_up_by_another_owner_goes_on_with_the_children_it_has() -> None:
    drive = three()
    drive.run("list", "load[0]")
    drive.start("load[1]")

    again = drive.taken_up()

    assert [e.kind for e in again.events].count("TaskExpanded") == 1
    again.run("load[1]", "load[2]", "report")
    assert again.outcome() is RunStatus.SUCCEEDED


def test_a_run_killed_between_opening_and_the_first_start_makes_no_child_twice() -> None:
    drive = three()
    drive.run("list")

    again = drive.taken_up()

    assert list(again.statuses()) == ["list", "load", "report", *CHILDREN]
    again.run(*CHILDREN, "report")
    assert again.outcome() is RunStatus.SUCCEEDED


def test_a_run_killed_between_the_last_child_and_the_mapped_task_ends_it() -> None:
    drive = three()
    drive.run("list", *CHILDREN)
    last = [e.kind for e in drive.events].index("TaskSucceeded", -2)
    del drive.events[last:]

    again = drive.taken_up()

    assert again.status("load") is TaskStatus.SUCCEEDED


def test_a_paused_run_opens_a_mapped_task_by_a_step_and_starts_children_one_by_one() -> None:
    drive = three()
    drive.scheduler.pause(drive.now, by="me")
    drive.turn()
    assert drive.scheduler.step(drive.now, by="me") == "list"
    drive.turn()
    drive.run("list")
    assert drive.status("load") is TaskStatus.READY

    assert drive.scheduler.step(drive.now, by="me") == "load"
    drive.turn()
    assert drive.status("load") is TaskStatus.WAITING
    assert drive.take() is None
    assert drive.scheduler.step(drive.now, by="me") == "load[0]"
    drive.turn()
    drive.start("load[0]")
    assert drive.take() is None


def test_running_to_a_task_runs_the_children_of_what_it_waits_for() -> None:
    drive = three()
    drive.scheduler.run_to(drive.now, "report", by="me")
    drive.turn()

    drive.run("list", *CHILDREN)

    assert drive.status("report") is TaskStatus.READY
    assert drive.take() is None


def test_a_breakpoint_after_a_mapped_task_holds_its_list() -> None:
    drive = three()
    drive.scheduler.set_breakpoint(drive.now, "load", by="me", stop="after")
    drive.run("list", *CHILDREN)
    assert drive.status("load") is TaskStatus.HELD

    drive = drive.taken_up()
    assert drive.status("load") is TaskStatus.HELD
    drive.scheduler.release(drive.now, ["load"], by="me")
    drive.turn()

    assert drive.status("load") is TaskStatus.SUCCEEDED
    drive.run("report")
    assert drive.outcome() is RunStatus.SUCCEEDED


def undoable(name: str, *depends_on: str, items: bool = False) -> TaskSpec:
    task = mapped(name, *depends_on) if items else spec(name, *depends_on)
    return msgspec.structs.replace(
        task, rollback=RollbackSpec(executor="thread", function="m.undo")
    )


def undone(drive: Drive) -> list[str]:
    """Undo everything that is to be undone, one by one, and return the names in that order."""
    order: list[str] = []
    while (job := drive.take()) is not None:
        assert job.undoes
        order.append(job.task)
        drive.scheduler.ended(job, OK, drive.now, lambda: 0.5)
        drive.turn()
    return order


def test_each_child_that_succeeded_is_undone_behind_what_depends_on_them() -> None:
    drive = Drive(undoable("list"), undoable("load", "list", items=True), undoable("after", "load"),
                  items={"load": [1, 2, 3]}, slots=1)  # fmt: skip
    drive.run("list", "load[0]")
    drive.start("load[1]")
    drive.end("load[1]", BROKEN)
    drive.run("load[2]")
    drive.begin_again()

    drive.scheduler.rollback(drive.now, by="me")
    drive.turn()

    assert undone(drive) == ["load[2]", "load[0]", "list"]
    assert drive.outcome() is RunStatus.ROLLED_BACK
    assert drive.status("load[1]") is TaskStatus.FAILED


def test_rolling_back_down_to_a_mapped_task_undoes_its_children_and_what_is_behind() -> None:
    drive = Drive(undoable("list"), undoable("load", "list", items=True), undoable("after", "load"),
                  items={"load": [1, 2]}, slots=1)  # fmt: skip
    drive.run("list", "load[0]", "load[1]", "after")
    drive.begin_again()

    drive.scheduler.rollback(drive.now, "load", by="me")
    drive.turn()

    assert undone(drive) == ["after", "load[1]", "load[0]"]
    assert drive.status("load") is TaskStatus.ROLLED_BACK
    assert drive.status("list") is TaskStatus.SUCCEEDED


def test_a_forecast_knows_the_children_that_are_there() -> None:
    drive = three()
    drive.run("list", "load[0]")
    drive.start("load[1]", "load[2]")
    drive.end("load[1]", BROKEN)
    drive.end("load[2]")

    said = forecast(drive.state, Retry(), Terms(slots={THREADS: 4}), now=drive.now)
    assert said.runs == ("load[1]", "report")
    said = forecast(
        drive.state,
        Rerun(tasks=("list",), from_here=True),
        Terms(slots={THREADS: 4}),
        now=drive.now,
    )
    assert said.runs == ("list", *CHILDREN, "report")
    assert len(drive.state.tasks) == 6
