"""The functions of a flow file, for tasks that run in threads of the runner."""

import threading
from collections.abc import Callable
from typing import Any

from taskflow_core.arguments import Binding, bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.errors import TaskflowError
from taskflow_core.plan import Plan
from taskflow_core.resolve import flow_in, load_flow_module, resolve_function


class FileCode:
    """The functions of a flow file's thread tasks, loaded when they are first needed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._functions: dict[int, tuple[Callable[..., Any], Binding]] = {}
        self._flow: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {}

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it."""
        with self._lock:
            if number not in self._functions:
                self._functions[number] = self._load(number)
            return self._functions[number]

    def forget(self) -> None:
        """Load functions afresh from now on."""
        with self._lock:
            self._functions.clear()
            self._flow.clear()

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
        if not self._flow:
            flow = flow_in(load_flow_module(self._plan.source or ""), self._plan.flow_name)
            self._flow = {
                task.name: (task.func, task.args, task.kwargs) for task in flow.tasks if task.func
            }
        if name not in self._flow:
            raise TaskflowError(f"{self._plan.source} has no task {name!r} any more")
        return self._flow[name]
