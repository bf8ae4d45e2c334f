"""The functions of a flow file, for tasks that run in threads of the runner."""

import threading
from collections.abc import Callable
from typing import Any

from taskflow_core.arguments import Binding, bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.errors import TaskflowError
from taskflow_core.flow_module import TaskInFile
from taskflow_core.plan import Plan
from taskflow_core.resolve import flow_in, load_flow_module, resolve_function


class FileCode:
    """The functions of a flow file's thread tasks, loaded when they are first needed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._functions: dict[int, tuple[Callable[..., Any], Binding]] = {}
        self._rollbacks: dict[int, Callable[..., Any] | None] = {}
        self._tasks: dict[str, TaskInFile] = {}
        """The tasks of a Python flow file, by name."""

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it."""
        with self._lock:
            if number not in self._functions:
                self._functions[number] = self._load(number)
            return self._functions[number]

    def rollback(self, number: int) -> Callable[..., Any] | None:
        """Return what undoes a task, if it is a function.

        Raises:
            TaskflowError: it cannot be loaded.
        """
        with self._lock:
            if number not in self._rollbacks:
                self._rollbacks[number] = self._load_rollback(number)
            return self._rollbacks[number]

    def forget(self) -> None:
        """Load functions afresh from now on."""
        with self._lock:
            self._functions.clear()
            self._rollbacks.clear()
            self._tasks.clear()

    def _load(self, number: int) -> tuple[Callable[..., Any], Binding]:
        plan, spec = self._plan, self._plan.tasks[number]
        args, kwargs = spec.args, spec.kwargs
        if spec.function is not None:
            func = resolve_function(spec.function, plan.folder)
        else:
            func, args, kwargs = self._from_flow(spec.name)
        check_executor_fits(spec.name, spec.options.executor, func)
        names = [plan.tasks[other].name for other in plan.upstream[number]]
        return func, bind(
            func, task=spec.name, upstream=names, args=args, kwargs=kwargs, params=plan.params
        )

    def _from_flow(self, name: str) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        task = self._task(name)
        if task.func is None:
            raise TaskflowError(f"task {name!r} of {self._plan.source} is no function any more")
        return task.func, task.args, task.kwargs

    def _load_rollback(self, number: int) -> Callable[..., Any] | None:
        plan, spec = self._plan, self._plan.tasks[number]
        if spec.rollback is None or spec.rollback.command is not None:
            return None
        if spec.rollback.function is not None:
            return resolve_function(spec.rollback.function, plan.folder)
        func = self._task(spec.name).rollback_func
        if func is None:
            raise TaskflowError(f"task {spec.name!r} of {plan.source} has no rollback any more")
        return func

    def _task(self, name: str) -> TaskInFile:
        if not self._tasks:
            flow = flow_in(load_flow_module(self._plan.source or ""), self._plan.flow_name)
            self._tasks = {task.name: task for task in flow.tasks}
        if name not in self._tasks:
            raise TaskflowError(f"{self._plan.source} has no task {name!r} any more")
        return self._tasks[name]
