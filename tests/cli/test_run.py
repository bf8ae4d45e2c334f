"""`run`, and what looks at runs afterwards: output, exit codes, JSON shapes."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.command import Command

GOOD = """
tasks:
  - { name: one, command: echo hi }
  - { name: two, command: echo ho, depends_on: one }
"""
BAD = """
tasks:
  - { name: one, command: "echo no >&2; exit 3" }
  - { name: two, command: echo, depends_on: one }
"""
LONG = "tasks:\n  - { name: one, command: 'echo up; sleep 300', grace: 0.2 }\n"


def write(tmp_path: Path, text: str) -> None:
    (tmp_path / "flow.yaml").write_text(text)


def test_a_run_prints_what_happens_and_what_tasks_print(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, GOOD)

    lines = taskflow("run", "flow.yaml").splitlines()

    assert lines[0].endswith(" of flow: 2 tasks")
    assert [line[9:].split("  ")[0] for line in lines[1:7] if "│" not in line] == [
        "▶ one",
        "✔ one",
        "▶ two",
        "✔ two",
    ]
    assert "         one │ hi" in lines
    assert "SUCCEEDED in " in lines[-1]


def test_json_is_one_event_a_line_and_nothing_else(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, GOOD)

    events = [json.loads(line) for line in taskflow("run", "flow.yaml", "--json").splitlines()]

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["kind"] == "RunCreated"
    assert events[-1]["kind"] == "RunSettled"
    started = next(event for event in events if event["kind"] == "AttemptStarted")
    assert {"seq", "at", "kind", "run", "task", "epoch", "attempt"} <= set(started)
    assert (started["task"], started["epoch"], started["attempt"]) == ("one", 0, 1)


def test_a_run_has_the_order_it_was_given(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, GOOD)

    taskflow("run", "flow.yaml", "--order", "fifo")

    assert taskflow.json("show", "@last", "--json")["order"] == "fifo"
    assert "'critical', 'file', 'fifo'" in taskflow("run", "flow.yaml", "--order", "x", code=2)


def test_a_failed_run_exits_with_1(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, BAD)

    out = taskflow("run", "flow.yaml", code=1)

    assert "✖ one attempt 1: exit code 3: no" in out
    assert "⊘ two is blocked by one" in out


def test_show_tells_every_task_and_attempt(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, BAD)
    taskflow("run", "flow.yaml", code=1)

    shown = taskflow.json("show", "@last", "--json")

    assert (shown["flow"], shown["state"], shown["reason"]) == ("flow", "FAILED", "1 task failed")
    assert shown["owner"]["alive"] is False
    one, two = shown["tasks"]
    assert (one["name"], one["state"], one["epoch"]) == ("one", "FAILED", 0)
    assert one["attempts"][0]["exit_code"] == 3
    assert one["attempts"][0]["kind"] == "execute"
    assert (two["state"], two["reason"], two["attempts"]) == ("UPSTREAM_FAILED", "one", [])
    assert "blocked by one" in taskflow("show", "@last")


def test_ls_lists_newest_first(tmp_path: Path, taskflow: Command) -> None:
    assert taskflow.json("ls", "--json") == []
    write(tmp_path, GOOD)
    taskflow("run", "flow.yaml")
    write(tmp_path, BAD)
    taskflow("run", "flow.yaml", code=1)

    listed = taskflow.json("ls", "--json")

    assert [run["state"] for run in listed] == ["FAILED", "SUCCEEDED"]
    assert listed[0]["counts"] == {"FAILED": 1, "UPSTREAM_FAILED": 1}
    assert len(taskflow("ls").splitlines()) == 2


def test_logs_go_into_a_pipe_as_they_were(tmp_path: Path, taskflow: Command) -> None:
    write(
        tmp_path,
        "tasks:\n  - { name: t, command: \"printf '\\\\033[31mred\\\\033]0;x\\\\007'\" }\n",
    )
    taskflow("run", "flow.yaml")

    assert taskflow("logs", "@last", "t") == "\x1b[31mred\x1b]0;x\x07"


def test_a_retry_by_name(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, f"tasks:\n  - {{ name: one, command: test -e {tmp_path}/go }}\n")
    taskflow("run", "flow.yaml", code=1)
    (tmp_path / "go").touch()

    assert taskflow("retry", "@last", "one") == "one\n"
    assert "SUCCEEDED" in taskflow("attach", "@last")
    assert len(taskflow.json("show", "@last", "--json")["tasks"][0]["attempts"]) == 2


def test_detach_prints_the_id_and_leaves(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, LONG)

    run = taskflow.json("run", "flow.yaml", "--detach", "--json")["run"]

    assert taskflow.json("show", run, "--json")["state"] == "RUNNING"
    taskflow("cancel", run)
    taskflow("attach", run, code=1)
    assert taskflow.json("show", run, "--json")["state"] == "CANCELLED"


@pytest.mark.parametrize(
    ("number", "code", "state"),
    [
        (signal.SIGINT, 130, "CANCELLED"),
        (signal.SIGTERM, 143, "CANCELLED"),
        (signal.SIGHUP, 129, "RUNNING"),
    ],
)
def test_signals(
    tmp_path: Path, taskflow: Command, number: signal.Signals, code: int, state: str
) -> None:
    """Ctrl-C and TERM stop the run; a closed terminal leaves it running."""
    write(tmp_path, LONG)
    process = taskflow.start("run", "flow.yaml")
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "up" in line:
                break
        os.kill(process.pid, number)
        process.communicate(timeout=30)

    assert process.returncode == code
    assert taskflow.json("show", "@last", "--json")["state"] == state
    if state == "RUNNING":
        taskflow("cancel", "@last")
        taskflow("attach", "@last", code=1)


def test_what_is_wrong_is_said_on_standard_error_with_2(tmp_path: Path, taskflow: Command) -> None:
    assert "no run is called 'nope'" in taskflow("show", "nope", code=2)
    assert "there is no file 'nope.yaml'" in taskflow("run", "nope.yaml", code=2)
    write(tmp_path, "tasks:\n  - { name: a, comand: x }\n")
    assert "flow.yaml:2:16: " in taskflow("run", "flow.yaml", code=2)
    assert "taskflow-tui run FLOW --plain" in taskflow("flow.yaml", code=2)
    write(tmp_path, GOOD)
    taskflow("run", "flow.yaml")
    assert "has no task 'onee'" in taskflow("logs", "@last", "onee", code=2)
    assert "no task has failed" in taskflow("retry", "@last", code=2)


def test_every_command_has_help_with_an_example(taskflow: Command) -> None:
    names = [
        line.split()[0]
        for line in taskflow("--help").partition("Commands:")[2].splitlines()
        if line.startswith("  ")
    ]

    assert {"run", "validate", "ls", "show", "logs"} <= set(names)
    for name in names:
        assert "Example: taskflow-tui" in taskflow(name, "--help"), name


def test_a_reader_that_leaves_is_told_where_the_run_goes_on(
    tmp_path: Path, taskflow: Command
) -> None:
    write(tmp_path, LONG)
    process = taskflow.start("run", "flow.yaml")
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        taskflow("cancel", "@last")
        said = process.stderr.read()

    assert process.returncode == 141
    assert "nobody reads this any more; follow the run with  taskflow-tui attach" in said
    assert "Traceback" not in said


def test_a_state_folder_that_cannot_be_made_is_said_in_a_line(
    tmp_path: Path, taskflow: Command
) -> None:
    write(tmp_path, GOOD)

    said = taskflow("run", "flow.yaml", "--state", "/proc/nope", code=74)

    assert said.startswith("taskflow-tui: ")
    assert len(said.splitlines()) == 1
