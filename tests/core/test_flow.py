"""Flows written in Python run in this process: the public API, and the seed's own style."""

import asyncio
import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
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
    flow,
    task,
)
from taskflow_core.errors import ArgumentsError, DefinitionError, TaskFailedError, TaskflowError
from taskflow_core.events import AttemptStarted, RunSettled


def test_the_seed_runs_as_it_was_written() -> None:
    def fetch(ctx: Context) -> list[int]:
        return [3, 1, 2]

    def process(ctx: Context) -> list[int]:
        return sorted(ctx["fetch"])

    def save(ctx: Context) -> str:
        return f"saved {ctx['process']} of {len(ctx['fetch'])}"

    flow = Flow("seed")
    flow.add_task(Task(fetch, name="fetch"))
    flow.add_task(Task(process, name="process", depends_on=["fetch"]))
    flow.add_task(Task(save, name="save", depends_on=["process"], description="Keep it"))

    results = flow.run()

    assert dict(results) == {
        "fetch": [3, 1, 2],
        "process": [1, 2, 3],
        "save": "saved [1, 2, 3] of 3",
    }


def test_decorated_tasks_get_results_by_name_and_stay_functions() -> None:
    @task
    def fetch() -> int:
        return 20

    @task(depends_on=[fetch], retries=2)
    async def process(fetch: int) -> int:
        await asyncio.sleep(0)
        return fetch + 1

    @task(depends_on=process)
    def spell(process: int, suffix: str = "!") -> str:
        return f"{process}{suffix}"

    assert Flow("etl", tasks=[fetch, process, spell]).run()["spell"] == "21!"
    assert spell(7, "?") == "7?"


def test_every_kind_of_callable_is_a_task() -> None:
    class Doubler:
        def __call__(self, number: int) -> int:
            return number * 2

        def halve(self, number: int) -> int:
            return number // 2

    @dataclass
    class Label:
        number: int

    def countdown(number: int) -> Iterator[int]:
        yield from range(number, 0, -1)

    def multiply(number: int, by: int) -> int:
        return number * by

    callables: dict[str, tuple[Callable[..., Any], object]] = {
        "object": (Doubler(), 6),
        "method": (Doubler().halve, 1),
        "partial": (functools.partial(multiply, by=10), 30),
        "generator": (countdown, [3, 2, 1]),
        "class": (Label, Label(3)),
        "builtin": (abs, 3),
    }
    tasks = [Task(lambda: 3, name="number")]
    tasks += [Task(func, name=name, depends_on="number") for name, (func, _) in callables.items()]

    results = Flow("kinds", tasks).run()

    for name, (_, expected) in callables.items():
        assert results[name] == expected, name


def test_independent_tasks_run_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=10)

    results = Flow("meet", [Task(meet.wait, name="a"), Task(meet.wait, name="b")]).run()

    assert {results["a"], results["b"]} == {0, 1}


def test_max_parallel_is_kept() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.002)
        with lock:
            now -= 1

    Flow("few", [Task(work, name=f"t{n}") for n in range(20)], max_parallel=3).run()

    assert 1 <= most <= 3


def started(flow: Flow, **options: Any) -> list[str]:
    """Run it one task at a time, and return the tasks in the order in which they started."""
    names: list[str] = []
    bus = EventBus()
    bus.subscribe(lambda event: names.append(task_of(event)), kinds=["AttemptStarted"])
    flow.run(bus=bus, max_parallel=1, **options)
    return names


def task_of(event: Event) -> str:
    assert isinstance(event, AttemptStarted)
    return event.task


