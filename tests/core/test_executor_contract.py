"""One contract for every executor, the built-in ones and one of another package.

Each rule is written once. What a task does is the same in every executor; only its form differs: a
function, a coroutine function, or a command.
"""

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import (
    Context,
    Event,
    EventBus,
    Fail,
    Flow,
    Retry,
    RetryPolicy,
    Skip,
    Task,
)
from taskflow_core.events import AttemptStarted
from taskflow_core.output import output_path, read_index
from taskflow_core.statuses import SETTLED_TASKS
from tests.core.attempting import alive, in_time, only_attempt, printed, run, state_of
from tests.plugins.installing import install_relay

FUNCTIONS = ["thread", "process", "async", "inline", "relay"]
"""Executors that call Python functions."""
ALL = [*FUNCTIONS, "shell"]
IN_THIS_PROCESS = ["thread", "async", "inline", "relay"]
"""Executors whose attempts cannot be killed: what does not stop is left over."""
KILLABLE = ["process", "shell"]


@pytest.fixture(autouse=True, scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the test package installed."""
    with pytest.MonkeyPatch.context() as patch:
        for folder in install_relay(tmp_path_factory.mktemp("site")):
            patch.syspath_prepend(folder)  # pyright: ignore[reportUnknownMemberType]
        yield


def each(*executors: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("executor", executors)


def form(executor: str, func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of one context, or of none, in the form that an executor takes."""
    if executor != "async":
        return func
    if func.__code__.co_argcount:

        async def with_context(ctx: Context) -> Any:
            return func(ctx)

        return with_context

    async def without() -> Any:
        return func()

    return without


def doing(executor: str, func: Callable[..., Any], command: str, **options: Any) -> Task:
    """Return a task called `t` that does the same in any executor."""
    if executor == "shell":
        return Task(name="t", command=command, **options)
    return Task(form(executor, func), name="t", executor=executor, **options)


# --- how an attempt ends -------------------------------------------------------------------


@each(*ALL)
def test_a_result_is_returned(tmp_path: Path, executor: str) -> None:
    results = run(tmp_path, doing(executor, lambda: "42", "echo 42"))

    assert results["t"] == "42"
    assert only_attempt(results).executor == executor


@each(*ALL)
def test_what_is_printed_is_kept_for_each_attempt(tmp_path: Path, executor: str) -> None:
    marker = tmp_path / "marker"
    first = f"test -e {marker} && echo second || {{ touch {marker}; echo first; exit 1; }}"

    def work() -> None:
        if marker.exists():
            print("second")
            print("careful", file=sys.stderr)
        else:
            marker.touch()
            print("first")
            raise ValueError

    results = run(tmp_path, doing(executor, work, f"{first}; echo careful", retries=1))

    assert printed(tmp_path, results) == b"first\n"
    assert printed(tmp_path, results, attempt=2) == b"second\ncareful\n"
    chunks = list(read_index(output_path(tmp_path / "runs" / results.run_id, 0, 0, 1)))
    assert chunks[0].offset == 0
    assert abs(chunks[0].at - time.time()) < 60


@each(*ALL)
def test_a_failure_is_text_and_has_a_name_for_the_policy(tmp_path: Path, executor: str) -> None:
    def work() -> None:
        raise FileNotFoundError("no such day")

    error = "CommandError" if executor == "shell" else "builtins.OSError"
    policy = RetryPolicy(retries=1, retry_on=(error,))
    results = run(tmp_path, doing(executor, work, "echo no such day >&2; exit 2", retry=policy))

    first, second = results.tasks["t"].attempts
    assert first.state == second.state == "FAILED"
    assert first.error is not None
    assert first.error.endswith(": no such day")


@each(*FUNCTIONS)
def test_a_traceback_shows_the_task_s_own_frames(tmp_path: Path, executor: str) -> None:
    class UnpicklableError(Exception):
        def __init__(self, one: object, other: object) -> None:
            super().__init__(f"{one} and {other}")
            self.lock = threading.Lock()

    def work() -> None:
        raise UnpicklableError("this", "that")

    attempt = only_attempt(run(tmp_path, doing(executor, work, "")))

    assert attempt.state == "FAILED"
    assert attempt.error is not None
    assert attempt.error.endswith("UnpicklableError: this and that")
    assert attempt.traceback is not None
    assert "in work" in attempt.traceback
    assert "taskflow_core" not in attempt.traceback


@each(*FUNCTIONS)
@pytest.mark.parametrize("trouble", ["raises", "is endless"])
def test_an_error_that_cannot_be_shown_is_an_error_all_the_same(
    tmp_path: Path, executor: str, trouble: str
) -> None:
    class BadError(Exception):
        def __str__(self) -> str:
            if trouble == "raises":
                raise RuntimeError("no words")
            return "x" * 10_000_000

    def work() -> None:
        raise BadError

    attempt = only_attempt(run(tmp_path, doing(executor, work, "")))

    assert attempt.error is not None
    if trouble == "raises":
        assert "unprintable: its __str__ raised RuntimeError" in attempt.error
    assert len(attempt.error) + len(attempt.traceback or "") < 200_000


@each(*FUNCTIONS)
@pytest.mark.parametrize(
    "error", [SystemExit, GeneratorExit, BaseException, asyncio.CancelledError]
)
def test_whatever_a_task_raises_fails_that_task_alone(
    tmp_path: Path, executor: str, error: type[BaseException]
) -> None:
    def work() -> None:
        raise error(3)

    good = Task(form(executor, lambda: "good"), name="good", executor=executor)

    results = run(tmp_path, doing(executor, work, ""), good)

    attempt = only_attempt(results)
    assert attempt.state == "FAILED"
    if error is SystemExit:
        assert attempt.error == "the task called sys.exit(3)"
    assert results["good"] == "good"


@each("thread", "process", "async", "relay")
def test_a_keyboard_interrupt_of_a_task_s_own_is_a_failure(tmp_path: Path, executor: str) -> None:
    def work() -> None:
        raise KeyboardInterrupt

    assert only_attempt(run(tmp_path, doing(executor, work, ""))).state == "FAILED"


@each(*FUNCTIONS)
def test_a_task_says_how_it_ends(tmp_path: Path, executor: str) -> None:
    def skip() -> None:
        raise Skip("nothing new")

    def fail() -> None:
        raise Fail("no use")

    def again(ctx: Context) -> int:
        if ctx.attempt == 1:
            raise Retry(after=0)
        return ctx.attempt

    kinds: dict[str, Callable[..., Any]] = {"skip": skip, "fail": fail, "again": again}
    tasks = [
        Task(form(executor, func), name=name, executor=executor, retries=2)
        for name, func in kinds.items()
    ]
    results = run(tmp_path, *tasks)

    assert results.tasks["skip"].state == "SKIPPED"
    assert only_attempt(results, "fail").error == "no use"
    assert results["again"] == 2


@each(*FUNCTIONS)
def test_upstream_results_arrive_and_are_shown(tmp_path: Path, executor: str) -> None:
    def make() -> tuple[int, ...]:
        return (1, 2)

    def add(make: tuple[int, ...], ctx: Context) -> tuple[int, str]:
        return sum(make), ctx.task

    async def add_async(make: tuple[int, ...], ctx: Context) -> tuple[int, str]:
        return sum(make), ctx.task

    def far(ctx: Context) -> object:
        return ctx["make"]

    started: dict[str, Any] = {}

    def hear(event: Event) -> None:
        if isinstance(event, AttemptStarted):
            started[event.task] = event.arguments

    bus = EventBus()
    bus.subscribe(hear)
    results = run(
        tmp_path,
        Task(form(executor, make), name="make", executor=executor),
        Task(
            add_async if executor == "async" else add,
            name="add",
            depends_on="make",
            executor=executor,
        ),
        Task(
            form(executor, far),
            name="far",
            depends_on="add",
            executor=executor,
        ),
        bus=bus,
    )

    assert results["add"] == (3, "add")
    assert results["far"] == (1, 2)
    assert started["add"]["make"]["type"] == "tuple"


@each("thread", "process", "inline", "async")
def test_coroutines_and_generators_are_consumed(tmp_path: Path, executor: str) -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    async def count() -> Any:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    results = run(
        tmp_path,
        Task(work, name="work", executor=executor),
        Task(count, name="count", executor=executor),
    )

    assert results["work"] == "done"
    assert results["count"] == [0, 1, 2]


@each("process", "shell")
def test_a_task_sees_who_it_is(tmp_path: Path, executor: str) -> None:
    def look() -> str:
        return f"{os.environ['TASKFLOW_TASK']} {os.environ['MORE']}"

    task = doing(executor, look, 'echo "$TASKFLOW_TASK $MORE"', env={"MORE": "x"})

    assert run(tmp_path, task)["t"] == "t x"


# --- being stopped -------------------------------------------------------------------------


def watching(ctx: Context) -> None:
    while not ctx.cancelled:
        time.sleep(0.002)


async def sleeping() -> None:
    await asyncio.sleep(300)


def long(executor: str, **options: Any) -> Task:
    """Return a task that goes on until it is told to stop, and then ends."""
    if executor == "async":
        return Task(sleeping, name="t", executor="async", **options)
    if executor == "process":
        return Task(time.sleep, name="t", args=[300], executor="process", **options)
    return doing(executor, watching, "sleep 300", **options)


@each(*ALL)
def test_a_timed_out_attempt_that_obeys_leaves_nothing(tmp_path: Path, executor: str) -> None:
    attempt = only_attempt(run(tmp_path, long(executor, timeout=0.3, grace=20)))

    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", False, 0)


@each(*ALL)
def test_a_running_attempt_is_cancelled(tmp_path: Path, executor: str) -> None:
    with Flow("cancel", [long(executor, grace=20)]).start(journal=tmp_path) as handle:
        in_time(lambda: state_of(handle) == "RUNNING", handle.cancel)
        results = handle.wait(timeout=20)

    attempt = only_attempt(results)
    assert (results.state, attempt.state) == ("CANCELLED", "CANCELLED")
    assert (attempt.forced, attempt.leftovers) == (False, 0)


@each(*ALL)
def test_what_is_cancelled_before_it_begins_never_runs(tmp_path: Path, executor: str) -> None:
    ran = tmp_path / "ran"
    after = doing(executor, lambda: ran.touch(), f"touch {ran}", depends_on="first")
    first = Task(watching, name="first", executor="thread")
    with Flow("cancel", [first, after]).start(journal=tmp_path) as handle:
        handle.cancel()
        results = handle.wait(timeout=20)

    assert results.tasks["t"].state == "CANCELLED"
    assert not ran.exists()


@each(*KILLABLE)
def test_what_does_not_obey_is_killed(tmp_path: Path, executor: str) -> None:
    pid = tmp_path / "pid"

    def work() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pid.write_text(str(os.getpid()))
        time.sleep(300)

    command = f"trap '' TERM; echo $$ > {pid}; sleep 300; sleep 300"

    attempt = only_attempt(run(tmp_path, doing(executor, work, command, timeout=0.8, grace=0.1)))

    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", True, 0)
    assert not alive(int(pid.read_text()))


def stubborn(executor: str, release: threading.Event, result: object) -> Task:
    """Return a task that does not stop until it is released, then returns something."""

    def work() -> object:
        while not release.is_set():
            try:
                time.sleep(0.002)
            except BaseException:  # noqa: BLE001  that is the point
                continue
        return result

    async def work_async() -> object:
        while not release.is_set():
            try:
                await asyncio.sleep(0.002)
            except asyncio.CancelledError:
                continue
        return result

    func = work_async if executor == "async" else work
    return Task(func, name="t", executor=executor, timeout=0.1, grace=0.1)


@each("thread", "async", "relay")
def test_what_cannot_be_killed_is_left_over_and_its_result_is_dropped(
    tmp_path: Path, executor: str
) -> None:
    release = threading.Event()

    def after() -> str:
        release.set()
        return "after"

    good = Task(form(executor, after), name="good", executor=executor)
    # One slot: the good one gets it only because the stubborn one lost it.
    with Flow("left", [stubborn(executor, release, "late"), good]).start(
        journal=tmp_path, max_parallel=1
    ) as handle:
        results = handle.wait(timeout=20)

    attempt = only_attempt(results)
    assert results["good"] == "after"
    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", True, 1)
    assert results.tasks["t"].state == "FAILED"


def test_an_inline_task_that_does_not_stop_is_left_over_too(tmp_path: Path) -> None:
    """The thread is the caller's: it can go on only once the task lets go of it."""
    release = threading.Event()
    handle = Flow("left", [stubborn("inline", release, "late")]).start(journal=tmp_path)
    in_time(lambda: handle.state == "FAILED", release.set)

    results = handle.wait(timeout=20)

    handle.close()
    attempt = only_attempt(results)
    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", True, 1)


# --- what a program does wrong -------------------------------------------------------------


@each(*FUNCTIONS)
def test_a_result_that_cannot_be_stored_fails_only_where_it_must(
    tmp_path: Path, executor: str
) -> None:
    results = run(tmp_path, doing(executor, lambda: threading.Lock(), ""))

    attempt = only_attempt(results)
    if executor == "process":
        assert attempt.error is not None
        assert "cannot be stored" in attempt.error
        assert "write a file and return its path" in attempt.error
    else:
        assert attempt.state == "SUCCEEDED"


@each(*FUNCTIONS)
def test_a_result_as_deep_as_python_allows_harms_nobody(tmp_path: Path, executor: str) -> None:
    def work() -> list[Any]:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        return deep

    good = Task(form(executor, lambda: "good"), name="good", executor=executor)

    results = run(tmp_path, doing(executor, work, ""), good)

    attempt = only_attempt(results)
    assert results["good"] == "good"
    if executor == "process":
        assert attempt.error is not None
        assert attempt.error.startswith("the result of type list cannot be stored: ")
    else:
        assert attempt.state == "SUCCEEDED"


MANY = 50
BAD: dict[str, Callable[[], object]] = {}
"""What a task may do to the process that it runs in, by name."""


def bad(func: Callable[[], object]) -> Callable[[], object]:
    BAD[func.__name__] = func
    return func


@bad
def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@bad
def segfaults() -> None:
    ctypes.string_at(0)


@bad
def leaves() -> None:
    os._exit(3)


@bad
def exits() -> None:
    sys.exit()


@bad
def returns_a_lock() -> object:
    return threading.Lock()


@bad
def raises_a_lock() -> None:
    error = ValueError()
    error.lock = threading.Lock()  # type: ignore[attr-defined]
    raise error


@bad
def returns_100_mb() -> bytes:
    return bytes(100_000_000)


@bad
def closes_its_output() -> None:
    os.close(1)
    sys.stdout.close()


@bad
def leaves_a_child_that_prints() -> None:
    subprocess.Popen(["sh", "-c", "for i in 1 2 3; do echo late; sleep 0.1; done; sleep 300"])


@bad
def ignores_the_signal() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(300)


@bad
def starts_sessions() -> None:
    subprocess.run(["sh", "-c", "setsid sleep 300 & sleep 300"], check=False)


@bad
def holds_the_interpreter() -> None:
    re.match(r"(a+)+$", "a" * 40 + "b")


SUCCEEDS = {"returns_100_mb", "closes_its_output", "leaves_a_child_that_prints"}
CRASHES = {"is_killed", "segfaults", "leaves"}
TIMES_OUT = {"ignores_the_signal", "starts_sessions", "holds_the_interpreter"}


def fate(name: str) -> str:
    """Return how the attempt of a bad task in a process ends."""
    fates = {"SUCCEEDED": SUCCEEDS, "CRASHED": CRASHES, "TIMED_OUT": TIMES_OUT}
    return next((state for state, names in fates.items() if name in names), "FAILED")


@pytest.mark.parametrize("name", BAD)
def test_fifty_tasks_succeed_beside_a_bad_one_in_a_process(tmp_path: Path, name: str) -> None:
    timeout = 1.0 if name in TIMES_OUT else None
    task = Task(by_value(BAD[name]), name="bad", executor="process", timeout=timeout, grace=0.1)
    good = [Task(int, name=f"good{n}", args=[n], executor="process") for n in range(MANY)]

    results = run(tmp_path, *good[:5], task, *good[5:], max_parallel=2)

    attempt = only_attempt(results, "bad")
    assert [results[f"good{n}"] for n in range(MANY)] == list(range(MANY))
    assert (attempt.state, attempt.leftovers) == (fate(name), 0)
    for number in (*range(5), *range(6, MANY + 1)):
        assert not output_path(tmp_path / "runs" / results.run_id, number, 0, 1).exists()


def by_value(func: Callable[[], object]) -> Callable[[], object]:
    """Return a function that goes to a worker without this module, as one of `__main__` does."""
    copied = types.FunctionType(func.__code__, dict(MODULES), func.__name__)
    copied.__module__ = "__main__"
    return copied


MODULES: dict[str, Any] = {
    module.__name__: module for module in (ctypes, os, re, signal, subprocess, sys, threading, time)
}

BAD_HERE = ["exits", "returns_a_lock", "raises_a_lock", "returns_100_mb"]
"""What may be done to this process, too: the rest would end the tests."""


@each(*IN_THIS_PROCESS)
@pytest.mark.parametrize("name", [*BAD_HERE, "does not stop", "blocks for a while"])
def test_fifty_tasks_succeed_beside_a_bad_one_in_this_process(
    tmp_path: Path, executor: str, name: str
) -> None:
    release = threading.Event()
    task = stubborn(executor, release, None)
    if name in BAD_HERE:
        task = doing(executor, BAD[name], "")
    elif name == "blocks for a while":
        task = doing(executor, lambda: time.sleep(1.2), "", timeout=0.1, grace=0.1)
    good = [
        Task(form(executor, lambda: "good"), name=f"good{n}", executor=executor)
        for n in range(MANY)
    ]
    handle = Flow("beside", [*good[:5], task, *good[5:]]).start(journal=tmp_path)
    in_time(lambda: state_of(handle, 5) in SETTLED_TASKS, release.set)

    with handle:
        results = handle.wait(timeout=30)

    assert [results[f"good{n}"] for n in range(MANY)] == ["good"] * MANY
    assert only_attempt(results).state == ("TIMED_OUT" if name not in BAD_HERE else here(name))


def here(name: str) -> str:
    return "SUCCEEDED" if name.startswith("returns") else "FAILED"


def test_forty_commands_succeed_beside_bad_ones(tmp_path: Path) -> None:
    bad = {
        "killed": "kill -9 $$",
        "fails": "exit 3",
        "closes": "exec 1>&- 2>&-; sleep 0.2",
        "keeps the pipe": "sleep 300 & echo hi",
        "floods": "head -c 20000000 /dev/zero",
        "missing": "no-such-program",
    }
    tasks = [Task(name=name, command=command) for name, command in bad.items()]
    tasks += [Task(name=f"good{n}", command=["echo", str(n)]) for n in range(40)]

    results = run(tmp_path, *tasks, max_parallel=4)

    assert [results[f"good{n}"] for n in range(40)] == [str(n) for n in range(40)]
    states = {name: only_attempt(results, name).state for name in bad}
    assert states == {
        "killed": "CRASHED",
        "fails": "FAILED",
        "closes": "SUCCEEDED",
        "keeps the pipe": "SUCCEEDED",
        "floods": "SUCCEEDED",
        "missing": "FAILED",
    }
