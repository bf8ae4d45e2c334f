"""Cached flow files, and what the command line says of them."""

import re
from pathlib import Path

import pytest

from tests.cli.command import Command

FLOW = """
params: { limit: 5 }
tasks:
  - { name: load, function: etl.load, kwargs: { limit: "${{ params.limit }}" }, cache: true }
  - { name: total, function: etl.total, depends_on: load, cache: true, executor: thread }
  - { name: tell, command: "echo ${{ tasks.total.result }}", depends_on: total, cache: true }
"""
ETL = """
from helpers import clean

def load(limit):
    return [clean(row) for row in range(limit)]

def total(load):
    return sum(load)
"""


@pytest.fixture(autouse=True)
def files(taskflow: Command) -> None:
    (taskflow.folder / "flow.yaml").write_text(FLOW)
    (taskflow.folder / "etl.py").write_text(ETL)
    (taskflow.folder / "helpers.py").write_text("def clean(row):\n    return row\n")


def tasks(taskflow: Command) -> dict[str, tuple[str, bool]]:
    """Return how the tasks of the last run succeeded, and whether they were hits."""
    shown = taskflow.json("show", "@last", "--json")
    return {task["name"]: (task["reason"], task["cache"]["hit"]) for task in shown["tasks"]}


def without_ages(text: str) -> str:
    return re.sub(r"run \w+, \d+s ago", "run R, 0s ago", text)


def test_a_second_run_reuses_all_and_says_why(taskflow: Command) -> None:
    first = taskflow("run", "flow.yaml")
    assert "• load has to run: no entry yet" in first
    second = taskflow("run", "flow.yaml")

    assert "≡ load  cached: nothing changed since run R, 0s ago" in without_ages(second)
    assert set(tasks(taskflow).values()) == {("cached", True)}
    shown = without_ages(taskflow("show", "@last"))
    assert re.search(r"SUCCEEDED +load +#1 +cached: nothing changed since run R, 0s ago", shown)


def test_an_edit_of_a_helper_is_never_missed(taskflow: Command) -> None:
    taskflow("run", "flow.yaml")
    (taskflow.folder / "helpers.py").write_text("def clean(row):\n    return row + 1\n")
    said = taskflow("run", "flow.yaml")

    assert "• load has to run: the code of `helpers.clean` changed" in said
    assert "• total has to run: the result of `load`: [0, 1, 2, 3, 4] → [1, 2, 3, 4, 5]" in said
    assert "• tell has to run: the command changed; the result of `total`: 10 → 15" in said
    assert taskflow("logs", "@last", "tell") == "15\n"


def test_an_edit_that_changes_no_result_stops_there(taskflow: Command) -> None:
    taskflow("run", "flow.yaml")
    (taskflow.folder / "helpers.py").write_text("def clean(row):\n    return row * 1\n")
    taskflow("run", "flow.yaml")

    found = tasks(taskflow)
    assert found["load"] == ("executed", False)
    assert found["total"] == found["tell"] == ("cached", True)


def test_fresh_runs_all_and_the_next_run_reuses_that(taskflow: Command) -> None:
    taskflow("run", "flow.yaml")
    said = taskflow("run", "flow.yaml", "--fresh")
    assert "• load has to run: this run ignores the cache" in said
    assert set(tasks(taskflow).values()) == {("executed", False)}

    taskflow("run", "flow.yaml")
    assert set(tasks(taskflow).values()) == {("cached", True)}


def test_a_task_that_is_run_again_by_hand_runs(taskflow: Command) -> None:
    taskflow("run", "flow.yaml")
    taskflow("run", "flow.yaml")
    taskflow("rerun", "@last", "load")
    taskflow("attach", "@last")

    assert taskflow("why", "@last", "load").splitlines() == [
        "load SUCCEEDED: had to run: it is run again by request",
        "  it was run again by request, once",
    ]


