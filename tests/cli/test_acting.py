"""Commands that act on a run: stop it, let it go on, change its course, foretell what follows."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command
from tests.cli.following import following

CHAIN = """
tasks:
  - { name: one, command: echo 1 }
  - { name: two, command: echo 2, depends_on: one }
  - { name: three, command: echo 3, depends_on: two }
"""
SUMS = """
from taskflow_core import Flow, task

@task
def load(rows: int = 3):
    return list(range(rows))

@task(depends_on=[load])
def total(load):
    print("the sum is", sum(load))
    return sum(load)

sums = Flow("sums", tasks=[load, total])
"""
WITH_PARAMS = """
from taskflow_core import Flow, task

@task
def load(rows, day):
    print(rows, "rows of", day)

etl = Flow("etl", tasks=[load], params={"rows": 3, "day": "today"})
"""
TOLERANT = """
from taskflow_core import Flow, task

@task(allow_failure=True)
def mild():
    raise ValueError("no harm done")

@task(depends_on=[mild])
def after():
    return 1

etl = Flow("etl", tasks=[mild, after])
"""
MENDABLE = """
tasks:
  - { name: one, command: test -e go }
  - { name: two, command: echo 2, depends_on: one }
"""


def write(folder: Path, text: str, name: str = "flow.yaml") -> str:
    (folder / name).write_text(text)
    return name


def states(taskflow: Command) -> dict[str, str]:
    return {task["name"]: task["state"] for task in shown(taskflow)["tasks"]}


def shown(taskflow: Command) -> Any:
    return taskflow.json("show", "@last", "--json")


# --- stopping and stepping -------------------------------------------------------------


def test_a_run_stops_at_a_breakpoint_and_goes_on_step_by_step(
    tmp_path: Path, taskflow: Command
) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--break", "two") as run:
        run.until("RunPaused", reason="breakpoint")
        said = taskflow("show", "@last")
        assert "PAUSED – before two (breakpoint)" in said
        assert "held: breakpoint before" in said
        assert shown(taskflow)["breakpoints"] == [
            {"task": "two", "at": "before", "when": None, "hit": 1}
        ]

        assert taskflow("step", "@last") == "two\n"
        run.until("TaskReady", task="three")
        assert states(taskflow) == {"one": "SUCCEEDED", "two": "SUCCEEDED", "three": "READY"}

        assert taskflow("continue", "@last") == "running again\n"
        assert run.until("RunSettled")["state"] == "SUCCEEDED"
        assert run.code() == 0


def test_a_run_in_debug_mode_is_paused_before_its_first_task(
    tmp_path: Path, taskflow: Command
) -> None:
    flow = write(
        tmp_path,
        "tasks:\n  - { name: a, command: echo }\n  - { name: b, command: echo }\n"
        "  - { name: c, command: echo, depends_on: [a, b] }\n",
    )
    with following(taskflow, flow, "--debug") as run:
        run.until("RunPaused", by="cli")
        assert "AttemptStarted" not in {event["kind"] for event in run.seen}

        assert taskflow("step", "@last", "--frontier") == "a\nb\n"
        run.until("TaskReady", task="c")
        assert shown(taskflow)["state"] == "PAUSED"


def test_a_breakpoint_stops_the_very_first_task(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--break", "one") as run:
        assert run.until("TaskHeld")["task"] == "one"


def test_a_run_goes_on_to_a_task_and_stands_still_before_it(
    tmp_path: Path, taskflow: Command
) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--debug") as run:
        run.until("RunPaused")
        assert "running what three waits for" in taskflow("step", "@last", "--to", "three")
        run.until("TaskReady", task="three")

        assert states(taskflow) == {"one": "SUCCEEDED", "two": "SUCCEEDED", "three": "READY"}


def test_a_failure_can_be_stopped_at_and_taken_for_a_success(
    tmp_path: Path, taskflow: Command
) -> None:
    flow = write(tmp_path, MENDABLE)
    with following(taskflow, flow, "--debug") as run:
        run.until("RunPaused")
        assert taskflow("break", "@last", "one", "--at", "on_failure") == "stops on failure one\n"
        taskflow("continue", "@last")
        run.until("TaskHeld", task="one", breakpoint="on_failure")
        taskflow("succeed", "@last", "one")
        taskflow("continue", "@last")
        assert run.code() == 0

    assert states(taskflow) == {"one": "SUCCEEDED", "two": "SUCCEEDED"}


def test_a_breakpoint_is_cleared(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--debug", "--break", "two") as run:
        run.until("BreakpointSet")
        assert taskflow("break", "@last", "two", "--clear") == "no longer stops before two\n"
        assert "no breakpoint" in taskflow("break", "@last", "two", "--clear", code=2)
        taskflow("continue", "@last")
        assert run.code() == 0


def test_a_held_task_stalls_the_run_until_it_is_released(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--debug") as run:
        run.until("RunPaused")
        taskflow("hold", "@last", "two")
        taskflow("continue", "@last")
        assert run.until("RunStalled")["waiting"] == ["two"]
        assert "STALLED" in taskflow("ls")
        assert "held by" in taskflow("show", "@last")

        taskflow("release", "@last", "two")
        assert run.code() == 0


def test_a_run_is_told_how_much_runs_at_once(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--debug") as run:
        run.until("RunPaused")
        assert taskflow("set", "@last", "max_parallel=3") == "at most 3 at once now\n"

        assert shown(taskflow)["max_parallel"] == 3


# --- changing the course ---------------------------------------------------------------


def test_a_plan_says_what_would_come_and_does_nothing(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, CHAIN)
    taskflow("run", flow)
    before = shown(taskflow)

    plan = taskflow("rerun", "@last", "two", "--from-here", "--plan").splitlines()

    assert plan[0] == "runs    2 tasks: two, three"
    assert plan[1].startswith("takes   about ")
    assert plan[2:] == [
        "reused  1 task: one",
        "then    the run is SUCCEEDED, if all of it succeeds",
    ]
    assert shown(taskflow) == before


@pytest.mark.parametrize(
    ("words", "runs", "without"),
    [
        (["skip", "@last", "two"], "one", "two"),
        (["succeed", "@last", "two"], "one, three", ""),
        (["cancel", "@last", "two"], "one", "two, three"),
    ],
)
def test_a_plan_of_a_live_run(
    tmp_path: Path, taskflow: Command, words: list[str], runs: str, without: str
) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--debug") as run:
        run.until("RunPaused")

        plan = dict(line.split(maxsplit=1) for line in taskflow(*words, "--plan").splitlines())

        assert plan["runs"].partition(": ")[2] == runs
        assert without in plan.get("not", "")
        assert states(taskflow) == {"one": "READY", "two": "PENDING", "three": "PENDING"}


def test_a_skipped_task_does_not_run(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, CHAIN)
    with following(taskflow, flow, "--break", "three") as run:
        run.until("RunPaused")
        assert taskflow("skip", "@last", "three") == "skipped 1 task\n"
        assert run.code() == 0

    assert states(taskflow)["three"] == "SKIPPED"
    assert "by cli" in taskflow("show", "@last")


def test_a_value_that_a_person_gives_reaches_what_is_downstream(
    tmp_path: Path, taskflow: Command
) -> None:
    flow = write(tmp_path, SUMS, "sums.py")
    with following(taskflow, flow, "--break", "load") as run:
        run.until("RunPaused")
        said = taskflow("succeed", "@last", "load", "--value", "[20, 22]")
        assert said == "load counts as succeeded\n"
        taskflow("continue", "@last")
        assert run.code() == 0

    assert taskflow("logs", "@last", "total") == "the sum is 42\n"
    assert "a person said what its result is" in taskflow("show", "@last")


def test_a_task_runs_again_with_another_argument(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, SUMS, "sums.py")
    taskflow("run", flow)

    assert taskflow("rerun", "@last", "load", "--set", "rows=5") == "load\n"
    taskflow("attach", "@last")
    said = taskflow("show", "@last")
    assert "with rows=5" in said
    assert "stale: load was run again" in said

    assert taskflow("rerun", "@last", "total") == "total\n"
    taskflow("attach", "@last")
    assert taskflow("logs", "@last", "total") == "the sum is 10\n"


def test_everything_behind_a_failed_task_runs_again_with_it(
    tmp_path: Path, taskflow: Command
) -> None:
    flow = write(tmp_path, MENDABLE)
    taskflow("run", flow, code=1)
    (tmp_path / "go").touch()

    assert "2 tasks: one, two" in taskflow("retry", "@last", "--from-here", "--plan")
    assert taskflow("retry", "@last", "--from-here") == "one\ntwo\n"
    taskflow("attach", "@last")

    assert states(taskflow) == {"one": "SUCCEEDED", "two": "SUCCEEDED"}


# --- what is refused -------------------------------------------------------------------


def test_what_is_wrong_with_a_request_is_said_with_what_to_do(
    tmp_path: Path, taskflow: Command
) -> None:
    flow = write(tmp_path, SUMS, "sums.py")
    taskflow("run", flow)

    for words, fact, hint in [
        (["rerun", "@last", "load", "--set", "rows=x"], "rows is not JSON: x", "'\"x\"'"),
        (["rerun", "@last", "load", "--set", "rows"], "--set takes NAME=JSON", ""),
        (["succeed", "@last", "load", "--value", "{"], "--value is not JSON", "quotes"),
        (["succeed", "@last", "load"], "'load' has succeeded already", ""),
        (["skip", "@last", "lod"], "'lod'", ""),
        (["set", "@last", "workers=3"], "no setting 'workers'", ""),
        (["set", "@last", "max_parallel=all"], "not 'all'", ""),
        (["step", "@last"], "is SUCCEEDED", ""),
        (["step", "@last", "--frontier", "--to", "load"], "choose one of", ""),
        (["retry", "@last", "--from-here"], "no task has failed", "Name the tasks"),
        (["run", flow, "--break", "lod"], "no task 'lod' to stop before", "'load'"),
        (["run", flow, "-p", "rows=3"], "has no parameter 'rows'", "no parameters"),
        (["run", flow, "-p", "rows"], "gives no parameter a value", "NAME=VALUE"),
    ]:
        said = taskflow(*words, code=2)
        assert fact in said, words
        assert hint in said, words


# --- how a run begins and ends ---------------------------------------------------------


def test_parameters_are_given_by_name_and_in_a_file(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, WITH_PARAMS, "params.py")
    write(tmp_path, '{"rows": 8, "day": "2026-11-24"}', "values.json")

    taskflow("run", flow, "--params-file", "values.json", "-p", "rows=5")
    assert taskflow("logs", "@last", "load") == "5 rows of 2026-11-24\n"

    said = taskflow("run", flow, "-p", "rows=many", "-p", "dya=x", code=2)
    assert "parameter 'rows' must be a whole number, not 'many'" in said
    assert "has no parameter 'dya'" in said
    assert "Did you mean 'day'?" in said


def test_a_run_with_only_tolerated_failures_ends_well(tmp_path: Path, taskflow: Command) -> None:
    flow = write(tmp_path, TOLERANT, "tolerant.py")

    taskflow("run", flow)

    assert shown(taskflow)["state"] == "PARTIAL"
    assert states(taskflow) == {"mild": "FAILED", "after": "SUCCEEDED"}
    assert "PARTIAL" in taskflow("ls")
