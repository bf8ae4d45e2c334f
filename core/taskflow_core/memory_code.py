"""The functions of a flow that was made in this process."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from taskflow_core.arguments import Binding, bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.errors import ArgumentsError, DefinitionError, TaskflowError
from taskflow_core.events import Preview
from taskflow_core.plan import Functions, Plan
from taskflow_core.resolve import resolve_function
from taskflow_core.rollback_functions import check_rollback_function

_Bound = tuple[Callable[..., Any], Binding]
_Feeds = tuple[tuple[str, ...], Callable[[Sequence[Preview]], Sequence[Preview]]]


class MemoryCode:
    """A flow made in this process: its plan, its callables, and how each is called.

    It never changes, so one serves any number of runs, also at the same time.

    Args:
        plan: Marked where functions turn out to take the context.
        functions: The callables of the tasks, in task order.
        rollbacks: The callables that undo them, in task order; empty if none of them has one.

    Raises:
        ArgumentsError: parameters stay empty; it says so of all tasks.
        DefinitionError: a dotted name leads to no function.
    """

    def __init__(self, plan: Plan, functions: Functions, rollbacks: Functions = ()) -> None:
        self.plan = plan
        self.functions = functions
        self._code = self._bound()
        self._rollbacks = self._undoing(rollbacks)
        self._fed = [self._feeds(number, found) for number, found in enumerate(self._code)]
        self._complete_plan()

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it."""
        found = self._code[number]
        if found is None:
            raise TaskflowError("a command is no function")
        return found

    def rollback(self, number: int) -> Callable[..., Any] | None:
        """Return the callable that undoes a task; None if it is a command, or there is none."""
        return self._rollbacks.get(number)

    def forget(self) -> None:
        """What is in memory stays as it is."""

    def describer(self, previews: Sequence[Preview]) -> Callable[[int], dict[str, Preview]]:
        """Return what previews a task's arguments: those that are results of other tasks.

        Args:
            previews: The results so far, by the number of the task.
        """
        fed = self._fed

        def describe(number: int) -> dict[str, Preview]:
            names, get = fed[number]
            return dict(zip(names, get(previews), strict=True))

        return describe

    def _feeds(self, number: int, found: _Bound | None) -> _Feeds:
        """Return which parameters results fill, and what picks these results out of all."""
        needed = self.plan.upstream[number]
        fed = found[1].fed if found is not None else ()
        names = tuple([name for name, _ in fed])
        numbers = [needed[place] for _, place in fed]
        if len(numbers) > 1:
            return names, itemgetter(*numbers)
        return names, itemgetter(slice(numbers[0], numbers[0] + 1) if numbers else slice(0))

    def _bound(self) -> list[_Bound | None]:
        found: list[_Bound | None] = []
        problems: list[DefinitionError] = []
        for number, func in enumerate(self.functions):
            try:
                found.append(_bound(self.plan, number, func))
            except ArgumentsError as error:
                problems += error.problems
            except DefinitionError as error:
                error.task = self.plan.tasks[number].name
                problems.append(error)
        if problems:
            raise ArgumentsError.of(problems)
        return found

    def _undoing(self, rollbacks: Functions) -> dict[int, Callable[..., Any]]:
        """Return the callables that undo tasks, by the number of the task; checked."""
        found: dict[int, Callable[..., Any]] = {}
        problems: list[DefinitionError] = []
        for number, spec in enumerate(self.plan.tasks):
            if spec.rollback is None or spec.rollback.command is not None:
                continue
            try:
                func = rollbacks[number] if rollbacks else None
                func = func or resolve_function(spec.rollback.function or "", self.plan.folder)
                check_rollback_function(func, task=spec.name, own=self._code[number])
                found[number] = func
            except DefinitionError as error:
                error.task = spec.name
                problems.append(error)
        if problems:
            raise ArgumentsError.of(problems)
        return found

    def _complete_plan(self) -> None:
        tasks = self.plan.tasks
        for number, found in enumerate(self._code):
            if found is not None and found[1].takes_context:
                tasks[number] = msgspec.structs.replace(tasks[number], takes_context=True)


def _bound(plan: Plan, number: int, func: Callable[..., Any] | None) -> _Bound | None:
    spec = plan.tasks[number]
    if spec.kind != "function":
        return None
    if func is None:
        func = resolve_function(spec.function or "", plan.folder)
    check_executor_fits(spec.name, spec.options.executor, func)
    names: Sequence[str] = spec.depends_on
    if len(names) != len(plan.upstream[number]):  # one is named twice
        names = list(dict.fromkeys(names))
    return func, bind(
        func,
        task=spec.name,
        upstream=names,
        args=spec.args,
        kwargs=spec.kwargs,
        params=plan.params,
    )
