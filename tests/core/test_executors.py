"""Processes and commands: how they end, and that nothing of them is left.

The tasks are real: real processes, real signals. What holds for every executor is in
`test_executor_contract.py`.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from taskflow_core import Context, Flow, Task
from taskflow_core.errors import RunOwnedError
from taskflow_core.journal.sqlite import SqliteJournal
from taskflow_core.output import output_path
from tests.core.attempting import alive, only_attempt, printed, run, until

# --- processes alone -----------------------------------------------------------------------


def test_a_worker_that_dies_fails_its_attempt_alone(tmp_path: Path) -> None:
    def die(how: int) -> None:
        os.kill(os.getpid(), how)

    def leave() -> None:
        os._exit(7)

    tasks = [Task(int, name=f"good{n}", executor="process") for n in range(6)]
    tasks += [
        Task(die, name="killed", args=[signal.SIGKILL], executor="process"),
        Task(die, name="segfault", args=[signal.SIGSEGV], executor="process"),
        Task(leave, executor="process"),
    ]
    results = run(tmp_path, *tasks, max_parallel=3)

    assert [results[f"good{n}"] for n in range(6)] == [0] * 6
    crashes = {name: only_attempt(results, name) for name in ("killed", "segfault", "leave")}
    assert {attempt.state for attempt in crashes.values()} == {"CRASHED"}
    assert crashes["killed"].error == "its process was killed by SIGKILL (out of memory?)"
    assert crashes["segfault"].error == "its process was killed by SIGSEGV"
    assert crashes["leave"].exit_code == 7


def test_output_below_python_is_caught_too(tmp_path: Path) -> None:
    def work() -> None:
        os.write(1, b"from the descriptor\n")
        subprocess.run(["echo", "from a child"], check=True)

    results = run(tmp_path, Task(work, name="t", executor="process"))

    assert printed(tmp_path, results) == b"from the descriptor\nfrom a child\n"


def test_a_task_that_closes_its_descriptors_harms_nobody(tmp_path: Path) -> None:
    def close() -> str:
        os.close(1)
        sys.stdout.close()
        return "closed"

    def speak() -> str:
        print("still here")
        return "spoke"

    results = run(
        tmp_path,
        Task(close, executor="process"),
        Task(speak, depends_on="close", executor="process"),
        max_parallel=1,
    )

    assert (results["close"], results["speak"]) == ("closed", "spoke")
    assert printed(tmp_path, results, number=1) == b"still here\n"


def test_what_a_task_does_to_its_surroundings_ends_with_it(tmp_path: Path) -> None:
    def mess() -> None:
        os.chdir("/")
        os.environ["LEFT"] = "behind"

    def look() -> tuple[str, str | None]:
        return str(Path.cwd()), os.environ.get("LEFT")

    results = run(
        tmp_path,
        Task(mess, executor="process"),
        Task(look, depends_on="mess", executor="process"),
        max_parallel=1,
    )

    assert results["look"] == (str(Path.cwd()), None)


def test_a_large_result_passes_by_file(tmp_path: Path) -> None:
    def make() -> bytes:
        return bytes(20_000_000)

    def measure(make: bytes) -> int:
        return len(make)

    results = run(
        tmp_path,
        Task(make, executor="process"),
        Task(measure, depends_on="make", executor="process"),
    )

    assert results["measure"] == 20_000_000


def test_a_result_that_cannot_be_stored_fails_with_advice(tmp_path: Path) -> None:
    attempt = only_attempt(run(tmp_path, Task(threading.Lock, name="t", executor="process")))

    assert attempt.error is not None
    assert "cannot be stored" in attempt.error
    assert "write a file and return its path" in attempt.error


def test_a_task_sees_who_it_is(tmp_path: Path) -> None:
    def look() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name.startswith("TASKFLOW_")}

    results = run(tmp_path, Task(look, name="t", env={"TASKFLOW_MORE": "x"}, executor="process"))

    seen = results["t"]
    assert seen["TASKFLOW_TASK"] == "t"
    assert seen["TASKFLOW_ATTEMPT"] == "1"
    assert seen["TASKFLOW_RUN_ID"] == results.run_id
    assert seen["TASKFLOW_MORE"] == "x"


def test_what_a_task_does_to_its_process_ends_with_it(tmp_path: Path) -> None:
    def mess() -> None:
        os.umask(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stdout = sys.stderr = None

    def look() -> int:
        mask = os.umask(0)
        print("hello")
        return mask

    def sleep() -> None:
        time.sleep(300)

    before = os.umask(0)
    os.umask(before)
    tasks = [
        Task(mess, executor="process"),
        Task(look, executor="process", depends_on="mess"),
        Task(sleep, executor="process", depends_on="look", timeout=0.2, grace=20),
    ]
    results = run(tmp_path, *tasks, max_parallel=1)

    assert results["look"] == before
    assert printed(tmp_path, results, number=1) == b"hello\n"
    attempt = only_attempt(results, "sleep")
    assert (attempt.state, attempt.forced) == ("TIMED_OUT", False)


def test_a_thread_that_a_task_leaves_behind_does_not_live_on_beside_the_next(
    tmp_path: Path,
) -> None:
    def leave() -> int:
        def go_on() -> None:
            while True:
                print("still here", flush=True)
                time.sleep(0.01)

        threading.Thread(target=go_on).start()
        return os.getpid()

    tasks = [
        Task(leave, executor="process"),
        Task(os.getpid, name="next", executor="process", depends_on="leave"),
    ]
    results = run(tmp_path, *tasks, max_parallel=1)

    assert results["next"] != results["leave"]
    assert not alive(results["leave"])
    assert not output_path(tmp_path / "runs" / results.run_id, 1, 0, 1).exists()


def test_a_worker_has_no_descriptors_but_its_own(tmp_path: Path) -> None:
    def look() -> int:
        listed = [*Path("/dev/fd").iterdir()]  # lists its own descriptor as well
        return len([descriptor for descriptor in listed if descriptor.exists()])

    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)

        results = run(tmp_path, Task(look, name="t", executor="process"))

    assert results["t"] == 4  # the three standard ones, and the socket


def test_too_little_memory_is_an_error_like_any_other(tmp_path: Path) -> None:
    def eat() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (200_000_000, 200_000_000))
        bytearray(800_000_000)

    attempt = only_attempt(run(tmp_path, Task(eat, name="t", executor="process")))

    assert (attempt.state, attempt.error) == ("FAILED", "MemoryError")


# --- commands ------------------------------------------------------------------------------


def test_a_command_s_result_is_its_standard_output(tmp_path: Path) -> None:
    results = run(tmp_path, Task(name="t", command="echo one; echo two >&2; echo three"))

    assert results["t"] == "one\nthree"
    assert sorted(printed(tmp_path, results).split()) == [b"one", b"three", b"two"]


def test_a_list_is_run_without_a_shell(tmp_path: Path) -> None:
    assert run(tmp_path, Task(name="t", command=["echo", "$HOME; ls"]))["t"] == "$HOME; ls"


def test_an_exit_code_is_a_failure_and_shows_the_last_word(tmp_path: Path) -> None:
    attempt = only_attempt(run(tmp_path, Task(name="t", command="echo no such day >&2; exit 4")))

    assert (attempt.state, attempt.exit_code) == ("FAILED", 4)
    assert attempt.error == "exit code 4: no such day"


def test_a_command_that_is_killed_has_crashed(tmp_path: Path) -> None:
    attempt = only_attempt(run(tmp_path, Task(name="t", command="kill -9 $$")))

    assert (attempt.state, attempt.error) == ("CRASHED", "killed by SIGKILL (out of memory?)")


def test_a_program_that_does_not_exist_says_so(tmp_path: Path) -> None:
    attempt = only_attempt(run(tmp_path, Task(name="t", command=["no-such-program"])))

    assert attempt.error is not None
    assert "No such file or directory: 'no-such-program' – looked in /" in attempt.error


@pytest.mark.parametrize(
    ("text", "mode", "trouble"),
    [
        ("#!/bin/sh\n", 0o600, "make it executable: chmod +x "),
        ("#!/no/such/interpreter\n", 0o700, "its interpreter /no/such/interpreter is not there"),
        ("#!/bin/sh\r\n", 0o700, "its first line ends in CRLF: save it with the line ends of Unix"),
        ("neither a script nor a program", 0o700, "a script has to begin with a line such as #!"),
    ],
)
def test_a_file_that_is_no_program_says_what_is_wrong(
    tmp_path: Path, text: str, mode: int, trouble: str
) -> None:
    program = tmp_path / "program"
    program.write_text(text)
    program.chmod(mode)

    attempt = only_attempt(run(tmp_path, Task(name="t", command=[str(program)])))

    assert attempt.state == "FAILED"
    assert attempt.error is not None
    assert trouble in attempt.error
    assert str(program) in attempt.error


def test_arguments_that_the_system_finds_too_long_are_a_failure(tmp_path: Path) -> None:
    attempt = only_attempt(run(tmp_path, Task(name="t", command=["echo", "x" * 10_000_000])))

    assert attempt.error is not None
    assert "Argument list too long" in attempt.error
    assert "write what is long to a file, and pass the file's path" in attempt.error


def test_a_child_that_keeps_the_pipe_holds_nothing_up_and_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    before = time.monotonic()

    results = run(tmp_path, Task(name="t", command=f"sleep 300 & echo $! > {pid_file}; echo hi"))

    assert results["t"] == "hi"
    assert time.monotonic() - before < 30
    until(lambda: not alive(int(pid_file.read_text())))


def test_a_command_has_a_folder_of_its_own_for_a_while(tmp_path: Path) -> None:
    folder = Path(
        run(tmp_path, Task(name="t", command='cd "$TASKFLOW_TMP" && touch x && pwd'))["t"]
    )

    assert folder.name == "0.0.1"
    assert not folder.exists()


# --- the end of an attempt is the end of everything it started -----------------------------

SURVIVORS = {
    "plain": "sleep 300",
    "ignores TERM": "trap '' TERM; sleep 300 & wait; sleep 300",
    "setsid": "setsid sleep 300 & sleep 300",
    "double fork": "(setsid sh -c 'sleep 300 & sleep 300' &) ; sleep 300",
    "nohup": "nohup sleep 300 & sleep 300",
    "stopped": "kill -STOP $$; sleep 300",
    "storm": "for i in 1 2 3 4 5 6 7 8 9; do (sleep 300 &) ; done; sleep 300",
}


def marked(mark: str) -> list[int]:
    """Return the processes that have `mark` in their environment."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TEST_MARK") == mark and alive(process.pid):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    yield str(tmp_path)
    for pid in marked(str(tmp_path)):  # only if a test failed
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("command", SURVIVORS.values(), ids=SURVIVORS)
def test_a_timed_out_command_leaves_nothing_running(
    tmp_path: Path, mark: str, command: str
) -> None:
    task = Task(name="t", command=command, timeout=0.3, grace=0.2, env={"TEST_MARK": mark})

    attempt = only_attempt(run(tmp_path, task))

    assert marked(mark) == []
    assert (attempt.state, attempt.leftovers) == ("TIMED_OUT", 0)


