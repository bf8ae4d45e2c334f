"""The montage builder: exactly the promised number of tasks, in the shape of Montage."""

from collections import Counter
from graphlib import TopologicalSorter
from math import isclose
from time import perf_counter

import pytest

from sample_flows import montage as sample
from sample_flows.montage import KINDS, ONCE, layout, montage
from taskflow_core import Flow, Task

SIZES = [50, 500, 2_000, 10_000]
READY = [sample.flow, sample.medium, sample.large, sample.huge]


def kind(name: str) -> str:
    return name.partition("-")[0]


def graph(flow: Flow) -> dict[str, Task]:
    return {task.name: task for task in flow.tasks}


@pytest.mark.parametrize(("flow", "size"), zip(READY, SIZES, strict=True))
def test_the_ready_flows_have_exactly_the_promised_number_of_tasks(flow: Flow, size: int) -> None:
    assert len(flow.tasks) == len(graph(flow)) == size
    assert flow.name == f"montage-{size}"


@pytest.mark.parametrize("flow", READY, ids=lambda flow: flow.name)
def test_the_graph_is_acyclic_and_upstream_tasks_come_first(flow: Flow) -> None:
    order = TopologicalSorter({task.name: task.depends_on for task in flow.tasks}).static_order()
    assert set(order) == set(graph(flow))
    places = {task.name: place for place, task in enumerate(flow.tasks)}
    assert all(places[up] < places[task.name] for task in flow.tasks for up in task.depends_on)


@pytest.mark.parametrize("size", [50, 51, 777, 2_000])
def test_kinds_occur_once_or_once_a_tile_or_once_a_pair(size: int) -> None:
    tiles, pairs = layout(size)
    expected = dict.fromkeys(ONCE, 1)
    expected |= {"mProject": tiles, "mBackground": tiles, "mDiffFit": len(pairs)}
    assert Counter(kind(task.name) for task in montage(size).tasks) == expected


@pytest.mark.parametrize(
    ("name", "upstream"),
    [
        ("mProject-01", set[str]()),
        ("mDiffFit-01-02", {"mProject-01", "mProject-02"}),
        ("mBgModel", {"mConcatFit"}),
        ("mBackground-07", {"mProject-07", "mBgModel"}),
        ("mViewer", {"mAdd"}),
    ],
)
def test_tasks_depend_on_what_montage_says(name: str, upstream: set[str]) -> None:
    assert set(graph(montage(50))[name].depends_on) == upstream


def test_fits_and_corrected_tiles_are_gathered() -> None:
    tasks = graph(montage(50))
    corrected = {name for name in tasks if kind(name) == "mBackground"}
    assert set(tasks["mConcatFit"].depends_on) == {n for n in tasks if kind(n) == "mDiffFit"}
    assert set(tasks["mImgtbl"].depends_on) == corrected
    assert set(tasks["mAdd"].depends_on) == corrected | {"mImgtbl"}


def test_every_size_comes_out_exactly_with_every_tile_in_some_pair() -> None:
    for size in [*range(50, 400), *range(400, 10_001, 97)]:
        tiles, pairs = layout(size)
        assert 2 * tiles + len(pairs) + len(ONCE) == size
        assert len(set(pairs)) == len(pairs)
        assert {tile for pair in pairs for tile in pair} == set(range(1, tiles + 1))


@pytest.mark.parametrize("size", [0, 49, 10_001])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="50 to 10,000 tasks"):
        montage(size)


def test_seconds_are_shared_out_by_kind_as_in_the_trace() -> None:
    tasks = montage(500, seconds=100).tasks
    assert isclose(sum(task.args[2] for task in tasks), 100, rel_tol=0.01)
    project = tasks[0].args[2] / sample.jitter(1)
    for task in tasks:
        share = task.args[2] / sample.jitter(task.args[1])
        assert isclose(share / project, KINDS[kind(task.name)][0] / KINDS["mProject"][0])


def test_the_same_size_gives_the_same_flow() -> None:
    one, other = ([(t.name, t.args) for t in montage(300).tasks] for _ in range(2))
    assert one == other


def test_sleeping_tasks_run_in_threads_and_computing_ones_in_processes() -> None:
    assert {task.executor for task in sample.huge.tasks} == {"thread"}
    assert sample.huge.max_parallel == 32
    assert {task.executor for task in sample.flow.tasks} == {"process"}


def test_building_the_huge_flow_takes_less_than_a_second() -> None:
    started = perf_counter()
    montage(10_000)
    assert perf_counter() - started < 1


def test_work_says_what_it_did() -> None:
    assert sample.sleep("mAdd", 1, 0.001) == "mAdd 1 slept 0.001 s"
    assert sample.compute("mAdd", 1, 0.001).startswith("mAdd 1 visited ")
