"""Coroutines: one event loop for all, and what happens when somebody blocks it."""

import asyncio
import functools
import logging
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Context, Flow, Task
from taskflow_core.calling import check_executor_fits, is_coroutine_callable
from taskflow_core.errors import DefinitionError
from taskflow_core.executors.base import Workplace
from taskflow_core.executors.coroutine import CoroutineExecutor
from taskflow_core.memory_code import MemoryCode
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.results import ResultStore
from taskflow_core.sight import Sight
from taskflow_core.state import RunState
from tests.core.attempting import only_attempt, printed, run, until


def coroutine(func: Any, name: str, **options: Any) -> Task:
    return Task(func, name=name, executor="async", **options)


def test_all_coroutines_of_a_run_share_one_loop() -> None:
    async def look() -> tuple[int, int]:
        await asyncio.sleep(0.01)
        return threading.get_ident(), id(asyncio.get_running_loop())

    results = Flow("loop", [coroutine(look, f"t{n}") for n in range(8)]).run()

    assert len(set(results.values())) == 1
    assert threading.get_ident() not in {thread for thread, _ in results.values()}


def test_coroutines_meet_while_they_run() -> None:
    here: list[int] = []

    async def work(number: int) -> int:
        here.append(number)
        while len(here) < 8:  # noqa: ASYNC110  an event belongs to one loop
            await asyncio.sleep(0)
        return number

    results = Flow("meet", [coroutine(work, f"t{n}", args=[n]) for n in range(8)]).run()

    assert results.state == "SUCCEEDED"


def test_each_coroutine_prints_to_its_own_output(tmp_path: Path) -> None:
    async def speak(number: int) -> None:
        for _ in range(50):
            print("I am", number)
            await asyncio.sleep(0)
        await asyncio.create_task(child(number))
        await asyncio.to_thread(print, "helped", number)

    async def child(number: int) -> None:
        print("child of", number)

    results = run(tmp_path, *[coroutine(speak, f"t{n}", args=[n]) for n in range(4)])

    for n in range(4):
        said = f"I am {n}\n" * 50 + f"child of {n}\nhelped {n}\n"
        assert printed(tmp_path, results, number=n) == said.encode()


def test_the_context_says_that_it_is_cancelled(tmp_path: Path) -> None:
    seen: list[bool] = []

    async def work(ctx: Context) -> None:
        try:
            await asyncio.sleep(300)
        finally:
            seen.append(ctx.cancelled)

    attempt = only_attempt(run(tmp_path, coroutine(work, "t", timeout=0.1, grace=20)))

    assert (attempt.state, attempt.forced) == ("TIMED_OUT", False)
    assert seen == [True]


def test_a_task_that_cancels_itself_has_failed(tmp_path: Path) -> None:
    async def work() -> None:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        await asyncio.sleep(0)

    attempt = only_attempt(run(tmp_path, coroutine(work, "t")))

    assert (attempt.state, attempt.error) == ("FAILED", "CancelledError")


def test_leaving_the_interpreter_in_a_child_s_task_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def parent() -> str:
        child = asyncio.create_task(leave())
        await asyncio.sleep(0.02)
        return f"{child.exception()!r}"

    async def other() -> str:
        await asyncio.sleep(0.05)
        return "fine"

    results = Flow("exit", [coroutine(parent, "parent"), coroutine(other, "other")]).run()

    assert dict(results) == {"parent": "SystemExit(3)", "other": "fine"}


def test_a_call_in_a_thread_that_goes_on_is_counted_and_holds_nothing_up(tmp_path: Path) -> None:
    release = threading.Event()

    async def work() -> None:
        await asyncio.to_thread(release.wait, 20)

    before = time.monotonic()
    attempt = only_attempt(run(tmp_path, coroutine(work, "t", timeout=0.1, grace=5)))

    assert (attempt.state, attempt.leftovers) == ("TIMED_OUT", 1)
    assert time.monotonic() - before < 10
    release.set()


def test_a_loop_that_is_busy_with_python_is_freed(tmp_path: Path) -> None:
    async def busy() -> None:
        while True:
            pass

    async def other() -> str:
        await asyncio.sleep(0.01)
        return "fine"

    results = run(
        tmp_path,
        coroutine(busy, "busy", timeout=0.1, grace=0.1),
        coroutine(other, "other"),
    )

    attempt = only_attempt(results, "busy")
    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", True, 0)
    assert results["other"] == "fine"
    assert b"the event loop is blocked here" in printed(tmp_path, results)


def test_others_begin_on_a_fresh_loop_and_those_under_way_go_on_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    release, under_way = threading.Event(), threading.Event()

    async def sibling() -> str:
        under_way.set()
        await asyncio.sleep(0.01)
        return "went on"

    async def block() -> None:
        while not under_way.is_set():  # noqa: ASYNC110  another thread looks at it, too
            await asyncio.sleep(0)
        release.wait(20)

    async def fresh(block: None = None) -> str:
        release.set()
        return "fresh"

    tasks = [
        coroutine(sibling, "sibling"),
        coroutine(block, "block", timeout=0.1, grace=0.1),
        Task(lambda: until(lambda: bool(caplog.records)), name="gate", executor="thread"),
        coroutine(fresh, "fresh", depends_on="gate"),
    ]
    with caplog.at_level(logging.WARNING, logger="taskflow"):
        results = run(tmp_path, *tasks)

    attempt = only_attempt(results, "block")
    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", True, 1)
    assert (results["sibling"], results["fresh"]) == ("went on", "fresh")
    (record,) = caplog.records
    assert record.getMessage() == "task block blocks the event loop; others begin on another"


