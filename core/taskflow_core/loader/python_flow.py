"""A Python flow file → a plan; inside the helper process, as it executes the file."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from taskflow_core.arguments import bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.definition.flows import Flow
from taskflow_core.definition.handler_keys import Handling
from taskflow_core.definition.tasks import Task
from taskflow_core.errors import ArgumentsError, DefinitionError, FlowFileError, TaskflowError
from taskflow_core.expression_checks import expression_problems
from taskflow_core.flow_module import name_in
from taskflow_core.handling import RUN
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
    try:
        return _planned(flow, path, flow_name or name_in(module, flow))
    except FlowFileError as error:
        return Answer(problems=error.problems)
    except Exception as error:  # noqa: BLE001  whatever the objects in the file do
        return Answer(findings=(_broken(error, path),))


def _planned(flow: Flow, path: str, name: str) -> Answer:
    try:
        plan, made_from = flow.planned(executor="process", cwd=str(Path(path).parent))
    except DefinitionError as error:
        return Answer(findings=(_bad_flow(error, flow, path),))
    plan.source, plan.flow_name = path, name
    found = _Checker(plan, made_from, path).findings()
    for handling, spec in zip(flow.handlers, plan.handlers, strict=True):
        found += _problems_of_handler(handling, spec, plan, path)
    return Answer(findings=tuple(found)) if found else Answer(plan=plan)


class _Checker:
    """Checks the functions of the tasks that were made in Python, those of sub-flows included.

    Args:
        plan: Gets noted which functions take the context.
        made_from: What its tasks, and then its templates, were made from.
        path: The flow file.
    """

    def __init__(self, plan: Plan, made_from: Sequence[Task | None], path: str) -> None:
        self._plan = plan
        self._path = path
        self._folder = str(Path(path).parent)
        self._made = [(n, task) for n, task in enumerate(made_from) if task is not None]

    def findings(self) -> list[Finding]:
        """Return everything that is wrong."""
        found: list[Finding] = []
        takes_context: set[str] = set()
        for number, task in self._made:
            found += self._problems_of(task, number, takes_context)
        for specs in (self._plan.tasks, self._plan.templates):
            for place, spec in enumerate(specs):
                if spec.name in takes_context:
                    specs[place] = msgspec.structs.replace(spec, takes_context=True)
        tasks = {self._plan.written.spec(number).name: task for number, task in self._made}
        found += [_at_task(error, tasks, self._path) for error in expression_problems(self._plan)]
        return found

    def _problems_of(self, task: Task, number: int, takes_context: set[str]) -> list[Finding]:
        """Return what is wrong with a task's functions; note if its own takes the context."""
        plan, func, path = self._plan, task.func, self._path
        spec = plan.written.spec(number)
        folder = plan.written.home(number, plan.source, None).folder or self._folder
        try:
            own = self._bound(task, number, folder)
            if own is not None and own[1].takes_context:
                takes_context.add(spec.name)
            func = task.rollback_func or func
            _check_rollback(task, spec, own, folder)
        except FunctionError as error:
            return [_finding(error.slug, error, _line(func, path))]
        except ArgumentsError as error:
            line = _line(func, path)
            return [_finding("bad-arguments", each, line) for each in error.problems]
        except DefinitionError as error:
            return [_finding("wrong-executor", error, _line(func, path))]
        return []

    def _bound(self, task: Task, number: int, folder: str) -> Own | None:
        written = self._plan.written
        spec = written.spec(number)
        if spec.kind != "function":
            return None
        func = task.func or resolve_function(task.function or "", folder)
        check_executor_fits(spec.name, spec.options.executor, func)
        return func, bind(
            func,
            task=spec.name,
            upstream=written.feeds(number),
            args=task.args,
            kwargs=task.kwargs,
            params=written.params(number, self._plan.params),
            mapped=spec.foreach is not None,
        )


def _problems_of_handler(
    handling: Handling, spec: TaskSpec, plan: Plan, path: str
) -> list[Finding]:
    """Return what is wrong with the function of what is done once a run has ended."""
    if spec.kind != "function":
        return []
    try:
        func = handling.func or resolve_function(spec.function or "", str(Path(path).parent))
        bind(func, task=spec.name, upstream=[RUN], args=(), kwargs={}, params=plan.params)
    except FunctionError as error:
        return [_finding(error.slug, error, None)]
    except ArgumentsError as error:
        line = _line(handling.func, path)
        return [_finding("bad-arguments", each, line) for each in error.problems]
    return []


def _check_rollback(task: Task, spec: TaskSpec, own: Own | None, folder: str) -> None:
    if spec.rollback is None or spec.rollback.command is not None:
        return
    func = task.rollback_func or resolve_function(spec.rollback.function or "", folder)
    check_rollback_function(func, task=task.name, own=own)


def _bad_flow(error: DefinitionError, flow: Flow, path: str) -> Finding:
    place = place_of(error, path)
    if place is not None:  # in the function that builds the flow
        return Finding("bad-flow", str(error), error.hint, place.line, place.column)
    return _at_task(error, {task.name: task for task in flow.tasks}, path, "bad-flow")


def _at_task(
    error: DefinitionError, tasks: Mapping[str, Task], path: str, slug: str = "bad-expression"
) -> Finding:
    """Return what is wrong with a task, at the line of its function."""
    task = tasks.get(error.task or "")
    return _finding(slug, error, None if task is None else _line(task.func, path))


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
