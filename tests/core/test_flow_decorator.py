"""Functions whose calls of tasks are a flow: `@flow`."""

# pyright: reportUnusedExpression=false
# `a >> b` stands alone on purpose.

import datetime as dt
import operator
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from taskflow_core import Context, Flow, Param, Task, flow, task
from taskflow_core.arguments.binding import ParamRef, UpstreamRef
from taskflow_core.errors import CycleError, DefinitionError, UnknownTaskError
from taskflow_core.flow_module import flow_in, load_flow_module
from taskflow_core.loader.python_flow import answer_about_flow
from taskflow_core.params import ParamsError
from taskflow_core.plan import TaskSpec


@task
def one() -> int:
    """Be one."""
    return 1


@task
def add(*numbers: int) -> int:
    return sum(numbers)


@task
def echo(value: Any, more: Any = None) -> Any:
    return value if more is None else (value, more)


def edges(made: Flow) -> dict[str, tuple[str, ...]]:
    return {spec.name: spec.depends_on for spec in made.plan().tasks}


def specs(made: Flow) -> dict[str, TaskSpec]:
    return {spec.name: spec for spec in made.plan().tasks}


# --- what a call makes -------------------------------------------------------------------------


def test_calls_make_tasks_and_the_data_they_receive_makes_edges() -> None:
    @flow
    def total() -> None:
        """Add up."""
        first = one()
        second = one()
        add(first, second, 5)

    assert isinstance(total, Flow)
    assert (total.name, total.description) == ("total", "Add up.")
    assert edges(total) == {"one": (), "one-2": (), "add": ("one", "one-2")}
    assert dict(total.run()) == {"one": 1, "one-2": 1, "add": 7}


def test_results_may_be_passed_by_name_and_inside_of_lists_tuples_and_dicts() -> None:
    class Pair(NamedTuple):
        left: Any
        right: Any

    @flow
    def nested() -> None:
        a, b, c, d = one(), one(), one(), one()
        echo([a, {"x": (b, "text")}], more=Pair(c, [[d]]))

    result = nested.run()["echo"]

    assert edges(nested)["echo"] == ("one", "one-2", "one-3", "one-4")
    assert result == ([1, {"x": (1, "text")}], Pair(1, [[1]]))
    assert type(result[1]) is Pair


def test_what_holds_no_result_is_passed_as_it_is() -> None:
    given = [1, [2, {"a": 3}]]

    @flow
    def plain() -> None:
        echo(given, more=[one()])

    assert specs(plain)["echo"].args[0] is given


def test_the_list_that_results_were_put_into_is_not_changed() -> None:
    parts: list[Any] = []

    @flow
    def collect() -> None:
        parts.extend([one(), one()])
        echo(parts)

    assert collect.run()["echo"] == [1, 1]
    assert [repr(part) for part in parts] == [
        "<the result of task 'one'>",
        "<the result of task 'one-2'>",
    ]


def test_a_loop_makes_as_many_tasks_as_it_has_turns() -> None:
    @flow
    def loop() -> None:
        add(*[echo(n) for n in range(3)])

    assert edges(loop)["add"] == ("echo", "echo-2", "echo-3")
    assert loop.run()["add"] == 3


def test_a_name_that_is_taken_already_is_passed_over() -> None:
    @flow
    def names() -> None:
        one.named("One-2")()
        one()
        one()
        one.named("one-2")()
        one.named("ONE")()

    assert list(edges(names)) == ["One-2", "one", "one-3", "one-2-2", "ONE-4"]


def test_a_call_may_have_options_of_its_own() -> None:
    @flow
    def special() -> None:
        echo.with_options(name="loud", retries=2, tags=["x"])(one())

    loud = specs(special)["loud"]
    assert (loud.options.retry.retries, loud.tags, loud.depends_on) == (2, ("x",), ("one",))
    assert echo.settings == {}


