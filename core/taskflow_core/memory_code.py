"""The functions of a flow that was made in this process."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from taskflow_core.arguments import Binding, bind
from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.plan import Functions, Plan, TaskSpec
from taskflow_core.resolve import resolve_function
from taskflow_core.state import RunState


class MemoryCode:
    """A flow made in this process: its plan, its callables, and how each is called.

    It never changes, so one serves any number of runs, also at the same time.

    Args:
        plan: Marked where functions turn out to take the context.
        functions: The callables of the tasks, in task order.

    Raises:
        ArgumentsError: a parameter stays empty.
        DefinitionError: a dotted name leads to no function.
    """

    def __init__(self, plan: Plan, functions: Functions) -> None:
        self.plan = plan
        self.functions = functions
        parts = zip(plan.tasks, functions, plan.upstream, strict=True)
        self._code = [_bound(spec, func, len(needed)) for spec, func, needed in parts]
        self._complete_plan()

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it."""
        found = self._code[number]
        if found is None:
            raise TaskflowError("a command is no function")
        return found

    def forget(self) -> None:
        """What is in memory stays as it is."""

    def describer(self, state: RunState) -> Callable[[int], dict[str, Preview] | None]:
        """Return what previews a task's arguments: those that are results of other tasks."""
        upstream, code, tasks = self.plan.upstream, self._code, state.tasks

        def describe(number: int) -> dict[str, Preview] | None:
            found = code[number]
            if found is None:
                return {}
            needed = upstream[number]
            return {name: tasks[needed[place]].result for name, place in found[1].fed}

        return describe

    def _complete_plan(self) -> None:
        tasks = self.plan.tasks
        for number, found in enumerate(self._code):
            if found is not None and found[1].takes_context:
                tasks[number] = msgspec.structs.replace(tasks[number], takes_context=True)


def _bound(
    spec: TaskSpec, func: Callable[..., Any] | None, needed: int
) -> tuple[Callable[..., Any], Binding] | None:
    if spec.kind == "command":
        return None
    if func is None:
        func = resolve_function(spec.function or "", spec.options.cwd)
    names: Sequence[str] = spec.depends_on
    if len(names) != needed:  # one is named twice
        names = list(dict.fromkeys(names))
    binding = bind(func, task=spec.name, upstream=names, args=spec.args, kwargs=spec.kwargs)
    return func, binding
