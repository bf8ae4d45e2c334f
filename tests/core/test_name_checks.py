"""Which names an expression can use where it stands, found out for all of a flow at once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.expression_checks import examine
from taskflow_core.name_checks import Fault, Known, Use, check_names


def faults(
    text: str, known: Known, task: int | None = 0, *, sees_itself: bool = False
) -> list[Fault]:
    """Return what is wrong with the names of one condition."""
    use = Use(examine(text, "condition").references, task, sees_itself)
    (found,) = check_names([use], known)
    return found


CHAIN = Known(params=["day"], tasks=["a", "b", "c"], upstream=[[], [0], [1]])


def test_results_of_tasks_upstream_are_known_near_and_far() -> None:
    assert faults("tasks.b.result", CHAIN, 2) == []
    assert faults("tasks.a.result", CHAIN, 2) == []


def test_results_of_tasks_elsewhere_are_not() -> None:
    (fault,) = faults("params.day == tasks.c.result", CHAIN, 1)

    assert fault.message == "task 'c' is not upstream, so it may not have run by then"
    assert fault.offset == len("params.day == ")


def test_a_task_knows_itself_only_when_it_has_run() -> None:
    (fault,) = faults("tasks.a.result", CHAIN)

    assert fault.message == "a task cannot use what it has yet to do"
    assert faults("tasks.a.result", CHAIN, sees_itself=True) == []


def test_what_holds_for_every_task_names_none() -> None:
    assert len(faults("tasks.a.result", CHAIN, None)) == 1
    assert faults("params.day", CHAIN, None) == []


def test_tasks_on_a_cycle_are_left_to_those_who_report_it() -> None:
    cycle = Known(params=(), tasks=["a", "b", "c"], upstream=[[2], [0], [1]])

    assert faults("tasks.b.result", cycle) == []


def test_a_name_that_two_tasks_share_is_left_to_those_who_report_it() -> None:
    twice = Known(params=(), tasks=["a", "a", "b"], upstream=[[], [], [0]])

    assert faults("tasks.a.result", twice, 2) == []


@given(st.integers(2, 12), st.data())
def test_who_is_upstream_is_found_in_any_graph(size: int, data: st.DataObject) -> None:
    upstream = [
        data.draw(st.sets(st.integers(0, n - 1)) if n else st.just(set())) for n in range(size)
    ]
    reach: list[set[int]] = []
    for needed in upstream:
        reach.append(needed.union(*[reach[other] for other in needed]))
    known = Known((), [f"t{n}" for n in range(size)], [sorted(needed) for needed in upstream])
    pairs = [(n, other) for n in range(size) for other in range(size) if n != other]
    uses = [Use(examine(f"tasks.t{b}.state", "condition").references, a) for a, b in pairs]

    found = check_names(uses, known)

    assert [not each for each in found] == [b in reach[a] for a, b in pairs]


def test_ten_thousand_tasks_that_name_one_another_take_no_time() -> None:
    size = 10_000
    known = Known((), [f"t{n}" for n in range(size)], [[n - 1] if n else [] for n in range(size)])
    uses = [
        Use(examine(f"tasks.t{n // 2}.state", "condition").references, n) for n in range(1, size)
    ]
    started = time.process_time()

    assert not any(check_names(uses, known))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "params.day", " tasks.a.result ", "env.HOME", "ctx.rows", "tasks.not.result", "params.self",
        "params.range", "tasks.a.result.path", "params.in", "ctx.none.true",
    ],
)  # fmt: skip
def test_what_is_read_without_jinja_is_read_as_with_it(text: str) -> None:
    bare = examine(text, "condition")
    (first,) = examine(f"({text})", "condition").references

    assert [each._replace(offset=each.offset + 1) for each in bare.references] == [first]