def test_arguments_of_the_task_itself_stand_where_the_call_gives_none() -> None:
    base = Task(echo.func, name="base", args=["own"], kwargs={"more": 1})

    @flow
    def own() -> None:
        base()
        base("given", more=2)

    assert dict(own.run()) == {"base": ("own", 1), "base-2": ("given", 2)}


def test_the_context_is_not_given_by_the_call() -> None:
    @task
    def label(ctx: Context, value: int, mark: str = "!") -> str:
        return f"{ctx.task}: {value}{mark}"

    @flow
    def labelled() -> None:
        label(one(), "?")

    assert labelled.run()["label"] == "label: 1?"


def test_commands_and_scripts_are_called_too() -> None:
    build = Task(name="build", command="echo built")

    @flow
    def make() -> None:
        echo(build())

    assert make.run()["echo"] == "built"


def test_a_call_that_a_task_cannot_take_is_refused() -> None:
    @flow
    def build_it() -> None:
        Task(name="build", command="make")("fast")

    @flow
    def by_string() -> None:
        Task("package.load")(one())

    with pytest.raises(DefinitionError, match="'build' is a command: it takes no arguments"):
        build_it.plan()
    with pytest.raises(DefinitionError, match="cannot be given <the result of task 'one'>"):
        by_string.plan()


def test_helpers_that_call_tasks_are_part_of_the_flow() -> None:
    def twice(value: Any) -> Any:
        return add(value, value)

    @flow
    def helped() -> None:
        twice(twice(one()))

    assert edges(helped) == {"one": (), "add": ("one",), "add-2": ("add",)}
    assert helped.run()["add-2"] == 4


def test_outside_a_flow_a_task_is_called_as_it_is() -> None:
    @flow
    def once() -> None:
        one()

    once.plan()

    assert add(one(), one()) == 2


# --- order without data ------------------------------------------------------------------------


def test_arrows_and_after_make_edges_without_data() -> None:
    @flow
    def ordered() -> None:
        a, b = one(), one()
        c = one.named("c")().after(a)
        a >> b >> [c, one.named("d")()]
        [c, b] >> one.named("e")()
        one.with_options(name="f", depends_on=[a, "e"])()

    assert edges(ordered) == {
        "one": (),
        "one-2": ("one",),
        "c": ("one", "one-2"),
        "d": ("one-2",),
        "e": ("c", "one-2"),
        "f": ("one", "e"),
    }


def test_declared_dependencies_hold_among_the_calls() -> None:
    @task(depends_on=[one])
    def later() -> str:
        return "later"

    @flow
    def complete() -> None:
        one()
        later()

    @flow
    def incomplete() -> None:
        later()

    assert edges(complete)["later"] == ("one",)
    with pytest.raises(UnknownTaskError) as caught:
        incomplete.plan()
    assert caught.value.hint == "Call one in the function too."


def test_tasks_themselves_are_not_connected_inside_a_flow() -> None:
    @flow
    def wrong() -> None:
        one >> add

    with pytest.raises(DefinitionError, match="'add' gets its place by being called") as caught:
        wrong.plan()

    assert caught.value.hint == "Connect what the calls return: first() >> second()."
    assert add.depends_on == ()


def test_a_cycle_is_found() -> None:
    @flow
    def round_and_round() -> None:
        a = one()
        echo(a) >> a

    with pytest.raises(CycleError):
        round_and_round.plan()


# --- values that are not there yet -------------------------------------------------------------

NEEDS_THE_VALUE: dict[str, Callable[[Any], object]] = {
    "truth": bool,
    "length": len,
    "items": list,
    "one item": operator.itemgetter(0),
    "membership": lambda value: 1 in value,
    "an attribute": lambda value: value.name,
    "a call": lambda value: value(),
    "a sum": lambda value: value + 1,
    "a sum from the right": lambda value: 1 + value,
    "a sign": lambda value: -value,
    "equality": lambda value: value == 1,
    "order": lambda value: value < 1,
    "text": str,
    "formatted text": lambda value: f"{value}",
    "a number": int,
    "an index": operator.index,
    "a key": lambda value: {value: 1},
    "a member of a set": lambda value: {value},
    "a path": Path,
    "a context manager": lambda value: value.__enter__(),
}


