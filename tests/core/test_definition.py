"""What a task and a flow may say in Python, and what they then are in a plan."""

# pyright: reportUnusedExpression=false
# `a >> b` stands alone on purpose.

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Flow, Param, RetryPolicy, Task, task
from taskflow_core.errors import CycleError, DefinitionError, DuplicateTaskError, UnknownTaskError
from taskflow_core.expression_checks import expression_problems
from taskflow_core.memory_code import MemoryCode
from taskflow_core.plan import BreakpointSpec, RollbackSpec, TaskOptions, TaskSpec


def spec_of(made: Task, **flow: Any) -> TaskSpec:
    """Return the task as a plan of a flow with only this one has it."""
    return Flow("one", [made], **flow).plan().tasks[0]


def options_of(made: Task, **flow: Any) -> TaskOptions:
    return spec_of(made, **flow).options


def edges(flow: Flow) -> dict[str, tuple[str, ...]]:
    return {spec.name: spec.depends_on for spec in flow.plan().tasks}


def work() -> int:
    """Do the work.

    At length.
    """
    return 1


# --- tasks -------------------------------------------------------------------------------------


def test_a_task_takes_every_key_of_the_flow_file_by_the_same_name() -> None:
    made = Task(
        work,
        name="w",
        depends_on=[],
        description="Works",
        args=[1],
        kwargs={"b": 2},
        retry={"retries": 3, "delay": "1s", "max_delay": "1m", "backoff": "exponential"},
        timeout="1m30s",
        grace=2,
        env={"A": "1"},
        cwd=Path("sub"),
        executor="process",
        trigger_rule="all_done",
        when="params.mode == 'full'",
        allow_failure=True,
        pool="db",
        priority=-3,
        group="load",
        tags=["nightly", "db"],
        merge="last",
        rollback={
            "command": ["undo", Path("it")],
            "retries": 2,
            "timeout": "1m",
            "env": {"B": "2"},
        },
        rollback_on="started",
        breakpoint=True,
    )

    assert spec_of(made, pools={"db": 2}) == TaskSpec(
        name="w",
        description="Works",
        args=(1,),
        kwargs={"b": 2},
        when="params.mode == 'full'",
        breakpoints=(BreakpointSpec(),),
        rollback=RollbackSpec(
            executor="shell",
            command=("undo", "it"),
            retry=RetryPolicy(retries=2),
            timeout=60.0,
            env={"B": "2"},
        ),
        group="load",
        tags=("nightly", "db"),
        options=TaskOptions(
            executor="process",
            retry=RetryPolicy(retries=3, delay=1.0, max_delay=60.0, backoff="exponential"),
            timeout=90.0,
            grace=2.0,
            env={"A": "1"},
            cwd="sub",
            trigger_rule="all_done",
            allow_failure=True,
            pool="db",
            priority=-3,
            merge="last",
            rollback_on="started",
        ),
    )


def test_a_command_says_which_exit_codes_are_good_and_what_its_result_is() -> None:
    made = Task(name="c", command="ls", success_exit_codes=[0, 3], output="lines")

    spec = spec_of(made)

    assert (spec.kind, spec.command, spec.options.executor) == ("command", "ls", "shell")
    assert spec.options.success_exit_codes == (0, 3)
    assert spec.options.output == "lines"


def test_the_words_of_a_command_may_be_paths() -> None:
    made = Task(name="c", command=["ls", Path("a b"), ""])

    assert spec_of(made).command == ("ls", "a b", "")


@pytest.mark.parametrize(
    ("shell", "argv"),
    [
        (None, ()),
        ("sh", ()),
        ("bash", ("bash", "-euo", "pipefail", "{file}")),
        ("python", (sys.executable, "{file}")),
        ("perl -w", ("perl", "-w", "{file}")),
        ("node {file} --now", ("node", "{file}", "--now")),
        (["ruby", "{file}"], ("ruby", "{file}")),
    ],
)
def test_a_script_says_what_runs_it(shell: str | list[str] | None, argv: tuple[str, ...]) -> None:
    spec = spec_of(Task(name="s", script="echo 1\necho 2", shell=shell))

    assert (spec.kind, spec.script, spec.shell) == ("script", "echo 1\necho 2", argv)


