"""What goes wrong with tasks in processes, and that it ends with the attempt."""

import ctypes
import locale
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import taskflow_core.process_tree as process_tree
from taskflow_core import Flow, Task
from taskflow_core.process_tree import group_outlives, kill_tree
from taskflow_core.surroundings import Surroundings
from tests.core.attempting import alive, only_attempt, printed, run, state_of, until

# --- where was it when its time was over ---------------------------------------------------


def test_a_timed_out_attempt_that_holds_the_interpreter_shows_where(tmp_path: Path) -> None:
    def hold_the_interpreter() -> None:
        libc, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
        for _ in range(2):
            libc.pthread_mutex_lock(mutex)

    task = Task(hold_the_interpreter, name="t", executor="process", timeout=0.3, grace=2)

    results = run(tmp_path, task)

    attempt = only_attempt(results)
    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", True, 0)
    assert b"most recent call first" in printed(tmp_path, results)
    assert b"in hold_the_interpreter" in printed(tmp_path, results)


def sleeps() -> None:
    time.sleep(300)


def matches() -> None:
    re.match(r"(a+)+$", "a" * 40 + "b")


@pytest.mark.parametrize("func", [sleeps, matches])
def test_a_timed_out_attempt_that_obeys_shows_its_own_frames(
    tmp_path: Path, func: Callable[[], object]
) -> None:
    task = Task(by_value(func), name="t", executor="process", timeout=0.2, grace=20)

    results = run(tmp_path, task)

    said = printed(tmp_path, results)
    assert said.startswith(b"its time was over here:\n")
    assert f"in {func.__name__}".encode() in said
    assert b"taskflow_core" not in said
    assert b"most recent call first" not in said


def test_a_cancelled_attempt_and_one_in_time_say_nothing_of_it(tmp_path: Path) -> None:
    def work() -> None:
        print("here", flush=True)
        time.sleep(300)

    tasks = [
        Task(os.getpid, name="quick", executor="process", timeout=100),
        Task(work, name="slow", executor="process", timeout=100),
    ]
    with Flow("cancel", tasks).start(journal=tmp_path) as handle:
        folder = tmp_path / "runs" / handle.run_id / "output"
        until(lambda: state_of(handle) == "SUCCEEDED" and (folder / "1.0.1.log").exists())
        handle.cancel()
        results = handle.wait(timeout=20)

    assert printed(tmp_path, results, number=1) == b"here\n"
    assert not (folder / "0.0.1.log").exists()


# --- memory --------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets one choose")
def test_tasks_are_ended_before_the_runner_when_memory_runs_out(tmp_path: Path) -> None:
    own = Path("/proc/self/oom_score_adj")
    before = own.read_text()
    wait = "until [ $(cat /proc/$$/oom_score_adj) -ge 500 ]; do :; done"

    def look() -> int:
        return int(own.read_text())

    tasks = [Task(look, executor="process"), Task(name="command", command=wait, timeout=20)]
    results = run(tmp_path, *tasks)

    assert results["look"] >= 500
    assert results.state == "SUCCEEDED"
    assert own.read_text() == before