def test_a_flow_or_one_run_of_it_says_which_ready_task_starts_first() -> None:
    def work() -> None: ...

    def tasks() -> list[Task]:
        a, b, c = Task(work, name="a"), Task(work, name="b"), Task(work, name="c")
        return [a, b, Task(work, name="behind a", depends_on="a"), c,
                Task(work, name="behind c", depends_on="c"),
                Task(work, name="last", depends_on="behind c")]  # fmt: skip

    flow = Flow("orders", tasks())

    assert started(flow) == ["c", "a", "behind c", "b", "behind a", "last"]
    assert started(flow, order="file") == ["a", "b", "behind a", "c", "behind c", "last"]
    assert started(flow, order="fifo") == ["a", "b", "c", "behind a", "behind c", "last"]
    assert started(Flow("file", tasks(), order="file")) == started(flow, order="file")
    assert started(flow) == ["c", "a", "behind c", "b", "behind a", "last"]


def test_an_order_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DefinitionError, match="order cannot be 'fifi'") as caught:
        Flow("orders").run(order="fifi")  # type: ignore[arg-type]

    assert caught.value.hint == "Did you mean 'fifo'?"


def test_a_failed_task_raises_nothing_until_it_is_asked_for() -> None:
    def explode() -> None:
        raise ValueError("no fuse")

    results = Flow("bad", [Task(explode, name="bomb"), Task(int, name="fine")]).run()

    assert results.state == "FAILED"
    assert results.error == "ValueError: no fuse"
    assert results["fine"] == 0
    with pytest.raises(TaskFailedError, match="task 'bomb' has no result: FAILED – ValueError"):
        results["bomb"]
    with pytest.raises(TaskFailedError):
        results.raise_for_failure()


def test_the_traceback_begins_in_the_task() -> None:
    def explode() -> None:
        raise ValueError("no fuse")

    attempt = Flow("bad", [Task(explode, name="bomb")]).run().tasks["bomb"].attempts[0]

    assert attempt.traceback is not None
    lines = attempt.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "in explode" in lines[1]
    assert lines[-1] == "ValueError: no fuse"


def test_retries_with_a_count_of_attempts() -> None:
    def flaky(ctx: Context) -> int:
        if ctx.attempt < 3:
            raise ConnectionError("not yet")
        return ctx.attempt

    flow = Flow("flaky", [Task(flaky, name="t", retry=RetryPolicy(retries=2, delay=0.001))])
    results = flow.run()

    assert results["t"] == 3
    assert [a.state for a in results.tasks["t"].attempts] == ["FAILED", "FAILED", "SUCCEEDED"]


def test_a_task_can_skip_fail_for_good_and_ask_for_another_attempt() -> None:
    def skip() -> None:
        raise Skip("nothing new")

    def fail() -> None:
        raise Fail("useless")

    def again(ctx: Context) -> int:
        if ctx.attempt == 1:
            raise Retry(after=0.001)
        return ctx.attempt

    tasks = [Task(skip), Task(fail, retries=5), Task(again, retries=1)]
    results = Flow("signals", tasks).run()

    assert results.tasks["skip"].reason == "by_task: nothing new"
    assert len(results.tasks["fail"].attempts) == 1
    assert results["again"] == 2


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_what_would_end_the_interpreter_only_fails_the_task(error: BaseException) -> None:
    def leave() -> None:
        raise error

    results = Flow("exit", [Task(leave, name="t"), Task(int, name="other")]).run()

    assert results.tasks["t"].state == "FAILED"
    assert results["other"] == 0


def test_arguments_are_checked_before_anything_runs() -> None:
    ran: list[str] = []

    def note(nobody: int, ctx: Context) -> None: ...

    flow = Flow("args", [Task(lambda: ran.append("first"), name="first"), Task(note)])

    with pytest.raises(ArgumentsError, match="nothing fills 'nobody'"):
        flow.run()
    assert ran == []


def test_a_flow_runs_again_and_twice_at_once() -> None:
    def one_more(a: int) -> int:
        return a + 1

    flow = Flow("twice", [Task(lambda: 1, name="a"), Task(one_more, name="b", depends_on="a")])

    with flow.start() as one, flow.start() as other:
        assert one.wait()["b"] == other.wait()["b"] == 2
    assert one.run_id != other.run_id