@pytest.mark.parametrize(
    ("value", "stops"),
    [
        (True, [BreakpointSpec()]),
        (False, []),
        ("after", [BreakpointSpec("after")]),
        ({"at": "on_failure", "hit": 2}, [BreakpointSpec("on_failure", hit=2)]),
        ({"stop": "after", "condition": "params.x > 1"}, [BreakpointSpec("after", "params.x > 1")]),
        (
            ["before", {"at": "on_retry", "when": "item == 1"}],
            [BreakpointSpec(), BreakpointSpec("on_retry", "item == 1")],
        ),
    ],
)
def test_breakpoints_in_all_their_forms(value: Any, stops: list[BreakpointSpec]) -> None:
    assert list(spec_of(Task(work, breakpoint=value)).breakpoints) == stops


@pytest.mark.parametrize(
    ("keys", "policy"),
    [
        ({"retries": 2}, RetryPolicy(retries=2)),
        ({"retry": 2}, RetryPolicy(retries=2)),
        ({"retry": RetryPolicy(retries=1, delay=2)}, RetryPolicy(retries=1, delay=2.0)),
        ({"retry": {"retries": 1, "delay": ["1s", 2]}}, RetryPolicy(retries=1, delay=(1.0, 2.0))),
        (
            {"retry": {"retries": 1, "retry_on": [ConnectionError, "OSError", CycleError]}},
            RetryPolicy(
                retries=1,
                retry_on=("ConnectionError", "OSError", "taskflow_core.errors.CycleError"),
            ),
        ),
    ],
)
def test_retries_in_all_their_forms(keys: dict[str, Any], policy: RetryPolicy) -> None:
    assert options_of(Task(work, **keys)).retry == policy


def test_a_decorated_function_may_say_all_of_that_too() -> None:
    @task(name="spare", depends_on="first", tags="slow", priority=2)
    def anything() -> None: ...

    flow = Flow("f", [Task(work, name="first"), anything])

    spec = flow.plan().tasks[1]
    assert (spec.name, spec.depends_on, spec.tags) == ("spare", ("first",), ("slow",))
    assert spec.options.priority == 2


def test_a_function_describes_itself_by_its_first_line() -> None:
    assert spec_of(Task(work)).description == "Do the work."