@pytest.mark.parametrize("size", [300_000, 65_000_000])
def test_a_large_result_goes_from_process_to_process_and_not_through_the_engine(
    tmp_path: Path, size: int
) -> None:
    def make() -> bytes:
        return bytes(size)

    def measure(make: bytes) -> int:
        return len(make)

    tracemalloc.start()
    try:
        results = run(
            tmp_path,
            Task(make, executor="process"),
            Task(measure, depends_on="make", executor="process"),
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert results["measure"] == size
    assert peak < max(size, 20_000_000)


# --- values that are too deep, or of the wrong kind ----------------------------------------


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


TOO_DEEP = "the result of type list cannot be stored: maximum recursion depth exceeded"


def test_a_deep_result_cannot_be_stored_whatever_the_task_allows_itself(tmp_path: Path) -> None:
    def work() -> list[Any]:
        sys.setrecursionlimit(1_000_000)
        value: list[Any] = []
        for _ in range(100_000):
            value = [value]
        return value

    attempt = only_attempt(run(tmp_path, Task(work, name="t", executor="process")))

    assert attempt.state == "FAILED"
    assert attempt.error is not None
    assert attempt.error.startswith(TOO_DEEP)


def test_a_deep_result_of_a_thread_fails_the_process_that_needs_it(tmp_path: Path) -> None:
    make = Task(deep, name="make", executor="thread")
    take = Task(len, name="take", depends_on="make", executor="process")

    results = run(tmp_path, make, take)

    assert results.tasks["make"].state == "SUCCEEDED"
    error = only_attempt(results, "take").error
    assert error is not None
    assert error.startswith(f"an upstream result is missing: {TOO_DEEP}")


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_an_error_with_deep_contents_or_a_long_chain_is_an_error_all_the_same(
    tmp_path: Path, executor: str
) -> None:
    def contents() -> None:
        value: list[Any] = []
        for _ in range(100_000):
            value = [value]
        raise ValueError(value)

    def chain() -> None:
        error: ValueError | None = None
        for number in range(20_000):
            following = ValueError(number)
            following.__cause__ = error
            error = following
        assert error is not None
        raise error

    results = run(tmp_path, *[Task(func, executor=executor) for func in (contents, chain)])

    unprintable = "ValueError: <unprintable: its __str__ raised RecursionError>"
    assert only_attempt(results, "contents").error == unprintable
    assert only_attempt(results, "chain").error == "ValueError: 19999"


def test_an_argument_that_cannot_be_sent_fails_with_advice(tmp_path: Path) -> None:
    task = Task(id, name="t", args=[threading.Lock()], executor="process")

    attempt = only_attempt(run(tmp_path, task))

    assert attempt.error == (
        "its function and arguments cannot be sent to a process: "
        "cannot pickle '_thread.lock' object – give it plain data, or the executor thread"
    )


# --- what a task does to its process -------------------------------------------------------

MUTATORS: list[Callable[[], object]] = [
    lambda: os.chdir("/"),
    lambda: os.umask(0o777),
    lambda: os.environ.update(LEFT="behind", PATH="/nowhere"),
    lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    lambda: signal.setitimer(signal.ITIMER_REAL, 0.5),
    lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1]),
    lambda: locale.setlocale(locale.LC_ALL, ""),
    lambda: sys.setrecursionlimit(77_777),
    lambda: warnings.simplefilter("error"),
    lambda: random.seed(1),
    lambda: setattr(sys, "stdout", None),
]

MODULES: dict[str, Any] = {
    module.__name__: module
    for module in (locale, os, random, re, resource, signal, sys, time, warnings)
}


def by_value(func: Callable[[], object]) -> Callable[[], object]:
    """Return a function that goes to a worker without this module, as one of `__main__` does."""
    copied = types.FunctionType(func.__code__, {**MODULES, "Path": Path}, func.__name__)
    copied.__module__ = "__main__"
    return copied


def look() -> dict[str, object]:
    """Return what a task finds in its process."""
    mask = os.umask(0)
    os.umask(mask)
    print("hello")
    return {
        "pid": os.getpid(),
        "cwd": str(Path.cwd()),
        "umask": mask,
        "environment": [os.environ.get("LEFT"), os.environ["PATH"]],
        "handler": repr(signal.getsignal(signal.SIGINT)),
        "timer": signal.getitimer(signal.ITIMER_REAL)[0],
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "locale": locale.setlocale(locale.LC_ALL),
        "recursion": sys.getrecursionlimit(),
        "warnings": list(map(repr, warnings.filters)),
        "limit": resource.getrlimit(resource.RLIMIT_CORE),
    }


