"""What the command line says of mapped tasks, sub-flows and questions, and how it answers them."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command

PART = """
params: { name: str }
tasks:
  - { name: get, command: "echo got ${{ params.name }}" }
  - { name: store, command: "echo stored", depends_on: get }
"""
WHOLE = """
name: etl
tasks:
  - { name: fetch, command: seq 3, output: lines }
  - { name: load, command: "echo item ${{ item }}", foreach: "${{ tasks.fetch.result }}", depends_on: fetch }
  - { name: part, flow: part.yaml, params: { name: all }, depends_on: load }
  - name: sign-off
    depends_on: part
    approve:
      prompt: "Ship ${{ tasks.load.result | length }}?"
      fields:
        note: { type: str, help: why }
        copies: { type: int, default: 1, min: 1 }
  - { name: tell, command: "echo ${{ tasks['sign-off'].result.note }} ${{ tasks['sign-off'].result.copies }}", depends_on: sign-off }
"""  # noqa: E501


@pytest.fixture
def flow(tmp_path: Path) -> str:
    (tmp_path / "part.yaml").write_text(PART)
    (tmp_path / "etl.yaml").write_text(WHOLE)
    return "etl.yaml"


@pytest.fixture
def waiting(taskflow: Command, flow: str) -> str:
    """The id of a run that waits for a person."""
    taskflow("run", "--no-wait", flow, code=1)
    return str(taskflow.json("show", "@last", "--json")["run"])


def output(taskflow: Command, *words: str, code: int) -> tuple[str, str]:
    process = taskflow.start(*words)
    printed, complained = process.communicate(timeout=60)
    assert process.returncode == code, printed + complained
    return printed, complained


def tasks_of(taskflow: Command) -> dict[str, Any]:
    return {task["name"]: task for task in taskflow.json("show", "@last", "--json")["tasks"]}


def test_a_run_prints_what_it_asks_and_the_command_that_answers(
    taskflow: Command, flow: str
) -> None:
    printed, complained = output(taskflow, "run", "--no-wait", flow, code=1)

    run = taskflow.json("show", "@last", "--json")["run"]
    lines = [line[9:] for line in printed.splitlines() if "│" not in line]
    assert "▾ load: 3 items" in lines
    assert "✔ load  3 of 3" in lines
    assert "▾ part: 2 tasks  name=all" in lines
    assert "✔ part  2 of 2" in lines
    command = f"taskflow-tui approve {run} sign-off -f note=…"
    assert lines[-1] == f"◔ sign-off asks: Ship 3?  answer with  {command}"
    assert complained.splitlines()[0] == (
        "taskflow-tui: a person is needed, and --no-wait was given:"
        " the run goes on waiting without this command"
    )
    assert command in complained
    assert taskflow.json("show", "@last", "--json")["state"] == "RUNNING"


def test_an_approval_lets_the_run_go_on(taskflow: Command, waiting: str) -> None:
    assert taskflow("approve", "@last", "sign-off", "-f", "note=all good") == "approved sign-off\n"

    followed = taskflow("attach", waiting)

    assert "✔ sign-off approved by cli: note=all good, copies=1" in followed
    assert not [line for line in followed.splitlines() if line.endswith("✔ sign-off")]
    assert "tell │ all good 1" in followed
    assert followed.splitlines()[-1].endswith("(8 succeeded)")
    assert "approved: note=all good, copies=1" in taskflow("show", "@last")


def test_a_rejection_fails_the_task_with_its_reason(taskflow: Command, waiting: str) -> None:
    taskflow("reject", "@last", "sign-off", "--reason", "too early")

    followed = taskflow("attach", waiting, code=1)

    assert "✖ sign-off rejected by cli: too early" in followed
    assert "✖ sign-off failed" not in followed
    assert tasks_of(taskflow)["tell"]["state"] == "UPSTREAM_FAILED"


def test_an_answer_that_will_not_do_says_what_is_wrong_field_by_field(
    taskflow: Command, waiting: str
) -> None:
    command = f"  The answer is given with  taskflow-tui approve {waiting} sign-off -f note=…\n"

    missing = taskflow("approve", "@last", "sign-off", code=2)
    wrong = taskflow("approve", "@last", "sign-off", "-f", "copies=0", "-f", "nots=x", code=2)

    assert missing == f"taskflow-tui: note (str: why) needs a value\n{command}"
    lines = wrong.splitlines()
    assert lines[0].startswith("taskflow-tui: the answer to 'sign-off' has no field 'nots'")
    assert "note (str: why) needs a value" in lines[1]
    assert lines[2].startswith("taskflow-tui: copies (int, from 1, default 1) ")
    assert tasks_of(taskflow)["sign-off"]["state"] == "WAITING"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("approve", "@last", "sign-of"), "has no task 'sign-of'\n  Did you mean 'sign-off'?"),
        (("reject", "@last", "load"), "task 'load' asks nothing\n  taskflow-tui approve"),
        (("approve", "@last", "sign-off", "-f", "note"), "-f takes NAME=VALUE, not 'note'"),
    ],
)
def test_what_asks_nothing_is_not_answered(
    taskflow: Command, waiting: str, words: tuple[str, ...], said: str
) -> None:
    assert said in taskflow(*words, code=2)


def test_what_was_answered_is_not_answered_again(taskflow: Command, waiting: str) -> None:
    taskflow("approve", "@last", "sign-off", "-f", "note=ok")
    taskflow("attach", waiting)

    again = taskflow("reject", "@last", "sign-off", code=2)

    assert "task 'sign-off' is SUCCEEDED (executed): it asks nothing now" in again
    assert "No task of this run waits for a person now." in again


def test_show_has_children_below_their_container(taskflow: Command, waiting: str) -> None:
    lines = taskflow("show", "@last").splitlines()

    assert [line[18:].split("  ")[0] or line[18:].split()[0] for line in lines[1:-1]] == [
        "fetch", "load", "load[0]", "load[1]", "load[2]",
        "part", "part/get", "part/store", "sign-off", "tell",
    ]  # fmt: skip
    assert lines[2].endswith(" 3/3")
    assert lines[3][18:].startswith("  load[0] ")
    assert lines[3].endswith("#1  1")
    assert lines[9].split(maxsplit=2) == ["WAITING", "sign-off", "asks: Ship 3?"]
    assert lines[-1] == f"answer with  taskflow-tui approve {waiting} sign-off -f note=…"


def test_show_as_json_tells_who_is_in_whom_and_what_is_waited_for(
    taskflow: Command, waiting: str
) -> None:
    tasks = tasks_of(taskflow)

    assert tasks["load"]["children"] == ["load[0]", "load[1]", "load[2]"]
    assert (tasks["load[1]"]["parent"], tasks["part/get"]["parent"]) == ("load", "part")
    assert tasks["fetch"]["parent"] is None
    wanted = {"what": "approval", "until": None, "about": "Ship 3?"}
    assert tasks["sign-off"]["waiting"] == wanted
    assert tasks["load"]["waiting"] is None


def test_containers_leave_being_counted_to_what_is_in_them(taskflow: Command, waiting: str) -> None:
    wanted = {"PENDING": 1, "WAITING": 1, "SUCCEEDED": 6}

    assert taskflow.json("show", "@last", "--json")["counts"] == wanted
    assert taskflow.json("ls", "--json")[0]["counts"] == wanted


def test_the_log_of_a_container_is_that_of_all_that_is_in_it(
    taskflow: Command, waiting: str
) -> None:
    assert taskflow("logs", "@last", "load").splitlines() == [
        f"load[{n}] │ item {n + 1}" for n in range(3)
    ]
    assert taskflow("logs", "@last", "part").splitlines() == [
        "part/get │ got all",
        "part/store │ stored",
    ]


def test_a_moment_that_is_waited_for_is_shown(tmp_path: Path, taskflow: Command) -> None:
    (tmp_path / "w.yaml").write_text(
        "tasks:\n  - { name: settle, wait: { for: 1h } }\n"
        "  - { name: there, wait: { file: ready }, timeout: 2h }\n"
    )
    taskflow("run", "--detach", "w.yaml")

    shown = taskflow("show", "@last")

    settle, there = (line for line in shown.splitlines()[1:])
    assert "goes on in 59m" in settle or "goes on in 1h00m" in settle
    assert ", at 20" in settle
    assert f"waits for {tmp_path}/ready (gives up in " in there
    taskflow("cancel", "@last")


def test_what_goes_on_by_itself_is_waited_for_whatever_is_said_of_people(
    tmp_path: Path, taskflow: Command
) -> None:
    (tmp_path / "w.yaml").write_text(
        "tasks:\n  - { name: settle, wait: { for: 300ms } }\n"
        "  - { name: ask, approve: { prompt: Go on? } }\n"
        "  - { name: after, command: echo rested, depends_on: settle }\n"
    )

    printed, _ = output(taskflow, "run", "--no-wait", "w.yaml", code=1)

    assert "after │ rested" in printed
    taskflow("cancel", "@last")
