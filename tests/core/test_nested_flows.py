"""Flows inside of flows, mapped tasks and waiting ones, as they are written in Python."""

import datetime as dt
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import taskflow_core.inlining as inlining
from taskflow_core import Flow, Task, flow, task
from taskflow_core.errors import ArgumentsError, CycleError, DefinitionError, FlowFileError
from taskflow_core.expression_checks import expression_problems
from taskflow_core.memory_code import MemoryCode
from taskflow_core.params import Param
from taskflow_core.plan import Approval, ForEach, Plan, SubFlow, TaskOptions, TaskSpec, Wait


def work(x: int = 1) -> int:
    return x


@task
def fetch(day: str) -> str:
    return f"rows of {day}"


@task(depends_on=fetch)
def put(fetch: str) -> str:
    return fetch.upper()


def publish(**keys: Any) -> Flow:
    return Flow("publish", [fetch, put], params={"day": "today"}, **keys)


def spec_of(made: Task, **keys: Any) -> TaskSpec:
    return Flow("one", [made], **keys).plan().tasks[0]


def names(plan: Plan) -> list[str]:
    return [spec.name for spec in (*plan.tasks, *plan.templates)]


def refusal(make: Callable[[], object]) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        make()
    return caught.value


# --- mapped tasks ------------------------------------------------------------------------------


class TestForeach:
    def test_an_expression_or_a_list(self) -> None:
        assert spec_of(Task(work, foreach="params.files")).foreach == ForEach("params.files")
        assert spec_of(Task(work, foreach=" ${{ [1, 2] }} ")).foreach == ForEach("[1, 2]")
        assert spec_of(Task(work, foreach=(1, 2), max_parallel=3)).foreach == ForEach([1, 2])
        assert spec_of(Task(work, foreach=[1], max_parallel=3)).max_parallel == 3

    def test_a_task_stands_for_its_result_and_is_depended_on(self) -> None:
        split = Task(work, name="split")
        plan = Flow("f", [split, Task(work, name="a", foreach=split)]).plan()

        assert plan.tasks[1].foreach == ForEach("tasks.split.result")
        assert plan.tasks[1].depends_on == ("split",)

    def test_a_task_whose_name_is_no_identifier(self) -> None:
        split = Task(work, name="split-it.1")

        assert Task(work, foreach=split).more["foreach"] == ForEach("tasks['split-it.1'].result")

    def test_the_decorator_and_other_ways_to_make_tasks(self) -> None:
        @task(foreach=[1, 2], max_parallel=1)
        def load(item: int) -> int:
            return item

        assert spec_of(load).foreach == ForEach([1, 2])
        assert spec_of(load.with_options(foreach="params.x")).max_parallel == 1
        assert spec_of(load.with_options(foreach=None, max_parallel=None)).foreach is None
        assert load(5) == 5

    def test_in_a_flow_function(self) -> None:
        @task
        def split(text: str) -> list[str]:
            return text.split()

        @task
        def load(item: str) -> str:
            return item

        @flow
        def etl(text: str = "a b", more: str = "c") -> None:
            parts = split(text)
            load.with_options(foreach=parts, name="each")()
            load.with_options(foreach=[1], name="fixed")()

        plan = etl.plan()

        assert plan.tasks[1].foreach == ForEach("tasks.split.result")
        assert plan.tasks[1].depends_on == ("split",)
        assert plan.tasks[2].foreach == ForEach([1])

    @pytest.mark.parametrize(
        ("foreach", "message"),
        [
            (5, "foreach of task 'work' must be an expression, a task, or a list, not 5"),
            ({"a": 1}, "must be an expression, a task, or a list, not a dict"),
            (iter([1]), "must be an expression, a task, or a list, not a list_iterator"),
            ("params +", "foreach of task 'work': the expression ends too early"),
            ("", "foreach of task 'work' is empty"),
            ([fetch], "foreach of task 'work' holds Task('fetch'), which is not known yet"),
        ],
    )
    def test_what_a_task_cannot_be_mapped_over(self, foreach: Any, message: str) -> None:
        assert message in str(refusal(lambda: Task(work, foreach=foreach)))

    def test_a_limit_needs_something_to_limit(self) -> None:
        error = refusal(lambda: Task(work, max_parallel=2))

        assert str(error) == (
            "task 'work' has max_parallel: that is for tasks with `foreach` or `flow`"
        )
        assert "max_parallel of task 'a' must be 1 or more" in str(
            refusal(lambda: Task(work, name="a", foreach=[1], max_parallel=0))
        )

    def test_its_function_is_bound_to_the_item(self) -> None:
        def load(text: str, index: int) -> None: ...

        made = Flow("f", [Task(fetch.func, name="split", args=["x"]), Task(load, foreach=["a"])])
        code = MemoryCode(made.plan(), made.functions())

        assert [slot.source for slot in code.function(1)[1].positional] == ["item", "index"]

    def test_names_in_its_expressions_are_checked(self) -> None:
        good = Task(work, name="a", kwargs={"x": "${{ item + index }}"}, foreach="params.files")
        bad = Task(work, name="b", kwargs={"x": "${{ itm }}"}, foreach="item", when="index")
        plain = Task(work, name="c", kwargs={"x": "${{ item }}"})
        plan = Flow("f", [good, bad, plain], params={"files": ["x"]}).plan()

        assert [str(problem) for problem in expression_problems(plan)] == [
            "`when` of task 'b': `index` does not exist here: this is computed once, not for each "
            "item",
            "`foreach` of task 'b': `item` does not exist here: this is computed once, not for "
            "each item",
            "`kwargs` of task 'b': there is no name 'itm'",
            "`kwargs` of task 'c': `item` exists only in a task with `foreach`",
        ]