@pytest.mark.parametrize("needs", NEEDS_THE_VALUE.values(), ids=NEEDS_THE_VALUE)
def test_what_needs_the_value_is_refused(needs: Callable[[Any], object]) -> None:
    @flow
    def early() -> None:
        needs(one())

    with pytest.raises(DefinitionError) as caught:
        early.plan()

    assert str(caught.value) == "the result of task 'one' is known only when the flow runs"
    assert (caught.value.hint or "").startswith("Pass it to a task")


def test_a_parameter_is_not_there_yet_either() -> None:
    @flow
    def early(limit: int = 3) -> None:
        if limit > 2:
            one()

    with pytest.raises(DefinitionError, match="the parameter 'limit' of the flow is known only"):
        early.plan()


def test_what_holds_itself_is_refused() -> None:
    @flow
    def endless() -> None:
        loop: list[Any] = [one()]
        loop.append(loop)
        echo(loop)

    with pytest.raises(DefinitionError, match="holds itself"):
        endless.plan()


# --- parameters --------------------------------------------------------------------------------


def test_the_parameters_of_the_function_are_those_of_the_flow() -> None:
    @flow
    def etl(  # noqa: PLR0913
        url: str,
        limit: int = 10,
        rate: float = 1,
        day: dt.date = dt.date(2026, 1, 31),
        target: Path | None = None,
        mode: Literal["fast", "full"] = "fast",
        names: Any = Param(type="list", default=["a"], help="Who"),  # noqa: B008
        untold: object = True,
        anything: object = Param(),
    ) -> None:
        one()

    assert etl.plan().params == {
        "url": Param(type="str"),
        "limit": Param(type="int", default=10),
        "rate": Param(type="float", default=1),
        "day": Param(type="date", default=dt.date(2026, 1, 31)),
        "target": Param(type="path", default=None),
        "mode": Param(type="choice", choices=("fast", "full"), default="fast"),
        "names": Param(type="list", default=["a"], help="Who"),
        "untold": Param(type="bool", default=True),
        "anything": Param(),
    }


def test_a_parameter_among_arguments_stands_for_its_value() -> None:
    @flow
    def etl(url: str, limit: int = 3) -> None:
        echo(url, more=[limit, one()])

    spec = specs(etl)["echo"]

    assert spec.args == (ParamRef("url"),)
    assert spec.kwargs == {"more": [ParamRef("limit"), UpstreamRef("one")]}
    assert spec.depends_on == ("one",)


def test_one_flow_serves_runs_with_different_parameters() -> None:
    @flow
    def etl(url: str, limit: int = 3) -> None:
        fetched = echo(url, more={"limit": (limit, one())})
        echo(fetched)

    assert etl.run(params={"url": "a"})["echo-2"] == ("a", {"limit": (3, 1)})
    assert etl("b", limit=5)["echo-2"] == ("b", {"limit": (5, 1)})


async def test_parameters_are_given_to_awaited_runs_too() -> None:
    @flow
    def etl(url: str) -> None:
        echo(url)

    assert (await etl.run_async(params={"url": "a"}))["echo"] == "a"


def test_parameters_reach_worker_processes() -> None:
    @flow
    def etl(url: str) -> None:
        echo.with_options(executor="process")([url, one()])

    assert etl("a")["echo"] == ["a", 1]


def test_a_parameter_that_has_to_be_given_is_missed() -> None:
    @flow
    def etl(url: str) -> None:
        echo(url)

    with pytest.raises(ParamsError, match="parameter 'url' has no value"):
        etl()
    with pytest.raises(ParamsError, match="the flow has no parameter 'ulr'"):
        etl.run(params={"url": "a", "ulr": "b"})


