"""Inline tasks: made one at a time by the thread that waits for the run."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from taskflow_core import Flow, RunHandle, Task
from taskflow_core.errors import RefusedError
from taskflow_core.interrupts import interrupts_held_back, interrupts_let_through
from tests.core.attempting import in_time, only_attempt, state_of, until


def test_inline_tasks_run_on_the_thread_that_waits() -> None:
    tasks = [Task(threading.get_ident, name=f"t{n}", executor="inline") for n in range(5)]

    results = Flow("inline", tasks).run()

    assert set(results.values()) == {threading.get_ident()}


def test_they_start_once_somebody_waits() -> None:
    started = threading.Event()
    other = Task(threading.Event().is_set, name="other", executor="thread")
    with Flow("inline", [Task(started.set, name="t", executor="inline"), other]).start() as handle:
        until(lambda: state_of(handle, 1) == "SUCCEEDED")
        assert not started.is_set()

        handle.wait(timeout=20)

    assert started.is_set()


def test_they_run_beside_tasks_in_threads() -> None:
    meet = threading.Barrier(2, timeout=20)
    tasks = [Task(meet.wait, name=name, executor=name) for name in ("inline", "thread")]

    assert set(Flow("beside", tasks).run().values()) == {0, 1}


def waiting_a_moment(handle: RunHandle) -> None:
    with pytest.raises(TimeoutError):
        handle.wait(timeout=0.3)


def test_one_of_two_waiting_threads_makes_them_and_the_other_takes_over() -> None:
    handed_over = threading.Event()

    def gate(first: int) -> bool:
        return handed_over.wait(20)

    def last(gate: bool) -> int:
        return threading.get_ident()

    tasks = [
        Task(threading.get_ident, name="first", executor="inline"),
        Task(gate, name="gate", depends_on="first", executor="thread"),
        Task(last, name="last", depends_on="gate", executor="inline"),
    ]
    with Flow("two", tasks).start() as handle:
        first = threading.Thread(target=waiting_a_moment, args=[handle])
        first.start()
        until(lambda: state_of(handle, 0) == "SUCCEEDED")
        second = threading.Thread(target=handle.wait)
        second.start()
        first.join(20)
        handed_over.set()
        second.join(20)
        results = handle.wait(timeout=20)

    assert results["first"] == first.ident
    assert results["last"] == second.ident


def test_a_task_cannot_wait_for_its_own_run() -> None:
    flow = Flow("own")
    handles: list[RunHandle] = []
    flow.add_task(Task(lambda: handles[0].wait(), name="t", executor="inline"))
    handles.append(flow.start())

    results = handles[0].wait(timeout=20)

    handles[0].close()
    assert results.error is not None
    assert RefusedError.__name__ in results.error


def test_a_flow_in_a_task_of_a_flow_has_slots_of_its_own() -> None:
    inner = Flow("inner", [Task(int, name="t", executor="inline")], max_parallel=1)
    tasks = [Task(inner.run, name=name, executor=name) for name in ("inline", "thread")]

    results = Flow("outer", tasks, max_parallel=1).run()

    assert [results[name]["t"] for name in ("inline", "thread")] == [0, 0]


def test_ctrl_c_in_an_inline_task_cancels_the_run_and_reaches_the_caller(tmp_path: Path) -> None:
    tidied = threading.Event()

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(20)
        finally:
            tidied.set()

    tasks = [
        Task(work, name="t", executor="inline"),
        Task(int, name="after", depends_on="t"),
        Task(name="beside", command="sleep 300"),
    ]
    with Flow("interrupted", tasks).start(journal=tmp_path) as handle:
        with pytest.raises(KeyboardInterrupt):
            handle.wait(timeout=20)
        results = handle.wait(timeout=20)

    assert tidied.is_set()
    assert results.state == "CANCELLED"
    assert {task.state for task in results.tasks.values()} == {"CANCELLED"}
    assert only_attempt(results).state == "CANCELLED"


def test_ctrl_c_while_nothing_is_inline_reaches_the_caller_and_the_run_goes_on() -> None:
    release = threading.Event()

    def slow(t: int) -> bool:
        return release.wait(20)

    tasks = [
        Task(int, name="t", executor="inline"),
        Task(slow, name="slow", depends_on="t"),
    ]
    with Flow("interrupted", tasks).start() as handle:
        in_time(
            lambda: state_of(handle, 1) == "RUNNING",
            lambda: os.kill(os.getpid(), signal.SIGINT),
        )
        with pytest.raises(KeyboardInterrupt):
            handle.wait(timeout=20)
        assert handle.state == "RUNNING"
        release.set()

        assert handle.wait(timeout=20).state == "SUCCEEDED"


def test_ctrl_c_amid_thousands_of_tasks_leaves_a_whole_run(tmp_path: Path) -> None:
    count = 20_000
    tasks = [Task(int, name=f"t{n}", executor="inline") for n in range(count)]
    with Flow("many", tasks).start(journal=tmp_path) as handle:
        in_time(
            lambda: state_of(handle, 500) == "SUCCEEDED",
            lambda: os.kill(os.getpid(), signal.SIGINT),
        )
        try:
            handle.wait(timeout=30)
            was_in_time = False
        except KeyboardInterrupt:
            was_in_time = True
        if handle.state == "RUNNING":  # it came between two tasks
            handle.cancel()
        results = handle.wait(timeout=30)

    states = [str(task.state) for task in results.tasks.values()]
    assert was_in_time
    assert results.state == "CANCELLED"
    assert states.count("SUCCEEDED") + states.count("CANCELLED") == count


def test_ctrl_c_is_held_back_until_it_may_come() -> None:
    steps: list[str] = []

    with pytest.raises(KeyboardInterrupt), interrupts_held_back():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        steps.append("held back")
        with interrupts_let_through():
            steps.append("never")

    assert steps == ["held back"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_that_was_held_back_comes_at_the_end() -> None:
    steps: list[str] = []

    with pytest.raises(KeyboardInterrupt), interrupts_held_back():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        steps.append("held back")

    assert steps == ["held back"]


def test_a_handler_of_the_program_s_own_is_left_alone() -> None:
    heard: list[str] = []

    def hear(*_: object) -> None:
        heard.append("heard")

    before = signal.signal(signal.SIGINT, hear)
    try:
        with interrupts_held_back():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)

    assert heard == ["heard"]


BREAKPOINT = """
from taskflow_core import Flow, RunHandle, Task
def work():
    secret = 41
    breakpoint()
    return secret + 1
print(Flow("debug", [Task(work, executor="inline")]).run()["work"])
"""


def test_a_breakpoint_in_an_inline_task_can_be_talked_to() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BREAKPOINT],
        input="p 'secret', secret\nc\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert "('secret', 41)" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("42")
