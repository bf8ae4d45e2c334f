"""What goes wrong with tasks in threads of this process, and what is shared there."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from taskflow_core import Flow, RunHandle, Task
from taskflow_core.errors import RefusedError
from taskflow_core.executors.thread import MOST_ABANDONED
from tests.core.attempting import only_attempt, printed, run, state_of, until


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return what hung tasks wait for; they all end after the test."""
    event = threading.Event()
    yield event
    event.set()


# --- threads that never come back ----------------------------------------------------------


def hung(release: threading.Event) -> list[Task]:
    """Return as many tasks as may hang, each of which is given up soon."""
    return [
        Task(release.wait, name=f"hung{n}", executor="thread", timeout=0.05, grace=0.05)
        for n in range(MOST_ABANDONED)
    ]


def begin() -> str:
    return "began"


def test_when_eight_threads_hang_no_other_task_begins_in_one(
    tmp_path: Path, release: threading.Event
) -> None:
    tasks = hung(release)
    names = [task.name for task in tasks]
    late = Task(begin, name="late", depends_on=names, executor="thread", trigger_rule="all_done")
    elsewhere = Task(
        begin, name="elsewhere", depends_on=names, executor="process", trigger_rule="all_done"
    )

    results = run(tmp_path, *tasks, late, elsewhere)

    assert {only_attempt(results, name).state for name in names} == {"TIMED_OUT"}
    assert results["elsewhere"] == "began"
    assert only_attempt(results, "late").error == (
        "the thread executor is exhausted: 8 attempts that did not stop still hold their threads"
        " – give tasks that may hang `executor: process`, where they can be killed"
    )


def test_tasks_begin_in_threads_again_once_hung_ones_have_ended(
    tmp_path: Path, release: threading.Event
) -> None:
    tasks, go_on = hung(release), tmp_path / "go on"
    names = [task.name for task in tasks]
    late = Task(begin, name="late", depends_on=names, executor="thread", trigger_rule="all_done")
    gate = Task(
        name="gate",
        command=f"until [ -e '{go_on}' ]; do sleep 0.01; done",
        depends_on="late",
        trigger_rule="all_done",
    )
    again = Task(begin, name="again", depends_on="gate", executor="thread")
    before = threading.active_count()
    with Flow("again", [*tasks, late, gate, again]).start(journal=tmp_path) as handle:
        until(lambda: state_of(handle, len(tasks)) == "FAILED")
        release.set()
        until(lambda: threading.active_count() < before + MOST_ABANDONED)
        go_on.touch()

        results = handle.wait(timeout=20)

    assert results["again"] == "began"


HANGING = {
    "thread": "hang = threading.Event().wait",
    "async": "async def hang(): threading.Event().wait()",
}


@pytest.mark.parametrize("executor", HANGING)
def test_a_program_ends_although_a_task_of_it_hangs(executor: str) -> None:
    script = f"""
import threading
from taskflow_core import Flow, Task
{HANGING[executor]}
task = Task(hang, name="t", executor="{executor}", timeout=0.1, grace=0.1)
print(Flow("hang", [task]).run().tasks["t"].attempts[0].state)
"""

    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout) == (0, b"TIMED_OUT\n")
    assert b"Error" not in ended.stderr


# --- what threads share --------------------------------------------------------------------


def test_two_tasks_that_print_by_turns_have_their_own_lines_each(tmp_path: Path) -> None:
    turn = threading.Barrier(2, timeout=20)

    def speak(name: str) -> None:
        for number in range(50):
            turn.wait()
            print(name, number)
            print(name, number, file=sys.stderr)

    tasks = [Task(speak, name=name, args=[name], executor="thread") for name in ("one", "other")]
    before = sys.stdout, sys.stderr

    results = run(tmp_path, *tasks)

    for place, name in enumerate(("one", "other")):
        expected = "".join(f"{name} {number}\n" * 2 for number in range(50))
        assert printed(tmp_path, results, number=place) == expected.encode()
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize(("executor", "seen"), [("thread", [1, 2]), ("process", [1])])
def test_a_result_is_shared_in_this_process_and_copied_for_another(
    tmp_path: Path, executor: str, seen: list[int]
) -> None:
    kept: list[int] = []

    def make() -> list[int]:
        kept.append(1)
        return kept

    def change(make: list[int]) -> None:
        make.append(2)

    def look(change: None, make: list[int]) -> list[int]:
        return make

    results = run(
        tmp_path,
        Task(make, executor=executor),
        Task(change, depends_on="make", executor=executor),
        Task(look, depends_on=["change", "make"], executor=executor),
    )

    assert results["look"] == seen


# --- runs within runs ----------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["thread", "process", "inline"])
def test_a_task_can_run_a_flow_while_it_has_the_only_slot(executor: str) -> None:
    def outer() -> Any:
        return Flow("inner", [Task(int, name="t", executor=executor)]).run(max_parallel=1)["t"]

    results = Flow("outer", [Task(outer, executor=executor)]).run(max_parallel=1)

    assert results["outer"] == 0


@pytest.mark.parametrize("executor", ["thread", "async"])
def test_a_task_cannot_wait_for_its_own_run(tmp_path: Path, executor: str) -> None:
    handles: SimpleQueue[RunHandle] = SimpleQueue()

    def work() -> None:
        handles.get(timeout=20).wait()

    async def work_async() -> None:
        handles.get(timeout=20).wait()

    func = work_async if executor == "async" else work
    with Flow("wait", [Task(func, name="t", executor=executor)]).start(journal=tmp_path) as handle:
        handles.put(handle)
        results = handle.wait(timeout=20)

    error = only_attempt(results).error
    assert error == f"{RefusedError.__name__}: a task cannot wait for the run that it is part of"