def test_a_dotted_name_names_the_task_too() -> None:
    assert Task("package.module.load").name == "load"
    assert Task(function="package.module:Class.load").name == "load"


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        ({"trigger_rule": "all_sucess"}, "trigger_rule cannot be 'all_sucess'", "'all_success'"),
        ({"timeout": "5 parsecs"}, "timeout is no duration: '5 parsecs'", "1h30m"),
        ({"timeout": 0}, "timeout must be more than 0", None),
        ({"timeout": True}, "timeout must be a duration, not True", None),
        ({"grace": -1}, "grace is no duration: -1", None),
        ({"retries": -1}, "retries must be 0 or more, not -1", None),
        ({"retry": {"tries": 1}}, "retry has no 'tries'", "'retries'"),
        ({"retry": {"delay": "soon"}}, "retry delay is no duration: 'soon'", None),
        ({"retry": RetryPolicy(backoff="cubic")}, "retry backoff cannot be 'cubic'", None),  # type: ignore[arg-type]
        ({"retry": {"retry_on": [int]}}, "retry retry_on must be an exception", None),
        ({"retry": "often"}, "retry must be a number, a RetryPolicy or a mapping", None),
        ({"env": {"A": 1}}, "env A must be text, not 1", "Write '1'."),
        ({"env": {"A=B": "1"}}, "no variable can be called 'A=B'", None),
        ({"allow_failure": "yes"}, "allow_failure must be True or False, not 'yes'", None),
        ({"priority": "high"}, "priority must be a whole number, not 'high'", None),
        ({"pool": ""}, "pool is empty", None),
        ({"tags": [1]}, "tags must be text, not 1", None),
        ({"merge": "lasst"}, "merge cannot be 'lasst'", "'last'"),
        ({"when": "params.mode =="}, "when: ", None),
        ({"when": " "}, "when is empty", None),
        ({"breakpoint": "befor"}, "breakpoint cannot be 'befor'", "'before'"),
        ({"breakpoint": {"hit": 0}}, "breakpoint hit must be 1 or more, not 0", None),
        ({"breakpoint": {"where": 1}}, "breakpoint has no 'where'", None),
        ({"breakpoint": {"at": "after", "stop": "after"}}, "says twice what its stop is", None),
        ({"executor": "shell"}, "is a function, which the shell cannot run", None),
        ({"output": "lines"}, "has output: that is for commands", None),
        ({"shell": "bash"}, "has shell: that is for scripts", None),
        ({"args": "abc"}, "args of task 'work' must be a list", None),
        ({"depends_on": [work]}, "cannot depend on a function", "put @task above it"),
        ({"depends_on": [3]}, "cannot depend on a int", None),
        ({"depends_on": None}, "cannot depend on a NoneType", None),
    ],
)
def test_a_value_that_is_wrong_is_refused_at_once(
    keys: dict[str, Any], message: str, hint: str | None
) -> None:
    with pytest.raises(DefinitionError) as caught:
        Task(work, **keys)

    assert message in str(caught.value)
    assert "work" in str(caught.value)
    assert hint is None or hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Task(name="t", command=" "), "command of task 't' is empty"),
        (lambda: Task(name="t", command=[]), "command of task 't' names no program"),
        (lambda: Task(name="t", command=[""]), "command of task 't' names no program"),
        (lambda: Task(name="t", command=["ls", 3]), "an item of the command of task 't'"),  # type: ignore[list-item]
        (lambda: Task(name="t", command="ls", args=[1]), "it has its arguments in it"),
        (lambda: Task(name="t", command="ls", executor="thread"), "a process of its own"),
        (lambda: Task(name="t", command="ls", shell="bash"), "that is for scripts"),
        (lambda: Task(name="t", command="ls", success_exit_codes=[256]), "cannot be 256"),
        (lambda: Task(name="t", script=""), "script of task 't' is empty"),
        (lambda: Task(name="t", script="1", shell=["ruby"]), "shell names no {file}"),
        (lambda: Task(name="t", script="1", shell="x -f={file}"), "shell names no {file}"),
        (lambda: Task(name="t", script="1", shell="'"), "shell is no command line"),
        (lambda: Task(Task(work)), "func of task 'work' must be a function, not a Task"),
        (lambda: Task(3, name="t"), "func of task 't' must be a function, not 3"),  # type: ignore[arg-type]
    ],
)
def test_a_task_that_cannot_be_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()

    assert message in str(caught.value)


def test_a_key_that_does_not_exist_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"no key 'time_out'\. Did you mean 'timeout'"):
        Task(work, time_out=3)  # type: ignore[call-arg]


def test_the_same_task_with_other_options_is_another_one() -> None:
    first = Task(work, retries=2, tags=["a"], depends_on="x")

    second = first.with_options(name="again", retry={"retries": 5}, depends_on=[first])

    assert (second.name, second.depends_on, second.func) == ("again", ("work",), work)
    assert second.settings == {"retry": RetryPolicy(retries=5), "tags": ("a",)}
    assert (first.name, first.depends_on) == ("work", ("x",))
    assert first.named("third").settings == first.settings


# --- undoing -----------------------------------------------------------------------------------


def undo(result: object) -> None: ...


async def undo_later(result: object) -> None: ...


def rollback_of(made: Task, **how: Any) -> RollbackSpec:
    rollback = Flow("one", [made]).plan(**how).tasks[0].rollback
    assert rollback is not None
    return rollback


def test_a_task_without_a_rollback_has_none() -> None:
    made = Task(work)

    assert (spec_of(made).rollback, made.rollback_func) == (None, None)


@pytest.mark.parametrize("value", [undo, {"function": undo}])
def test_a_function_that_undoes_stays_with_its_task(value: Any) -> None:
    made = Task(work, rollback=value)

    assert rollback_of(made) == RollbackSpec(executor="thread")
    assert made.rollback_func is undo


