"""What goes wrong with coroutines that share an event loop."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest

import taskflow_core.executors.coroutine as executors
from taskflow_core import Flow, Task
from taskflow_core.executors.thread import MOST_ABANDONED
from taskflow_core.output import output_path
from tests.core.attempting import only_attempt, printed, run, until


def coroutine(func: object, name: str, **options: object) -> Task:
    return Task(func, name=name, executor="async", **options)  # type: ignore[arg-type]


# --- raising what ends a loop --------------------------------------------------------------


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_a_child_of_a_coroutine_raises_fails_who_awaits_it_alone(
    tmp_path: Path, error: type[BaseException]
) -> None:
    async def child() -> None:
        raise error

    async def parent() -> None:
        await asyncio.create_task(child())

    async def other() -> str:
        await asyncio.sleep(0.05)
        return "fine"

    results = run(tmp_path, coroutine(parent, "parent"), coroutine(other, "other"))

    assert only_attempt(results, "parent").state == "FAILED"
    assert results["other"] == "fine"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_a_child_raises_that_nobody_awaits_harms_nobody(
    tmp_path: Path, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    async def child() -> None:
        raise error

    async def parent() -> str:
        child_task = asyncio.create_task(child())
        await asyncio.sleep(0.02)
        return type(child_task.exception()).__name__

    async def other() -> str:
        await asyncio.sleep(0.05)
        return "fine"

    results = run(tmp_path, coroutine(parent, "parent"), coroutine(other, "other"))

    assert dict(results) == {"parent": error.__name__, "other": "fine"}


# --- blocking it ---------------------------------------------------------------------------


def test_a_coroutine_that_blocks_the_loop_finds_the_place_in_its_output(tmp_path: Path) -> None:
    release = threading.Event()

    async def work() -> None:
        release.wait(20)

    with Flow("block", [coroutine(work, "t")]).start(journal=tmp_path) as handle:
        output = output_path(tmp_path / "runs" / handle.run_id, 0, 0, 1)
        until(lambda: output.exists() and b"release.wait(20)" in output.read_bytes())
        release.set()
        results = handle.wait(timeout=20)

    assert results.state == "SUCCEEDED"
    assert printed(tmp_path, results).startswith(b"the event loop is blocked here:\n")
    assert printed(tmp_path, results).count(b"is blocked here") == 1


def test_a_child_of_a_coroutine_that_blocks_the_loop_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()

    async def child() -> None:
        release.wait(20)

    async def work() -> None:
        await asyncio.create_task(child(), name="culprit")

    with (
        caplog.at_level(logging.WARNING, logger="taskflow"),
        Flow("block", [coroutine(work, "t")]).start(journal=tmp_path) as handle,
    ):
        until(lambda: bool(caplog.records))
        release.set()
        handle.wait(timeout=20)

    (record,) = caplog.records
    assert record.getMessage().startswith("culprit blocks the event loop here:\n")
    assert "release.wait(20)" in record.getMessage()


def test_when_eight_loops_are_blocked_no_other_coroutine_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "PATIENCE", 0.05)
    release = threading.Event()

    async def block() -> None:
        release.wait(60)

    async def late() -> None:
        raise AssertionError("it must not begin")

    names = [f"block{n}" for n in range(MOST_ABANDONED)]
    blocked = [coroutine(block, name, timeout=0.05, grace=0.05) for name in names]
    last = coroutine(late, "late", depends_on=names, trigger_rule="all_done")

    # One slot: each begins on a loop of its own, once that of the one before was given up.
    results = run(tmp_path, *blocked, last, max_parallel=1)

    release.set()
    assert only_attempt(results, "late").error == (
        "the thread executor is exhausted: 8 event loops are blocked by coroutines that did not"
        " stop – give tasks that may hang `executor: process`, where they can be killed"
    )
