"""A run in this process can be stopped, stepped, mended and asked, from any thread."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taskflow_core import Context, Event, EventBus, Flow, RunHandle, Task
from taskflow_core.actions import Retry
from taskflow_core.errors import RefusedError
from taskflow_core.expressions import ExpressionError
from taskflow_core.statuses import RunStatus, TaskStatus

PATIENCE = 20.0


class Watch:
    """Waits for events of a run without polling."""

    def __init__(self) -> None:
        self.bus = EventBus()
        self._seen: list[Event] = []
        self._news = threading.Condition()
        self.bus.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        with self._news:
            self._seen.append(event)
            self._news.notify_all()

    def until(self, kind: str, task: str | None = None) -> None:
        """Wait for an event of this kind, about this task; it counts only once."""

        def find() -> Event | None:
            fits = (e for e in self._seen if e.kind == kind)
            return next((e for e in fits if task in (None, getattr(e, "task", None))), None)

        with self._news:
            assert self._news.wait_for(lambda: find() is not None, PATIENCE), (kind, task)
            found = find()
            self._seen = [event for event in self._seen if event is not found]


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def start(watch: Watch) -> Iterator[Callable[[Flow], RunHandle]]:
    handles: list[RunHandle] = []

    def begin(flow: Flow) -> RunHandle:
        handles.append(flow.start(bus=watch.bus))
        return handles[-1]

    yield begin
    for handle in handles:
        handle.close()


def returning(value: str) -> Callable[..., str]:
    def task(*_: object) -> str:
        return value

    return task


def count(a: list[int]) -> int:
    return len(a)


def add_one(a: int) -> int:
    return a + 1


def join(ctx: Context) -> Any:
    return ctx["n"]


def chain(*names: str, **functions: Callable[..., Any]) -> Flow:
    """Return a flow of tasks one after another; by default each returns its name."""
    tasks: list[Task] = []
    for name in names:
        func = functions.get(name, returning(name))
        tasks.append(Task(func, name=name, depends_on=[t.name for t in tasks[-1:]]))
    return Flow("chain", tasks)


def held_chain(*names: str) -> Flow:
    """Return a chain whose first task waits at a breakpoint."""
    tasks = list(chain(*names).tasks)
    first = Task(lambda: names[0], name=names[0], breakpoint="before")
    return Flow("held", [first, *tasks[1:]])


def test_a_breakpoint_pauses_the_run_and_resuming_goes_on_without_hitting_it_again(
    start: Callable[[Flow], RunHandle], watch: Watch
) -> None:
    handle = start(held_chain("a", "b"))
    watch.until("RunPaused")

    handle.resume()
    results = handle.wait(PATIENCE)

    assert results["b"] == "b"
    assert results.state is RunStatus.SUCCEEDED


def test_steps_let_one_task_go_at_a_time(start: Callable[[Flow], RunHandle], watch: Watch) -> None:
    handle = start(held_chain("a", "b", "c"))
    watch.until("RunPaused")

    assert handle.step() == ["a"]
    watch.until("TaskReady", "b")
    assert handle.state is RunStatus.PAUSED
    handle.run_to("c")
    watch.until("TaskReady", "c")
    handle.resume()

    assert dict(handle.wait(PATIENCE)) == {"a": "a", "b": "b", "c": "c"}


def test_a_breakpoint_after_a_task_holds_its_result_back_until_somebody_looked(
    start: Callable[[Flow], RunHandle], watch: Watch
) -> None:
    handle = start(held_chain("a", "b"))
    watch.until("RunPaused")
    handle.set_breakpoint("a", "after", when="tasks.a.result == 'a'")
    handle.resume()
    watch.until("TaskHeld", "a")
    watch.until("TaskHeld", "a")

    handle.resume()

    assert handle.wait(PATIENCE)["b"] == "b"


def test_a_condition_that_cannot_be_read_is_refused_when_it_is_set(
    start: Callable[[Flow], RunHandle], watch: Watch
) -> None:
    handle = start(held_chain("a"))

    with pytest.raises(ExpressionError):
        handle.set_breakpoint("a", when="1 +")

    watch.until("RunPaused")
    handle.resume()
    handle.wait(PATIENCE)


def test_a_held_task_stalls_the_run_until_it_is_released(
    start: Callable[[Flow], RunHandle], watch: Watch
) -> None:
    handle = start(held_chain("a", "b"))
    watch.until("RunPaused")
    handle.hold("b")
    handle.resume()
    watch.until("RunStalled")

    handle.release("b")

    assert handle.wait(PATIENCE)["b"] == "b"


def test_a_failed_task_can_be_given_a_result_of_any_size(
    start: Callable[[Flow], RunHandle],
) -> None:
    def broken() -> None:
        raise ValueError("no")

    handle = start(chain("a", "b", a=broken, b=count))
    assert handle.wait(PATIENCE).state is RunStatus.FAILED

    handle.succeed("a", list(range(100_000)))

    results = handle.wait(PATIENCE)
    assert results["b"] == 100_000
    assert results.tasks["a"].reason == "injected"


def test_a_failed_task_can_be_skipped(start: Callable[[Flow], RunHandle]) -> None:
    def broken() -> None:
        raise ValueError("no")

    handle = start(chain("a", "b", a=broken))
    handle.wait(PATIENCE)

    handle.skip("a")

    results = handle.wait(PATIENCE)
    assert results.state is RunStatus.SUCCEEDED
    assert results.tasks["b"].state is TaskStatus.SKIPPED


def test_running_again_from_a_task_on_uses_the_new_arguments_and_results(
    start: Callable[[Flow], RunHandle],
) -> None:
    def first(n: Any = 1) -> Any:
        return n

    def second(a: Any, factor: int = 10) -> Any:
        return a * factor

    handle = start(Flow("again", [Task(first, name="a"), Task(second, name="b", depends_on="a")]))
    assert handle.wait(PATIENCE)["b"] == 10

    assert handle.rerun("a", from_here=True, kwargs={"n": [5]}) == ["a", "b"]

    assert handle.wait(PATIENCE)["b"] == [5] * 10


def test_running_a_task_again_alone_marks_what_was_made_from_it_as_stale(
    start: Callable[[Flow], RunHandle],
) -> None:
    handle = start(chain("a", "b"))
    handle.wait(PATIENCE)

    handle.retry("a")

    results = handle.wait(PATIENCE)
    assert results.tasks["b"].stale == "a"
    assert results.tasks["a"].epoch == 1


def test_the_plan_of_an_action_says_what_runs_and_changes_nothing(
    start: Callable[[Flow], RunHandle],
) -> None:
    def broken(a: str) -> None:
        raise ValueError(a)

    handle = start(chain("a", "b", "c", b=broken))
    handle.wait(PATIENCE)

    plan = handle.plan(Retry())

    assert (plan.runs, plan.reused) == (("b", "c"), ("a",))
    assert handle.state is RunStatus.FAILED


def test_fewer_tasks_run_at_once_from_now_on() -> None:
    running, most = 0, 0
    lock = threading.Lock()
    gate = threading.Event()

    def work() -> None:
        nonlocal running, most
        gate.wait(PATIENCE)
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.002)
        with lock:
            running -= 1

    tasks = [Task(work, name=f"t{n}", depends_on="first") for n in range(20)]
    flow = Flow("many", [Task(gate.wait, name="first", kwargs={"timeout": PATIENCE}), *tasks])
    with flow.start(max_parallel=8) as handle:
        handle.set_max_parallel(1)
        gate.set()
        handle.wait(PATIENCE)

    assert most == 1


@pytest.mark.parametrize("ask", ["pause", "step", "hold", "skip"])
def test_what_makes_no_sense_after_the_end_is_refused(
    ask: str, start: Callable[[Flow], RunHandle]
) -> None:
    handle = start(chain("a"))
    handle.wait(PATIENCE)
    arguments = {"hold": ("a",), "skip": ("a",)}

    with pytest.raises(RefusedError):
        getattr(handle, ask)(*arguments.get(ask, ()))


def test_a_callback_may_ask_for_anything_without_a_deadlock(watch: Watch) -> None:
    asked: list[str] = []

    def mend(event: Event) -> None:
        if event.kind == "TaskHeld":
            asked.append("step")
            handle.succeed("a", 41)
        elif event.kind == "RunPaused":
            asked.append("resume")
            handle.resume()

    def broken() -> int:
        raise ValueError("no")

    tasks = [
        Task(broken, name="a", breakpoint="on_failure"),
        Task(add_one, name="b", depends_on="a"),
    ]
    flow = Flow("mended", tasks)
    ready = threading.Event()

    def hear(event: Event) -> None:
        ready.wait(PATIENCE)
        mend(event)

    flow.subscribe(hear)
    with flow.start() as handle:
        ready.set()
        results = handle.wait(PATIENCE)

    assert results["b"] == 42
    assert sorted(asked) == ["resume", "step"]


def test_context_progress_and_log_of_a_task(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(ctx: Context) -> None:
        ctx["rows"] = {"kept": 3}
        ctx.progress(1, 2, "half")
        ctx.progress(2, 2)

    def read(ctx: Context) -> Any:
        return ctx["rows"]["kept"], "rows" in ctx, ctx.params["day"]

    flow = Flow(
        "context",
        [Task(write, name="a"), Task(read, name="b", depends_on="a")],
        params={"day": "monday"},
    )

    results = flow.run(bus=watch.bus, params={"day": "friday"})

    assert results["b"] == (3, True, "friday")
    assert results.tasks["a"].progress is not None
    assert results.tasks["a"].progress.done == 2


def test_two_writes_of_one_key_fail_the_join_unless_it_names_a_merge() -> None:
    def write(value: int) -> Callable[[Context], None]:
        def task(ctx: Context) -> None:
            ctx["n"] = value

        return task

    def flow(**options: Any) -> Flow:
        last = Task(join, name="join", depends_on=["a", "b"], **options)
        return Flow("join", [Task(write(1), name="a"), Task(write(2), name="b"), last])

    assert "both wrote the context key 'n'" in str(flow().run().error)
    assert flow(merge="list").run()["join"] == [1, 2]


def test_a_failure_that_cancels_the_rest_tells_it_to_stop_at_once_and_not_after_its_grace() -> None:
    begun = threading.Event()

    def fail() -> None:
        begun.wait(PATIENCE)
        raise ValueError("no")

    def patient(ctx: Context) -> None:
        begun.set()
        while not ctx.cancelled:
            threading.Event().wait(0.001)

    tasks = [Task(fail, name="fail"), Task(patient, name="patient", grace=3600)]

    results = Flow("cancel", [*tasks], on_failure="cancel").run()

    assert results.state is RunStatus.FAILED
    assert results.tasks["patient"].state is TaskStatus.CANCELLED
    assert results.tasks["patient"].attempts[0].forced is False
