"""What the commands say of handlers: as they run, afterwards, and where they printed."""

import json
import os
import signal
from pathlib import Path

from taskflow_core.process_tree import sweep
from tests.cli.command import Command
from tests.cli.following import following

FLOW = """
handlers:
  failure: { command: "echo ${{ run.failed }} failed" }
  always: { command: "echo trouble >&2; exit 3" }
tasks:
  - { name: one, command: "exit 1" }
"""
HANGING = """
handlers:
  success: { command: "echo up; exec sleep 300", grace: 0.2 }
  always: { command: echo }
tasks:
  - { name: one, command: echo }
"""


def write(tmp_path: Path, text: str) -> None:
    (tmp_path / "flow.yaml").write_text(text)


def test_a_run_prints_what_handlers_do_and_print(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, FLOW)

    lines = taskflow("run", "flow.yaml", code=1).splitlines()

    at = next(number for number, line in enumerate(lines) if ": FAILED in" in line)
    assert [line[9:] if line[2] == ":" else line for line in lines[at + 1 :]] == [
        "▶ handler:failure",
        "         handler:failure │ one failed",
        "✔ handler:failure",
        "▶ handler:always",
        "         handler:always │ trouble",
        "✖ handler:always failed: exit code 3: trouble",
    ]


def test_the_events_of_handlers_are_printed_as_json(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, FLOW)

    lines = taskflow("run", "flow.yaml", "--json", code=1).splitlines()

    *_, settled, _, one, _, other = [json.loads(line) for line in lines]
    assert settled["kind"] == "RunSettled"
    assert (one["kind"], one["handler"], one["ok"]) == ("HandlerFinished", "failure", True)
    assert (other["handler"], other["ok"]) == ("always", False)
    assert other["error"] == "exit code 3: trouble"


def test_what_they_did_and_printed_can_be_seen_afterwards(
    tmp_path: Path, taskflow: Command
) -> None:
    write(tmp_path, FLOW)
    taskflow("run", "flow.yaml", code=1)

    shown = taskflow("show", "@last").splitlines()
    assert shown[-2].startswith("  handler:failure  done in ")
    assert shown[-1] == "  handler:always  failed: exit code 3: trouble"
    handlers = taskflow.json("show", "@last", "--json")["handlers"]
    assert [(one["handler"], one["ok"]) for one in handlers] == [
        ("failure", True),
        ("always", False),
    ]
    assert taskflow("logs", "@last") == "handler:failure\nhandler:always\n"
    assert taskflow("logs", "@last", "handler:failure") == "one failed\n"
    assert taskflow("logs", "@last", "handler:always") == "trouble\n"


def test_ctrl_c_ends_the_handler_and_then_the_command(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, HANGING)

    with following(taskflow, "flow.yaml") as run:
        run.until("HandlerStarted")
        run.interrupt(signal.SIGINT)
        stopped = run.until("HandlerFinished")
        skipped = run.until("HandlerFinished")
        assert run.code() == 0

    assert stopped["error"] == "stopped by cli"
    assert skipped["error"] == "not begun: stopped by cli"


def test_attach_waits_for_the_handlers_too(tmp_path: Path, taskflow: Command) -> None:
    write(tmp_path, HANGING)

    with following(taskflow, "flow.yaml") as run:
        run.until("HandlerStarted")
        with taskflow.start("attach", "@last") as attached:
            assert attached.stdout is not None
            line = ""
            while "▶ handler:success" not in line:
                line = attached.stdout.readline()
            assert "handler:success  at it" in taskflow("show", "@last")
            taskflow("cancel", "@last")
            rest = attached.stdout.read()
        assert run.code() == 0

    assert "✖ handler:success failed: stopped by cli" in rest
    assert attached.returncode == 0


def test_the_handler_of_a_runner_that_died_is_shown_as_cut_off(
    tmp_path: Path, taskflow: Command
) -> None:
    write(tmp_path, HANGING)

    with following(taskflow, "flow.yaml") as run:
        run.until("HandlerStarted")
        os.kill(taskflow.json("show", "@last", "--json")["owner"]["pid"], signal.SIGKILL)
        assert run.code() == 0

    assert "handler:success was cut off" in run.complaints

    assert "handler:success  cut off: the process that ran it died" in taskflow("show", "@last")
    sweep(taskflow.json("show", "@last", "--json")["run"])
