"""What undoes a task, in every executor: one contract, as for executions."""

import asyncio
import functools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from taskflow_core import Context, Flow, Task
from taskflow_core.assembly import Parts, assemble, check_executors
from taskflow_core.errors import ArgumentsError, TaskFailedError
from taskflow_core.executors.base import Code, Executor, Workplace
from taskflow_core.executors.coroutine import CoroutineExecutor
from taskflow_core.executors.inline import InlineExecutor
from taskflow_core.executors.installed import ExecutorError
from taskflow_core.executors.process import ProcessExecutor
from taskflow_core.executors.shell import ShellExecutor
from taskflow_core.executors.thread import ThreadExecutor
from taskflow_core.executors.undo_variables import LONGEST
from taskflow_core.executors.undoing import Known, RollbackCall
from taskflow_core.flow_code import FileCode
from taskflow_core.memory_code import MemoryCode
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.output import output_path
from taskflow_core.output_router import routed_output
from taskflow_core.plan import Functions, Plan, RollbackSpec, TaskOptions, TaskSpec
from taskflow_core.results import NO_RESULT, ResultStore
from taskflow_core.sight import Sight
from taskflow_core.state import Attempt, RunState
from taskflow_core.statuses import AttemptStatus, TaskStatus
from tests.core.attempting import until

EXECUTORS: dict[str, Callable[[Workplace], Executor]] = {
    "thread": ThreadExecutor,
    "async": CoroutineExecutor,
    "inline": InlineExecutor,
    "process": ProcessExecutor,
    "shell": ShellExecutor,
}
FUNCTIONS = ["thread", "async", "inline", "process"]


