"""What is wrong with a flow file's graph, each thing at the item of `depends_on` it is about."""

from collections.abc import Sequence
from typing import NamedTuple

from taskflow_core.errors import CycleError, DuplicateTaskError
from taskflow_core.graph import find_cycle, successors_of
from taskflow_core.loader.edge_reader import Edge
from taskflow_core.loader.report import Report
from taskflow_core.loader.task_reader import TaskDraft

MAX_CYCLES = 10
"""At most this many cycles are reported; the rest follow once these are gone."""


class Graph(NamedTuple):
    """The tasks that have a name, and what they depend on, without what is wrong."""

    tasks: list[TaskDraft]
    upstream: list[list[int]]


def check_graph(drafts: Sequence[TaskDraft], report: Report) -> Graph:
    """Report clashing names, dependencies that lead nowhere, and tasks that wait for each other."""
    named = [draft for draft in drafts if draft.spec.name]
    _check_names(named, report)
    numbers = {draft.spec.name: number for number, draft in reversed([*enumerate(named)])}
    edges = [_good_edges(draft, numbers, report) for draft in named]
    upstream = [[numbers[edge.name] for edge in own] for own in edges]
    _check_cycles(named, edges, numbers, report)
    return Graph(named, upstream)


def _check_names(drafts: Sequence[TaskDraft], report: Report) -> None:
    first: dict[str, TaskDraft] = {}
    for draft in drafts:
        other = first.setdefault(draft.spec.name.casefold(), draft)
        if other is not draft:
            error = DuplicateTaskError(draft.spec.name, other=other.spec.name)
            hint = f"The first is at {report.where(other.at)}: rename one of them."
            report.error("duplicate-task", str(error), draft.at, hint)


def _good_edges(draft: TaskDraft, numbers: dict[str, int], report: Report) -> list[Edge]:
    """Return a task's dependencies on other tasks, each once, after reporting the others."""
    good: dict[str, Edge] = {}
    for edge in draft.edges:
        if edge.name == draft.spec.name:
            message = f"task {edge.name!r} depends on itself"
            report.error("self-dependency", message, edge.at, "Drop the dependency.")
        elif edge.name not in numbers:
            _unknown(edge, numbers, report)
        elif edge.name in good and edge.condition != good[edge.name].condition:
            message = f"{edge.name!r} is listed twice, with different conditions"
            report.error("conflict", message, edge.at, "Keep one.")
        elif edge.name in good:
            message = f"{edge.name!r} is listed twice"
            report.warning("duplicate-dependency", message, edge.at, "Once is enough.")
        else:
            good[edge.name] = edge
    return list(good.values())


def _unknown(edge: Edge, numbers: dict[str, int], report: Report) -> None:
    words = edge.name.replace(",", " ").split()
    if len(words) > 1 and all(word in numbers for word in words):
        hint: str | None = f"Write [{', '.join(words)}]."
    else:
        hint = report.near(edge.name, numbers.keys())
    report.error("unknown-task", f"there is no task {edge.name!r}", edge.at, hint)


def _check_cycles(
    drafts: Sequence[TaskDraft],
    edges: Sequence[list[Edge]],
    numbers: dict[str, int],
    report: Report,
) -> None:
    """Report one cycle after the other, each without the dependencies reported before."""
    needed = [[numbers[edge.name] for edge in own] for own in edges]
    for _ in range(MAX_CYCLES):
        cycle = find_cycle(needed, successors_of(needed))
        if cycle is None:
            return
        error = CycleError([drafts[number].spec.name for number in cycle])
        place = needed[cycle[0]].index(cycle[-1])
        report.error("cycle", str(error), edges[cycle[0]][place].at, error.hint)
        del needed[cycle[0]][place], edges[cycle[0]][place]
