"""Making real attempts, and looking at what became of them."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from taskflow_core import Flow, RunHandle, RunResult, Task
from taskflow_core.output import output_path
from taskflow_core.state import Attempt
from taskflow_core.statuses import TaskStatus


def run(tmp_path: Path, *tasks: Task, **options: Any) -> RunResult:
    """Run tasks with a journal, so that their output is kept."""
    return Flow("contract", tasks).run(journal=tmp_path, **options)


def only_attempt(results: RunResult, name: str = "t") -> Attempt:
    """Return the attempt of a task that has made one."""
    (attempt,) = results.tasks[name].attempts
    return attempt


def printed(tmp_path: Path, results: RunResult, number: int = 0, attempt: int = 1) -> bytes:
    """Return the output of an attempt."""
    return output_path(tmp_path / "runs" / results.run_id, number, 0, attempt).read_bytes()


def state_of(handle: RunHandle, number: int = 0) -> TaskStatus:
    """Return the state that a task has right now."""
    return handle._state.tasks[number].state  # pyright: ignore[reportPrivateUsage]


def alive(pid: int) -> bool:
    """Say whether a process lives."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process or thread is about to do."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        threading.Event().wait(0.005)


def in_time(condition: Callable[[], bool], act: Callable[[], object]) -> None:
    """Do something from another thread once something is so; the calling thread goes on."""

    def wait() -> None:
        until(condition)
        act()

    threading.Thread(target=wait, daemon=True).start()
