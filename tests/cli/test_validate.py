"""`taskflow-tui validate`: every problem of the files, for people and for programs."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import taskflow_core.trust as trust
from taskflow_core.errors import Problem
from taskflow_tui.cli.problems import problem_lines
from taskflow_tui.cli.validate import validate_command
from tests.cli.command import Command

GOOD = "tasks:\n  - {name: a, command: ls}\n"
BAD = """\
name: nightly
tasks:
  - name: fetch
    command: make
    timout: 5s
  - {name: load, command: x, depends_on: [fetsh]}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def validate(*args: str) -> tuple[int, str]:
    """Return the exit code and what was printed to standard output."""
    result: Result = CliRunner().invoke(validate_command, args, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    assert result.stderr == ""
    return result.return_value, result.stdout


def problems(*args: str) -> list[dict[str, Any]]:
    """Return what `--json` prints."""
    found: list[dict[str, Any]] = json.loads(validate("--json", *args)[1])
    return found


def test_a_good_file() -> None:
    Path("flow.yaml").write_text(GOOD)

    assert validate("flow.yaml") == (0, "flow.yaml: ok, 1 task\n")


def test_every_problem_with_its_line_a_caret_and_a_hint() -> None:
    Path("flow.yaml").write_text(BAD)

    assert validate("flow.yaml") == (
        2,
        """\
flow.yaml:5:5: unknown key 'timout' in a task
        timout: 5s
        ^~~~~~
  Did you mean 'timeout'?
flow.yaml:6:43: there is no task 'fetsh'
      - {name: load, command: x, depends_on: [fetsh]}
                                              ^~~~~
  Did you mean 'fetch'?
2 problems in 1 file
""",
    )


def test_several_files() -> None:
    Path("good.yaml").write_text(GOOD)
    Path("empty.yaml").write_text("")

    code, printed = validate("good.yaml", "empty.yaml", "gone.yaml")

    assert code == 2
    assert printed.splitlines()[0] == "good.yaml: ok, 1 task"
    assert printed.splitlines()[1] == "empty.yaml: the file is empty"
    assert printed.splitlines()[-1] == "2 problems in 3 files"


def test_a_warning_is_no_error() -> None:
    Path("flow.yaml").write_text(GOOD + "  - {name: b, command: x, depends_on: [a, a]}\n")

    assert validate("flow.yaml") == (
        0,
        """\
flow.yaml:3:43: warning: 'a' is listed twice
      - {name: b, command: x, depends_on: [a, a]}
                                              ^
  Once is enough.
flow.yaml: ok, 2 tasks
1 problem in 1 file
""",
    )


def test_json_is_the_list_of_problems_and_nothing_else() -> None:
    Path("flow.yaml").write_text(BAD)

    assert problems("flow.yaml") == [
        {
            "file": "flow.yaml",
            "line": 5,
            "column": 5,
            "end_line": 5,
            "end_column": 11,
            "severity": "error",
            "slug": "unknown-key",
            "message": "unknown key 'timout' in a task",
            "hint": "Did you mean 'timeout'?",
        },
        {
            "file": "flow.yaml",
            "line": 6,
            "column": 43,
            "end_line": 6,
            "end_column": 48,
            "severity": "error",
            "slug": "unknown-task",
            "message": "there is no task 'fetsh'",
            "hint": "Did you mean 'fetch'?",
        },
    ]


def test_json_of_good_files_is_an_empty_list() -> None:
    Path("flow.yaml").write_text(GOOD)

    assert validate("--json", "flow.yaml") == (0, "[]\n")


def test_a_problem_of_the_whole_file_has_no_place_in_json() -> None:
    (problem,) = problems("gone.yaml")

    assert problem["slug"] == "no-such-file"
    assert {problem[key] for key in ("line", "column", "end_line", "end_column")} == {None}


def test_json_is_never_capped() -> None:
    Path("flow.yaml").write_text("tasks:\n" + "  - {name: a}\n" * 500)

    assert len(problems("flow.yaml")) == 999


def test_python_is_not_imported_without_trust() -> None:
    Path("flow.py").write_text("open('imported', 'w')")

    code, printed = validate("flow.py")

    assert code == 2
    assert printed.startswith("flow.py: 'flow.py' is Python")
    assert problems("flow.py")[0]["slug"] == "not-trusted"
    assert not Path("imported").exists()


def test_python_with_trust() -> None:
    Path("flow.py").write_text(
        "from taskflow_core import Flow, Task\nflow = Flow('x', [Task(name='a', command='ls')])"
    )

    assert validate("--trust", "flow.py") == (0, "flow.py: ok, 1 task\n")
    assert validate("--trust", "flow.py:flow") == (0, "flow.py:flow: ok, 1 task\n")


def test_functions_are_looked_up_with_trust_only() -> None:
    Path("flow.yaml").write_text("tasks: [{name: a, function: nowhere.f}]")

    assert validate("flow.yaml")[0] == 0
    assert problems("--trust", "flow.yaml")[0]["slug"] == "unknown-module"


def test_functions_are_looked_up_in_trusted_folders() -> None:
    Path("flow.yaml").write_text("tasks: [{name: a, function: nowhere.f}]")
    trust.remember(Path.cwd())

    assert problems("flow.yaml")[0]["slug"] == "unknown-module"


def test_a_python_file_as_a_sub_flow_needs_trust() -> None:
    Path("etl.py").write_text("from taskflow_core import Flow\nflow = Flow('x')\n")
    Path("flow.yaml").write_text("tasks:\n  - {name: a, flow: etl.py}\n")

    (problem,) = problems("flow.yaml")

    assert (problem["slug"], problem["line"], problem["column"]) == ("not-trusted", 2, 21)
    assert validate("--trust", "flow.yaml") == (0, "flow.yaml: ok, 1 task\n")


def test_problems_of_sub_flows_are_shown_with_the_line_of_their_own_file() -> None:
    Path("sub").mkdir()
    Path("sub/inner.yaml").write_text("tasks:\n  - {name: b, comand: x}\n")
    Path("flow.yaml").write_text("tasks:\n  - {name: a, flow: sub/inner.yaml}\n")

    code, shown = validate("flow.yaml")

    assert code == 2
    assert "sub/inner.yaml:2:15: unknown key 'comand' in a task\n" in shown
    assert "      - {name: b, comand: x}\n                  ^~~~~~\n" in shown


def test_the_command_itself(tmp_path: Path) -> None:
    Path("flow.yaml").write_text(BAD)
    command = Command(tmp_path)
    done = subprocess.run(
        command.line("validate", "flow.yaml"),
        env=command.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.endswith("2 problems in 1 file\n")


class TestPrinting:
    """Source lines come from strangers' files."""

    def lines(self, text: str, **place: Any) -> list[str]:
        problem = Problem(file="flow.yaml", slug="x", message="it is so", **place)
        return problem_lines(problem, text.split("\n"))

    def test_control_characters_become_pictures(self) -> None:
        shown = self.lines("a: \x1b[31m\u202e\n", line=1, column=4, end_line=1, end_column=5)

        assert shown[1] == "    a: ␛[31m\ufffd"
        assert not any("\x1b" in line for line in shown)

    def test_also_in_messages_hints_and_names(self) -> None:
        problem = Problem(file="a\x1b.yaml", slug="x", message="b\x1b", hint="c\x1b\nd\x07")

        assert problem_lines(problem, []) == ["a␛.yaml: b␛", "  c␛", "  d␇"]

    def test_the_caret_is_below_wide_characters(self) -> None:
        shown = self.lines("中文: 日本\n", line=1, column=5, end_line=1, end_column=7)

        assert shown[1:] == ["    中文: 日本", "          ^~~~"]

    def test_combining_characters_take_no_column(self) -> None:
        shown = self.lines("e\u0301e\u0301: x\n", line=1, column=7, end_line=1, end_column=8)

        assert shown[2] == "        ^"

    def test_a_problem_over_several_lines_is_underlined_to_the_end_of_the_first(self) -> None:
        shown = self.lines("a: [1,\n  2]\n", line=1, column=4, end_line=2, end_column=5)

        assert shown[2] == "       ^~~"

    def test_a_problem_behind_the_end_of_its_line(self) -> None:
        shown = self.lines("a:\n", line=1, column=3, end_line=1, end_column=3)

        assert shown[2] == "      ^"

    def test_of_a_long_line_the_part_around_the_problem_is_shown(self) -> None:
        text = "x" * 500 + "HERE" + "y" * 500
        shown = self.lines(text, line=1, column=501, end_line=1, end_column=505)

        assert len(shown[1]) < 120
        start = shown[2].index("^")
        assert shown[1][start : start + 4] == "HERE"
        assert shown[2].endswith("^~~~")

    def test_a_tab_in_front_is_one_column(self) -> None:
        shown = self.lines("\ta: b\n", line=1, column=2, end_line=1, end_column=3)

        assert shown[1:] == ["    ␉a: b", "     ^"]

    def test_a_line_that_is_gone_is_left_out(self) -> None:
        assert self.lines("a\n", line=7, column=1) == ["flow.yaml:7:1: it is so"]
