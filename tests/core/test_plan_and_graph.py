"""A plan is checked as a whole, and its shape is known by number."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.errors import CycleError, DuplicateTaskError, UnknownTaskError
from taskflow_core.graph import (
    downstream_of,
    find_cycle,
    longest_paths,
    successors_of,
    topological_order,
)
from taskflow_core.plan import Plan, TaskOptions, TaskSpec
from tests.core.driving import plan, spec


def test_two_tasks_of_one_name_are_refused_whatever_the_case() -> None:
    with pytest.raises(DuplicateTaskError, match=r"'Fetch' \(differs from 'fetch' only by case\)"):
        plan(spec("fetch"), spec("Fetch"))


def test_an_unknown_dependency_names_the_nearest_task() -> None:
    with pytest.raises(UnknownTaskError, match="'load' depends on 'extrct'") as caught:
        plan(spec("extract"), spec("load", "extrct"))

    assert caught.value.hint == "Did you mean 'extract'?"


def test_a_cycle_is_named_in_order() -> None:
    with pytest.raises(CycleError, match="a → b → c → a"):
        plan(spec("a", "c"), spec("b", "a"), spec("c", "b"), spec("behind", "c"))


def test_a_cycle_of_100000_has_a_short_message() -> None:
    size = 100_000
    tasks = [spec(f"t{n}", f"t{(n - 1) % size}") for n in range(size)]

    with pytest.raises(CycleError) as caught:
        plan(*tasks)

    assert len(str(caught.value)) < 200
    assert "99992 more" in str(caught.value)


def test_a_task_that_waits_for_itself_is_a_cycle() -> None:
    with pytest.raises(CycleError, match="a → a"):
        plan(spec("a", "a"))


def test_every_problem_is_found_at_once() -> None:
    broken = Plan(name="x", tasks=[spec("a", "b"), spec("A"), spec("c", "d")])

    assert [type(problem).__name__ for problem in broken.problems()] == [
        "DuplicateTaskError",
        "UnknownTaskError",
        "UnknownTaskError",
    ]


def test_a_plan_survives_json() -> None:
    before = plan(spec("a", retries=2), spec("b", "a", executor="shell", timeout=3.5))

    after = Plan.from_json(before.to_json())

    assert after.tasks == before.tasks
    assert after.hash == before.hash


def test_arguments_that_json_does_not_know_become_previews() -> None:
    task = TaskSpec(name="a", args=(object(),), options=TaskOptions())
    stored = msgspec.json.decode(plan(task).to_json())

    assert stored["tasks"][0]["args"] == [{"type": "object"}]


EDGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40)


@given(EDGES)
def test_order_or_cycle_but_never_neither(edges: list[tuple[int, int]]) -> None:
    needed = [sorted({a for a, b in edges if b == number}) for number in range(15)]
    after = successors_of(needed)
    order = topological_order(needed, after)
    cycle = find_cycle(needed, after)

    if cycle is None:
        place = {number: index for index, number in enumerate(order)}
        assert sorted(order) == list(range(15))
        assert all(place[a] < place[b] for a, b in edges)
    else:
        assert len(order) < 15
        for one, other in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert one in needed[other]


def test_longest_ways_and_descendants() -> None:
    needed: list[tuple[int, ...]] = [(), (0,), (1,), (0,), ()]
    after = successors_of(needed)

    assert longest_paths(needed, after) == [3, 2, 1, 1, 1]
    assert downstream_of([0], after) == {1, 2, 3}
    assert downstream_of([4], after) == set()