# --- the flow ----------------------------------------------------------------------------------


def test_the_function_is_called_once_whatever_is_done_with_the_flow() -> None:
    called: list[None] = []

    @flow
    def counted() -> None:
        called.append(None)
        one()

    assert called == []
    counted.run()
    counted.run()
    counted.plan(executor="process")

    assert len(counted.tasks) == len(called) == 1


def test_the_decorator_takes_what_a_flow_takes() -> None:
    @flow(name="nightly etl", max_parallel=2, defaults={"retries": 3}, pools={"db": 1})
    def etl() -> None:
        one.with_options(pool="db")()

    plan = etl.plan()

    assert (plan.name, plan.max_parallel, plan.pools) == ("nightly etl", 2, {"db": 1})
    assert plan.tasks[0].options.retry.retries == 3
    with pytest.raises(TypeError, match="no key 'max_paralel'"):
        flow(max_paralel=2)(lambda: None)  # type: ignore[call-overload]


def test_calling_a_flow_runs_it() -> None:
    @flow
    def single() -> None:
        one()

    assert single()["one"] == 1
    assert Flow("builder", [one])()["one"] == 1


def test_tasks_are_added_by_calling_them_only() -> None:
    @flow
    def fixed() -> None:
        one()

    with pytest.raises(DefinitionError, match="built by a function"):
        fixed.add_task(Task(int))


def test_a_flow_inside_a_flow_is_refused() -> None:
    @flow
    def inner() -> None:
        one()

    @flow
    def runs_it() -> None:
        inner()

    @flow
    def looks_at_it() -> None:
        print(inner.tasks)

    with pytest.raises(DefinitionError, match="'inner' cannot be run inside a @flow function"):
        runs_it.plan()
    with pytest.raises(DefinitionError, match="cannot use another flow"):
        looks_at_it.plan()
    assert inner()["one"] == 1


def test_an_error_of_the_function_is_its_own_and_leaves_nothing_behind() -> None:
    @flow
    def broken() -> None:
        one()
        raise LookupError("no config")

    with pytest.raises(LookupError, match="no config"):
        broken.run()

    assert one() == 1


async def _coroutine() -> None: ...


def _spread(*urls: str) -> None: ...


def _by_place(url: str, /) -> None: ...


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (_coroutine, "must be a plain one"),
        (_spread, "cannot take *urls"),
        (_by_place, "cannot take url"),
        (one, "cannot make a flow of a Task"),
        (3, "cannot make a flow of a int"),
    ],
)
def test_only_a_plain_function_makes_a_flow(body: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        flow(body)

    assert message in str(caught.value)


def test_a_python_flow_file_may_hold_one(tmp_path: Path) -> None:
    (tmp_path / "etl_file.py").write_text(
        "from taskflow_core import flow, task\n"
        "@task\n"
        "def fetch(): return 20\n"
        "@flow\n"
        "def etl(url: str = 'x'):\n"
        "    fetch()\n"
    )

    found = flow_in(load_flow_module(str(tmp_path / "etl_file.py")), None)

    assert [each.name for each in found.tasks] == ["fetch"]


def test_an_error_in_such_a_function_is_found_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "etl_file.py").write_text(
        "from taskflow_core import flow, task\n"
        "@task\n"
        "def fetch(): return 20\n"
        "@flow\n"
        "def etl():\n"
        "    if fetch():\n"
        "        print()\n"
    )

    (finding,) = answer_about_flow(str(tmp_path / "etl_file.py"), None).findings

    assert (finding.slug, finding.line) == ("bad-flow", 6)
    assert finding.message == "the result of task 'fetch' is known only when the flow runs"
    assert (finding.hint or "").startswith("Pass it to a task")


def test_the_decorator_is_called_flow_whatever_was_imported_before() -> None:
    code = "from taskflow_core import Flow, flow, task; print(flow.__module__, flow.__name__)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["taskflow_core.definition.flow_functions", "flow"]