# --- waiting -----------------------------------------------------------------------------------


class TestWaiting:
    @pytest.mark.parametrize(
        ("approve", "approval"),
        [
            ("Ship it?", Approval("Ship it?")),
            ({"prompt": "Ship it?"}, Approval("Ship it?")),
            (
                {
                    "prompt": "x",
                    "fields": {
                        "note": "str",
                        "n": Param(type="int", default=1),
                        "how": {"choices": ["a", "b"], "default": None},
                    },
                },
                Approval(
                    "x",
                    {
                        "note": Param(),
                        "n": Param(type="int", default=1),
                        "how": Param(type="choice", choices=("a", "b"), default=None),
                    },
                ),
            ),
        ],
    )
    def test_ways_to_ask(self, approve: Any, approval: Approval) -> None:
        spec = spec_of(Task(name="ask", approve=approve, timeout="1d"))

        assert (spec.kind, spec.approval, spec.options.timeout) == ("approve", approval, 86400.0)

    @pytest.mark.parametrize(
        ("wait", "expected"),
        [
            ({"for": "1m"}, Wait(seconds=60.0)),
            ({"for": 0.5}, Wait(seconds=0.5)),
            ({"for": "${{ params.x }}s"}, Wait(seconds="${{ params.x }}s")),
            ({"until": "18:30"}, Wait(until="18:30")),
            ({"until": dt.time(18, 30)}, Wait(until="18:30:00")),
            ({"until": dt.datetime(2026, 1, 31, 18)}, Wait(until="2026-01-31T18:00:00")),  # noqa: DTZ001
            ({"until": "${{ params.x }}"}, Wait(until="${{ params.x }}")),
            ({"file": Path("data") / "in.csv"}, Wait(file="data/in.csv")),
        ],
    )
    def test_ways_to_wait(self, wait: Any, expected: Wait) -> None:
        spec = spec_of(Task(name="pause", wait=wait), params={"x": 1})

        assert (spec.kind, spec.wait) == ("wait", expected)

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"approve": ""}, "approve of task 't' is empty"),
            ({"approve": {}}, "approve of task 't' has no prompt"),
            ({"approve": 5}, "approve of task 't' must be a question or a mapping, not 5"),
            ({"approve": {"prompt": "x", "field": {}}}, "approve of task 't' has no 'field'"),
            (
                {"approve": {"prompt": "x", "fields": {"n": "number"}}},
                "the type of field 'n' of approve of task 't' cannot be 'number'",
            ),
            (
                {"approve": {"prompt": "x", "fields": {"n": {"type": "int", "default": "x"}}}},
                "field 'n' of approve of task 't': the default must be a whole number, not 'x'",
            ),
            (
                {"approve": {"prompt": "x", "fields": {"n": {"kind": "int"}}}},
                "field 'n' of approve of task 't' has no 'kind'",
            ),
            ({"wait": {}}, "wait of task 't' needs exactly one of for, until, file"),
            ({"wait": {"for": 1, "file": "x"}}, "needs exactly one of for, until, file"),
            ({"wait": {"for": "soon"}}, "wait of task 't': for is no duration: 'soon'"),
            ({"wait": {"until": "soon"}}, "wait of task 't': until is no moment: 'soon'"),
            ({"wait": 30}, "wait of task 't' must be a mapping, not 30"),
            ({"wait": {"for": 1}, "retry": 2}, "task 't' has retry: nothing is run"),
            ({"approve": "x", "env": {"A": "b"}}, "task 't' has env: nothing is run"),
            ({"approve": "x", "kwargs": {"a": 1}}, "task 't' has kwargs: nothing is run"),
            ({"approve": "x", "rollback": "m.f"}, "has rollback: there is nothing to undo"),
            ({"approve": "x", "pool": "db"}, "task 't' has pool: it holds no slot"),
            ({"wait": {"for": 1}, "params": {}}, "task 't' has params: that is for sub-flows"),
            (
                {"command": "x", "params": {"a": 1}},
                "task 't' has params: that is for sub-flows",
            ),
            ({"approve": "x", "wait": {"for": 1}}, "needs exactly one of func, function"),
        ],
    )
    def test_what_they_cannot_be(self, keys: dict[str, Any], message: str) -> None:
        assert message in str(refusal(lambda: Task(name="t", **keys)))

    def test_they_need_a_name(self) -> None:
        assert "needs a name" in str(refusal(lambda: Task(approve="x")))

    def test_of_the_defaults_they_have_what_means_something(self) -> None:
        keys = {"retry": 2, "timeout": 5, "group": "g", "env": {"A": "b"}, "executor": "process"}
        spec = spec_of(Task(name="t", approve="x"), defaults=keys, env={"B": "c"})

        assert (spec.group, spec.options) == ("g", TaskOptions())

    def test_their_expressions_are_checked(self) -> None:
        tasks = [
            Task(name="a", approve="${{ params.x }} ${{ item }}"),
            Task(name="b", wait={"until": "${{ tasks.a.result }}"}),
            Task(name="c", wait={"file": "${{ item }}.csv"}, foreach=["x"]),
        ]

        assert [str(each) for each in expression_problems(Flow("f", tasks).plan())] == [
            "`approve` of task 'a': there is no parameter 'x'",
            "`approve` of task 'a': `item` exists only in a task with `foreach`",
            "`wait` of task 'b': task 'a' is not upstream, so it may not have run by then",
        ]