def test_what_ten_tasks_do_to_their_process_is_not_seen_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    before = Task(by_value(look), name="before", executor="process")
    names = [f"mutator{n}" for n in range(len(MUTATORS))]
    chain = [
        Task(by_value(func), name=name, depends_on=previous, executor="process")
        for func, name, previous in zip(MUTATORS, names, ["before", *names], strict=False)
    ]
    after = Task(by_value(look), name="after", depends_on=names[-1], executor="process")

    results = run(tmp_path, before, *chain, after, max_parallel=1)

    assert results["after"] == results["before"]
    assert printed(tmp_path, results, number=len(chain) + 1) == b"hello\n"


def test_what_a_task_adds_to_the_module_path_is_taken_away() -> None:
    before = sys.path.copy()

    with Surroundings().kept():
        sys.path.insert(0, "/nowhere")

    assert sys.path == before


def test_a_task_that_seeds_does_not_fix_what_the_next_one_draws(tmp_path: Path) -> None:
    def seed() -> int:
        random.seed(1)
        return os.getpid()

    def draw() -> tuple[int, float]:
        return os.getpid(), random.random()

    after_seed = random.Random(1).random()
    results = run(
        tmp_path,
        Task(seed, executor="process"),
        Task(draw, depends_on="seed", executor="process"),
        max_parallel=1,
    )

    pid, drawn = results["draw"]
    assert pid == results["seed"]
    assert drawn != after_seed


def lower_a_limit() -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    return os.getpid()


def become_nicer() -> int:
    os.nice(1)
    return os.getpid()


@pytest.mark.parametrize("func", [lower_a_limit, become_nicer])
def test_a_process_that_cannot_become_what_it_was_is_not_used_again(
    tmp_path: Path, func: Callable[[], object]
) -> None:
    first = Task(by_value(func), name="first", executor="process")
    second = Task(os.getpid, name="second", depends_on="first", executor="process")

    results = run(tmp_path, first, second, max_parallel=1)

    assert results["second"] != results["first"]


def test_a_folder_that_is_not_there_is_a_failure_and_no_crash(tmp_path: Path) -> None:
    task = Task(os.getpid, name="t", executor="process", cwd=str(tmp_path / "none"))

    attempt = only_attempt(run(tmp_path, task))

    assert attempt.state == "FAILED"
    assert attempt.error == (
        f"cannot run it: [Errno 2] No such file or directory: '{tmp_path / 'none'}'"
    )


# --- numbers of processes that are used again ----------------------------------------------


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """Return a process that leads a session, as what we start does."""
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_a_stranger_that_has_the_number_of_a_process_of_ours_is_left_alone(
    stranger: psutil.Process,
) -> None:
    assert not group_outlives(stranger.pid)
    assert kill_tree(stranger.pid, "no/cookie", reaped=True) == 0

    assert alive(stranger.pid)


def test_what_started_at_another_time_than_what_was_found_is_not_killed(
    stranger: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = psutil.Process(stranger.pid)
    monkeypatch.setattr(found, "_ident", (found.pid, 1.0))
    finds = iter([[found], []])

    assert process_tree._kill_all(lambda: next(finds)) == 0  # pyright: ignore[reportPrivateUsage]

    assert alive(stranger.pid)


def test_what_is_left_of_the_session_of_a_process_that_has_ended_is_killed(
    tmp_path: Path,
) -> None:
    line = f"sleep 300 & echo $! > {tmp_path / 'pid'}"
    with subprocess.Popen(["env", "-i", "/bin/sh", "-c", line], start_new_session=True) as leader:
        leader.wait(20)
    left = int((tmp_path / "pid").read_text())
    assert group_outlives(leader.pid)

    assert kill_tree(leader.pid, "no/cookie", reaped=True) == 0

    assert not alive(left)


class Unkillable(psutil.Process):
    """A process in the state D: the signal is sent, and nothing happens."""

    def kill(self) -> None:
        """Do nothing."""


def test_a_process_that_does_not_die_is_counted_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, stranger: psutil.Process
) -> None:
    monkeypatch.setattr(process_tree, "LIMIT", 0.05)

    left = process_tree._kill_all(lambda: [Unkillable(stranger.pid)])  # pyright: ignore[reportPrivateUsage]

    assert left == 1
