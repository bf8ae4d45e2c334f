"""A Python flow file is executed by a process of its own, and only if it is trusted."""

import textwrap
from pathlib import Path

import pytest

from taskflow_core.errors import FlowFileError, NotTrustedError, Problem
from taskflow_core.loader import load_plan
from taskflow_core.plan import Plan, RollbackSpec

HEAD = "from taskflow_core import Flow, Task\nfrom taskflow_core.errors import Fail\n"


def write(folder: Path, code: str) -> Path:
    file = folder / "etl.py"
    file.write_text(HEAD + textwrap.dedent(code))
    return file


def plan_of(folder: Path, code: str, name: str = "") -> Plan:
    return load_plan(f"{write(folder, code)}{name}", trusted=True).plan


def problem_of(folder: Path, code: str, name: str = "") -> Problem:
    """Return the only problem, with lines counted from the first one of `code`."""
    with pytest.raises(FlowFileError) as caught:
        plan_of(folder, code, name)
    (problem,) = caught.value.problems
    return problem


def line_of(problem: Problem) -> int | None:
    """Return the line, counted from the first one below the head."""
    return None if problem.line is None else problem.line - HEAD.count("\n")


TWO = """
def fetch(): ...
def process(ctx, fetch): ...
etl = Flow("ETL", [Task(fetch), Task(process, depends_on=["fetch"], retries=2)], max_parallel=3)
"""


def test_nothing_is_executed_without_trust(tmp_path: Path) -> None:
    file = write(tmp_path, "open('executed', 'w')")

    with pytest.raises(NotTrustedError) as caught:
        load_plan(file)

    assert str(caught.value) == f"'{file}' is Python: it has to be executed to be read"
    assert "--trust" in (caught.value.hint or "")
    assert not (tmp_path / "executed").exists()


def test_the_plan_of_a_flow(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, TWO)

    assert (plan.name, plan.max_parallel) == ("ETL", 3)
    assert (plan.source, plan.flow_name) == (str(tmp_path / "etl.py"), "etl")
    assert [task.name for task in plan.tasks] == ["fetch", "process"]
    assert plan.upstream == [(), (0,)]
    assert plan.tasks[1].options.retry.retries == 2


def test_functions_stay_nameless_and_run_in_workers_in_the_files_folder(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, TWO)

    assert {task.function for task in plan.tasks} == {None}
    assert {task.options.executor for task in plan.tasks} == {"process"}
    assert {task.options.cwd for task in plan.tasks} == {str(tmp_path)}


def test_who_asks_for_the_context_is_noted(tmp_path: Path) -> None:
    assert [task.takes_context for task in plan_of(tmp_path, TWO).tasks] == [False, True]


