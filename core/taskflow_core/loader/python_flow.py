"""A Python flow file → a plan; inside the helper process, as it executes the file."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from taskflow_core.arguments import bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.definition.flows import Flow
from taskflow_core.definition.tasks import Task
from taskflow_core.errors import ArgumentsError, DefinitionError, TaskflowError
from taskflow_core.expression_checks import expression_problems
from taskflow_core.importing import place_of, told, user_traceback
from taskflow_core.loader.wire import Answer, Finding
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.resolve import (
    FlowModuleError,
    FunctionError,
    flow_in,
    load_flow_module,
    resolve_function,
)
from taskflow_core.rollback_functions import Own, check_rollback_function


def answer_about_flow(path: str, flow_name: str | None) -> Answer:
    """Execute the file and return its flow's plan, or everything that is wrong with it."""
    try:
        module = load_flow_module(path)
        flow = flow_in(module, flow_name)
        assert isinstance(flow, Flow)
    except FlowModuleError as error:
        place = error.line, error.column
        return Answer(findings=(Finding(error.slug, str(error), error.hint, *place),))
    name = next(key for key, value in vars(module).items() if value is flow)
    try:
        return _planned(flow, path, flow_name or name)
    except Exception as error:  # noqa: BLE001  whatever the objects in the file do
        return Answer(findings=(_broken(error, path),))


def _planned(flow: Flow, path: str, name: str) -> Answer:
    folder = str(Path(path).parent)
    try:
        plan = flow.plan(executor="process", cwd=folder)
    except DefinitionError as error:
        return Answer(findings=(_bad_flow(error, flow, path),))
    plan.source, plan.flow_name = path, name
    findings: list[Finding] = []
    for number, task in enumerate(flow.tasks):
        findings += _problems_of(task, plan, number, path)
    findings += [_at_task(error, flow, path) for error in expression_problems(plan)]
    return Answer(findings=tuple(findings)) if findings else Answer(plan=plan)


def _problems_of(task: Task, plan: Plan, number: int, path: str) -> list[Finding]:
    """Return what is wrong with a task's functions; note in the plan what its own one takes."""
    folder, func = str(Path(path).parent), task.func
    try:
        own = _bound(task, plan, number, folder)
        func = task.rollback_func or func
        _check_rollback(task, plan.tasks[number], own, folder)
    except FunctionError as error:
        return [_finding(error.slug, error, _line(func, path))]
    except ArgumentsError as error:
        line = _line(func, path)
        return [_finding("bad-arguments", each, line) for each in error.problems]
    except DefinitionError as error:
        return [_finding("wrong-executor", error, _line(func, path))]
    return []


def _bound(task: Task, plan: Plan, number: int, folder: str) -> Own | None:
    spec = plan.tasks[number]
    if spec.kind != "function":
        return None
    func = task.func or resolve_function(task.function or "", folder)
    check_executor_fits(spec.name, spec.options.executor, func)
    upstream = [plan.tasks[other].name for other in plan.upstream[number]]
    binding = bind(
        func,
        task=task.name,
        upstream=upstream,
        args=task.args,
        kwargs=task.kwargs,
        params=plan.params,
    )
    plan.tasks[number] = msgspec.structs.replace(spec, takes_context=binding.takes_context)
    return func, binding


def _check_rollback(task: Task, spec: TaskSpec, own: Own | None, folder: str) -> None:
    if spec.rollback is None or spec.rollback.command is not None:
        return
    func = task.rollback_func or resolve_function(spec.rollback.function or "", folder)
    check_rollback_function(func, task=task.name, own=own)


def _bad_flow(error: DefinitionError, flow: Flow, path: str) -> Finding:
    place = place_of(error, path)
    if place is not None:  # in the function that builds the flow
        return Finding("bad-flow", str(error), error.hint, place.line, place.column)
    return _at_task(error, flow, path, "bad-flow")


def _at_task(
    error: DefinitionError, flow: Flow, path: str, slug: str = "bad-expression"
) -> Finding:
    """Return what is wrong with a task, at the line of its function."""
    tasks = [task for task in flow.tasks if task.name == error.task]
    return _finding(slug, error, _line(tasks[-1].func, path) if tasks else None)


def _finding(slug: str, error: TaskflowError, line: int | None) -> Finding:
    return Finding(slug, str(error), error.hint, line, None if line is None else 1)


def _broken(error: Exception, path: str) -> Finding:
    place = place_of(error, path)
    line, column = (None, None) if place is None else (place.line, place.column)
    return Finding("python-error", told(error), user_traceback(error), line, column)


def _line(func: Callable[..., Any] | None, path: str) -> int | None:
    """Return where a function is defined, if it is in the file at `path`."""
    while isinstance(func, functools.partial):
        func = func.func
    code = getattr(inspect.unwrap(func), "__code__", None) if func is not None else None
    return code.co_firstlineno if code is not None and code.co_filename == path else None
