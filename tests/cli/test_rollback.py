"""Runs that are undone: by policy, by hand, in part, and what they exit with and show."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command

STEPS = """
def book(hotel="Ritz"):
    return {"id": 7}

def cancel(result, hotel):
    print("cancelling", result["id"], "at the", hotel)

def cannot(result):
    raise ValueError("no way back")
"""
TRAVEL = """
on_failure: {policy}
tasks:
  - {{ name: book, function: steps.book, rollback: steps.{undo} }}
  - name: upload
    command: echo up
    depends_on: book
    rollback: {{ command: 'echo "$TASKFLOW_RESULT" is undone' }}
  - {{ name: look, command: echo, depends_on: book }}
  - {{ name: pay, command: "false", depends_on: upload }}
"""


def write(folder: Path, *, policy: str = "rollback", undo: str = "cancel") -> str:
    (folder / "steps.py").write_text(STEPS)
    (folder / "travel.yaml").write_text(TRAVEL.format(policy=policy, undo=undo))
    return "travel.yaml"


def states(taskflow: Command) -> dict[str, str]:
    return {task["name"]: task["state"] for task in shown(taskflow)["tasks"]}


def shown(taskflow: Command) -> Any:
    return taskflow.json("show", "@last", "--json")


def output(taskflow: Command, *words: str, code: int) -> list[str]:
    """Run a command that ends with `code`, and return the lines that it printed."""
    process = taskflow.start(*words)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == code, printed
    return printed.splitlines()


def test_a_run_that_rolls_itself_back_exits_with_4(tmp_path: Path, taskflow: Command) -> None:
    lines = output(taskflow, "run", write(tmp_path), code=4)

    said = [line[9:] if "│" not in line else line.strip() for line in lines]
    at = said.index("◂ rolling back by on_failure")
    assert said[at - 1] == "✖ pay attempt 1: exit code 1"
    undone = [line.partition("  ")[0] for line in said[at + 1 :]]
    assert undone[:-1] == [
        "◂ undoing upload",
        'upload │ "up" is undone',
        "◃ upload undone",
        "◂ undoing book",
        "book │ cancelling 7 at the Ritz",
        "◃ book undone",
        "◃ rolled back: 3 tasks",
    ]
    assert "ROLLED_BACK in " in said[-1]
    assert states(taskflow) == {
        "book": "ROLLED_BACK", "upload": "ROLLED_BACK", "look": "ROLLED_BACK", "pay": "FAILED"
    }  # fmt: skip


def test_show_and_logs_tell_how_a_task_was_undone(tmp_path: Path, taskflow: Command) -> None:
    output(taskflow, "run", write(tmp_path), code=4)

    attempts = {task["name"]: task["attempts"] for task in shown(taskflow)["tasks"]}
    kinds = {name: [each["kind"] for each in tried] for name, tried in attempts.items()}
    assert kinds == {
        "book": ["execute", "rollback"],
        "upload": ["execute", "rollback"],
        "look": ["execute"],
        "pay": ["execute"],
    }
    assert attempts["book"][1]["state"] == "SUCCEEDED"
    assert taskflow("logs", "@last", "upload") == "up\n"
    assert taskflow("logs", "@last", "upload", "--rollback") == '"up" is undone\n'
    assert "nothing ran to undo it" in taskflow("logs", "@last", "look", "--rollback", code=2)
    lines = taskflow("show", "@last").splitlines()
    assert [line.split()[1] for line in lines if line.endswith(" undone")] == ["book", "upload"]
    assert [line.split()[1] for line in lines if line.endswith("nothing to undo")] == ["look"]


def test_a_rollback_shows_its_plan_and_changes_nothing(tmp_path: Path, taskflow: Command) -> None:
    taskflow("run", write(tmp_path, policy="finish"), code=1)

    assert taskflow("rollback", "@last", "--plan").splitlines() == [
        "undone  2 tasks: upload, book",
        "then    the run is ROLLED_BACK, if all of it succeeds",
    ]
    part = taskflow("rollback", "@last", "--to", "upload", "--plan").splitlines()
    assert "undone  1 task: upload" in part
    assert states(taskflow)["book"] == "SUCCEEDED"


def test_a_person_rolls_back_a_settled_run_down_to_a_task(
    tmp_path: Path, taskflow: Command
) -> None:
    taskflow("run", write(tmp_path, policy="finish"), code=1)

    assert taskflow("rollback", "@last", "--to", "upload") == "being rolled back\n"

    output(taskflow, "attach", "@last", code=4)
    assert states(taskflow) == {
        "book": "SUCCEEDED", "upload": "ROLLED_BACK", "look": "SUCCEEDED", "pay": "FAILED"
    }  # fmt: skip


def test_what_cannot_be_undone_exits_with_5_until_a_person_counts_it_as_undone(
    tmp_path: Path, taskflow: Command
) -> None:
    lines = output(taskflow, "run", write(tmp_path, undo="cannot"), code=5)
    assert lines[-3].endswith("⊖ undoing book failed: ValueError: no way back")
    assert "⊖ book could not be undone; go on with  taskflow-tui rollback " in lines[-2]
    assert "not undone – ValueError: no way back" in taskflow("show", "@last")

    taskflow("rollback", "@last", "--skip", "book")

    output(taskflow, "attach", "@last", code=4)
    assert "not undone: skipped by cli" in taskflow("show", "@last")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "bok"], "bok"),
        (["--skip", "book"], "undoing task 'book' has not failed"),
    ],
)
def test_a_rollback_that_makes_no_sense_is_refused(
    tmp_path: Path, taskflow: Command, words: list[str], message: str
) -> None:
    taskflow("run", write(tmp_path, policy="finish"), code=1)

    assert message in taskflow("rollback", "@last", *words, code=2)
