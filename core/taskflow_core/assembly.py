"""Putting a run together: plan, state, executors, journal and buses into an engine."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from taskflow_core._version import __version__
from taskflow_core.bus import EventBus
from taskflow_core.engine import Engine
from taskflow_core.events import RunCreated
from taskflow_core.executors.base import CachePlace, Code, Executor, Workplace
from taskflow_core.executors.coroutine import CoroutineExecutor
from taskflow_core.executors.inline import InlineExecutor
from taskflow_core.executors.installed import ExecutorError, installed_factory, lane_of
from taskflow_core.executors.probing import Prober
from taskflow_core.executors.process import ProcessExecutor
from taskflow_core.executors.shell import ShellExecutor
from taskflow_core.executors.thread import ThreadExecutor
from taskflow_core.forecast import Terms
from taskflow_core.handler_place import HandlerPlace
from taskflow_core.handlers import Handlers
from taskflow_core.inquiries import Inquiries
from taskflow_core.lanes import INLINE, PROCESSES, THREADS
from taskflow_core.plan import Functions, Plan, TaskSpec
from taskflow_core.publisher import Journal
from taskflow_core.results import ResultStore
from taskflow_core.scheduling.scheduler import Describe, Scheduler
from taskflow_core.sight import Sight
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus

THREAD_SLOTS = 32
"""How many tasks run in threads at once, unless the flow says."""


_HAVE_RESULTS = frozenset(
    {TaskStatus.SUCCEEDED, TaskStatus.ROLLING_BACK, TaskStatus.ROLLBACK_FAILED}
)
"""Tasks in these may have succeeded; what undoes them needs their results."""


def process_slots() -> int:
    """Return how many processes and commands run at once, unless the flow says."""
    return (os.cpu_count() or 1) + 2


class Parts(msgspec.Struct, kw_only=True):
    """What a run is made of."""

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
    cache: CachePlace | None = None
    """Where successes are kept for later runs; None if nowhere."""
    max_parallel: int | None = None
    on_commit: Callable[[], None] = lambda: None
    describe: Describe = lambda _: None
    handlers: tuple[Code, Functions | None] | None = None
    """The functions of the plan's handlers, and their callables if the flow was made in memory."""

    @property
    def plan(self) -> Plan:
        """What the run does: its own plan, to which tasks may be added."""
        return self.state.plan


def assemble(parts: Parts) -> Engine:
    """Return an engine that is ready to start.

    Raises:
        ExecutorError: the plan names an executor that does not exist.
    """
    sight = Sight(parts.state, parts.results)
    inquiries = Inquiries(sight, parts.results)
    if any(parts.state.counts[status] for status in _HAVE_RESULTS):
        _adopt_results(parts, inquiries)
    terms = Terms(
        slots=slots(parts.max_parallel),
        total=parts.max_parallel,
        lane_of={name: lane_of(name) for name in parts.plan.executors},
        evaluate=sight.evaluate,
    )
    scheduler = Scheduler(
        parts.plan,
        parts.state,
        run=parts.run,
        slots=terms.slots,
        total=terms.total,
        lane_of=terms.lane_of,
        describe=parts.describe,
        evaluate=terms.evaluate,
        adopt=parts.results.adopt,
        openings=inquiries,
    )
    place = _workplace(parts, sight)
    engine = Engine(
        scheduler,
        _executors(place),
        terms,
        journal=parts.journal,
        buses=parts.buses,
        on_commit=parts.on_commit,
        handlers=_handlers(parts, sight),
    )
    place.report = engine.progressed
    place.missed, place.not_kept = engine.missed, engine.not_kept
    if parts.plan.lifetimes is not None:
        engine.prober = Prober(place, engine.is_ready, engine.not_ready)
    return engine


def _handlers(parts: Parts, sight: Sight) -> Handlers | None:
    if parts.handlers is None:
        return None
    code, functions = parts.handlers
    place = HandlerPlace(
        sight,
        run=parts.run,
        code=code,
        functions=functions,
        folder=parts.folder,
        home=parts.results.folder,
        tmp=parts.tmp,
    )
    return Handlers(place, _executors(place))


def _adopt_results(parts: Parts, inquiries: Inquiries) -> None:
    parts.results.reserve(len(parts.plan.tasks))
    for number, task in enumerate(parts.state.tasks):
        if task.state in _HAVE_RESULTS and task.expansion is not None:
            children = parts.plan.nesting.children.get(number, [])[: task.expansion.children]
            inquiries.gathered(number, children)
        elif task.state in _HAVE_RESULTS:
            parts.results.adopt(number, task.result)


def check_executors(plan: Plan) -> None:
    """Refuse a plan that names an executor that does not exist.

    Raises:
        ExecutorError: it does.
    """
    for name in plan.executors:
        try:
            lane_of(name)
        except ExecutorError as error:
            error.task = next(spec.name for spec in plan.tasks if name in _executors_of(spec))
            raise


def created(
    plan: Plan,
    run: str,
    *,
    max_parallel: int | None,
    by: str,
    params: dict[str, Any] | None = None,
) -> RunCreated:
    """Return the first event of a run; `params` are values as JSON."""
    source = plan.source and (f"{plan.source}:{plan.flow_name}" if plan.flow_name else plan.source)
    versions = {"taskflow": __version__, "python": platform.python_version()}
    packed = msgspec.Raw(plan.packed)
    now, shown = time.time(), params or {}
    return RunCreated(
        1, now, run, plan.name, source, packed, plan.hash, max_parallel, by, versions, shown
    )


def slots(max_parallel: int | None) -> dict[str, int]:
    """Return how many tasks may run at once in each lane."""
    if max_parallel is not None:
        return {THREADS: max_parallel, PROCESSES: max_parallel, INLINE: 1}
    return {THREADS: THREAD_SLOTS, PROCESSES: process_slots(), INLINE: 1}


_BUILT_IN: dict[str, Callable[[Workplace], Executor]] = {
    "thread": ThreadExecutor,
    "async": CoroutineExecutor,
    "process": ProcessExecutor,
    "shell": ShellExecutor,
    "inline": InlineExecutor,
}


def _workplace(parts: Parts, sight: Sight) -> Workplace:
    return Workplace(
        parts.plan,
        run=parts.run,
        results=parts.results,
        sight=sight,
        code=parts.code,
        functions=parts.functions,
        folder=parts.folder,
        tmp=parts.tmp,
        cache=parts.cache,
    )


def _executors(place: Workplace) -> dict[str, Executor]:
    return {name: _executor(name, place) for name in place.plan.executors}


def _executor(name: str, place: Workplace) -> Executor:
    executor = (_BUILT_IN.get(name) or installed_factory(name))(place)
    is_checked = place.cache is not None and name in place.plan.checked_by
    if not is_checked or place.cache is None or name == "process":  # workers look it up themselves
        return executor
    from taskflow_core.executors.cached import CachingExecutor  # not light, and rarely needed

    return CachingExecutor(executor, place, place.cache)


def _executors_of(spec: TaskSpec) -> set[str]:
    undoing = {spec.rollback.executor} if spec.rollback is not None else set[str]()
    return {spec.options.executor} | undoing
