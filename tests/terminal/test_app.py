"""The installed command in a real terminal: what a person sees, presses and is left with."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from taskflow_core import runs
from taskflow_core.process_tree import sweep
from taskflow_core.statuses import RunStatus
from tests.terminal.screen import Terminal

LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"

FLOW = """
name: demo
tasks:
  - { name: fetch, command: "echo fetched 12 rows" }
  - { name: check, function: checks.check, depends_on: fetch }
  - { name: report, command: "echo all done", depends_on: check }
"""
BROKEN = "def check(fetch):\n    raise ValueError('rows are odd')\n"
MENDED = "def check(fetch):\n    return 'fine'\n"


class Open(Protocol):
    def __call__(self, *words: str, columns: int = 120, rows: int = 36) -> Terminal: ...


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_terminal(*words: str, columns: int = 120, rows: int = 36) -> Terminal:
        opened.append(Terminal(tmp_path, *words, columns=columns, rows=rows))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


@pytest.fixture
def flow(tmp_path: Path) -> str:
    (tmp_path / "demo.yaml").write_text(FLOW)
    (tmp_path / "checks.py").write_text(BROKEN)
    return "demo.yaml"


def state_of_last_run(tmp_path: Path) -> RunStatus:
    reader = runs.open_run("@last", tmp_path / "state")
    reader.close()
    return reader.status


@pytest.mark.parametrize(("columns", "rows"), [(120, 36), (80, 24)])
def test_a_failure_is_seen_mended_and_retried(
    tmp_path: Path, terminal: Open, flow: str, columns: int, rows: int
) -> None:
    screen = terminal(flow, "--trust", columns=columns, rows=rows)
    screen.wait_for("r launch")
    assert "✔" not in screen.text()

    screen.press("r")
    screen.wait_for("FAILED")
    screen.press("j")
    screen.wait_for("rows are odd")

    (tmp_path / "checks.py").write_text(MENDED)
    screen.press("r")
    screen.wait_for("SUCCEEDED")
    screen.wait_for("✔ report")

    screen.press("q")
    screen.press("q")
    assert screen.wait_for_end() == 0
    assert LEAVES_ALTERNATE_SCREEN in screen.raw
    assert state_of_last_run(tmp_path) is RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"]
)
def test_a_signal_restores_the_terminal_and_leaves_the_run_alone(
    tmp_path: Path, terminal: Open, number: signal.Signals, code: int
) -> None:
    (tmp_path / "long.yaml").write_text(
        "tasks:\n  - { name: t, command: 'echo up-$((6*7)); sleep 300', grace: 0.2 }\n"
    )
    screen = terminal("long.yaml", "--run", "--trust")
    screen.wait_for("up-42")

    screen.kill(number)

    assert screen.wait_for_end() == code
    assert LEAVES_ALTERNATE_SCREEN in screen.raw
    assert state_of_last_run(tmp_path) is RunStatus.RUNNING
    runs.cancel("@last", by="test", state_dir=tmp_path / "state")


def test_after_kill_9_the_run_goes_on_and_is_found_in_the_list(
    tmp_path: Path, terminal: Open
) -> None:
    gate = tmp_path / "gate"
    (tmp_path / "long.yaml").write_text(
        "name: patient\ntasks:\n"
        f"  - {{ name: t, command: 'echo up-$((6*7)); until [ -e {gate} ]; do sleep 0.1; done' }}\n"
    )
    screen = terminal("long.yaml", "--run", "--trust")
    screen.wait_for("up-42")
    screen.kill(signal.SIGKILL)
    screen.wait_for_end()
    assert state_of_last_run(tmp_path) is RunStatus.RUNNING

    again = terminal()
    again.wait_for("patient")
    gate.touch()
    again.press("\t", "enter")
    again.wait_for("SUCCEEDED")
    again.press("q", "q")
    again.wait_for_end()


def test_a_dead_runner_is_shown_as_interrupted(tmp_path: Path, terminal: Open) -> None:
    (tmp_path / "long.yaml").write_text(
        "tasks:\n  - { name: t, command: 'echo up-$((6*7)); sleep 300', grace: 0.2 }\n"
    )
    screen = terminal("long.yaml", "--run", "--trust")
    screen.wait_for("up-42")
    reader = runs.open_run("@last", tmp_path / "state")
    assert reader.owner is not None
    os.kill(reader.owner.pid, signal.SIGKILL)

    screen.wait_for("INTERRUPTED")
    assert sweep(reader.run) == 0  # a command outlives its runner until somebody cleans up
    reader.close()


def test_what_does_not_stop_is_killed_at_the_second_request(tmp_path: Path, terminal: Open) -> None:
    (tmp_path / "deaf.yaml").write_text(
        "tasks:\n  - { name: t, grace: 1h,"
        " command: \"trap '' TERM; echo up-$((6*7)); sleep 300 & wait; sleep 300\" }\n"
    )
    screen = terminal("deaf.yaml", "--run", "--trust")
    screen.wait_for("up-42")
    screen.press("x")
    screen.wait_for("cancel the run")
    screen.press("y")
    screen.wait_for("kill now")
    screen.press("x")
    screen.wait_for("wait for them")
    screen.press("y")
    screen.wait_for("CANCELLED")
    screen.press("q")
    assert screen.wait_for_end() == 0


def test_leaving_from_the_list_asks_about_a_live_run_and_says_that_it_is_cancelled(
    tmp_path: Path, terminal: Open
) -> None:
    (tmp_path / "long.yaml").write_text(
        "tasks:\n  - { name: t, command: 'echo up-$((6*7)); sleep 300', grace: 0.5 }\n"
    )
    screen = terminal("--trust")
    screen.wait_for("long.yaml")
    screen.press("enter")
    screen.wait_for("r launch")
    screen.press("r")
    screen.wait_for("up-42")
    screen.press("q")
    screen.wait_for("Recent runs")
    screen.press("q")
    screen.wait_for("cancel and quit")
    screen.press("c")

    assert screen.wait_for_end() == 0
    assert b"is being cancelled" in screen.raw or b"CANCELLED" in screen.raw


@pytest.mark.parametrize(("columns", "rows"), [(120, 36), (80, 24)])
def test_a_plan_grows_before_ones_eyes_and_a_person_answers(
    tmp_path: Path, terminal: Open, columns: int, rows: int
) -> None:
    (tmp_path / "part.yaml").write_text("tasks: [{ name: get, command: echo got }]\n")
    (tmp_path / "ask.yaml").write_text(
        "tasks:\n"
        "  - { name: list, command: seq 2, output: lines }\n"
        "  - { name: load, command: 'echo item', foreach: tasks.list.result, depends_on: list }\n"
        "  - { name: part, flow: part.yaml, depends_on: load }\n"
        "  - { name: ok, approve: { prompt: Ship it?, fields: { note: str } }, depends_on: part }\n"
        "  - { name: tell, command: 'echo ${{ tasks.ok.result.note }}-$((6*7))', depends_on: ok }\n"
    )
    screen = terminal("ask.yaml", "--trust", columns=columns, rows=rows)
    screen.wait_for("part/get")
    assert "load[0]" not in screen.text()

    screen.press("r")
    screen.wait_for("✔ load[1]")
    screen.wait_for("ok asks you")
    screen.press("a")
    screen.wait_for("ctrl+r reject")
    screen.press("enter")
    screen.wait_for("note needs a value")
    screen.press(*"fine")
    screen.press("enter")
    screen.wait_for("SUCCEEDED")
    screen.press("G")
    screen.wait_for("fine-42")
    screen.press("g", "j")
    screen.press("h")
    screen.wait_for("✔ ▸ load")
    assert "load[0]" not in screen.text()

    screen.press("q")
    assert screen.wait_for_end() == 0