@pytest.mark.parametrize("value", ["etl.undo", {"function": "etl.undo"}])
def test_a_function_that_undoes_may_be_a_dotted_name(value: Any) -> None:
    made = Task(work, rollback=value)

    assert rollback_of(made) == RollbackSpec(executor="thread", function="etl.undo")
    assert made.rollback_func is None


def test_a_decorated_function_may_say_what_undoes_it() -> None:
    @task(rollback=undo, rollback_on="started")
    def book() -> int:
        return 1

    assert (book.rollback_func, options_of(book).rollback_on) == (undo, "started")


def test_the_same_task_under_another_name_is_undone_alike() -> None:
    assert Task(work, rollback=undo).named("other").rollback_func is undo


@pytest.mark.parametrize(
    ("made", "executor"),
    [
        (Task(work, executor="thread", rollback=undo), "thread"),
        (Task(work, executor="process", rollback=undo), "process"),
        (Task(work, executor="inline", rollback=undo), "inline"),
        (Task(undo_later, executor="async", rollback=undo_later), "async"),
        (Task(undo_later, executor="async", rollback=undo), "thread"),
        (Task(undo_later, executor="async", rollback="etl.undo"), "thread"),
        (Task(work, rollback={"command": "undo"}), "shell"),
        (Task(name="c", command="do", rollback={"command": "undo"}), "shell"),
        (Task(name="c", command="do", rollback=undo), "thread"),
    ],
)
def test_what_undoes_a_task_runs_where_the_task_does_if_it_can(made: Task, executor: str) -> None:
    assert rollback_of(made).executor == executor