def each(*executors: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("executor", executors)


def form(executor: str, func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function in the form that an executor takes."""
    if executor != "async":
        return func

    @functools.wraps(func)
    async def as_coroutine(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return as_coroutine


class Bench:
    """The executors of one run, without an engine."""

    def __init__(
        self, tmp_path: Path, plan: Plan, code: Code, functions: Functions | None = None
    ) -> None:
        for name in ("results", "output"):
            (tmp_path / name).mkdir()
        self.plan = plan
        self.state = RunState(plan)
        self.results = ResultStore(tmp_path / "results", len(plan.tasks), keep=True)
        self.folder = tmp_path
        self.place = Workplace(
            plan,
            run="r",
            results=self.results,
            sight=Sight(self.state, self.results),
            code=code,
            functions=functions,
            folder=tmp_path,
            tmp=tmp_path / "tmp",
        )
        self.reports: list[float] = []
        self.place.report = self._reported
        self.executors = {name: make(self.place) for name, make in EXECUTORS.items()}
        self.begun: list[Job] = []

    def execute(self, number: int = 0) -> Outcome:
        """Make the attempt of a task, and record how it ended."""
        spec = self.plan.tasks[number]
        outcome = self._run(Job(number, spec.name, 0, 1, spec.options.executor))
        if isinstance(outcome, Succeeded):
            self.ended(number)
        elif isinstance(outcome, Failed):
            self.ended(number, AttemptStatus.FAILED, outcome.error)
        return outcome

    def ended(
        self,
        number: int = 0,
        status: AttemptStatus = AttemptStatus.SUCCEEDED,
        error: str | None = None,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        """Record how the attempt of a task ended."""
        attempt = Attempt(0, 1, status, error=error, arguments=arguments)
        self.state.tasks[number].attempts = [attempt]

    def undoing(self, number: int = 0, attempt: int = 1) -> Job:
        spec = self.plan.tasks[number]
        assert spec.rollback is not None
        return Job(number, spec.name, 0, attempt, spec.rollback.executor, undoes=True)

    def undo(self, number: int = 0) -> Outcome:
        return self._run(self.undoing(number))

    def stop(self, job: Job, *, kill: bool) -> Outcome | None:
        return self.executors[job.executor].stop(job, kill=kill)

    def printed(self, number: int = 0) -> str:
        return output_path(self.folder, *self.undoing(number).key).read_text()

    def close(self) -> None:
        for executor in self.executors.values():
            executor.close()

    def _run(self, job: Job) -> Outcome:
        return self.executors[job.executor].run(job, self._began)

    def _reported(self, job: Job, done: float, total: float | None, message: str | None) -> None:
        self.reports.append(done)

    def _began(self, job: Job, pid: int | None, arguments: dict[str, Any] | None) -> None:
        self.begun.append(job)


class Opener(NamedTuple):
    """Makes benches that are closed after the test."""

    tmp_path: Path
    benches: list[Bench]

    def of(self, *tasks: Task, **options: Any) -> Bench:
        """Return the bench of a flow that is made in memory."""
        flow = Flow("bench", tasks, **options)
        code = MemoryCode(flow.plan(), flow.functions(), [t.rollback_func for t in flow.tasks])
        return self._open(code.plan, code, code.functions)

    def of_plan(self, *specs: TaskSpec, flow_file: Path | None = None) -> Bench:
        """Return the bench of a flow file's plan."""
        source = flow_file or self.tmp_path / "flow.yaml"
        plan = Plan.of(name="bench", tasks=specs, source=str(source))
        return self._open(plan, FileCode(plan))

    def _open(self, plan: Plan, code: Code, functions: Functions | None = None) -> Bench:
        bench = Bench(self.tmp_path, plan, code, functions)
        self.benches.append(bench)
        return bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Opener]:
    opener = Opener(tmp_path, [])
    yield opener
    for one in opener.benches:
        one.close()


def nobody_asks(job: Job, pid: int | None, arguments: dict[str, Any] | None) -> None: ...
def nothing() -> None: ...
def no_undo(result: object) -> None: ...


def noted(path: Path) -> Any:
    return json.loads(path.read_text())


# --- what a function is given --------------------------------------------------------------


@each(*FUNCTIONS)
def test_a_rollback_gets_the_result_and_the_arguments_that_it_names(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    note = tmp_path / "note"

    def first() -> int:
        return 5

    def work(first: int, day: str, note: Path, depth: int = 3) -> dict[str, int]:
        return {"made": first}

    def undo(made: dict[str, int], note: Path, depth: int, first: int, unit: str = "cm") -> str:
        note.write_text(json.dumps([made, depth, first, unit]))
        return "dropped"

    at_work = bench.of(
        Task(form(executor, first), name="first", executor=executor),
        Task(
            form(executor, work),
            name="t",
            executor=executor,
            depends_on="first",
            kwargs={"day": "today", "note": note},
            rollback=form(executor, undo),
        ),
    )
    at_work.execute(0)
    at_work.execute(1)

    outcome = at_work.undo(1)

    assert outcome == Succeeded(NO_RESULT)
    assert noted(note) == [{"made": 5}, 3, 5, "cm"]
    assert at_work.results.get(1) == {"made": 5}


@each(*FUNCTIONS)
def test_the_rollback_of_a_task_without_a_result_gets_its_failure(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    note = tmp_path / "note"

    def work(note: Path) -> None:
        raise ValueError("no such day")

    def undo(failure: object, note: Path) -> None:
        assert isinstance(failure, TaskFailedError)
        note.write_text(json.dumps([failure.task, failure.error, str(failure)]))

    at_work = bench.of(
        Task(
            form(executor, work), name="t", args=[note], executor=executor,
            rollback=form(executor, undo),
        )
    )  # fmt: skip
    at_work.execute()

    assert at_work.undo() == Succeeded(NO_RESULT)
    error = "ValueError: no such day"
    assert noted(note) == ["t", error, f"task 't' has no result: FAILED – {error}"]


@each(*FUNCTIONS)
def test_changed_arguments_are_those_that_a_rollback_gets(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    note = tmp_path / "note"

    def work(note: Path, day: str = "today") -> None:
        """Do nothing."""

    def undo(result: None, note: Path, day: str) -> None:
        note.write_text(json.dumps(day))

    at_work = bench.of(
        Task(
            form(executor, work), name="t", args=[note], executor=executor,
            rollback=form(executor, undo),
        )
    )  # fmt: skip
    at_work.state.tasks[0].changes = {"day": {"value": "tomorrow"}}
    at_work.ended()

    at_work.undo()

    assert noted(note) == "tomorrow"


@each(*FUNCTIONS)
def test_expressions_among_the_arguments_are_evaluated_for_a_rollback(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    note = tmp_path / "note"

    def first() -> int:
        return 5

    def work(note: Path, total: int) -> None:
        """Do nothing."""

    def undo(result: None, note: Path, total: int) -> None:
        note.write_text(json.dumps(total))

    at_work = bench.of(
        Task(form(executor, first), name="first", executor=executor),
        Task(
            form(executor, work),
            name="t",
            executor=executor,
            depends_on="first",
            args=[note, "${{ tasks.first.result + 1 }}"],
            rollback=form(executor, undo),
        ),
    )
    at_work.execute(0)
    at_work.ended(1)

    assert at_work.undo(1) == Succeeded(NO_RESULT)
    assert noted(note) == 6


@each(*FUNCTIONS)
def test_a_rollback_may_take_the_context_but_what_it_tells_is_dropped(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    note = tmp_path / "note"

    def work(note: Path) -> None:
        """Do nothing."""

    def undo(result: None, note: Path, ctx: Context) -> None:
        ctx.progress(1, 2)
        ctx["undone"] = bytes(5000)
        note.write_text(json.dumps([ctx.task, ctx.attempt, ctx.run_id, ctx.cancelled]))

    at_work = bench.of(
        Task(
            form(executor, work), name="t", args=[note], executor=executor,
            rollback=form(executor, undo),
        )
    )  # fmt: skip
    at_work.ended()

    outcome = at_work.undo()

    assert outcome == Succeeded(NO_RESULT)
    assert noted(note) == ["t", 1, "r", False]
    assert at_work.reports == []
    assert list((tmp_path / "results").iterdir()) == []


@each(*FUNCTIONS)
def test_what_a_rollback_raises_is_its_outcome(bench: Opener, executor: str) -> None:
    def work() -> int:
        return 1

    def undo(result: int) -> None:
        raise FileNotFoundError(f"number {result}")

    at_work = bench.of(
        Task(form(executor, work), name="t", executor=executor, rollback=form(executor, undo))
    )
    at_work.execute()

    outcome = at_work.undo()

    assert isinstance(outcome, Failed)
    assert outcome.error == "FileNotFoundError: number 1"
    assert "builtins.OSError" in outcome.names
    assert "in undo" in (outcome.traceback or "")
    assert "taskflow_core" not in (outcome.traceback or "")


@each("thread", "inline", "async")
def test_a_rollback_in_this_process_gets_the_result_itself(bench: Opener, executor: str) -> None:
    made, seen = threading.Lock(), list[object]()

    def undo(result: object) -> None:
        seen.append(result)

    at_work = bench.of(
        Task(
            form(executor, lambda: made), name="t", executor=executor,
            rollback=form(executor, undo),
        )
    )  # fmt: skip
    at_work.execute()

    at_work.undo()

    assert seen == [made]


def test_a_command_can_be_undone_by_a_function(bench: Opener, tmp_path: Path) -> None:
    made = tmp_path / "made"

    def remove(path: str) -> None:
        Path(path).unlink()

    at_work = bench.of(
        Task(
            name="t", command=f"touch {made}; echo {made}",
            rollback=remove,
        )
    )  # fmt: skip
    at_work.execute()
    assert made.exists()

    outcome = at_work.undo()

    assert outcome == Succeeded(NO_RESULT)
    assert not made.exists()


@each(*FUNCTIONS)
def test_a_rollback_misses_no_upstream_result_that_it_does_not_ask_for(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    note = tmp_path / "note"

    def work(first: object, note: Path) -> str:
        return str(note)

    def undo(result: str) -> None:
        Path(result).write_text("1")

    at_work = bench.of(
        Task(form(executor, lambda: None), name="first", executor=executor),
        Task(
            form(executor, work),
            name="t",
            executor=executor,
            depends_on="first",
            kwargs={"note": note},
            rollback=form(executor, undo),
        ),
    )
    at_work.results.adopt(0, {"type": "bytes", "ref": "0.0.1.pkl"})
    at_work.results.put(1, 0, 1, str(note))
    at_work.ended(1)

    assert at_work.undo(1) == Succeeded(NO_RESULT)
    assert noted(note) == 1


@each(*FUNCTIONS)
def test_a_result_that_is_gone_is_told(bench: Opener, executor: str) -> None:
    at_work = bench.of(
        Task(
            form(executor, lambda: None), name="t", executor=executor,
            rollback=form(executor, no_undo),
        )
    )  # fmt: skip
    at_work.results.adopt(0, {"type": "bytes", "ref": "0.0.1.pkl"})
    at_work.ended()

    outcome = at_work.undo()

    assert isinstance(outcome, Failed)
    assert outcome.final
    assert "the stored result 0.0.1.pkl cannot be read" in outcome.error


# --- how a rollback function is called -----------------------------------------------------


def ctx_first(ctx: object, result: object, /, day: str) -> None: ...
def only_placed(result: object, day: str = "never", /, unit: str = "cm") -> None: ...
def spread(*args: object, day: str) -> None: ...
def open_ended(result: object, **more: object) -> None: ...
def only_named(*, day: str) -> None: ...
def only_ctx(ctx: object) -> None: ...
def hungry(result: object, where: str) -> None: ...
def named_like_the_result(day: object, **more: object) -> None: ...


@pytest.mark.parametrize(
    ("func", "args", "kwargs"),
    [
        (ctx_first, [None, "result"], {"day": "today"}),
        (only_placed, ["result", "today"], {}),
        (spread, ["result"], {"day": "today"}),
        (open_ended, ["result"], {"day": "today", "size": 2}),
        (named_like_the_result, ["result"], {"size": 2}),
        (functools.partial(open_ended, size=7), ["result"], {"day": "today"}),
        (functools.partial(spread, "before"), ["result"], {"day": "today"}),
        (print, ["result"], {}),
        (min, ["result"], {}),
    ],
)
def test_the_result_comes_first_and_arguments_go_by_name(
    func: Callable[..., Any], args: Sequence[object], kwargs: Mapping[str, object]
) -> None:
    call = RollbackCall(func, "t")

    assert call.fill("result", None, Known({"day": "today", "size": 2})) == (args, kwargs)


@pytest.mark.parametrize("func", [nothing, only_named, only_ctx])
def test_a_rollback_needs_a_parameter_for_the_result(func: Callable[..., Any]) -> None:
    with pytest.raises(ArgumentsError, match="has no parameter for the task's result") as caught:
        RollbackCall(func, "t")

    assert caught.value.hint == "Give it one before all others; it is filled by position."


def test_a_parameter_that_nothing_fills_is_an_error_that_says_what_there_is() -> None:
    call = RollbackCall(hungry, "t")

    with pytest.raises(ArgumentsError, match="nothing fills 'where' of the rollback") as caught:
        call.fill(1, None, Known({"day": "today"}))

    assert caught.value.hint == "The task has the arguments: day."


# --- flow files ----------------------------------------------------------------------------

MODULE = """
import pathlib
{a}def work(note): return 5
{a}def undo(result, note="alone"): pathlib.Path({note!r}).write_text(f"{{result}} {{note}}")
{a}def plain(result): pathlib.Path({note!r}).write_text(f"{{result}}")
{a}def hungry(result, where): pass
{a}def takes_nothing(): pass
"""


def module(tmp_path: Path, executor: str) -> Path:
    """Write a module of functions, and return where its rollbacks leave a note."""
    note, word = tmp_path / "note", "async " if executor == "async" else ""
    (tmp_path / "compensating_steps.py").write_text(MODULE.format(a=word, note=str(note)))
    sys.modules.pop("compensating_steps", None)
    return note


def spec(executor: str, undo: str, *, work: str = "work", **rollback: Any) -> TaskSpec:
    return TaskSpec(
        name="t",
        function=f"compensating_steps.{work}",
        args=("given",),
        options=TaskOptions(executor=executor),
        rollback=RollbackSpec(executor=executor, function=f"compensating_steps.{undo}", **rollback),
    )


@each(*FUNCTIONS)
def test_a_rollback_may_be_a_dotted_name(bench: Opener, tmp_path: Path, executor: str) -> None:
    note = module(tmp_path, executor)
    at_work = bench.of_plan(spec(executor, "undo"))
    at_work.execute()

    assert at_work.undo() == Succeeded(NO_RESULT)
    assert note.read_text() == "5 given"


@each(*FUNCTIONS)
@pytest.mark.parametrize(("undo", "expected"), [("undo", "5 alone"), ("plain", "5")])
def test_a_task_whose_function_is_gone_is_undone_with_the_result_alone(
    bench: Opener, tmp_path: Path, executor: str, undo: str, expected: str
) -> None:
    note = module(tmp_path, executor)
    at_work = bench.of_plan(spec(executor, undo, work="gone"))
    at_work.results.put(0, 0, 1, 5)
    at_work.ended()

    assert at_work.undo() == Succeeded(NO_RESULT)
    assert note.read_text() == expected


@each(*FUNCTIONS)
def test_an_argument_that_is_gone_with_the_function_is_missed(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    module(tmp_path, executor)
    at_work = bench.of_plan(spec(executor, "hungry", work="gone"))
    at_work.ended()

    outcome = at_work.undo()

    assert isinstance(outcome, Failed)
    assert outcome.final
    assert "nothing fills 'where' of the rollback of 't': hungry(result, where)" in outcome.error
    assert "the task's own function cannot be loaded" in outcome.error


@each(*FUNCTIONS)
@pytest.mark.parametrize(
    ("undo", "error"),
    [
        ("takes_nothing", "the rollback of 't' has no parameter for the task's result"),
        ("missing", "missing"),
    ],
)
def test_a_rollback_that_cannot_be_called_fails_for_good(
    bench: Opener, tmp_path: Path, executor: str, undo: str, error: str
) -> None:
    module(tmp_path, executor)
    at_work = bench.of_plan(spec(executor, undo))
    at_work.ended()

    outcome = at_work.undo()

    assert isinstance(outcome, Failed)
    assert outcome.final
    assert error in outcome.error


@each(*FUNCTIONS)
def test_edited_rollbacks_are_loaded_afresh(bench: Opener, tmp_path: Path, executor: str) -> None:
    note = module(tmp_path, executor)
    at_work = bench.of_plan(spec(executor, "plain"))
    at_work.execute()
    at_work.undo()
    path = tmp_path / "compensating_steps.py"
    path.write_text(path.read_text().replace('f"{result}"', '"edited"'))
    sys.modules.pop("compensating_steps", None)

    at_work.executors[executor].forget_code()
    at_work.undo()

    assert note.read_text() == "edited"


FLOW = """
import pathlib
from taskflow_core import Flow, Task
{a}def work(day): return 5
{a}def undo(result, day): pathlib.Path({note!r}).write_text(f"{{result}} {{day}}")
flow = Flow("undone", [Task(work, name="t", args=["today"], rollback=undo)])
"""


@each(*FUNCTIONS)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_python_flow_file_has_its_rollbacks(
    bench: Opener, tmp_path: Path, executor: str, is_there: bool
) -> None:
    note, word = tmp_path / "note", "async " if executor == "async" else ""
    text = FLOW.format(a=word, note=str(note))
    flow_file = tmp_path / "undone.py"
    flow_file.write_text(text if is_there else text.replace(", rollback=undo", ""))
    at_work = bench.of_plan(
        TaskSpec(
            name="t",
            options=TaskOptions(executor=executor),
            rollback=RollbackSpec(executor=executor),
        ),
        flow_file=flow_file,
    )
    at_work.execute()

    outcome = at_work.undo()

    if is_there:
        assert outcome == Succeeded(NO_RESULT)
        assert note.read_text() == "5 today"
    else:
        assert isinstance(outcome, Failed)
        assert outcome.final
        assert "rollback" in outcome.error
        assert "any more" in outcome.error


def test_arguments_that_cannot_be_sent_to_a_process_are_done_without(
    bench: Opener, tmp_path: Path
) -> None:
    note, lock = tmp_path / "note", threading.Lock()

    def work(lock: object) -> str:
        return str(note)

    def undo(result: str, lock: object = None) -> None:
        Path(result).write_text(json.dumps(lock))

    task = Task(work, name="t", args=[lock], rollback=undo)
    at_work = bench.of(task)
    at_work.execute()
    job = Job(0, "t", 0, 1, "process", undoes=True)

    outcome = at_work.executors["process"].run(job, nobody_asks)

    assert outcome == Succeeded(NO_RESULT)
    assert noted(note) is None


def test_an_upstream_result_that_cannot_be_sent_is_missed_only_if_it_is_asked_for(
    bench: Opener, tmp_path: Path
) -> None:
    note = tmp_path / "note"

    def work(lock: object) -> str:
        return str(note)

    def undo(result: str) -> None:
        Path(result).write_text("1")

    lock = Task(threading.Lock, name="lock")
    at_work = bench.of(lock, Task(work, name="t", depends_on="lock", rollback=undo))
    at_work.execute(0)
    at_work.execute(1)
    job = Job(1, "t", 0, 1, "process", undoes=True)

    outcome = at_work.executors["process"].run(job, nobody_asks)

    assert outcome == Succeeded(NO_RESULT)
    assert noted(note) == 1


def test_a_result_that_cannot_be_sent_to_a_process_is_told(bench: Opener) -> None:
    at_work = bench.of(Task(threading.Lock, name="t", rollback=no_undo))
    at_work.execute()
    job = Job(0, "t", 0, 1, "process", undoes=True)

    outcome = at_work.executors["process"].run(job, nobody_asks)

    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("a result that its rollback needs is missing: the result of")


def test_a_plain_function_does_not_undo_on_the_event_loop(bench: Opener, tmp_path: Path) -> None:
    module(tmp_path, "thread")
    at_work = bench.of_plan(spec("async", "plain", work="gone"))
    at_work.ended()

    outcome = at_work.undo()

    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("task 'rollback of t' has the executor 'async'")


# --- commands ------------------------------------------------------------------------------


def shell(bench: Opener, work: Callable[..., Any], command: Any, **options: Any) -> Bench:
    """Return a bench with a task in a thread that a command undoes."""
    rollback = {"command": command, "env": options.pop("undo_env", {})}
    return bench.of(Task(work, name="t", rollback=rollback, **options))


def test_a_command_finds_the_result_and_the_arguments_as_json(bench: Opener) -> None:
    def work(day: str, note: Path, depth: int = 3) -> dict[str, object]:
        return {"made": ["a", note]}

    command = 'printf "%s\\n%s\\n" "$TASKFLOW_RESULT" "$TASKFLOW_ARGUMENTS"'
    at_work = shell(bench, work, command, args=["to\nday", Path("n")])
    at_work.execute()

    assert at_work.undo() == Succeeded(NO_RESULT)

    result, arguments = at_work.printed().splitlines()
    kind = type(Path("n"))
    path = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    assert json.loads(result) == {"made": ["a", path]}
    assert json.loads(arguments) == {"day": "to\nday", "note": path, "depth": 3}


def test_a_command_finds_the_failure_of_a_task_without_a_result(bench: Opener) -> None:
    at_work = shell(bench, lambda: None, 'printf "%s" "$TASKFLOW_RESULT"')
    at_work.ended(0, AttemptStatus.TIMED_OUT, "timed out")

    at_work.undo()

    assert json.loads(at_work.printed()) == {"state": "TIMED_OUT", "error": "timed out"}


@pytest.mark.parametrize("value", ["x" * (LONGEST + 1), float("nan"), {(1, 2): 3}])
def test_what_json_or_a_variable_cannot_hold_is_there_as_its_preview(
    bench: Opener, value: object
) -> None:
    def work(value: object, more: str) -> object:
        return value

    command = 'printf "%s\\n%s\\n" "$TASKFLOW_RESULT" "$TASKFLOW_ARGUMENTS"'
    at_work = shell(bench, work, command, args=[value, "x" * (LONGEST - 5)])
    at_work.execute()

    assert at_work.undo() == Succeeded(NO_RESULT)

    result, arguments = map(json.loads, at_work.printed().splitlines())
    assert result["type"] == type(value).__name__
    assert arguments["value"] == result
    assert len(json.dumps(arguments)) <= LONGEST + 200


def test_where_the_function_is_gone_a_command_finds_what_was_recorded(bench: Opener) -> None:
    shown = {"day": {"value": "today"}, "table": {"type": "DataFrame"}}
    at_work = bench.of_plan(
        TaskSpec(
            name="t",
            function="compensating_steps_that_are_gone.work",
            rollback=RollbackSpec(executor="shell", command='printf "%s" "$TASKFLOW_ARGUMENTS"'),
        )
    )
    at_work.ended(arguments=shown)

    at_work.undo()

    assert json.loads(at_work.printed()) == {"day": "today", "table": {"type": "DataFrame"}}


def test_a_command_runs_where_the_task_ran_and_knows_who_it_is(
    bench: Opener, tmp_path: Path
) -> None:
    names = ["TASKFLOW_TASK", "TASKFLOW_ATTEMPT", "TASKFLOW_IDEMPOTENCY_KEY", "ONE", "OTHER"]
    command = "; ".join(["pwd -P", *[f"printenv {name}" for name in names]])
    folder = tmp_path / "there"
    folder.mkdir()
    at_work = shell(
        bench, lambda: None, command, cwd=str(folder),
        env={"ONE": "task", "OTHER": "task"}, undo_env={"OTHER": "${{ env.ONE }} undone"},
    )  # fmt: skip
    at_work.ended()

    job = at_work.undoing(attempt=2)
    at_work.executors["shell"].run(job, nobody_asks)

    printed = output_path(tmp_path, 0, 0, -2).read_text().splitlines()
    assert printed == [str(folder.resolve()), "t", "2", "r.0.0.undo", "task", "task undone"]


@pytest.mark.parametrize("as_list", [False, True])
def test_expressions_in_a_command_know_the_task_itself(bench: Opener, as_list: bool) -> None:
    parts = ["tasks.t.result", "tasks.t.attempt", "tasks.first.result", "params.day", "env.MORE"]
    words = ["echo", *[f"${{{{ {part} }}}}" for part in parts]]
    command = words if as_list else " ".join(words)
    at_work = bench.of(
        Task(lambda: "one", name="first"),
        Task(
            lambda: "the result", name="t", depends_on="first",
            rollback={"command": command, "env": {"MORE": "more"}},
        ),
        params={"day": "today"},
    )  # fmt: skip
    at_work.state.params = {"day": "today"}
    at_work.execute(0)
    at_work.execute(1)

    assert at_work.undo(1) == Succeeded(NO_RESULT)
    assert at_work.printed(1) == "the result 1 one today more\n"


def test_a_script_is_undone_by_its_rollback_and_not_run_again(
    bench: Opener, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    at_work = bench.of(
        Task(name="t", script=f"echo x >> {ran}\n", rollback={"command": f"rm {ran}"})
    )
    at_work.execute()

    assert at_work.undo() == Succeeded(NO_RESULT)
    assert not ran.exists()


def test_a_command_that_fails_tells_its_exit_code(bench: Opener) -> None:
    at_work = bench.of(
        Task(
            name="t", command="exit 3", success_exit_codes=[3], output="json",
            rollback={"command": "echo not JSON; echo gone >&2; exit 3"},
        )
    )  # fmt: skip
    at_work.ended()

    outcome = at_work.undo()

    assert isinstance(outcome, Failed)
    assert (outcome.exit_code, outcome.error) == (3, "exit code 3: gone")
    assert not outcome.final


# --- output, stopping, crashing ------------------------------------------------------------


@each(*FUNCTIONS)
def test_what_a_rollback_prints_is_kept_apart(bench: Opener, tmp_path: Path, executor: str) -> None:
    def undo(result: None) -> None:
        print("undone")

    at_work = bench.of(
        Task(
            form(executor, lambda: print("done")), name="t", executor=executor,
            rollback=form(executor, undo),
        )
    )  # fmt: skip
    with routed_output(echo=False):
        at_work.execute()
        at_work.undo()

    assert output_path(tmp_path, 0, 0, 1).read_text() == "done\n"
    assert output_path(tmp_path, 0, 0, -1).read_text() == "undone\n"


def long(executor: str, begun: Path) -> Task:
    """Return a task whose rollback goes on until it is told to stop."""
    begin = begun.touch
    if executor == "shell":
        return Task(name="t", command="true", rollback={"command": f"touch {begun}; sleep 300"})

    def undo(result: None, ctx: Context) -> None:
        begin()
        while not ctx.cancelled:
            time.sleep(0.002)

    async def undo_async(result: None) -> None:
        begin()
        await asyncio.sleep(300)

    return Task(
        form(executor, lambda: None), name="t", executor=executor,
        rollback=undo_async if executor == "async" else undo,
    )  # fmt: skip


@each(*EXECUTORS)
def test_a_running_rollback_is_stopped(bench: Opener, tmp_path: Path, executor: str) -> None:
    begun, outcomes = tmp_path / "begun", list[Outcome]()
    at_work = bench.of(long(executor, begun))
    at_work.ended()
    job = at_work.undoing()
    thread = threading.Thread(target=lambda: outcomes.append(at_work.undo()))
    thread.start()
    until(begun.exists)

    at_work.stop(job, kill=False)
    thread.join(20)

    expected = Succeeded(NO_RESULT) if executor in {"thread", "inline"} else Stopped(forced=False)
    assert outcomes == [expected]  # a function that looks at `cancelled` ends as it likes


@each("process", "shell")
def test_a_running_rollback_is_killed(bench: Opener, tmp_path: Path, executor: str) -> None:
    begun, outcomes = tmp_path / "begun", list[Outcome]()
    at_work = bench.of(long(executor, begun))
    at_work.ended()
    job = at_work.undoing()
    thread = threading.Thread(target=lambda: outcomes.append(at_work.undo()))
    thread.start()
    until(begun.exists)

    at_work.stop(job, kill=True)
    thread.join(20)

    assert outcomes == [Stopped(forced=True)]
    assert at_work.begun == [job]


@each(*EXECUTORS)
def test_a_rollback_that_is_stopped_before_it_begins_never_runs(
    bench: Opener, tmp_path: Path, executor: str
) -> None:
    begun = tmp_path / "begun"
    at_work = bench.of(long(executor, begun))
    at_work.ended()

    at_work.stop(at_work.undoing(), kill=False)
    outcome = at_work.undo()

    assert outcome == Stopped(forced=False)
    if executor != "shell":  # a command is stopped as soon as it is there
        assert not begun.exists()


def test_a_rollback_whose_process_dies_has_crashed(bench: Opener) -> None:
    def leave(result: None) -> None:
        os._exit(3)

    task = Task(lambda: None, name="t", executor="process", rollback=leave)
    at_work = bench.of(task)
    at_work.ended()

    outcome = at_work.undo()

    assert isinstance(outcome, Crashed)
    assert outcome.exit_code == 3


# --- putting a run together ----------------------------------------------------------------


def test_the_executor_of_a_rollback_has_to_exist() -> None:
    undo = RollbackSpec(executor="nowhere", command="true")
    plan = Plan.of(name="p", tasks=[TaskSpec(name="a"), TaskSpec(name="b", rollback=undo)])

    with pytest.raises(ExecutorError) as caught:
        check_executors(plan)

    assert caught.value.task == "b"


@pytest.mark.parametrize("status", [TaskStatus.ROLLING_BACK, TaskStatus.ROLLBACK_FAILED])
def test_a_rollback_that_goes_on_later_finds_the_results(
    tmp_path: Path, status: TaskStatus
) -> None:
    flow = Flow("p", [Task(lambda: 5, name="t", rollback=no_undo)])
    code = MemoryCode(flow.plan(), flow.functions(), [t.rollback_func for t in flow.tasks])
    state, results = RunState(code.plan), ResultStore(tmp_path, 1, keep=True)
    state.tasks[0].result = {"value": 5}
    state.move(state.tasks[0], status)

    assemble(Parts(run="r", state=state, results=results, tmp=tmp_path, code=code))

    assert results.get(0) == 5
