"""Questions about the shape of a plan, by task name: layers, ways, the critical path, slack.

Nothing here recurses. Durations are seconds by task name; a task that has none counts as 0, as
long as any are given, and every task counts as 1 without them. `forecast.durations` has those
measured in a run.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from taskflow_core.errors import DefinitionError
from taskflow_core.graph import downstream_of, layers_of, transitive_reduction, upstream_of
from taskflow_core.plan import Plan

Durations = Mapping[str, float]
"""Seconds by task name."""
Edge = tuple[str, str]
"""A task, and one that depends on it."""

_TICKS = 1_000_000_000
"""Times are added up as whole nanoseconds, so that a slack of 0 is exactly 0."""


class CriticalPath(NamedTuple):
    """The chain of tasks that a run with enough slots would take longest for."""

    tasks: tuple[str, ...]
    length: float
    """Seconds that its tasks take together, or how many they are where every task counts as 1."""


class Slack(NamedTuple):
    """When a task can start, in seconds after the run's start, if slots never lack."""

    earliest: float
    latest: float
    """If it starts later, the run takes longer."""
    slack: float
    """The time in between; 0 on a critical path."""


def order(plan: Plan) -> list[str]:
    """Return the tasks so that each comes after those it depends on, else in file order."""
    return [plan.tasks[number].name for number in plan.order]


def layers(plan: Plan) -> list[list[str]]:
    """Return the tasks by layer: those without dependencies, then those that need only these."""
    layer = layers_of(plan.order, plan.upstream)
    found: list[list[str]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for spec, number in zip(plan.tasks, layer, strict=True):
        found[number].append(spec.name)
    return found


def ancestors(plan: Plan, name: str) -> list[str]:
    """Return every task that `name` depends on, directly or not, in task order.

    Raises:
        UnknownTaskError: there is no such task.
    """
    return _names(plan, upstream_of([plan.number_of(name)], plan.upstream))


def descendants(plan: Plan, name: str) -> list[str]:
    """Return every task that depends on `name`, directly or not, in task order.

    Raises:
        UnknownTaskError: there is no such task.
    """
    return _names(plan, downstream_of([plan.number_of(name)], plan.downstream))


def necessary_edges(plan: Plan) -> list[Edge]:
    """Return the dependencies that no longer way implies: the transitive reduction.

    They alone already fix the order. One that is left out may still carry a result.
    """
    row_of = {number: row for row, number in enumerate(plan.order)}
    rows = [sorted(row_of[other] for other in plan.downstream[number]) for number in plan.order]
    names = order(plan)
    reduced = transitive_reduction(rows)
    return [(names[row], names[other]) for row, after in enumerate(reduced) for other in after]


def critical_path(plan: Plan, durations: Durations | None = None) -> CriticalPath:
    """Return the longest chain of tasks; of several, the one that comes first in task order.

    Raises:
        DefinitionError: a duration is negative or not finite.
    """
    if not plan.tasks:
        return CriticalPath((), 0.0)
    takes = _ticks(plan, durations)
    after = _after(plan, takes)
    total = [own + rest for own, rest in zip(takes, after, strict=True)]
    roots = [number for number, needed in enumerate(plan.upstream) if not needed]
    path = [max(roots, key=total.__getitem__)]
    while downstream := plan.downstream[path[-1]]:
        path.append(max(downstream, key=total.__getitem__))
    names = tuple(plan.tasks[number].name for number in path)
    return CriticalPath(names, total[path[0]] / _TICKS)


def slack(plan: Plan, durations: Durations | None = None) -> dict[str, Slack]:
    """Return for each task when it can start at the earliest and at the latest.

    Raises:
        DefinitionError: a duration is negative or not finite.
    """
    takes = _ticks(plan, durations)
    after = _after(plan, takes)
    before = [0] * len(takes)
    for number in plan.order:
        ends = (before[other] + takes[other] for other in plan.upstream[number])
        before[number] = max(ends, default=0)
    length = max(map(sum, zip(takes, after, before, strict=True)), default=0)
    found: dict[str, Slack] = {}
    for number, spec in enumerate(plan.tasks):
        latest = length - takes[number] - after[number]
        times = (before[number], latest, latest - before[number])
        found[spec.name] = Slack(*(ticks / _TICKS for ticks in times))
    return found


def _after(plan: Plan, takes: list[int]) -> list[int]:
    """Return for each task how long the longest chain behind it takes."""
    after = [0] * len(takes)
    for number in reversed(plan.order):
        rest = (takes[other] + after[other] for other in plan.downstream[number])
        after[number] = max(rest, default=0)
    return after


def _ticks(plan: Plan, durations: Durations | None) -> list[int]:
    if durations is None:
        return [_TICKS] * len(plan.tasks)
    return [_whole(spec.name, durations.get(spec.name, 0.0)) for spec in plan.tasks]


def _whole(name: str, seconds: float) -> int:
    if not math.isfinite(seconds) or seconds < 0:
        raise DefinitionError(
            f"a task cannot take {seconds} seconds: {name!r}",
            hint="Give a finite number that is not negative.",
        )
    return round(seconds * _TICKS) if seconds < 1e9 else round(seconds) * _TICKS


def _names(plan: Plan, numbers: Iterable[int]) -> list[str]:
    return [plan.tasks[number].name for number in sorted(numbers)]