@pytest.mark.parametrize("command", SURVIVORS.values(), ids=SURVIVORS)
def test_a_timed_out_function_leaves_nothing_running(
    tmp_path: Path, mark: str, command: str
) -> None:
    def work() -> None:
        subprocess.run(["sh", "-c", command], check=False)

    task = Task(work, name="t", executor="process", timeout=0.4, grace=0.2, env={"TEST_MARK": mark})

    attempt = only_attempt(run(tmp_path, task))

    assert marked(mark) == []
    assert (attempt.state, attempt.leftovers) == ("TIMED_OUT", 0)


def test_a_function_that_is_told_to_stop_can_tidy_up(tmp_path: Path) -> None:
    note = tmp_path / "note"

    def work() -> None:
        try:
            time.sleep(300)
        finally:
            note.write_text("tidied up")

    task = Task(work, name="t", executor="process", timeout=0.3, grace=20)

    attempt = only_attempt(run(tmp_path, task))

    assert (attempt.state, attempt.forced) == ("TIMED_OUT", False)
    assert note.read_text() == "tidied up"


def test_cancelling_ends_processes_and_their_children(tmp_path: Path, mark: str) -> None:
    def work() -> None:
        subprocess.run(["sleep", "300"], check=False)

    tasks = [
        Task(work, executor="process", env={"TEST_MARK": mark}, grace=0.2),
        Task(name="command", command="sleep 300", env={"TEST_MARK": mark}, grace=0.2),
    ]
    with Flow("cancel", tasks).start(journal=tmp_path) as handle:
        until(lambda: len(marked(mark)) >= 3)
        handle.cancel()
        results = handle.wait(timeout=20)

    assert results.state == "CANCELLED"
    assert marked(mark) == []


