"""However flows are inside of each other: the plan has exactly the tasks and edges expected."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from taskflow_core import Flow, Task
from taskflow_core.loader import load_plan
from taskflow_core.plan import Plan, TaskSpec


class Part(NamedTuple):
    """One task of a flow."""

    name: str
    needs: tuple[str, ...]
    inner: "tuple[Part, ...] | None"
    """What is inside of it, if it is a flow."""
    mapped: bool


Parts = tuple[Part, ...]


@st.composite
def flows(draw: st.DrawFn, depth: int = 3) -> Parts:
    """Flows of up to four tasks, in any order, some of which are flows again."""
    names = draw(st.permutations("abcd"))[: draw(st.integers(0, 4))]
    parts: list[Part] = []
    for place, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else []
        is_flow = depth > 0 and draw(st.integers(0, 2)) == 0
        inner = draw(flows(depth=depth - 1)) if is_flow else None
        parts.append(Part(name, tuple(needs), inner, draw(st.integers(0, 3)) == 0))
    return tuple(draw(st.permutations(parts)))


def in_python(parts: Parts, name: str = "flow") -> Flow:
    """Return the flow as it is made in Python."""
    tasks: list[Task] = []
    for part in parts:
        foreach = [1, 2] if part.mapped else None
        if part.inner is None:
            made = Task(name=part.name, command="x", depends_on=part.needs, foreach=foreach)
        else:
            inner = in_python(part.inner, part.name)
            made = Task(name=part.name, flow=inner, depends_on=part.needs, foreach=foreach)
        tasks.append(made)
    return Flow(name, tasks)


def in_files(parts: Parts, folder: Path, name: str = "flow") -> Path:
    """Write the flow and those inside of it, each as a file of its own."""
    tasks: list[dict[str, object]] = []
    for part in parts:
        task: dict[str, object] = {"name": part.name, "depends_on": part.needs}
        if part.mapped:
            task["foreach"] = [1, 2]
        if part.inner is None:
            task["command"] = "x"
        else:
            file = in_files(part.inner, folder, f"{name}-{part.name}")
            task["flow"] = file.name
        tasks.append(task)
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"tasks": tasks}))
    return file


def expected_edges(parts: Parts, inside: str = "", before: Sequence[str] = ()) -> Iterator[str]:
    """Yield each edge, worked out flow by flow: what is mapped has nothing inside as yet."""
    for part in parts:
        name = inside + part.name
        first = [inside + need for need in part.needs] or before
        last = first
        if part.inner and not part.mapped:
            yield from expected_edges(part.inner, f"{name}/", first)
            needed = {need for each in part.inner for need in each.needs}
            last = [f"{name}/{each.name}" for each in part.inner if each.name not in needed]
        yield from (f"{other} → {name}" for other in last)


def expected_parents(parts: Parts, inside: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield every task and template with the flow that it is in, in the order of the file."""
    for part in parts:
        name = inside + part.name
        yield name, inside.removesuffix("/") or None
        yield from expected_parents(part.inner or (), f"{name}[]/" if part.mapped else f"{name}/")


def check(plan: Plan, parts: Parts) -> None:
    names = [spec.name for spec in plan.tasks]
    edges = [f"{names[up]} → {name}" for n, name in enumerate(names) for up in plan.upstream[n]]
    assert sorted(edges) == sorted(expected_edges(parts))
    everything = list(expected_parents(parts))
    assert [(s.name, s.parent) for s in plan.tasks] == [e for e in everything if "[]" not in e[0]]
    templates = [e for e in everything if "[]" in e[0]]
    assert sorted((s.name, s.parent) for s in plan.templates) == sorted(templates)
    for spec in plan.written:
        assert all(name.rpartition("/")[0] == (spec.parent or "") for name in spec.depends_on)


def shape(spec: TaskSpec) -> tuple[object, ...]:
    return spec.name, spec.kind, spec.parent, spec.depends_on, spec.foreach


@settings(max_examples=150, deadline=None)
@given(flows())
def test_any_nesting_in_python(parts: Parts) -> None:
    made = in_python(parts)

    plan = made.plan()

    check(plan, parts)
    assert len(made.functions()) == len(plan.written)
    assert Plan.from_json(plan.to_json()) == plan


@settings(max_examples=40, deadline=None)
@given(flows())
def test_any_nesting_in_files_is_the_same_as_in_python(parts: Parts) -> None:
    with TemporaryDirectory() as folder:
        plan = load_plan(in_files(parts, Path(folder))).plan

    check(plan, parts)
    assert list(map(shape, plan.written)) == list(map(shape, in_python(parts).plan().written))


@settings(max_examples=100, deadline=None)
@given(flows(), st.data())
def test_whatever_grows_finds_its_code_and_its_names(parts: Parts, data: st.DataObject) -> None:
    """Growing every mapped task makes copies of what was written, each with names of its own."""
    plan = in_python(parts).plan().own()
    number = 0
    while number < len(plan.tasks) and number < 200:
        if plan.tasks[number].foreach is not None:
            plan.grow(number, data.draw(st.integers(0, 2)))
        number += 1

    for number, spec in enumerate(plan.tasks):
        written = plan.written.spec(plan.nesting.codes[number])
        assert plan.home(number).task == bare(spec.name)
        assert bare(written.name) == bare(spec.name)
        local = plan.nesting.local_name(number)
        assert bare(local) == bare(written.name).rpartition("/")[2]
        needs = [plan.nesting.local_name(other) for other in plan.needs[number]]
        assert needs == plan.written.upstream(plan.nesting.codes[number])


def bare(name: str) -> str:
    """Return a name without the numbers of copies."""
    return "".join(part for part in name.replace("]", "[").split("[") if not part.isdigit())