# --- sub-flows ---------------------------------------------------------------------------------


class TestSubFlows:
    def test_its_tasks_are_in_the_plan(self) -> None:
        inner = publish(max_parallel=2, pools={"db": 1}, env={"A": "b"}, defaults={"pool": "db"})
        outer = Flow("outer", [Task(work), Task(flow=inner, depends_on="work")], env={"C": "d"})

        plan = outer.plan()

        assert names(plan) == ["work", "publish", "publish/fetch", "publish/put"]
        assert plan.tasks[1].subflow == SubFlow(
            name="publish", params={"day": Param(default="today")}, max_parallel=2
        )
        assert (plan.tasks[1].kind, plan.tasks[1].max_parallel) == ("flow", 2)
        assert plan.tasks[3].parent == "publish"
        assert plan.tasks[3].depends_on == ("publish/fetch",)
        assert plan.tasks[3].options == TaskOptions(env={"A": "b"}, pool="publish/db")
        assert plan.pools == {"publish/db": 1}
        assert Plan.from_json(plan.to_json()) == plan

    def test_the_callables_are_in_the_order_of_the_plan_and_its_templates(self) -> None:
        undo = Task(work, name="w", rollback=work)
        inner = Flow("in", [Task(flow=publish(), name="p", foreach=[1]), undo])
        outer = Flow("out", [Task(flow=inner, name="a"), Task(name="c", command="ls"), undo])

        plan, functions = outer.plan(), outer.functions()

        assert names(plan) == ["a", "a/p", "a/w", "c", "w", "a/p[]/fetch", "a/p[]/put"]
        assert functions == [None, None, work, None, work, fetch.func, put.func]
        code = MemoryCode(plan, functions, [f if f is work else None for f in functions])
        assert code.function(6)[0] is put.func
        assert code.rollback(2) is work

    def test_the_same_flow_twice_and_mapped(self) -> None:
        inner = publish()
        again = Task(flow=inner, name="again", foreach=["x"], params={"day": "${{ item }}"})

        plan = Flow("f", [Task(flow=inner), again]).plan()

        assert names(plan) == [
            "publish", "publish/fetch", "publish/put", "again", "again[]/fetch", "again[]/put",
        ]  # fmt: skip
        assert plan.tasks[3].subflow == SubFlow(
            name="publish",
            params={"day": Param(default="today")},
            given={"day": "${{ item }}"},
        )

    def test_arguments_come_from_the_own_flow_alone(self) -> None:
        def needs(other: int) -> None: ...

        inner = Flow("in", [Task(needs)])
        outer = Flow("out", [Task(work, name="other"), Task(flow=inner, depends_on="other")])

        with pytest.raises(ArgumentsError) as caught:
            MemoryCode(outer.plan(), outer.functions())

        assert str(caught.value) == "nothing fills 'other' of in/needs(other: int) -> None"

    def test_names_in_expressions_come_from_the_own_flow_alone(self) -> None:
        inner = Flow("in", [Task(work, name="b", kwargs={"x": "${{ tasks.a.result }}"})])
        mapped = Flow("map", [Task(work, name="b", kwargs={"x": "${{ params.p + item }}"})])
        outer = Flow(
            "out",
            [
                Task(work, name="a"),
                Task(flow=inner, depends_on="a"),
                Task(flow=mapped, foreach=[1]),
                Task(work, name="z", kwargs={"x": "${{ tasks['in/b'].result }}"}, depends_on="in"),
            ],
            params={"p": 1},
        )

        assert [(each.task, str(each)) for each in expression_problems(outer.plan())] == [
            ("z", "`kwargs` of task 'z': there is no task 'in/b'"),
            ("in/b", "`kwargs` of task 'in/b': there is no task 'a'"),
            ("map[]/b", "`kwargs` of task 'map[]/b': there is no parameter 'p'"),
            ("map[]/b", "`kwargs` of task 'map[]/b': `item` exists only in a task with `foreach`"),
        ]

    def test_what_it_is_given_may_be_a_task_or_hold_expressions(self) -> None:
        made = Task(flow=publish(), params={"day": fetch})
        plan = Flow("f", [fetch.with_options(args=["x"]), made]).plan()

        assert plan.tasks[1].subflow is not None
        assert plan.tasks[1].subflow.given == {"day": "${{ tasks.fetch.result }}"}
        assert plan.tasks[1].depends_on == ("fetch",)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"dya": "x"}, "task 'publish': the sub-flow has no parameter 'dya'"),
            ({"day": 5}, "task 'publish': parameter 'day' of the sub-flow must be text, not 5"),
        ],
    )
    def test_what_it_is_given_is_checked(self, given: dict[str, Any], message: str) -> None:
        outer = Flow("f", [Task(flow=publish(), params=given)])

        error = refusal(outer.plan)

        assert (str(error), error.task) == (message, "publish")

    def test_a_parameter_that_has_to_be_given(self) -> None:
        inner = Flow("in", params={"n": Param(type="int", help="How many")})

        error = refusal(Flow("f", [Task(flow=inner)]).plan)

        assert str(error) == "task 'in': parameter 'n' of the sub-flow has no value (How many)"
        assert error.hint == "Give it one: params: { n: … }."

    def test_what_is_wrong_in_it_is_said_with_its_name(self) -> None:
        unknown = Flow("in", [Task(work, depends_on="nobody")])
        cycle = Flow(
            "in", [Task(work, name="a", depends_on="b"), Task(work, name="b", depends_on="a")]
        )

        assert str(refusal(Flow("f", [Task(flow=unknown, foreach=[1])]).plan)) == (
            "in sub-flow 'in': task 'work' depends on 'nobody', but no task has that name"
        )
        with pytest.raises(CycleError, match="in sub-flow 'in': the tasks form a cycle"):
            Flow("f", [Task(flow=cycle)]).plan()

    def test_flows_inside_of_themselves(self) -> None:
        one, other = Flow("one"), Flow("other")
        one.add_task(Task(flow=other))
        other.add_task(Task(flow=one))

        assert str(refusal(one.plan)) == "the flows form a cycle: one → other → one"

    def test_not_too_many_inside_of_each_other(self) -> None:
        inner = Flow("f0", [Task(work)])
        for number in range(1, inlining.DEEPEST):
            inner = Flow(f"f{number}", [Task(flow=inner)])

        assert len(inner.plan().tasks) == inlining.DEEPEST
        assert str(refusal(Flow("f", [Task(flow=inner)]).plan)) == (
            "flows are inside of each other more than 16 deep"
        )

    def test_not_too_many_tasks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inlining, "MOST_TASKS", 100)
        inner = Flow("in", [Task(work, name=f"w{n}") for n in range(50)])
        outer = Flow("f", [Task(flow=inner, name=f"f{n}") for n in range(2)])

        assert str(refusal(outer.plan)) == (
            "with its sub-flows the flow has 102 tasks; at most 100 are run"
        )

    def test_it_no_longer_changes_once_it_was_planned_as_a_part(self) -> None:
        inner = Flow("in")
        inner.add_task(Task(work))
        outer = Flow("f", [Task(flow=inner)])
        outer.plan()

        assert "was planned already" in str(refusal(lambda: inner.add_task(Task(work, name="b"))))

    def test_a_flow_function_can_be_one(self) -> None:
        @flow
        def inner(day: str = "today") -> None:
            put.with_options(depends_on=[])(fetch(day))

        assert names(Flow("f", [Task(flow=inner, name="p")]).plan()) == ["p", "p/fetch", "p/put"]

    def test_in_a_flow_function_it_is_called_like_a_task(self) -> None:
        deep = Task(flow=publish(), name="deep")

        @flow
        def outer() -> None:
            made = fetch("x")
            deep.with_options(name="out")().after(made)

        plan = outer.plan()

        assert names(plan) == ["fetch", "out", "out/fetch", "out/put"]
        assert plan.tasks[1].depends_on == ("fetch",)

    def test_what_a_flow_function_has_may_be_given_to_it(self) -> None:
        @flow
        def outer(day: str = "today") -> None:
            made = fetch(day)
            Task(flow=publish(), name="one", params={"day": day})()
            Task(flow=publish(), name="two", params={"day": made})()

        one, two = [spec for spec in outer.plan().tasks if spec.subflow is not None]

        assert one.subflow is not None
        assert two.subflow is not None
        assert one.subflow.given == {"day": "${{ params['day'] }}"}
        assert two.subflow.given == {"day": "${{ tasks.fetch.result }}"}
        assert (one.depends_on, two.depends_on) == ((), ("fetch",))

    def test_in_a_flow_function_it_is_not_called_with_values(self) -> None:
        deep = Task(flow=publish(), name="deep")

        @flow
        def outer() -> None:
            deep(day="x")

        error = refusal(outer.plan)

        assert str(error) == "task 'deep' is a flow: it takes no arguments"
        assert error.hint == "Give the values to the task: Task(flow=…, params={…})."

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"flow": 5}, "flow of task 't' must be a flow, or the path of a flow file, not 5"),
            ({"flow": work}, "must be a flow, or the path of a flow file, not a function"),
            ({"flow": ""}, "flow of task 't' is empty"),
            ({"params": [1]}, "params of task 't' must be a mapping, not a list"),
            ({"args": [1]}, "task 't' has args: it gets its values by `params`"),
            ({"timeout": 5}, "task 't' has timeout: its tasks have their own"),
            (
                {"rollback": work},
                "task 't' has rollback: what its tasks did is undone by their own",
            ),
            ({"executor": "process"}, "task 't' has executor: its tasks have their own"),
        ],
    )
    def test_what_it_cannot_be(self, keys: dict[str, Any], message: str) -> None:
        keys = {"flow": publish(), "name": "t", **keys}

        assert message in str(refusal(lambda: Task(**keys)))

    def test_it_is_called_like_the_flow_or_its_file(self) -> None:
        assert Task(flow=publish()).name == "publish"
        assert Task(flow="some/dir/nightly etl.yaml").name == "nightly etl"
        assert Task(flow=Path("etl.py:other")).name == "etl"
        assert "needs a name" in str(refusal(lambda: Task(flow=Flow("a/b"))))