# --- when the disk does not play along -----------------------------------------------------


@pytest.mark.parametrize("kind", ["command", "process"])
def test_output_that_cannot_be_kept_fails_the_attempt_and_ends_it(
    tmp_path: Path, mark: str, kind: str
) -> None:
    def sabotage(ctx: Context) -> None:
        folder = tmp_path / "runs" / ctx.run_id / "output"
        folder.rmdir()
        folder.touch()

    def work() -> None:
        print("hello", flush=True)
        time.sleep(300)

    chatty = (
        Task(
            name="t",
            command="echo hello; sleep 300",
            depends_on="sabotage",
            env={"TEST_MARK": mark},
        )
        if kind == "command"
        else Task(
            work, name="t", depends_on="sabotage", executor="process", env={"TEST_MARK": mark}
        )
    )
    attempt = only_attempt(run(tmp_path, Task(sabotage), chatty))

    assert attempt.error is not None
    assert "its output cannot be kept" in attempt.error
    assert marked(mark) == []


def test_a_run_that_cannot_be_recorded_is_stopped_and_says_so(tmp_path: Path, mark: str) -> None:
    """Here another owner takes the run over; a full disk ends the same way."""

    def take_over(ctx: Context) -> None:
        journal = SqliteJournal(tmp_path / "runs" / ctx.run_id / "journal.db", owner=1)
        journal.close()

    tasks = [
        Task(name="long", command="sleep 300", env={"TEST_MARK": mark}),
        Task(name="wait", command="sleep 0.2"),
        Task(take_over, depends_on="wait"),
    ]

    with pytest.raises(RunOwnedError, match="taken over"):
        run(tmp_path, *tasks)
    assert marked(mark) == []