def test_a_python_flow_is_cached_too(taskflow: Command) -> None:
    source = """
from taskflow_core import Flow, task
from helpers import clean

@task(cache=True, retries=1)
def load():
    return [clean(1)] * 2000

@task(depends_on=load, cache={"ttl": "1d"}, executor="thread")
def total(load):
    return sum(load)

flow = Flow("py", tasks=[load, total])
"""
    (taskflow.folder / "flow.py").write_text(source)
    taskflow("run", "flow.py")
    taskflow("run", "flow.py")
    assert set(tasks(taskflow).values()) == {("cached", True)}

    (taskflow.folder / "flow.py").write_text(source.replace("retries=1", "retries=2"))
    taskflow("run", "flow.py")
    assert set(tasks(taskflow).values()) == {("cached", True)}

    (taskflow.folder / "flow.py").write_text(source.replace("sum(load)", "len(load)"))
    taskflow("run", "flow.py")
    assert tasks(taskflow) == {"load": ("cached", True), "total": ("executed", False)}


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_children_of_a_mapped_task_are_cached_by_their_items(
    taskflow: Command, executor: str
) -> None:
    flow = """
params: { names: { type: list, default: [a, b] } }
tasks:
  - { name: split, function: etl.split }
  - name: each
    function: etl.each
    foreach: tasks.split.result
    depends_on: split
    cache: true
    executor: EXECUTOR
""".replace("EXECUTOR", executor)
    etl = "def split(names):\n    return names\n\ndef each(item):\n    return item.upper()\n"
    (taskflow.folder / "flow.yaml").write_text(flow)
    (taskflow.folder / "etl.py").write_text(etl)
    taskflow("run", "flow.yaml")
    said = taskflow("run", "flow.yaml", "-p", "names=c,b,a")

    assert "• each[0] has to run: argument `item`: 'a' → 'c'" in said
    assert "≡ each[1]" in said  # in the same place,
    assert "≡ each[2]" in said  # and in another


@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_damaged_cache_costs_a_run_and_no_more(taskflow: Command, damage: bytes) -> None:
    taskflow("run", "flow.yaml")
    for entry in (taskflow.state / "cache").glob("*/*.entry"):
        entry.write_bytes(damage)
    said = taskflow("run", "flow.yaml")

    assert "• load has to run: the entry is damaged" in said
    assert "SUCCEEDED" in said


def test_inputs_and_outputs_are_looked_for_in_the_folder_of_the_flow(taskflow: Command) -> None:
    (taskflow.folder / "flow.yaml").write_text(
        "tasks: [{name: copy, command: cp in.csv out.csv, inputs: '*.csv', outputs: out.csv}]"
    )
    (taskflow.folder / "in.csv").touch()
    taskflow("run", "flow.yaml")
    said = without_ages(taskflow("run", "flow.yaml"))
    assert "≡ copy  cached: up to date since run R, 0s ago" in said

    (taskflow.folder / "out.csv").unlink()
    assert "• copy has to run: its output out.csv is missing" in taskflow("run", "flow.yaml")


# --- why -------------------------------------------------------------------------------------

WHY = """
tasks:
  - { name: fails, command: echo broken >&2; exit 3, retry: 1 }
  - { name: after, command: "true", depends_on: fails }
  - { name: last, command: "true", depends_on: after }
  - { name: skipped, command: "true", when: "params.full" }
  - { name: fine, command: "true" }
params: { full: false }
"""


def test_why_says_what_became_of_a_task_and_why(taskflow: Command) -> None:
    (taskflow.folder / "flow.yaml").write_text(WHY)
    taskflow("run", "flow.yaml", code=1)

    def why(task: str) -> list[str]:
        return taskflow("why", "@last", task).splitlines()

    assert why("fine") == ["fine SUCCEEDED: it ran and succeeded"]
    assert why("fails") == [
        "fails FAILED: exit code 3: broken",
        "  attempt 2 was made because attempt 1 failed: exit code 3: broken",
    ]
    assert why("last") == [
        "last UPSTREAM_FAILED: blocked by fails",
        "  fails FAILED: exit code 3: broken",
    ]
    assert why("skipped") == [
        "skipped SKIPPED: condition",
        "  its condition is false: params.full",
    ]


def test_why_is_there_for_programs(taskflow: Command) -> None:
    taskflow("run", "flow.yaml")

    found = taskflow.json("why", "@last", "total", "--json")
    assert found == {
        "run": found["run"],
        "task": "total",
        "state": "SUCCEEDED",
        "why": ["had to run: no entry yet", "it starts by the rule all_success: load SUCCEEDED"],
    }


def test_why_knows_no_task_of_that_name(taskflow: Command) -> None:
    taskflow("run", "flow.yaml")

    said = taskflow("why", "@last", "laod", code=2)
    assert "has no task 'laod'" in said
    assert "Did you mean 'load'?" in said


def test_what_waits_is_told_of_too(taskflow: Command) -> None:
    taskflow("run", "flow.yaml", "--debug", "--detach")

    assert taskflow("why", "@last", "load").startswith("load READY: waits: the run is paused")
    assert taskflow("why", "@last", "total").startswith("total PENDING: needs load")
    taskflow("cancel", "@last")
    assert Path(taskflow.state).exists()
