"""What a plan's shape says: layers, ways, the critical path and slack, as NetworkX has them."""

from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core import analysis
from taskflow_core.errors import DefinitionError, UnknownTaskError
from taskflow_core.export.digraph import to_networkx
from taskflow_core.graph import transitive_reduction
from taskflow_core.plan import Plan, TaskSpec
from tests.core.drawn import plans
from tests.core.driving import plan, spec

networkx: Any = nx
"""Its types say little."""

DIAMOND = plan(spec("a"), spec("b", "a"), spec("c", "a"), spec("d", "b", "c", "a"))
SECONDS = {"a": 1.0, "b": 0.1, "c": 0.2, "d": 3.0}


def test_a_diamond() -> None:
    assert analysis.order(DIAMOND) == ["a", "b", "c", "d"]
    assert analysis.layers(DIAMOND) == [["a"], ["b", "c"], ["d"]]
    assert analysis.ancestors(DIAMOND, "d") == ["a", "b", "c"]
    assert analysis.descendants(DIAMOND, "b") == ["d"]
    assert ("a", "d") not in analysis.necessary_edges(DIAMOND)


def test_the_critical_path_counts_tasks_without_durations() -> None:
    assert analysis.critical_path(DIAMOND) == (("a", "b", "d"), 3.0)


def test_the_critical_path_counts_seconds_with_durations() -> None:
    assert analysis.critical_path(DIAMOND, SECONDS) == (("a", "c", "d"), 4.2)


def test_slack_is_how_long_a_task_can_wait() -> None:
    slack = analysis.slack(DIAMOND, SECONDS)

    assert slack["b"] == (1.0, 1.1, 0.1)
    assert [slack[name].slack for name in "acd"] == [0, 0, 0]


def test_a_task_without_a_duration_takes_no_time() -> None:
    assert analysis.critical_path(DIAMOND, {"b": 2.0}) == (("a", "b", "d"), 2.0)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_duration_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(DefinitionError, match="'b'"):
        analysis.critical_path(DIAMOND, {"b": seconds})


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(UnknownTaskError, match="'x'"):
        analysis.ancestors(DIAMOND, "x")


def test_an_empty_plan() -> None:
    empty = Plan.of(name="empty", tasks=[])

    assert analysis.layers(empty) == []
    assert analysis.critical_path(empty) == ((), 0.0)
    assert analysis.slack(empty) == {}


@given(plans(), st.data())
def test_the_critical_path_is_the_longest_that_networkx_finds(
    plan: Plan, data: st.DataObject
) -> None:
    seconds = {s.name: data.draw(st.integers(0, 5)) / 8 for s in plan.tasks}
    graph = to_networkx(plan)
    for one, other in graph.edges:
        graph.edges[one, other]["weight"] = seconds[one]
    for name in list(graph):
        graph.add_edge(name, f"end of {name}", weight=seconds[name])

    path, length = analysis.critical_path(plan, seconds)

    assert length == networkx.dag_longest_path_length(graph)
    assert length == sum(seconds[name] for name in path)
    assert all(one in plan.tasks[plan.index[other]].depends_on for one, other in pairwise(path))


@given(plans(), st.data())
def test_a_task_that_starts_at_its_latest_delays_nothing(plan: Plan, data: st.DataObject) -> None:
    seconds = {s.name: data.draw(st.floats(0, 1e6)) for s in plan.tasks}
    path, length = analysis.critical_path(plan, seconds)
    times = analysis.slack(plan, seconds)

    assert all(times[name].slack == 0 for name in path)
    for task in plan.tasks:
        mine = times[task.name]
        assert 0 <= mine.earliest <= mine.latest
        assert mine.latest + seconds[task.name] <= length + 1e-6
        for other in task.depends_on:
            assert times[other].earliest + seconds[other] <= mine.earliest + 1e-6
            assert times[other].latest + seconds[other] <= mine.latest + 1e-6


@given(plans())
def test_ways_and_layers_are_those_of_networkx(plan: Plan) -> None:
    graph = to_networkx(plan)

    for name in graph:
        assert set(analysis.ancestors(plan, name)) == networkx.ancestors(graph, name)
        assert set(analysis.descendants(plan, name)) == networkx.descendants(graph, name)
    reduced = networkx.transitive_reduction(graph)
    assert sorted(analysis.necessary_edges(plan)) == sorted(reduced.edges)
    assert list(map(set, analysis.layers(plan))) == list(
        map(set, networkx.topological_generations(graph))
    )


def test_a_reduction_that_takes_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        sorted({n + 1, n + 2, min(n * 2 + 1, 199)} & set(range(n + 1, 200))) for n in range(200)
    ]
    whole = transitive_reduction(rows)
    monkeypatch.setattr("taskflow_core.graph._BLOCK", 7)

    assert transitive_reduction(rows) == whole


def test_a_chain_of_100000_tasks() -> None:
    count = 100_000
    chain = Plan.of(
        name="chain",
        tasks=[
            TaskSpec(name=f"t{n}", depends_on=(f"t{n - 1}",) if n else ()) for n in range(count)
        ],
    )

    assert analysis.critical_path(chain).length == count
    assert len(analysis.ancestors(chain, f"t{count - 1}")) == count - 1
    assert len(analysis.necessary_edges(chain)) == count - 1
