"""Sub-flows: their tasks start and end with the task that stands for them."""

from typing import Any

import msgspec
import pytest

from taskflow_core.errors import RefusedError
from taskflow_core.plan import ForEach, Plan, SubFlow, TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, Drive, spec

SUB = SubFlow(name="sub")


def flow(name: str, *depends_on: str, **fields: Any) -> TaskSpec:
    options = {key: fields.pop(key) for key in ("trigger_rule", "allow_failure") if key in fields}
    task = spec(name, *depends_on, when=fields.pop("when", None), **options)
    return msgspec.structs.replace(task, kind="flow", subflow=SUB, **fields)


def inside(parent: str, name: str, *depends_on: str, **options: Any) -> TaskSpec:
    task = spec(f"{parent}/{name}", *[f"{parent}/{other}" for other in depends_on], **options)
    return msgspec.structs.replace(task, parent=parent)


def publishing(**fields: Any) -> Drive:
    """Return a run of fetch → publish (build → push, and note beside them) → report."""
    return Drive(
        spec("fetch"),
        flow("publish", "fetch", **fields),
        inside("publish", "build"),
        inside("publish", "push", "build"),
        inside("publish", "note"),
        spec("report", "publish"),
        evaluate=lambda _, __: False,
    )


def test_its_tasks_run_between_what_it_waits_for_and_what_waits_for_it() -> None:
    drive = publishing()
    assert drive.take() is not None
    assert drive.take() is None
    drive.end("fetch")

    assert drive.status("publish") is TaskStatus.WAITING
    drive.start("publish/build", "publish/note")
    drive.end("publish/build")
    drive.end("publish/note")
    assert drive.take() is not None
    drive.end("publish/push")
    drive.run("report")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_sub_flow_that_fails_half_way_fails_as_a_whole_when_the_rest_is_done() -> None:
    drive = publishing()
    drive.run("fetch")
    drive.start("publish/build", "publish/note")
    drive.end("publish/build", BROKEN)
    assert drive.status("publish") is TaskStatus.WAITING
    drive.end("publish/note")

    assert drive.statuses() == {
        "fetch": "SUCCEEDED",
        "publish": "FAILED",
        "publish/build": "FAILED",
        "publish/push": "UPSTREAM_FAILED",
        "publish/note": "SUCCEEDED",
        "report": "UPSTREAM_FAILED",
    }
    assert drive.state.reason == "1 task failed"

    drive.begin_again()
    assert drive.scheduler.retry(drive.now, None, by="me") == ["publish/build"]
    drive.turn()
    drive.run("publish/build", "publish/push", "report")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_skipped_sub_flow_skips_its_tasks() -> None:
    drive = publishing(when="params.ship")
    drive.run("fetch")

    assert {drive.status(f"publish/{name}") for name in ("build", "push", "note")} == {
        TaskStatus.SKIPPED
    }
    assert drive.state.task("publish/push").reason == "parent_skipped"
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_blocked_sub_flow_blocks_its_tasks_and_names_the_one_that_failed() -> None:
    drive = publishing()
    drive.start("fetch")
    drive.end("fetch", BROKEN)

    assert drive.status("publish/build") is TaskStatus.UPSTREAM_FAILED
    assert drive.state.task("publish/push").reason == "fetch"

    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="me")
    drive.turn()
    assert drive.status("publish/build") is TaskStatus.PENDING
    drive.run("fetch", "publish/build")
    assert drive.status("publish/push") is TaskStatus.READY


def test_a_sub_flow_that_may_fail_lets_the_run_be_partial() -> None:
    drive = publishing(allow_failure=True)
    drive.run("fetch")
    drive.start("publish/build")
    drive.end("publish/build", BROKEN)
    drive.run("publish/note", "report")

    assert drive.status("publish") is TaskStatus.FAILED
    assert drive.outcome() is RunStatus.PARTIAL


def test_its_tasks_may_be_limited() -> None:
    drive = publishing(max_parallel=1)
    drive.run("fetch")
    drive.start("publish/build")
    assert drive.take() is None


def test_a_sub_flow_without_tasks_succeeds() -> None:
    drive = Drive(flow("publish"), spec("report", "publish"))
    drive.run("report")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_person_skips_it_before_it_opens_or_gives_it_a_result() -> None:
    for end in ("skip", "succeed"):
        drive = publishing()
        if end == "skip":
            drive.scheduler.skip(drive.now, ["publish"], by="me")
        else:
            drive.scheduler.succeed(drive.now, "publish", {"value": 1}, by="me")
        drive.turn()
        drive.run("fetch")
        if end == "succeed":
            drive.run("report")
        assert drive.status("publish/push") is TaskStatus.SKIPPED
        assert drive.outcome() is RunStatus.SUCCEEDED


def test_running_a_part_of_what_never_opened_is_refused() -> None:
    drive = publishing(when="params.ship")
    drive.run("fetch")
    drive.begin_again()

    with pytest.raises(RefusedError, match="part of 'publish', which has not run") as error:
        drive.scheduler.rerun(drive.now, ["publish/build"], by="me")
    assert error.value.hint == "Run 'publish' again."


def test_running_from_one_of_its_tasks_runs_what_is_behind_it_in_it_and_after_it() -> None:
    drive = publishing()
    drive.run("fetch", "publish/build", "publish/push", "publish/note", "report")
    drive.begin_again()

    again = drive.scheduler.rerun(drive.now, ["publish/build"], by="me", from_here=True)
    drive.turn()

    assert sorted(again) == ["publish/build", "publish/push", "report"]
    drive.run("publish/build", "publish/push", "report")
    assert drive.outcome() is RunStatus.SUCCEEDED
    assert drive.state.task("publish/note").epoch == 0


def test_sub_flows_nest_and_close_from_the_inside_out() -> None:
    drive = Drive(
        flow("outer"),
        msgspec.structs.replace(flow("outer/inner"), parent="outer"),
        inside("outer/inner", "work"),
        spec("after", "outer"),
    )
    drive.run("outer/inner/work", "after")
    assert drive.outcome() is RunStatus.SUCCEEDED
    ended = [e.task for e in drive.events if e.kind == "TaskSucceeded"]  # type: ignore[attr-defined]
    assert ended == ["outer/inner/work", "outer/inner", "outer", "after"]


def test_a_mapped_sub_flow_has_a_copy_for_each_item() -> None:
    plan = Plan.of(
        name="regions",
        tasks=[msgspec.structs.replace(flow("region"), foreach=ForEach("params.regions"))],
        templates=[
            msgspec.structs.replace(spec("region[]/fetch"), parent="region[]"),
            msgspec.structs.replace(
                spec("region[]/load", "region[]/fetch"),
                parent="region[]",
                foreach=ForEach("tasks.fetch.result"),
            ),
        ],
    )
    lists = {"region": ["eu", "us"], "region[0]/load": [1, 2], "region[1]/load": []}
    drive = Drive(state=RunState(plan), items=lists)
    drive.written = plan

    drive.run("region[0]/fetch", "region[0]/load[0]")
    drive.start("region[0]/load[1]")
    drive.run("region[1]/fetch")
    assert drive.status("region[1]") is TaskStatus.SUCCEEDED
    drive.end("region[0]/load[1]", BROKEN)
    assert drive.state.task("region").reason == "region[0] failed"

    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="me")
    drive.turn()
    drive.run("region[0]/load[1]")
    assert drive.outcome() is RunStatus.SUCCEEDED