def test_in_a_flow_file_a_function_that_undoes_a_command_runs_in_a_worker() -> None:
    made = Task(name="c", command="do", rollback=undo)

    assert rollback_of(made, executor="process").executor == "process"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "rollback of task 'work' must be a function, a dotted name or a mapping, not 5"),
        (
            Task(undo),
            "rollback of task 'work' must be a function, a dotted name or a mapping, not a Task",
        ),
        ({}, "rollback of task 'work' needs exactly one of function and command"),
        (
            {"function": undo, "command": "x"},
            "rollback of task 'work' needs exactly one of function and command",
        ),
        ({"comand": "x"}, "rollback of task 'work' has no 'comand'"),
        (
            {"function": undo, "retry": 1, "retries": 2},
            "rollback of task 'work' has both retries and retry",
        ),
        ({"command": []}, "rollback of task 'work' names no program"),
        (
            {"command": "x", "timeout": 0},
            "rollback of task 'work': timeout must be more than 0",
        ),
    ],
)
def test_a_rollback_that_cannot_be_is_refused(value: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Task(work, rollback=value)

    assert str(caught.value) == message


def book(hotel: str, nights: int = 1) -> str:
    return f"{hotel} {nights}"


def undo_all_of(result: object, hotel: str, nights: int, *, ctx: object) -> None: ...


def undo_by_place(*args: object) -> None: ...


def undo_nothing() -> None: ...


def undo_context(ctx: object) -> None: ...


def undo_more(result: object, city: str) -> None: ...


@pytest.mark.parametrize("rollback", [undo, undo_all_of, undo_by_place, print])
def test_a_function_that_undoes_takes_the_result_and_arguments_of_its_task(rollback: Any) -> None:
    made = Task(book, kwargs={"hotel": "Ritz"}, rollback=rollback)

    code = MemoryCode(Flow("f", [made]).plan(), [made.func], [made.rollback_func])

    assert code.rollback(0) is rollback


@pytest.mark.parametrize(
    ("rollback", "message"),
    [
        (
            undo_nothing,
            "rollback of task 'book' has no parameter for the task's result: () -> None",
        ),
        (
            undo_context,
            "rollback of task 'book' has no parameter for the task's result: (ctx: object) -> None",
        ),
        (undo_more, "rollback of task 'book' needs 'city', which is no argument of the task"),
    ],
)
def test_a_function_that_cannot_be_called_to_undo_is_refused(rollback: Any, message: str) -> None:
    flow = Flow("f", [Task(book, kwargs={"hotel": "Ritz"}, rollback=rollback)])

    with pytest.raises(DefinitionError) as caught:
        flow.start()

    assert str(caught.value) == message


def test_expressions_in_a_rollback_are_checked_and_may_name_its_own_task() -> None:
    good = Task(name="a", command="x", rollback={"command": "rm ${{ tasks.a.result }}"})
    bad = Task(name="b", command="x", rollback={"command": "rm ${{ tasks.c.result }}"})

    problems = expression_problems(Flow("f", [good, bad]).plan())

    assert [str(each) for each in problems] == [
        "`rollback` command of task 'b': there is no task 'c'"
    ]


# --- what depends on what ----------------------------------------------------------------------


def named(*names: str) -> list[Task]:
    return [Task(work, name=name) for name in names]


def test_arrows_say_what_runs_after_what() -> None:
    a, b, c, d, e = named("a", "b", "c", "d", "e")

    last = a >> b >> [c, d]
    also_last = [c, d] >> e

    assert last == [c, d]
    assert also_last is e
    assert edges(Flow("f", [a, b, c, d, e])) == {
        "a": (),
        "b": ("a",),
        "c": ("b",),
        "d": ("b",),
        "e": ("c", "d"),
    }


def test_arrows_point_the_other_way_too() -> None:
    a, b, c, d = named("a", "b", "c", "d")

    assert (a << b) is b
    assert ([c, d] << b) is b

    assert edges(Flow("f", [a, b, c, d])) == {"a": ("b",), "b": (), "c": ("b",), "d": ("b",)}


def test_an_edge_that_is_drawn_twice_is_one() -> None:
    a, b = named("a", "b")

    a >> b
    [a] >> b

    assert edges(Flow("f", [a, b]))["b"] == ("a",)


def test_arrows_are_for_tasks() -> None:
    (a,) = named("a")

    with pytest.raises(TypeError):
        a >> 3  # type: ignore[type-var]
    with pytest.raises(TypeError):
        ["b"] >> a  # type: ignore[operator]


def test_a_task_that_was_planned_gets_no_more_edges() -> None:
    a, b = named("a", "b")
    Flow("first", [a, b]).plan()

    with pytest.raises(DefinitionError, match="flow 'first' was planned with task 'b'"):
        a >> b

    assert b.depends_on == ()


def test_a_flow_that_could_not_be_planned_can_be_mended() -> None:
    a, b = named("a", "b")
    a >> b
    flow = Flow("f", [b])

    with pytest.raises(UnknownTaskError):
        flow.plan()
    flow.add_task(a)

    assert edges(flow) == {"b": ("a",), "a": ()}


def test_a_task_may_be_in_several_flows() -> None:
    a, b = named("a", "b")
    a >> b

    assert Flow("f", [a, b]).run()["b"] == Flow("g", [b, a]).run()["b"] == 1


def test_a_task_depended_on_that_is_not_in_the_flow_has_to_be_added() -> None:
    fetch, process = named("fetch", "process")
    fetch >> process

    with pytest.raises(UnknownTaskError, match="depends on 'fetch', but no task") as caught:
        Flow("etl", [process]).plan()

    assert caught.value.hint == "Add it to the flow: tasks=[fetch, …]."


# --- flows -------------------------------------------------------------------------------------


def test_a_flow_takes_tasks_by_its_decorator() -> None:
    flow = Flow("f")

    @flow.task
    def first() -> int:
        return 2

    @flow.task(depends_on=first, name="twice")
    def double(first: int) -> int:
        return first * 2

    assert flow.tasks == (first, double)
    assert dict(flow.run()) == {"first": 2, "twice": 4}
    assert double(5) == 10


def test_a_flow_says_how_it_is_run() -> None:
    flow = Flow(
        "f",
        description="Nightly",
        max_parallel=3,
        pools={"db": 2},
        timeout="1h",
        on_failure="stop",
        order="file",
        params={"day": "today", "limit": Param(type="int", min=1)},
    )

    plan = flow.plan()

    assert (plan.description, plan.max_parallel, plan.pools) == ("Nightly", 3, {"db": 2})
    assert (plan.timeout, plan.on_failure, plan.ready_order) == (3600.0, "stop", "file")
    assert plan.params == {
        "day": Param(type="str", default="today"),
        "limit": Param(type="int", min=1),
    }


def test_defaults_are_for_tasks_that_do_not_say_otherwise() -> None:
    defaults = {"retry": 2, "timeout": "5m", "env": {"B": "2", "C": "2"}, "tags": ["all"]}
    tasks = [Task(work, retries=0, env={"C": "3"}), Task(name="c", command="ls")]

    function, command = Flow("f", tasks, env={"A": "1", "B": "1"}, defaults=defaults).plan().tasks  # type: ignore[arg-type]

    assert function.options.retry == RetryPolicy()
    assert command.options.retry == RetryPolicy(retries=2)
    assert function.options.timeout == command.options.timeout == 300.0
    assert function.options.env == {"A": "1", "B": "2", "C": "3"}
    assert command.options.env == {"A": "1", "B": "2", "C": "2"}
    assert function.tags == command.tags == ("all",)


def test_a_default_executor_and_shell_are_for_what_can_use_them() -> None:
    tasks = [Task(work), Task(name="c", command="ls"), Task(name="s", script="1")]

    plan = Flow("f", tasks, defaults={"executor": "process", "shell": "bash"}).plan()

    assert [spec.options.executor for spec in plan.tasks] == ["process", "shell", "shell"]
    assert [spec.shell[:1] for spec in plan.tasks] == [(), (), ("bash",)]


def test_an_async_function_runs_on_the_event_loop_of_an_in_process_run() -> None:
    async def fetch() -> None: ...

    flow = Flow("f", [Task(fetch), Task(work), Task(fetch, name="t", executor="thread")])

    assert [s.options.executor for s in flow.plan().tasks] == ["async", "thread", "thread"]
    in_files = flow.plan(executor="process")
    assert [s.options.executor for s in in_files.tasks] == ["process", "process", "thread"]


def test_folders_are_found_from_that_of_the_task_outwards() -> None:
    flow = Flow("f", [Task(work), Task(work, name="own", cwd="own")], cwd="sub")

    assert [s.options.cwd for s in flow.plan(cwd="/home").tasks] == ["/home/sub", "/home/sub/own"]
    assert [s.options.cwd for s in flow.plan().tasks] == ["sub", "sub/own"]


def test_tasks_that_are_run_alike_share_their_options() -> None:
    flow = Flow("f", [Task(work, name=f"t{n}", retries=2, timeout="5m") for n in range(3)])

    assert len({id(spec.options) for spec in flow.plan().tasks}) == 1


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"max_parallel": 0}, "max_parallel must be 1 or more, not 0"),
        ({"pools": {"db": 0}}, "pools db must be 1 or more, not 0"),
        ({"timeout": "x"}, "timeout is no duration: 'x'"),
        ({"on_failure": "explode"}, "on_failure cannot be 'explode'"),
        ({"order": "lifo"}, "order cannot be 'lifo'"),
        ({"defaults": {"trigger_rule": "all"}}, "defaults: trigger_rule cannot be 'all'"),
        ({"env": []}, "env must be a mapping, not a list"),
        ({"params": {"a/b": 1}}, "no parameter can be called 'a/b'"),
        ({"params": {"a": object()}}, "parameter 'a' of flow 'f': "),
        ({"tasks": [work]}, "a task of a flow must be a Task, not a function"),
    ],
)
def test_a_flow_that_cannot_be_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Flow("f", **keys)

    assert message in str(caught.value)


def test_a_flow_has_no_other_keys() -> None:
    with pytest.raises(TypeError, match="Did you mean 'max_parallel'"):
        Flow("f", max_paralel=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="defaults: there is no key 'name'"):
        Flow("f", defaults={"name": "x"})  # type: ignore[arg-type]


def test_two_tasks_of_one_name_are_refused() -> None:
    with pytest.raises(DuplicateTaskError):
        Flow("f", [Task(work), Task(work, name="Work")]).plan()


def test_an_argument_that_contains_itself_is_refused_before_anything_runs() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(DefinitionError, match="nested too deeply, or contains itself"):
        Flow("endless", [Task(len, name="a", args=[endless])]).run()
