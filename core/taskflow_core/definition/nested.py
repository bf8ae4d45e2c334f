"""A flow and those inside of it, made in Python or read from files, as one plan."""

import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from taskflow_core.definition.flow_settings import FlowSettings
from taskflow_core.definition.inner_flows import AsTask
from taskflow_core.definition.planning import Planner, folder_in
from taskflow_core.definition.tasks import Task
from taskflow_core.errors import DefinitionError
from taskflow_core.expressions import has_expressions
from taskflow_core.flow_module import flow_in, load_flow_module, name_in, split_path
from taskflow_core.inlining import (
    AROUND,
    Body,
    NestingError,
    check_count,
    check_depth,
    check_may_enter,
    container,
    cycle_of_flows,
    inlined,
)
from taskflow_core.params import Param, given_problems
from taskflow_core.plan import Plan, SubFlow, TaskSpec

Made = Body[Task | None]
"""Tasks of a plan, and what they were made from: None for those of YAML and JSON files."""


class Flows(AsTask, ABC):
    """A flow as it is planned."""

    params: dict[str, Param]
    settings: FlowSettings
    is_planned = False
    """It was planned, so it no longer changes."""

    @property
    @abstractmethod
    def tasks(self) -> Sequence[Task]:
        """Its own tasks."""


class Planned(NamedTuple):
    """A plan, and what its tasks, and then its templates, were made from."""

    plan: Plan
    made_from: Sequence[Task | None]


class _Inner(NamedTuple):
    """A flow as a task of another."""

    subflow: SubFlow
    body: Made


def planned(flow: Flows, *, source: str | None, executor: str, cwd: str | None) -> Planned:
    """Return the plan of a flow, with the tasks of those inside of it.

    Args:
        flow: The flow.
        source: Its file.
        executor: What runs functions of tasks that do not say.
        cwd: The folder of the flow; a path that is not absolute is looked for there.

    Raises:
        DefinitionError: the tasks do not make a graph.
        FlowFileError: a flow file that is named has problems.
    """
    said, maker = flow.settings, _Maker(executor)
    body = maker.body(flow, cwd, ())
    plan = Plan.of(
        name=flow.name,
        tasks=body.tasks,
        templates=body.templates,
        description=said.description,
        source=source,
        max_parallel=said.max_parallel,
        on_failure=said.on_failure,
        ready_order=said.order,
        timeout=said.timeout,
        pools=body.pools,
        params=flow.params,
        handlers=_handlers(said, executor, cwd),
    )
    maker.freeze()
    return Planned(plan, body.made_from)


def _handlers(said: FlowSettings, executor: str, cwd: str | None) -> list[TaskSpec]:
    planner = Planner(executor=executor, cwd=folder_in(cwd, said.cwd), env=said.env)
    return [planner.handler(handling) for handling in said.handlers]


class _Maker:
    """Makes flows into tasks, from the inside out."""

    def __init__(self, executor: str) -> None:
        self._executor = executor
        self._read: dict[str, _Inner] = {}
        """What was read of flow files, by path."""
        self._flows: list[Flows] = []

    def freeze(self) -> None:
        """Let all the flows change no longer, nor their tasks."""
        for flow in self._flows:
            flow.is_planned = True
            for task in flow.tasks:
                task.planned_by = flow.name

    def body(self, flow: Flows, cwd: str | None, around: tuple[Flows, ...]) -> Made:
        """Return the tasks of a flow and of those inside of it.

        Args:
            flow: The flow.
            cwd: The folder of its file.
            around: The flows that it is in, from the outside in.
        """
        _check_around(flow, around)
        said, tasks, inside = flow.settings, flow.tasks, (*around, flow)
        folder = folder_in(cwd, said.cwd)
        planner = Planner(executor=self._executor, cwd=folder, env=said.env, defaults=said.defaults)
        specs = [planner.spec(task) for task in tasks]
        if around:
            Plan.of(name=flow.name, tasks=specs, pools=said.pools)  # checks it by itself
        inner = {
            number: self._inner(task, cwd, inside)
            for number, task in enumerate(tasks)
            if task.subflow is not None
        }
        self._flows.append(flow)
        if not inner:
            return Body(specs, [], said.pools, list(tasks))
        check_count(len(specs) + sum(each.body.size for each in inner.values()))
        for number, each in inner.items():
            specs[number] = _container(specs[number], tasks[number], each.subflow)
        bodies = {number: each.body for number, each in inner.items()}
        return inlined(specs, tasks, said.pools, bodies)

    def _inner(self, task: Task, cwd: str | None, around: tuple[Flows, ...]) -> _Inner:
        try:
            if isinstance(task.subflow, Flows):
                return self._of(task.subflow, cwd, around)
            return self._from_file(folder_in(cwd, str(task.subflow)) or "", around)
        except NestingError:
            raise
        except DefinitionError as error:
            error.args = (f"in sub-flow {task.name!r}: {error}",)
            error.task = task.name
            raise

    def _of(self, flow: Flows, cwd: str | None, around: tuple[Flows, ...]) -> _Inner:
        limit = flow.settings.max_parallel
        subflow = SubFlow(name=flow.name, params=flow.params, max_parallel=limit)
        return _Inner(subflow, self.body(flow, cwd, around))

    def _from_file(self, path: str, around: tuple[Flows, ...]) -> _Inner:
        file, name = split_path(path)
        real = os.path.realpath(file)
        key = real if name is None else f"{real}:{name}"
        if key not in self._read:
            is_python = real.lower().endswith(".py")
            read = self._from_python if is_python else self._from_data
            self._read[key] = read(key, real, name, around)
        return self._read[key]

    def _from_python(
        self, key: str, file: str, name: str | None, around: tuple[Flows, ...]
    ) -> _Inner:
        if not os.path.isfile(file):  # noqa: PTH113  text
            raise DefinitionError(f"there is no file {file!r}")
        check_may_enter(key, AROUND.get())
        module = load_flow_module(file)
        flow = flow_in(module, name)
        assert isinstance(flow, Flows), "a file that makes a flow makes one of these"
        token = AROUND.set((*AROUND.get(), key))
        try:
            subflow, body = self._of(flow, os.path.dirname(file), around)  # noqa: PTH120
        finally:
            AROUND.reset(token)
        found = name or name_in(module, flow)
        return _Inner(msgspec.structs.replace(subflow, source=file, flow_name=found), body)

    def _from_data(
        self, key: str, file: str, name: str | None, around: tuple[Flows, ...]
    ) -> _Inner:
        del key, name, around
        # Not imported: it is above this module; what reads flow files needs all of it.
        inside = importlib.import_module("taskflow_core.loader.inside")
        subflow, body = inside.read_inside(file)
        return _Inner(subflow, body)


def _check_around(flow: Flows, around: tuple[Flows, ...]) -> None:
    """Refuse a flow inside of itself, or of too many others."""
    for place, other in enumerate(around):
        if other is flow:
            raise cycle_of_flows([each.name for each in (*around[place:], flow)])
    check_depth(len(AROUND.get()) + len(around) + 1)


def _container(spec: TaskSpec, task: Task, subflow: SubFlow) -> TaskSpec:
    for problem in given_problems(subflow.params, task.given, has_expressions):
        error = DefinitionError(f"task {task.name!r}: {problem.message}", hint=problem.hint)
        error.task = task.name
        raise error
    return container(spec, msgspec.structs.replace(subflow, given=task.given))