# --- the executor alone --------------------------------------------------------------------


def _nobody_asks(job: Job, pid: int | None, arguments: dict[str, Any] | None) -> None:
    """Take note of nothing."""


class Bench:
    """An executor at work, each attempt on a thread of its own, as in a crew."""

    def __init__(self, tmp_path: Path, *tasks: Task, hope: float) -> None:
        flow = Flow("bench", tasks)
        code = MemoryCode(flow.plan(), flow.functions())
        results = ResultStore(tmp_path, len(tasks), keep=True)
        place = Workplace(
            code.plan,
            run="r",
            results=results,
            sight=Sight(RunState(code.plan), results),
            code=code,
            folder=None,
            tmp=tmp_path,
        )
        self.executor = CoroutineExecutor(place, hope=hope)
        self.outcomes: dict[str, Outcome] = {}

    def start(self, number: int, name: str) -> tuple[Job, threading.Thread]:
        job = Job(number, name, 0, 1, "async")

        def work() -> None:
            self.outcomes[name] = self.executor.run(job, _nobody_asks)

        thread = threading.Thread(target=work)
        thread.start()
        return job, thread


def test_those_under_way_count_as_crashed_if_the_loop_never_comes_round(tmp_path: Path) -> None:
    release, under_way, blocked = threading.Event(), threading.Event(), threading.Event()

    async def sibling() -> None:
        under_way.set()
        await asyncio.sleep(0.01)

    async def block() -> None:
        blocked.set()
        release.wait(20)

    bench = Bench(tmp_path, coroutine(sibling, "sibling"), coroutine(block, "block"), hope=0.1)
    _, first = bench.start(0, "sibling")
    under_way.wait(20)
    job, second = bench.start(1, "block")
    blocked.wait(20)

    bench.executor.stop(job, kill=True)
    first.join(20)
    second.join(20)

    release.set()
    bench.executor.close()
    assert bench.outcomes["block"] == Stopped(forced=True, leftovers=1)
    expected = "its event loop was given up: task 'block' blocks it"
    assert bench.outcomes["sibling"] == Crashed(error=expected)


def test_what_has_not_begun_moves_to_a_fresh_loop(tmp_path: Path) -> None:
    release, blocked = threading.Event(), threading.Event()

    async def block() -> None:
        blocked.set()
        release.wait(20)

    async def late() -> bool:
        return release.is_set()

    bench = Bench(tmp_path, coroutine(block, "block"), coroutine(late, "late"), hope=20)
    job, first = bench.start(0, "block")
    blocked.wait(20)
    _, second = bench.start(1, "late")
    until(lambda: len(bench.executor._running) == 2)  # pyright: ignore[reportPrivateUsage]

    bench.executor.stop(job, kill=True)
    second.join(20)

    release.set()
    first.join(20)
    bench.executor.close()
    assert bench.outcomes["late"] == Succeeded({"value": False})


def test_what_is_killed_before_it_began_is_not_left_over(tmp_path: Path) -> None:
    release, blocked = threading.Event(), threading.Event()

    async def block() -> None:
        blocked.set()
        release.wait(20)

    async def late() -> None:
        raise AssertionError("it was stopped before")

    bench = Bench(tmp_path, coroutine(block, "block"), coroutine(late, "late"), hope=20)
    _, first = bench.start(0, "block")
    blocked.wait(20)
    job, second = bench.start(1, "late")

    bench.executor.stop(job, kill=False)
    bench.executor.stop(job, kill=True)
    second.join(20)

    release.set()
    first.join(20)
    bench.executor.close()
    outcome = bench.outcomes["late"]
    assert isinstance(outcome, Stopped)
    assert outcome.leftovers == 0


def test_a_plain_function_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Task(int, name="t", executor="thread"), hope=1)

    _, thread = bench.start(0, "t")
    thread.join(20)

    bench.executor.close()
    outcome = bench.outcomes["t"]
    assert isinstance(outcome, Failed)
    assert outcome.final


# --- what is a coroutine function ----------------------------------------------------------


async def plain() -> None: ...


async def generator() -> Any:
    yield 1


class Coroutines:
    async def __call__(self) -> None: ...
    async def method(self) -> None: ...


@pytest.mark.parametrize(
    "func",
    [
        plain,
        generator,
        Coroutines(),
        Coroutines().method,
        functools.partial(plain),
        functools.partial(functools.partial(Coroutines())),
    ],
)
def test_coroutine_functions_are_known(func: object) -> None:
    assert is_coroutine_callable(func)


@pytest.mark.parametrize("func", [len, int, Coroutines, lambda: None, functools.partial(len)])
def test_plain_callables_are_not(func: object) -> None:
    assert not is_coroutine_callable(func)


def test_a_plain_function_does_not_fit_the_executor() -> None:
    with pytest.raises(DefinitionError, match="its function is not `async def`"):
        check_executor_fits("t", "async", len)

    check_executor_fits("t", "async", plain)
    check_executor_fits("t", "thread", len)
