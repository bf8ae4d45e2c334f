"""Replaying recorded workflows: files in WfFormat, as WfCommons publishes them (wfcommons.org).

The recorded tasks take as long as they took; when each starts is decided by our scheduler, with as
many identical workers as one likes.
"""

from os import PathLike
from pathlib import Path
from typing import NamedTuple

import msgspec

from taskflow_core.errors import DefinitionError
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.policies import Order
from taskflow_core.testing.script import Scripts
from taskflow_core.testing.simulated import Scheduled
from taskflow_core.testing.simulation import Simulation

MICRO = 1_000_000
"""Times are counted in whole microseconds, so that sums are exact."""


class SimulatedTrace(NamedTuple):
    """How a recorded workflow would have gone."""

    makespan: float
    """Seconds from the first start to the last end."""
    schedule: list[Scheduled]
    """Its tasks, by id, in the order in which they started; in seconds."""


class _Task(msgspec.Struct):
    id: str
    parents: list[str] = []
    children: list[str] = []


class _Specification(msgspec.Struct):
    tasks: list[_Task]


class _Executed(msgspec.Struct):
    id: str
    runtimeInSeconds: float  # noqa: N815  the format's own name


class _Execution(msgspec.Struct):
    tasks: list[_Executed]


class _Workflow(msgspec.Struct):
    specification: _Specification
    execution: _Execution


class _File(msgspec.Struct):
    workflow: _Workflow


def simulate_trace(
    path: str | PathLike[str], *, workers: int = 4, order: Order = "file"
) -> SimulatedTrace:
    """Return when the tasks of a recorded workflow run, one a worker, without any overhead.

    Args:
        path: A file in WfFormat 1.5 or newer.
        workers: How many tasks run at once.
        order: Which of several ready tasks starts first: the one that comes first in the `file`;
            the one that became ready first, `fifo`; or the `critical` one, with the longest way to
            the end in recorded seconds.

    Raises:
        DefinitionError: the file is not in that format, or its tasks do not make a graph.
    """
    plan, durations, ids = _read(Path(path))
    simulation = Simulation(
        plan.in_order(order),
        scripts=Scripts(plan, {}),
        durations=durations,
        workers=workers,
        longest=_longest_ways(plan, durations),
    )
    run = simulation.run()
    schedule = [
        Scheduled(ids[int(one.task)], one.start / MICRO, (one.end or 0.0) / MICRO)
        for one in run.schedule
    ]
    return SimulatedTrace(run.makespan / MICRO, schedule)


def _read(path: Path) -> tuple[Plan, list[float], list[str]]:
    """Return a plan whose tasks are called by their number, their microseconds, and their ids."""
    try:
        workflow = msgspec.json.decode(path.read_bytes(), type=_File).workflow
    except msgspec.DecodeError as error:
        raise DefinitionError(
            f"{path} is not in WfFormat: {error}", hint="WfFormat 1.5 or newer is understood."
        ) from error
    tasks = workflow.specification.tasks
    parents: dict[str, dict[str, None]] = {task.id: dict.fromkeys(task.parents) for task in tasks}
    for task in tasks:
        for child in task.children:
            parents.setdefault(child, {})[task.id] = None
    ids = list(parents)
    number = {task_id: str(place) for place, task_id in enumerate(ids)}
    specs = [
        TaskSpec(name=number[task_id], depends_on=tuple(number.get(p, p) for p in parents[task_id]))
        for task_id in ids
    ]
    took = {task.id: task.runtimeInSeconds for task in workflow.execution.tasks}
    durations = [float(round(took.get(task_id, 0.0) * MICRO)) for task_id in ids]
    return Plan.of(name=path.stem, tasks=specs), durations, ids


def _longest_ways(plan: Plan, durations: list[float]) -> list[float]:
    longest = list(durations)
    for number in reversed(plan.order):
        longest[number] += max((longest[other] for other in plan.downstream[number]), default=0.0)
    return longest