# --- sub-flows in files ------------------------------------------------------------------------

ETL = """
from taskflow_core import Flow, task
@task
def get(day): return f"got {day}"
@task(depends_on=get, rollback=print)
def put(ctx, get): return get
small = Flow("small", [get], params={"day": "today"})
flow = Flow("etl", [get, put], params={"day": "today"})
"""


class TestFiles:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        (tmp_path / "etl.py").write_text(ETL)
        (tmp_path / "steps.py").write_text("def f(x, ctx): ...\ndef g(item): ...\n")
        (tmp_path / "inner.yaml").write_text(
            "max_parallel: 2\nparams: {p: 1}\ntasks:\n"
            "- {name: f, function: steps.f, args: ['${{ params.p }}']}\n"
            "- {name: g, function: steps.g, foreach: [1]}\n"
            "- {name: py, flow: 'etl.py:flow'}\n"
        )
        self.path = tmp_path
        return iter([tmp_path])

    def test_a_yaml_file(self) -> None:
        outer = Flow("f", [Task(flow=self.path / "inner.yaml", params={"p": 3})])

        plan = outer.plan()

        assert names(plan) == [
            "inner",
            "inner/f",
            "inner/g",
            "inner/py",
            "inner/py/get",
            "inner/py/put",
        ]
        assert plan.tasks[0].max_parallel == 2
        assert plan.tasks[0].subflow is not None
        assert plan.tasks[0].subflow.source == str(self.path / "inner.yaml")
        code = MemoryCode(plan, outer.functions(), [None] * 6)
        assert code.function(1)[0].__name__ == "f"
        assert code.function(5)[0].__name__ == "put"
        assert code.rollback(5) is print

    def test_a_python_file_is_executed_here(self) -> None:
        outer = Flow(
            "f",
            [Task(flow=f"{self.path}/etl.py"), Task(flow=f"{self.path}/etl.py:small", name="s")],
        )

        plan, functions = outer.plan(), outer.functions()

        assert names(plan) == ["etl", "etl/get", "etl/put", "s", "s/get"]
        assert [func and func.__name__ for func in functions] == [None, "get", "put", None, "get"]
        assert plan.home(2) == (str(self.path / "etl.py"), "flow", "put")
        assert plan.home(4) == (str(self.path / "etl.py"), "small", "get")
        assert plan.tasks[2].options.cwd == str(self.path)

    def test_a_path_is_looked_for_in_the_folder_of_the_flow(self) -> None:
        outer = Flow("f", [Task(flow="inner.yaml")])

        assert len(outer.plan(cwd=str(self.path)).tasks) == 6

    def test_what_is_wrong_in_a_file_is_said_as_of_any_flow_file(self) -> None:
        (self.path / "bad.yaml").write_text("tasks: [{name: a}]")

        with pytest.raises(FlowFileError) as caught:
            Flow("f", [Task(flow=self.path / "bad.yaml")]).plan()

        (problem,) = caught.value.problems
        assert (problem.file, problem.slug) == (str(self.path / "bad.yaml"), "missing-action")

    def test_files_that_are_not_there(self) -> None:
        with pytest.raises(FlowFileError, match="there is no file"):
            Flow("f", [Task(flow=self.path / "gone.yaml")]).plan()
        assert "there is no file" in str(refusal(Flow("f", [Task(flow="gone.py")]).plan))

    def test_a_python_file_inside_of_itself(self) -> None:
        file = self.path / "me.py"
        file.write_text(
            textwrap.dedent(f"""
            from taskflow_core import Flow, Task
            flow = Flow("me", [Task(flow={str(file)!r})])
            """)
        )

        error = refusal(Flow("f", [Task(flow=file)]).plan)

        assert "the flows form a cycle: me.py → me.py" in str(error)


# --- and they run ------------------------------------------------------------------------------


def test_all_of_it_together() -> None:
    @task
    def split() -> list[str]:
        return ["a", "b"]

    @task(foreach=split)
    def load(item: str, index: int) -> str:
        return item * (index + 1)

    each = Task(flow=publish(), name="each", foreach=split, params={"day": "${{ item }}"})
    once = Task(
        flow=publish(), params={"day": "${{ tasks.load.result | join('-') }}"}, depends_on=load
    )
    pause = Task(name="pause", wait={"for": "1ms"}, depends_on=once)

    result = Flow("all", [split, load, each, once, pause]).run()

    assert result.state == "SUCCEEDED"
    assert result["load"] == ["a", "bb"]
    assert result["publish"] == {"fetch": "rows of a-bb", "put": "ROWS OF A-BB"}
    assert [each["put"] for each in result["each"]] == ["ROWS OF A", "ROWS OF B"]
