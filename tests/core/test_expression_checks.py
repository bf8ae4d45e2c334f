"""What is wrong with expressions is found before anything runs, all of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskflow_core import Flow, Task
from taskflow_core.expression_checks import Kind, examine, expression_problems
from taskflow_core.expressions import ExpressionError, Template

PIECES = [
    *("${{ params.x }}", "${{ params.x | raw }}", "#", "'", '"', "`", "$", "$(", ")", "<<E", "E"),
    *(" ", "\n", "a", "\\", "((", "))", "${", "}", "case ", "$'"),
]


def refusal(command: str) -> list[tuple[str, int]]:
    """Return what the run would say of a command, and where; at most one thing."""
    try:
        Template.parse_command(command)
    except ExpressionError as error:
        return [(str(error), error.offset)]
    return []


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_command_is_refused_where_the_run_would_refuse_it(command: str) -> None:
    faults = examine(command, "command").faults

    assert [(fault.message, fault.offset) for fault in faults[:1]] == refusal(command)


def test_every_expression_of_a_text_is_looked_at() -> None:
    found = examine("${{ a b }} ${{ params.x }} ${{ c d }} ${{", "text")

    assert [fault.offset for fault in found.faults] == [38, 6, 33]
    assert [reference.root for reference in found.references] == ["params"]


@pytest.mark.parametrize("kind", ["text", "command", "foreign"])
def test_text_without_expressions_has_no_faults(kind: Kind) -> None:
    found = examine("echo ${#a[@]} {{ x }} '", kind)

    assert (found.references, found.faults) == ((), ())


def test_a_plan_is_checked_task_by_task() -> None:
    flow = Flow("f", env={"A": "${{ params.x }}"}, params={"x": 1})
    flow.add_task(Task(name="a", command="echo '${{ params.x }}'"))
    flow.add_task(Task(int, name="b", args=[["${{ tasks.c.result }}"]], when="params.y"))
    flow.add_task(Task(name="c", command="x", depends_on="a"))

    found = expression_problems(flow.plan())

    assert [(problem.task, str(problem)) for problem in found] == [
        ("a", "`command` of task 'a': the value would be quoted twice"),
        ("b", "`when` of task 'b': there is no parameter 'y'"),
        ("b", "`args` of task 'b': task 'c' is not upstream, so it may not have run by then"),
    ]


def test_a_plan_without_expressions_has_no_problems() -> None:
    flow = Flow("f", [Task(int, name="a"), Task(name="b", command="x ${#a[@]}")])

    assert expression_problems(flow.plan()) == []
