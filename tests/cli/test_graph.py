"""`taskflow-tui graph`: pictures of flows and runs, plain in a pipe and coloured on a terminal."""

import json
import os
import pty
import subprocess

import pytest

from tests.cli.command import Command

FLOW = """\
name: etl
tasks:
  - {name: fetch, command: "true"}
  - {name: clean, command: "false", depends_on: [fetch]}
  - {name: save, command: "true", depends_on: [fetch, clean]}
"""
LANES = """\
╭───● fetch
╰─┬─● clean
  ╰─● save
"""
WIDE = "tasks:\n" + "".join(f"  - {{name: task-{n}, command: x}}\n" for n in range(20))


@pytest.fixture
def flow(taskflow: Command) -> str:
    (taskflow.folder / "flow.yaml").write_text(FLOW)
    return "flow.yaml"


def on_terminal(taskflow: Command, *words: str, **environment: str) -> str:
    """Run the command on a terminal of 40 columns and return what it shows."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        taskflow.line(*words),
        cwd=taskflow.folder,
        env=taskflow.environment()
        | {"TERM": "xterm-256color", "COLUMNS": "40", "LC_ALL": "C.UTF-8", "NO_COLOR": ""}
        | environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while chunk := _read(controller):
        shown += chunk
    os.close(controller)
    assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 65536)
    except OSError:  # Linux's way to say that the terminal's last user has closed it
        return b""


def test_lanes_are_the_default_and_plain_in_a_pipe(taskflow: Command, flow: str) -> None:
    assert taskflow("graph", flow) == LANES


@pytest.mark.parametrize(
    ("shape", "begins"),
    [
        ("boxes", "╭───────╮\n│ fetch │\n"),
        ("tree", "● fetch\n╰─ ● clean\n   ╰─ ● save  ⟵ fetch\n"),
        ("mermaid", '---\ntitle: "etl"\n---\nflowchart LR\n'),
        ("dot", 'digraph "etl" {\n'),
        ("svg", '<svg xmlns="http://www.w3.org/2000/svg"'),
        ("json", '{\n "directed": true,'),
    ],
)
def test_every_format(taskflow: Command, flow: str, shape: str, begins: str) -> None:
    assert taskflow("graph", flow, "--format", shape).startswith(begins)


def test_the_name_of_the_file_says_the_format(taskflow: Command, flow: str) -> None:
    assert taskflow("graph", flow, "-o", "etl.svg") == ""
    assert taskflow("graph", flow, "-o", "etl.svg.json") == ""

    assert (taskflow.folder / "etl.svg").read_text().startswith("<svg")
    assert json.loads((taskflow.folder / "etl.svg.json").read_text())["graph"]["name"] == "etl"


def test_a_name_that_says_no_format_is_refused(taskflow: Command, flow: str) -> None:
    assert "which --format?" in taskflow("graph", flow, "-o", "etl.pdf", code=2)
    assert not (taskflow.folder / "etl.pdf").exists()


def test_a_run_is_shown_in_its_states(taskflow: Command, flow: str) -> None:
    taskflow("run", flow, code=1)
    run = taskflow.json("ls", "--json")[0]["run"]
    wanted = "╭───✔ fetch\n╰─┬─✖ clean\n  ╰─⊘ save\n"

    assert taskflow("graph", "@last") == wanted
    assert taskflow("graph", run[:-1]) == wanted
    assert taskflow("graph", flow, "--run", "@last") == wanted
    assert json.loads(taskflow("graph", "@last", "-f", "json"))["nodes"][1]["state"] == "FAILED"


def test_what_is_neither_a_flow_nor_a_run(taskflow: Command) -> None:
    assert "there is no file 'gone.yaml'" in taskflow("graph", "gone.yaml", code=2)
    assert "no run is called 'gone'" in taskflow("graph", "gone", code=2)
    assert "a FLOW with --run" in taskflow("graph", "gone", "--run", "@last", code=2)


def test_python_is_imported_only_if_it_is_trusted(taskflow: Command) -> None:
    (taskflow.folder / "flow.py").write_text(
        "from taskflow_core import Flow, Task\n"
        "open('imported', 'w').close()\n"
        "flow = Flow('x', [Task(name='a', command='ls')])\n"
    )

    assert "--trust" in taskflow("graph", "flow.py", code=2)
    assert not (taskflow.folder / "imported").exists()
    assert taskflow("graph", "flow.py:flow", "--trust") == "● a\n"


def test_a_terminal_gets_colours(taskflow: Command, flow: str) -> None:
    taskflow("run", flow, code=1)

    shown = on_terminal(taskflow, "graph", "@last")

    assert "\x1b[32m✔\x1b[0m fetch" in shown
    assert "\x1b[1;31m✖ clean" in shown


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colours(
    taskflow: Command, flow: str, environment: dict[str, str]
) -> None:
    assert "\x1b" not in on_terminal(taskflow, "graph", flow, **environment)


def test_a_locale_without_unicode_gets_ascii(taskflow: Command, flow: str) -> None:
    done = subprocess.run(
        taskflow.line("graph", flow, "-f", "boxes"),
        cwd=taskflow.folder,
        env=taskflow.environment() | {"LC_ALL": "C"},
        capture_output=True,
        check=True,
    )

    assert done.stdout.isascii()
    assert done.stdout.startswith(b".-------.\n| fetch |\n")
    assert taskflow("graph", flow, "--ascii") == ",---o fetch\n`-.-o clean\n  `-o save\n"


def test_what_is_wider_than_the_terminal_is_cut_and_said_so(taskflow: Command) -> None:
    (taskflow.folder / "wide.yaml").write_text(WIDE)

    *drawn, note = on_terminal(
        taskflow, "graph", "wide.yaml", "-f", "boxes", NO_COLOR="1"
    ).splitlines()

    assert [len(line) for line in drawn] == [40, 40, 40]
    assert all(line.endswith("…") for line in drawn)
    assert note.startswith("taskflow-tui: it is ")
    assert "less -S" in note


def test_a_reader_that_has_left_is_no_error(taskflow: Command, flow: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        taskflow.line("graph", flow),
        cwd=taskflow.folder,
        env=taskflow.environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, b"")


def test_a_python_file_as_a_sub_flow_is_imported_with_trust_only(taskflow: Command) -> None:
    (taskflow.folder / "etl.py").write_text(
        "from taskflow_core import Flow, Task\nflow = Flow('x', [Task(print, name='b')])\n"
    )
    (taskflow.folder / "flow.yaml").write_text("tasks: [{name: a, flow: etl.py}]\n")

    assert "is Python: it has to be executed" in taskflow("graph", "flow.yaml", code=2)
    assert "a/b" in taskflow("graph", "flow.yaml", "--trust")
