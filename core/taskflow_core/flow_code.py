"""The functions of a flow file, for tasks that run in threads of the runner."""

import threading
from collections.abc import Callable
from typing import Any

from taskflow_core.arguments import Binding, bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.errors import TaskflowError
from taskflow_core.file_tasks import FileTasks
from taskflow_core.plan import Plan
from taskflow_core.resolve import resolve_function

Loaded = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function, and the arguments that are its own."""


class FileCode:
    """The functions of a flow file's thread tasks, loaded when they are first needed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._functions: dict[int, tuple[Callable[..., Any], Binding]] = {}
        self._rollbacks: dict[int, Callable[..., Any] | None] = {}
        self._files = FileTasks()

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it; children of a mapped task share it."""
        code = self._plan.nesting.codes[number]
        with self._lock:
            if code not in self._functions:
                self._functions[code] = self._load(number)
            return self._functions[code]

    def rollback(self, number: int) -> Callable[..., Any] | None:
        """Return what undoes a task, if it is a function.

        Raises:
            TaskflowError: it cannot be loaded.
        """
        code = self._plan.nesting.codes[number]
        with self._lock:
            if code not in self._rollbacks:
                self._rollbacks[code] = self._load_rollback(number)
            return self._rollbacks[code]

    def forget(self) -> None:
        """Load functions afresh from now on."""
        with self._lock:
            self._functions.clear()
            self._rollbacks.clear()
            self._files.forget()

    def _load(self, number: int) -> tuple[Callable[..., Any], Binding]:
        plan, spec = self._plan, self._plan.tasks[number]
        written, code = plan.written, plan.nesting.codes[number]
        args, kwargs = spec.args, spec.kwargs
        if spec.function is not None:
            func = resolve_function(spec.function, plan.home(number).folder)
        else:
            func, args, kwargs = self._from_flow(number)
        check_executor_fits(spec.name, spec.options.executor, func)
        return func, bind(
            func,
            task=spec.name,
            upstream=written.feeds(code),
            args=args,
            kwargs=kwargs,
            params=written.params(code, plan.params),
            mapped=plan.nesting.is_copy(number),
        )

    def _from_flow(self, number: int) -> Loaded:
        home = self._plan.home(number)
        task = self._files.task(home)
        if task.func is None:
            raise TaskflowError(f"task {home.task!r} of {home.source} is no function any more")
        return task.func, task.args, task.kwargs

    def _load_rollback(self, number: int) -> Callable[..., Any] | None:
        spec, home = self._plan.tasks[number], self._plan.home(number)
        if spec.rollback is None or spec.rollback.command is not None:
            return None
        if spec.rollback.function is not None:
            return resolve_function(spec.rollback.function, home.folder)
        func = self._files.task(home).rollback_func
        if func is None:
            raise TaskflowError(f"task {home.task!r} of {home.source} has no rollback any more")
        return func
