"""Putting a run together: plan, state, executors, journal and buses into an engine."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path

import msgspec

from taskflow_core._version import __version__
from taskflow_core.bus import EventBus
from taskflow_core.engine import Engine
from taskflow_core.errors import DefinitionError
from taskflow_core.events import RunCreated
from taskflow_core.executors.base import Executor, Workplace
from taskflow_core.executors.process import ProcessExecutor
from taskflow_core.executors.shell import ShellExecutor
from taskflow_core.executors.thread import Code, ThreadExecutor
from taskflow_core.plan import Functions, Plan
from taskflow_core.publisher import Journal
from taskflow_core.results import ResultStore
from taskflow_core.scheduling.ready import LANE_OF, PROCESSES, THREADS
from taskflow_core.scheduling.scheduler import Describe, Scheduler
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus

THREAD_SLOTS = 32
"""How many tasks run in threads at once, unless the flow says."""


def process_slots() -> int:
    """Return how many processes and commands run at once, unless the flow says."""
    return (os.cpu_count() or 1) + 2


class Parts(msgspec.Struct, kw_only=True):
    """What a run is made of."""

    plan: Plan
    run: str
    state: RunState
    results: ResultStore
    tmp: Path
    code: Code
    functions: Functions | None = None
    """The callables of a flow made in memory."""
    folder: Path | None = None
    """The run's folder; None if nothing is recorded."""
    journal: Journal | None = None
    buses: Sequence[EventBus] = ()
    max_parallel: int | None = None
    on_commit: Callable[[], None] = lambda: None
    describe: Describe = lambda _: None


def assemble(parts: Parts) -> Engine:
    """Return an engine that is ready to start.

    Raises:
        DefinitionError: the plan names an executor that does not exist.
    """
    succeeded = TaskStatus.SUCCEEDED
    for number, task in enumerate(parts.state.tasks):
        if task.state is succeeded:
            parts.results.adopt(number, task.result)
    scheduler = Scheduler(
        parts.plan,
        parts.state,
        run=parts.run,
        slots=_slots(parts.max_parallel),
        total=parts.max_parallel,
        describe=parts.describe,
    )
    return Engine(
        scheduler,
        _executors(parts),
        journal=parts.journal,
        buses=parts.buses,
        on_commit=parts.on_commit,
    )


def check_executors(plan: Plan) -> None:
    """Refuse a plan that names an executor that does not exist.

    Raises:
        DefinitionError: it does.
    """
    if _executor_names(plan) <= LANE_OF.keys():
        return
    for spec in plan.tasks:
        if spec.options.executor not in LANE_OF:
            raise DefinitionError(
                f"task {spec.name!r} names the executor {spec.options.executor!r}",
                hint=f"There are: {', '.join(LANE_OF)}.",
            )


def created(plan: Plan, run: str, *, max_parallel: int | None, by: str) -> RunCreated:
    """Return the first event of a run."""
    source = plan.source and (f"{plan.source}:{plan.flow_name}" if plan.flow_name else plan.source)
    versions = {"taskflow": __version__, "python": platform.python_version()}
    packed = msgspec.Raw(plan.packed)
    return RunCreated(
        1, time.time(), run, plan.name, source, packed, plan.hash, max_parallel, by, versions
    )


def _slots(max_parallel: int | None) -> dict[str, int]:
    if max_parallel is not None:
        return {THREADS: max_parallel, PROCESSES: max_parallel}
    return {THREADS: THREAD_SLOTS, PROCESSES: process_slots()}


def _executors(parts: Parts) -> dict[str, Executor]:
    place = Workplace(
        parts.plan, run=parts.run, results=parts.results, folder=parts.folder, tmp=parts.tmp
    )
    make: dict[str, Callable[[], Executor]] = {
        "thread": lambda: ThreadExecutor(place, parts.code),
        "process": lambda: ProcessExecutor(place, parts.functions),
        "shell": lambda: ShellExecutor(place),
    }
    return {name: make[name]() for name in _executor_names(parts.plan)}


def _executor_names(plan: Plan) -> set[str]:
    return set(map(attrgetter("options.executor"), plan.tasks))
