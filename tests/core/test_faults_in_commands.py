"""What goes wrong with commands: what they exit with, and what cannot be run at all."""

from pathlib import Path

import pytest

from taskflow_core import Task
from tests.core.attempting import only_attempt, run

# --- how a command has ended ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "error", "code"),
    [
        ("exit 1", "exit code 1", 1),
        ("echo first >&2; echo last >&2; exit 2", "exit code 2: last", 2),
        ("exit 255", "exit code 255", 255),
        ("/", "exit code 126: sh: 1: /: Permission denied", 126),
        ("no-such-program", "exit code 127: sh: 1: no-such-program: not found", 127),
        ("exit 137", "exit code 137", 137),
        ("true | exit 3", "exit code 3", 3),
    ],
)
def test_an_exit_code_is_a_failure_and_is_said_as_it_is(
    tmp_path: Path, command: str, error: str, code: int
) -> None:
    attempt = only_attempt(run(tmp_path, Task(name="t", command=command)))

    assert attempt.state == "FAILED"
    assert attempt.exit_code == code
    assert attempt.error is not None
    assert attempt.error.startswith(error.partition(": ")[0])
    assert attempt.error.endswith(error.rpartition(": ")[2])


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (9, "killed by SIGKILL (out of memory?)"),
        (15, "killed by SIGTERM"),
        (11, "killed by SIGSEGV"),
        (1, "killed by SIGHUP"),
        (40, "killed by signal 40"),
    ],
)
def test_a_signal_that_is_not_ours_is_a_crash_and_is_named(
    tmp_path: Path, number: int, error: str
) -> None:
    attempt = only_attempt(run(tmp_path, Task(name="t", command=f"kill -{number} $$")))

    assert attempt.state == "CRASHED"
    assert (attempt.error, attempt.exit_code) == (error, -number)


@pytest.mark.parametrize("command", ["true", "false | true", "false; true", "exit 3"])
def test_what_sh_counts_as_success_is_one(tmp_path: Path, command: str) -> None:
    task = Task(name="t", command=command, success_exit_codes=[0, 3])

    assert run(tmp_path, task).state == "SUCCEEDED"


# --- what cannot be run --------------------------------------------------------------------


def test_a_script_with_line_ends_of_dos_is_explained_to_who_calls_it_by_sh(tmp_path: Path) -> None:
    script = tmp_path / "deploy.sh"
    script.write_bytes(b"#!/bin/sh\r\necho hello\r\n")
    script.chmod(0o700)
    task = Task(name="t", command="./deploy.sh --now", cwd=str(tmp_path))

    attempt = only_attempt(run(tmp_path, task))

    assert attempt.exit_code == 127
    assert attempt.error is not None
    assert attempt.error.endswith(
        "./deploy.sh: its first line ends in CRLF: save it with the line ends of Unix (LF)"
    )


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "none"

    attempt = only_attempt(run(tmp_path, Task(name="t", command="true", cwd=str(folder))))

    assert attempt.state == "FAILED"
    assert attempt.error is not None
    assert attempt.error.endswith(f"the folder {folder} it should run in is not there")