def test_a_flow_runs_in_eight_threads_at_once() -> None:
    meet = threading.Barrier(8, timeout=10)

    def doubled(a: int) -> int:
        return a * 2

    flow = Flow("shared", [Task(meet.wait, name="a"), Task(doubled, name="b", depends_on="a")])
    with ThreadPoolExecutor(8) as threads:
        results = [run.result() for run in [threads.submit(flow.run) for _ in range(8)]]

    assert sorted(result["b"] for result in results) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert all(result["b"] == result["a"] * 2 for result in results)
    assert len({result.run_id for result in results}) == 8


def test_a_flow_of_a_function_is_built_once_by_eight_threads_at_once() -> None:
    meet = threading.Barrier(8, timeout=10)
    built: list[None] = []

    @flow
    def shared() -> None:
        threading.Event().wait(0.01)  # so that the others come meanwhile
        built.append(None)
        Task(int, name="a")()

    def run() -> object:
        meet.wait()
        assert [each.name for each in shared.tasks] == ["a"]
        return shared.run()["a"]

    with ThreadPoolExecutor(8) as threads:
        results = [each.result() for each in [threads.submit(run) for _ in range(8)]]

    assert results == [0] * 8
    assert len(built) == 1


async def test_a_run_can_be_awaited_while_the_event_loop_goes_on() -> None:
    release = threading.Event()

    async def help_it() -> str:
        release.set()
        return "the loop goes on"

    flow = Flow("awaited", [Task(release.wait, name="a", args=[10])])
    results, said = await asyncio.gather(flow.run_async(), help_it())

    assert (results["a"], said) == (True, "the loop goes on")


async def test_runs_are_awaited_together() -> None:
    meet = threading.Barrier(3, timeout=10)
    flow = Flow("together", [Task(meet.wait, name="a")])

    results = await asyncio.gather(*[flow.run_async() for _ in range(3)])

    assert sorted(result["a"] for result in results) == [0, 1, 2]


async def test_cancelling_what_awaits_a_run_cancels_the_run() -> None:
    entered = asyncio.Event()
    loop = asyncio.get_running_loop()
    settled: list[Event] = []

    def wait(ctx: Context) -> None:
        loop.call_soon_threadsafe(entered.set)
        while not ctx.cancelled:
            threading.Event().wait(0.001)

    flow = Flow("cancelled", [Task(wait)])
    flow.subscribe(settled.append, kinds=["RunSettled"])
    awaiting = asyncio.create_task(flow.run_async())
    await entered.wait()
    awaiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await awaiting
    assert [event.state for event in settled if isinstance(event, RunSettled)] == ["CANCELLED"]


async def test_a_timeout_around_an_awaited_run_ends_it() -> None:
    def wait(ctx: Context) -> None:
        while not ctx.cancelled:
            threading.Event().wait(0.001)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await Flow("late", [Task(wait)]).run_async()


async def test_an_awaited_run_that_cannot_start_says_why() -> None:
    with pytest.raises(DefinitionError, match="executor 'quantum'"):
        await Flow("x", [Task(int, executor="quantum")]).run_async()


def test_a_flow_that_was_planned_no_longer_changes() -> None:
    flow = Flow("once", [Task(int, name="a")])
    assert flow.plan() is flow.plan()

    with pytest.raises(DefinitionError, match="no longer changes"):
        flow.add_task(Task(int, name="b"))

    assert dict(flow.run()) == {"a": 0}


def test_subscribers_of_the_flow_and_of_the_run_hear_events() -> None:
    ours: list[Event] = []
    theirs: list[str] = []
    bus = EventBus()
    bus.subscribe(ours.append)
    flow = Flow("heard", [Task(int, name="t")])
    flow.subscribe(lambda event: theirs.append(event.kind), kinds=["RunSettled"])

    flow.run(bus=bus)

    assert [event.seq for event in ours] == list(range(1, len(ours) + 1))
    assert ours[-1].kind == "RunSettled"
    assert theirs == ["RunSettled"]


