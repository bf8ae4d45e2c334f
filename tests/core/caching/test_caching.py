"""Runs of cached tasks, by every executor."""

import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Context, EventBus, Fail, Flow, Skip, Task
from taskflow_core.events import CacheChecked, ContextWritten, Event, TaskSucceeded
from tests.core.attempting import in_time, only_attempt, state_of
from tests.core.caching.looking import Tally, check, entries, hit, missed, module, payloads, run
from tests.plugins.installing import install_relay

GATES: Any = types.ModuleType("gates")
"""What tests and tasks share; not the user's code, so it does not count."""
FUNCTIONS = ["thread", "process", "async", "inline", "relay"]
ALL = [*FUNCTIONS, "shell"]


@pytest.fixture(autouse=True, scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for folder in install_relay(tmp_path_factory.mktemp("site")):
            patch.syspath_prepend(folder)  # pyright: ignore[reportUnknownMemberType]
        yield


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path / "calls")


def each(*executors: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("executor", executors)


def form(executor: str, func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of one argument, or of none, in the form that an executor takes."""
    if executor != "async":
        return func
    if func.__code__.co_argcount:

        async def with_one(one: Any) -> Any:
            return func(one)

        return with_one

    async def without() -> Any:
        return func()

    return without


def counting(tally: Tally, executor: str, value: object = "1", **options: Any) -> Task:
    """Return a task called `t` that counts how often it is run."""
    options = {"cache": True, "name": "t", **options}
    if executor == "shell":
        return Task(command=f"printf x >> {tally.path}; echo {value}", **options)
    path = str(tally.path)

    def work() -> object:
        with Path(path).open("a") as file:
            file.write("x")
        return value

    return Task(form(executor, work), executor=executor, **options)


# --- hits ------------------------------------------------------------------------------------


@each(*ALL)
def test_a_success_stands_in_for_the_next_run(tally: Tally, executor: str) -> None:
    first = run(counting(tally, executor))
    second = run(counting(tally, executor))

    assert missed(first) == "no entry yet"
    assert hit(second)
    assert check(second).reason.startswith(f"nothing changed since run {first.run_id}, ")
    assert first["t"] == second["t"] == "1"
    assert tally.count == 1


@each(*ALL)
def test_a_large_result_comes_back_whole(tally: Tally, executor: str, state: Path) -> None:
    value = "x" * 50_000
    first = run(counting(tally, executor, value))
    second = run(counting(tally, executor, value))

    assert hit(second)
    assert first["t"] == second["t"] == value
    assert len(payloads(state)) == 1


@each(*FUNCTIONS)
def test_what_it_wrote_to_the_context_is_seen_again(tally: Tally, executor: str) -> None:
    def write(ctx: Context) -> None:
        ctx["small"] = 7
        ctx["large"] = list(range(5000))

    async def awrite(ctx: Context) -> None:
        write(ctx)

    def read(ctx: Context) -> tuple[Any, int]:
        return ctx["small"], len(ctx["large"])

    def both() -> list[Task]:
        func = awrite if executor == "async" else write
        return [
            Task(func, name="t", executor=executor, cache=True),
            Task(read, name="after", depends_on="t"),
        ]

    run(*both())
    second = run(*both())

    assert hit(second)
    assert second["after"] == (7, 5000)


@each("process", "shell")
def test_no_worker_begins_for_a_hit(tally: Tally, executor: str) -> None:
    run(counting(tally, executor))
    second = run(counting(tally, executor))

    attempt = only_attempt(second)
    assert (attempt.state, attempt.started_at, attempt.pid) == ("SUCCEEDED", None, None)


def test_a_result_that_is_an_object_comes_back(tally: Tally) -> None:
    def make() -> set[str]:
        return {"a", "b"}

    def use(t: set[str]) -> list[str]:
        return sorted(t)

    tasks = [Task(make, name="t", cache=True), Task(use, depends_on="t", cache=True)]
    run(*tasks)
    second = run(*[task.with_options() for task in tasks])

    assert hit(second)
    assert hit(second, "use")
    assert second["use"] == ["a", "b"]
    assert second["t"] == {"a", "b"}


def test_a_result_is_none_as_well(tally: Tally) -> None:
    run(counting(tally, "thread", None))
    second = run(counting(tally, "thread", None))

    assert hit(second)
    assert second["t"] is None


def test_a_task_that_says_nothing_is_not_looked_up(tally: Tally, state: Path) -> None:
    results = run(counting(tally, "thread", cache=False))
    run(counting(tally, "thread", cache=None))

    assert results.tasks["t"].cache is None
    assert not state.exists()
    assert tally.count == 2


def test_a_flow_caches_by_default_where_a_task_does_not_object(tally: Tally) -> None:
    tasks = [counting(tally, "thread", cache=None), Task(len, name="n", args=["ab"], cache=False)]

    def again() -> Any:
        return Flow("f", [t.with_options() for t in tasks], defaults={"cache": True}).run()

    again()
    second = again()
    assert hit(second)
    assert second.tasks["n"].cache is None


# --- what counts -----------------------------------------------------------------------------


@each(*FUNCTIONS)
def test_its_code_counts(tally: Tally, executor: str) -> None:
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    two.__name__, two.__qualname__ = one.__name__, one.__qualname__
    run(Task(form(executor, one), name="t", cache=True, executor=executor))
    second = run(Task(form(executor, two), name="t", cache=True, executor=executor))

    assert missed(second).startswith("the code of ")
    assert second["t"] == 2


@each(*FUNCTIONS)
def test_an_argument_counts_by_its_name(executor: str) -> None:
    def load(limit: int) -> int:
        return limit

    async def aload(limit: int) -> int:
        return limit

    def once(limit: int) -> Any:
        func = aload if executor == "async" else load
        task = Task(func, name="t", kwargs={"limit": limit}, cache=True, executor=executor)
        return run(task)

    once(10)
    assert hit(once(10))
    assert missed(once(20)) == "argument `limit`: 10 → 20"
    assert once(20)["t"] == 20
    assert hit(once(10))


@each(*FUNCTIONS)
def test_a_result_upstream_counts_by_its_task(executor: str) -> None:
    def same(up: Any) -> Any:
        return up

    def once(value: object) -> Any:
        keys: dict[str, Any] = {"name": "t", "cache": True, "executor": executor}
        return run(
            Task(lambda: value, name="up"), Task(form(executor, same), depends_on="up", **keys)
        )

    once({"b": 1, "a": {3, 2}})
    assert hit(once({"a": {2, 3}, "b": 1}))
    assert missed(once({"a": {2, 4}, "b": 1})) == "the result of `up` changed"
    once(3)
    assert missed(once(4)) == "the result of `up`: 3 → 4"


@each(*ALL)
def test_a_result_upstream_counts_although_nothing_takes_it(tally: Tally, executor: str) -> None:
    def once(value: object) -> Any:
        up = Task(lambda: value, name="up")
        return run(up, counting(tally, executor, depends_on="up"))

    once("a")
    assert hit(once("a"))
    assert missed(once("b")) == "the result of `up`: 'a' → 'b'"
    once(["x"] * 5000)
    assert hit(once(["x"] * 5000))
    assert missed(once(["y"] * 5000)) == "the result of `up` changed"


@each("thread", "process")
def test_all_that_the_context_shows_counts_for_one_who_takes_it(executor: str) -> None:
    def first(ctx: Context, seed: int) -> int:
        ctx["written"] = seed // 10
        return seed % 10

    def between(first: int) -> None:
        """Stand between them."""

    def t(ctx: Context) -> int:
        return int(ctx["written"])

    def once(seed: int, **params: Any) -> Any:
        tasks = [
            Task(first, kwargs={"seed": seed}),
            Task(between, depends_on="first"),
            Task(t, depends_on="between", cache=True, executor=executor),
        ]
        return Flow("f", tasks, params={"mode": "fast"}).run(params=params)

    once(11)
    assert hit(once(11))
    assert missed(once(12)) == "the result of `first`: 1 → 2"
    once(11)
    assert missed(once(21)) == "context `written`: 1 → 2"
    assert missed(once(21, mode="full")) == "parameter `mode`: 'fast' → 'full'"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"command": "echo 2"}, "the command changed"),
        ({"output": "lines"}, "how it is run changed"),
        ({"success_exit_codes": [0, 3]}, "how it is run changed"),
        ({"env": {"A": "2"}}, "variable `A` changed"),
        ({"env": {"A": "1", "B": "2"}}, "variable `B` is new"),
        ({"cwd": "/"}, "the folder it runs in: /tmp → /"),
        ({"depends_on": ["up"]}, "what it depends on: [] → ['up']; the result of `up` is new"),
    ],
)
def test_what_a_command_is_counts(changes: dict[str, Any], said: str) -> None:
    keys: dict[str, Any] = {"command": "echo 1", "env": {"A": "1"}, "cwd": "/tmp"}
    up = Task(lambda: 1, name="up")
    run(up, Task(name="t", cache=True, **keys))

    second = run(up.with_options(), Task(name="t", cache=True, **(keys | changes)))
    assert missed(second) == said


def test_how_often_it_is_tried_and_the_like_do_not_count() -> None:
    run(Task(name="t", command="echo 1", cache=True))
    other: dict[str, Any] = {"retries": 3, "timeout": 9, "priority": 2, "description": "x"}

    assert hit(run(Task(name="t", command="echo 1", cache=True, **other)))


def test_a_script_counts_with_what_is_put_into_it() -> None:
    def once(value: object, shell: str = "sh") -> Any:
        up = Task(lambda: value, name="up")
        script = "echo ${{ tasks.up.result }}"
        return run(up, Task(name="t", script=script, shell=shell, depends_on="up", cache=True))

    once("a")
    assert hit(once("a"))
    assert missed(once("b")).startswith("the script changed")
    assert missed(once("b", "bash")) == "how it is run changed"


@each("thread", "process", "shell")
def test_named_parameters_variables_and_files_count(
    tally: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    file = tmp_path / "day-1.csv"
    file.write_text("1")
    key = ["params.limit", "mode", "env.REGION", "day-*.csv", "${{ params.other }}.csv"]

    def once(**params: Any) -> Any:
        task = counting(tally, executor, cache={"key": key}, cwd=str(tmp_path))
        given = {"limit": 1, "mode": "fast", "other": "x"}
        return Flow("f", [task], params=given).run(params=params)

    once()
    assert hit(once())
    assert missed(once(limit=2)) == "parameter `limit`: 1 → 2"
    once()
    assert missed(once(mode="full")) == "parameter `mode`: 'fast' → 'full'"
    once()
    monkeypatch.setenv("REGION", "secret")
    assert missed(once()) == "variable `REGION` changed"
    file.write_text("2")
    assert missed(once()) == "file `day-1.csv` changed"
    (tmp_path / "x.csv").touch()
    assert missed(once()) == "file `x.csv` changed"
    assert hit(once())


def test_the_version_of_python_counts(tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    run(counting(tally, "thread"))
    monkeypatch.setattr("platform.python_version_tuple", lambda: ("3", "99", "0"))

    assert missed(run(counting(tally, "thread"))).endswith("→ CPython 3.99")


def test_an_argument_that_cannot_be_compared_is_said_and_the_task_runs(state: Path) -> None:
    def take(lock: Any) -> int:
        return 1

    results = run(Task(take, name="t", kwargs={"lock": threading.Lock()}, cache=True))

    assert results.state == "SUCCEEDED"
    assert missed(results) == (
        "it cannot be cached: argument `lock` cannot be compared: it holds a _thread.lock: "
        "cannot pickle '_thread.lock' object"
    )
    assert check(results).not_kept is not None
    assert entries(state) == []


# --- what is not kept ------------------------------------------------------------------------


@each(*ALL)
def test_a_failure_is_never_kept(tally: Tally, executor: str, state: Path) -> None:
    def fail() -> None:
        raise Fail

    def once() -> Any:
        if executor == "shell":
            return run(Task(name="t", command="exit 3", cache=True))
        return run(Task(form(executor, fail), name="t", cache=True, executor=executor))

    once()
    assert once().state == "FAILED"
    assert check(once()).reason == "no entry yet"
    assert entries(state) == []


@each(*FUNCTIONS)
def test_nor_is_one_that_had_nothing_to_do(executor: str, state: Path) -> None:
    def skip() -> None:
        raise Skip

    results = run(Task(form(executor, skip), name="t", cache=True, executor=executor))

    assert results.tasks["t"].state == "SKIPPED"
    assert entries(state) == []


@each("thread", "async", "relay")
def test_nor_is_one_that_went_on_after_it_was_told_to_stop(executor: str, state: Path) -> None:
    gate, ended = threading.Event(), threading.Event()

    def stubborn(ctx: Context) -> int:
        gate.set()
        while not ctx.cancelled:
            ended.wait(0.001)
        return 1

    async def astubborn(ctx: Context) -> int:
        return stubborn(ctx)

    func = astubborn if executor == "async" else stubborn
    task = Task(func, name="t", cache=True, executor=executor, grace=30)
    with Flow("cached", [task]).start() as handle:
        in_time(gate.is_set, handle.cancel)
        results = handle.wait()

    assert results.tasks["t"].state == "CANCELLED"
    assert entries(state) == []


@each("process", "shell")
def test_nor_is_one_whose_time_was_over(executor: str, state: Path) -> None:
    def slow() -> None:
        threading.Event().wait(60)

    keys: dict[str, Any] = {"name": "t", "timeout": 0.3, "cache": True}
    task = Task(command="sleep 60", **keys)
    if executor == "process":
        task = Task(slow, executor=executor, **keys)

    assert run(task).tasks["t"].state == "FAILED"
    assert entries(state) == []


@each("thread", "async", "inline", "relay")
def test_a_result_that_cannot_be_pickled_harms_nothing(executor: str, state: Path) -> None:
    def make() -> Any:
        return threading.Lock()

    results = run(Task(form(executor, make), name="t", cache=True, executor=executor))

    assert results.state == "SUCCEEDED"
    assert check(results).not_kept == (
        "a value of type lock cannot be stored: cannot pickle '_thread.lock' object"
    )
    assert entries(state) == []


# --- what is survived ------------------------------------------------------------------------


@each(*ALL)
@pytest.mark.parametrize("damage", ["truncated", "garbage", "other version", "no file"])
def test_an_entry_that_is_of_no_use_is_a_miss_and_the_task_runs(
    tally: Tally, executor: str, damage: str, state: Path
) -> None:
    value = "x" * 50_000
    run(counting(tally, executor, value))
    (entry,), (payload,) = entries(state), payloads(state)
    if damage == "truncated":
        entry.write_bytes(entry.read_bytes()[:50])
    elif damage == "garbage":
        payload.write_bytes(b"garbage")
    elif damage == "other version":
        entry.write_bytes(entry.read_bytes().replace(b"entry 1 ", b"entry 9 ", 1))
    else:
        payload.unlink()

    results = run(counting(tally, executor, value))

    assert missed(results).startswith("the entry")
    assert results["t"] == value
    assert tally.count == 2
    assert hit(run(counting(tally, executor, value)))


@each("thread", "process", "inline")
def test_a_result_that_cannot_be_unpickled_any_more_is_a_miss(
    executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"  # the code of installed packages does not count
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))  # pyright: ignore[reportUnknownMemberType]
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make() -> Any:
        return __import__("vanishing").make()

    def once(source: str) -> Any:
        module(site, "vanishing", source)
        monkeypatch.delitem(sys.modules, "vanishing", raising=False)
        return run(Task(make, name="t", cache=True, executor=executor))

    first = "class Row: pass\ndef make(): return [Row()] * 500\n"
    once(first)
    assert hit(once(first))
    again = once("def make(): return [1] * 500\n")

    assert missed(again).startswith("the entry cannot be used: ")
    assert again["t"] == [1] * 500


@each(*ALL)
def test_a_cache_that_cannot_be_written_harms_nothing(
    tally: Tally, executor: str, state: Path
) -> None:
    state.mkdir()
    (state / "cache").write_text("no folder")

    results = run(counting(tally, executor))

    assert results.state == "SUCCEEDED"
    assert missed(results) == "the entry cannot be read: Not a directory"
    assert check(results).not_kept == "the cache cannot be written: File exists"


def test_two_runs_at_once_harm_nothing(tally: Tally, state: Path) -> None:
    GATES.both = threading.Barrier(2)

    def work() -> list[int]:
        GATES.both.wait(20)
        return list(range(5000))

    flows = [Flow("cached", [Task(work, name="t", cache=True)]) for _ in range(2)]
    handles = [flow.start() for flow in flows]
    results = [handle.wait() for handle in handles]
    for handle in handles:
        handle.close()

    assert [one.state for one in results] == ["SUCCEEDED", "SUCCEEDED"]
    assert len(entries(state)) == 1
    third = run(Task(work, name="t", cache=True))
    assert hit(third)
    assert third["t"] == list(range(5000))


# --- who asks for another attempt means it ---------------------------------------------------


@each("thread", "process", "shell")
def test_fresh_ignores_the_cache_and_keeps_what_succeeds(tally: Tally, executor: str) -> None:
    run(counting(tally, executor))

    fresh = run(counting(tally, executor), fresh=True)
    assert missed(fresh) == "this run ignores the cache"
    assert tally.count == 2
    after = run(counting(tally, executor))
    assert hit(after)
    assert fresh.run_id in check(after).reason


@each("thread", "process", "shell")
def test_one_that_is_run_again_by_hand_runs(tally: Tally, executor: str) -> None:
    run(counting(tally, executor))
    with Flow("cached", [counting(tally, executor)]).start() as handle:
        assert hit(handle.wait())
        handle.rerun("t")
        again = handle.wait()
        assert missed(again) == "it is run again by request"
        assert tally.count == 2
        handle.retry("t")
        assert missed(handle.wait()) == "it is run again by request"

    assert tally.count == 3


def test_an_automatic_attempt_after_a_failure_looks_nothing_up(tmp_path: Path) -> None:
    def flaky(ctx: Context) -> int:
        if ctx.attempt == 1:
            raise ValueError
        return ctx.attempt

    results = run(Task(flaky, name="t", cache=True, retries=1))

    said = [attempt.cache.reason for attempt in results.tasks["t"].attempts if attempt.cache]
    assert said == ["no entry yet", "it is tried again"]
    assert missed(results) == "no entry yet"
    assert hit(run(Task(flaky, name="t", cache=True, retries=1)))


# --- what is recorded ------------------------------------------------------------------------


@each("thread", "process")
def test_what_happened_is_told_in_order(executor: str) -> None:
    def write(ctx: Context) -> int:
        ctx["key"] = 1
        return 2

    def task() -> Task:
        return Task(write, name="t", cache=True, executor=executor)

    run(task())
    heard: list[Event] = []
    bus = EventBus()
    bus.subscribe(heard.append)
    run(task(), bus=bus)

    kinds = [event.kind for event in heard if getattr(event, "task", None) == "t"]
    begun = "AttemptStarted" if executor == "thread" else "AttemptQueued"
    assert kinds == [
        "TaskReady", begun, "CacheChecked", "ContextWritten", "AttemptSucceeded", "TaskSucceeded",
    ]  # fmt: skip
    (looked,) = [event for event in heard if isinstance(event, CacheChecked)]
    (written,) = [event for event in heard if isinstance(event, ContextWritten)]
    (ended,) = [event for event in heard if isinstance(event, TaskSucceeded)]
    assert looked.hit
    assert (written.key, written.value) == ("key", {"value": 1})
    assert (ended.how, ended.result) == ("cached", {"value": 2})


def test_a_run_with_a_journal_keeps_its_cache_beside_it(tmp_path: Path, tally: Tally) -> None:
    run(counting(tally, "thread"), journal=tmp_path / "other")
    run(counting(tally, "thread"), journal=tmp_path / "other")

    assert tally.count == 1
    assert len(entries(tmp_path / "other")) == 1


def test_flows_of_other_names_share_nothing(tally: Tally) -> None:
    run(counting(tally, "thread"))
    other = Flow("other", [counting(tally, "thread")]).run()

    assert missed(other) == "no entry yet"


def test_a_task_can_be_held_once_its_entry_was_found(tally: Tally) -> None:
    run(counting(tally, "process"))
    with Flow("cached", [counting(tally, "process", breakpoint="after")]).start() as handle:
        in_time(lambda: state_of(handle) == "HELD", handle.resume)
        results = handle.wait()

    assert hit(results)
    assert results["t"] == "1"