def test_commands_and_dotted_functions_are_tasks_too(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def f(ctx): ...")
    plan = plan_of(
        tmp_path,
        "flow = Flow('x', [Task(name='a', command='ls'), Task('steps.f', depends_on='a')])",
    )

    assert [(task.kind, task.function) for task in plan.tasks] == [
        ("command", None),
        ("function", "steps.f"),
    ]
    assert plan.tasks[1].takes_context


def test_a_flow_by_name(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "a = Flow('A')\nb = Flow('B')", ":b")

    assert (plan.name, plan.flow_name) == ("B", "b")


def test_the_flow_called_flow_is_meant_among_several(tmp_path: Path) -> None:
    assert plan_of(tmp_path, "a = Flow('A')\nflow = Flow('B')").flow_name == "flow"


def test_flows_that_are_not_there(tmp_path: Path) -> None:
    several = problem_of(tmp_path, "a = Flow('A')\nb = Flow('B')")
    missing = problem_of(tmp_path, "etl = Flow('A')", ":elt")
    none = problem_of(tmp_path, "")

    assert [several.slug, missing.slug, none.slug] == ["unknown-flow"] * 3
    assert several.message == "the file has several flows: a, b"
    assert missing.hint == "Did you mean 'etl'?"
    assert none.line is None


def test_a_file_whose_name_looks_like_a_flow_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.py:b.yaml"
    file.write_text("tasks: []")

    assert load_plan(file).plan.tasks == []


def test_arguments_that_are_no_data_become_previews(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "def f(x): ...\nflow = Flow('x', [Task(f, args=[{1, 2}])])")

    assert len(plan.tasks[0].args) == 1


def test_an_exception_is_a_problem_at_its_line(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "def f():\n    return 1 / 0\nf()")

    assert (problem.slug, problem.message) == (
        "python-error",
        "ZeroDivisionError: division by zero",
    )
    assert (line_of(problem), problem.column) == (2, 12)
    assert "line 5, in <module>" in (problem.hint or "")


def test_a_syntax_error_is_a_problem_at_its_place(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "x = = 1")

    assert (problem.slug, line_of(problem), problem.column) == ("python-error", 1, 5)
    assert problem.message == "SyntaxError: invalid syntax"


def test_a_graph_that_is_none_is_reported_at_the_function(tmp_path: Path) -> None:
    problem = problem_of(
        tmp_path, "def f(): ...\ndef g(): ...\nflow = Flow('x', [Task(f), Task(g, depends_on='h')])"
    )

    assert (problem.slug, line_of(problem)) == ("bad-flow", 2)
    assert problem.message == "task 'g' depends on 'h', but no task has that name"


def test_a_task_that_cannot_be_made_is_reported_at_its_line(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "\nflow = Flow('x', [Task(name='a')])")

    assert (problem.slug, line_of(problem)) == ("python-error", 2)
    assert "needs exactly one of func, function, command, script" in problem.message


def test_a_mapped_function_is_filled_with_its_item(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "def f(x): ...\nflow = Flow('x', [Task(f, foreach=[1])])")
    problem = problem_of(tmp_path, "def f(x, y): ...\nflow = Flow('x', [Task(f, foreach=[1])])")

    assert plan.tasks[0].foreach is not None
    assert (problem.slug, line_of(problem)) == ("bad-arguments", 1)
    assert problem.message == "nothing fills 'x', 'y' of f(x, y)"


def test_tasks_of_flows_inside_are_checked_like_others(tmp_path: Path) -> None:
    problem = problem_of(
        tmp_path,
        "def f(x): ...\ndef g(other): ...\ninner = Flow('inner', [Task(g)])\n"
        "flow = Flow('x', [Task(f, name='other', args=[1]), "
        "Task(flow=inner, foreach=[1], depends_on='other')])",
        ":flow",
    )

    assert (problem.slug, line_of(problem)) == ("bad-arguments", 2)
    assert problem.message == "nothing fills 'other' of inner[]/g(other)"


def test_arguments_that_nothing_fills_are_reported_at_each_function(tmp_path: Path) -> None:
    code = "def f(a): ...\ndef g(b): ...\nflow = Flow('x', [Task(f), Task(g)])"

    with pytest.raises(FlowFileError) as caught:
        plan_of(tmp_path, code)

    assert [(p.slug, line_of(p)) for p in caught.value.problems] == [
        ("bad-arguments", 1),
        ("bad-arguments", 2),
    ]


def test_expressions_are_checked_as_in_a_flow_file_of_data(tmp_path: Path) -> None:
    code = """
    def f(x): ...
    flow = Flow("x", [
        Task(f, name="a", args=["${{ params.dya }}"], when="tasks.b.result"),
        Task(name="b", command="echo '${{ params.day }}' ${{ 1 + }}"),
        Task(name="c", script="${{ env.A }}", shell="python", depends_on="b"),
        Task(name="d", command=["x", "${{ tasks.b.result }}"], env={"A": "${{ x }}"},
             breakpoint={"at": "after", "when": "tasks.d.result"}, depends_on="c"),
    ], params={"day": "monday"})
    """

    with pytest.raises(FlowFileError) as caught:
        plan_of(tmp_path, code)

    assert {problem.slug for problem in caught.value.problems} == {"bad-expression"}
    assert sorted((problem.message, line_of(problem)) for problem in caught.value.problems) == [
        ("`args` of task 'a': there is no parameter 'dya'", 2),
        ("`command` of task 'b': the expression ends too early", None),
        (
            "`script` of task 'c': an expression cannot stand in a script that `sh` does not run: "
            "nothing quotes it",
            None,
        ),
        (
            "`when` of task 'a': task 'b' is not upstream, so it may not have run by then",
            2,
        ),
        ("variable 'A' of task 'd': there is no name 'x'", None),
    ]


def test_a_plain_function_does_not_go_to_the_event_loop(tmp_path: Path) -> None:
    code = "def f(): ...\nflow = Flow('x', [Task(f, executor='async')])"

    problem = problem_of(tmp_path, code)

    assert (problem.slug, line_of(problem)) == ("wrong-executor", 1)


def test_a_partial_is_reported_where_its_function_is(tmp_path: Path) -> None:
    code = "import functools\n\ndef f(a, b): ...\nflow = Flow('x', [Task(functools.partial(f, 1))])"

    assert line_of(problem_of(tmp_path, code)) == 3


def test_a_function_that_is_not_there(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "flow = Flow('x', [Task('nowhere.f')])")

    assert (problem.slug, problem.line) == ("unknown-module", None)


def test_a_file_that_ends_the_process(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "import os\nos._exit(4)")

    assert problem.slug == "helper-died"


def test_what_the_file_prints_is_not_taken_for_the_answer(tmp_path: Path) -> None:
    assert plan_of(tmp_path, "print('{}')\nflow = Flow('x')").name == "x"


def test_the_part_below_main_is_not_run(tmp_path: Path) -> None:
    code = "flow = Flow('x')\nif __name__ == '__main__':\n    raise SystemExit"

    assert plan_of(tmp_path, code).name == "x"


def test_a_function_that_undoes_runs_where_its_task_does(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        """
        def book(): ...
        def cancel(result): ...
        travel = Flow("T", [Task(book, rollback=cancel)])
        travel.add_task(Task(book, name="b", rollback="etl.cancel"))
        """,
    )

    assert [task.rollback for task in plan.tasks] == [
        RollbackSpec(executor="process"),
        RollbackSpec(executor="process", function="etl.cancel"),
    ]


def test_a_function_that_cannot_undo_is_reported_at_its_own_line(tmp_path: Path) -> None:
    problem = problem_of(
        tmp_path,
        """
        def book(): ...
        def cancel(): ...
        travel = Flow("T", [Task(book, rollback=cancel)])
        """,
    )

    assert (problem.slug, line_of(problem)) == ("bad-arguments", 3)
    assert problem.message == "rollback of task 'book' has no parameter for the task's result: ()"


def test_handlers_of_a_python_file_run_in_processes(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        """
        def tell(outcome): ...
        flow = Flow("T", handlers={"failure": tell, "always": {"command": "x"}})
        """,
    )

    assert [(h.name, h.function, h.options.executor) for h in plan.handlers] == [
        ("handler:failure", None, "process"),
        ("handler:always", None, "shell"),
    ]


def test_a_handler_of_a_python_file_is_checked_and_reported_at_its_own_line(tmp_path: Path) -> None:
    problem = problem_of(
        tmp_path,
        """
        flow = Flow("T", handlers={"failure": lambda: None})
        def tell(one, other): ...
        other = Flow("U", handlers={"failure": tell})
        flow = other
        """,
    )

    assert (problem.slug, line_of(problem)) == ("bad-arguments", 3)
    assert "handler:failure" in problem.message