def test_a_callback_may_pause_and_resume_the_run() -> None:
    flow = Flow("paused", [Task(int, name="a"), Task(int, name="b", depends_on="a", args=("2",))])
    bus = EventBus()
    kinds: list[str] = []
    bus.subscribe(lambda event: kinds.append(event.kind))
    bus.subscribe(lambda _: handle.resume(), kinds=["RunPaused"])

    with flow.start(bus=bus) as handle:
        with suppress(TaskflowError):  # it may be quicker
            handle.pause()
        assert handle.wait()["b"] == 2


def test_a_failed_task_is_retried_after_the_run_has_settled() -> None:
    broken = True

    def fragile() -> str:
        if broken:
            raise ValueError("broken")
        return "mended"

    def echo(a: str) -> str:
        return a

    flow = Flow("mend", [Task(fragile, name="a"), Task(echo, name="b", depends_on="a")])
    with flow.start() as handle:
        assert handle.wait().state == "FAILED"
        broken = False
        assert handle.retry() == ["a"]
        results = handle.wait()

    assert results["b"] == "mended"
    assert [a.state for a in results.tasks["a"].attempts] == ["FAILED", "SUCCEEDED"]


def test_cancelling_ends_a_thread_that_only_runs_python() -> None:
    entered = threading.Event()

    def spin() -> None:
        entered.set()
        while True:
            pass

    with Flow("spin", [Task(spin, grace=5)]).start() as handle:
        assert entered.wait(10)
        handle.cancel()
        results = handle.wait(timeout=20)

    assert results.state == "CANCELLED"
    assert results.tasks["spin"].attempts[0].leftovers == 0


def test_a_thread_that_cannot_be_ended_is_abandoned_and_counted() -> None:
    entered, release = threading.Event(), threading.Event()

    def block() -> None:
        entered.set()
        release.wait()

    flow = Flow("block", [Task(block, timeout=0.05, grace=0.05), Task(int, depends_on="block")])
    results = flow.run()
    release.set()

    attempt = results.tasks["block"].attempts[0]
    assert (attempt.state, attempt.forced, attempt.leftovers) == ("TIMED_OUT", True, 1)
    assert results.tasks["int"].state == "UPSTREAM_FAILED"


def test_a_task_with_a_context_sees_that_it_is_cancelled() -> None:
    entered = threading.Event()

    def polite(ctx: Context) -> str:
        entered.set()
        while not ctx.cancelled:
            threading.Event().wait(0.001)
        return "tidied up"

    with Flow("polite", [Task(polite)]).start() as handle:
        assert entered.wait(10)
        handle.cancel()
        results = handle.wait(timeout=20)

    assert results.tasks["polite"].attempts[0].forced is False


def test_a_run_that_takes_too_long_to_wait_for_goes_on() -> None:
    release = threading.Event()

    with Flow("long", [Task(release.wait, name="t")]).start() as handle:
        with pytest.raises(TimeoutError, match="still RUNNING"):
            handle.wait(timeout=0.01)
        release.set()
        assert handle.wait()["t"] is True


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Task(), "exactly one of func, function, command"),
        (lambda: Task(int, command="true"), "exactly one of func, function, command"),
        (lambda: Task(command="true"), "needs a name"),
        (lambda: Task(lambda: 1), "'<lambda>' is no task name"),
        (lambda: Task(int, name="a/b"), "'a/b' is no task name"),
        (lambda: Task(int, retries=1, retry=2), "both retries and retry"),
        (lambda: Flow("x", [Task(int, executor="quantum")]).run(), "executor 'quantum'"),
    ],
)
def test_contradictions_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        make()


def test_a_flow_is_a_networkx_graph_too() -> None:
    graph = Flow("g", [Task(int, name="a"), Task(command="true", name="b", depends_on="a")])

    digraph = graph.to_networkx()

    assert list(digraph.edges) == [("a", "b")]
    assert digraph.nodes["b"]["kind"] == "command"
