"""The functions of a flow that was made in this process."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from taskflow_core.arguments import Binding, bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.errors import ArgumentsError, DefinitionError, TaskflowError
from taskflow_core.events import Preview
from taskflow_core.file_tasks import FileTasks
from taskflow_core.plan import Functions, Home, Plan, RollbackSpec
from taskflow_core.resolve import resolve_function
from taskflow_core.rollback_functions import check_rollback_function

_Bound = tuple[Callable[..., Any], Binding]
_Feeds = tuple[tuple[str, ...], Callable[[Sequence[Preview]], Sequence[Preview]]]


class MemoryCode:
    """A flow made in this process: its plan, its callables, and how each is called.

    It never changes, so one serves any number of runs, also at the same time.

    Args:
        plan: Marked where functions turn out to take the context.
        functions: The callables of the tasks, in task order, then of the plan's templates.
        rollbacks: The callables that undo them, likewise; empty if none of them has one.
        handlers: The functions of what is done once a run has ended, if there is any.

    Raises:
        ArgumentsError: parameters stay empty; it says so of all tasks.
        DefinitionError: a dotted name leads to no function.
    """

    def __init__(
        self,
        plan: Plan,
        functions: Functions,
        rollbacks: Functions = (),
        handlers: "MemoryCode | None" = None,
    ) -> None:
        self.handlers = handlers
        """The functions of what is done once a run has ended, if there is any."""
        self.plan = plan
        self.functions = functions
        self._files = FileTasks()
        """Where those are that `functions` lacks: flow files may have Python ones inside."""
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
        if self.plan.is_dynamic:
            return lambda _: {}

        def describe(number: int) -> dict[str, Preview]:
            names, get = fed[number]
            return dict(zip(names, get(previews), strict=True))

        return describe

    def _feeds(self, number: int, found: _Bound | None) -> _Feeds:
        """Return which parameters results fill, and what picks these results out of all."""
        needed = self.plan.feeds[number] if number < len(self.plan.tasks) else ()
        fed = found[1].fed if found is not None else ()
        names = tuple([name for name, _ in fed])
        numbers = [needed[place] for _, place in fed] if needed else []
        if len(numbers) > 1:
            return names, itemgetter(*numbers)
        return names, itemgetter(slice(numbers[0], numbers[0] + 1) if numbers else slice(0))

    def _bound(self) -> list[_Bound | None]:
        found: list[_Bound | None] = []
        problems: list[DefinitionError] = []
        for number, func in enumerate(self.functions):
            try:
                found.append(self._bind(number, func))
            except ArgumentsError as error:
                problems += error.problems
            except DefinitionError as error:
                error.task = self.plan.written.spec(number).name
                problems.append(error)
        if problems:
            raise ArgumentsError.of(problems)
        return found

    def _bind(self, number: int, func: Callable[..., Any] | None) -> _Bound | None:
        plan, written = self.plan, self.plan.written
        spec = written.spec(number)
        if spec.kind != "function":
            return None
        args, kwargs = spec.args, spec.kwargs
        if func is None and spec.function is None:
            task = self._files.task(self._home(number))
            func, args, kwargs = task.func, task.args, task.kwargs
        func = func or resolve_function(spec.function or "", self._home(number).folder)
        check_executor_fits(spec.name, spec.options.executor, func)
        return func, bind(
            func,
            task=spec.name,
            upstream=written.feeds(number),
            args=args,
            kwargs=kwargs,
            params=written.params(number, plan.params),
            mapped=spec.foreach is not None,
        )

    def _home(self, number: int) -> Home:
        return self.plan.written.home(number, self.plan.source, self.plan.flow_name)

    def _undoing(self, rollbacks: Functions) -> dict[int, Callable[..., Any]]:
        """Return the callables that undo tasks, by the number of the task; checked."""
        found: dict[int, Callable[..., Any]] = {}
        problems: list[DefinitionError] = []
        for number, spec in enumerate(self.plan.written):
            if spec.rollback is None or spec.rollback.command is not None:
                continue
            try:
                func = rollbacks[number] if rollbacks else None
                func = func or self._rollback(number, spec.rollback)
                check_rollback_function(func, task=spec.name, own=self._code[number])
                found[number] = func
            except DefinitionError as error:
                error.task = spec.name
                problems.append(error)
        if problems:
            raise ArgumentsError.of(problems)
        return found

    def _rollback(self, number: int, rollback: RollbackSpec) -> Callable[..., Any]:
        home = self._home(number)
        if rollback.function is not None:
            return resolve_function(rollback.function, home.folder)
        func = self._files.task(home).rollback_func
        if func is None:
            raise TaskflowError(f"task {home.task!r} of {home.source} has no rollback any more")
        return func

    def _complete_plan(self) -> None:
        tasks, templates = self.plan.tasks, self.plan.templates
        for number, found in enumerate(self._code):
            if found is not None and found[1].takes_context:
                whole, place = (
                    (tasks, number) if number < len(tasks) else (templates, number - len(tasks))
                )
                whole[place] = msgspec.structs.replace(whole[place], takes_context=True)


class RunCode:
    """The functions of one run of a flow in memory, to whose plan tasks are added.

    Args:
        code: The functions of the flow.
        codes: For each task of the run where its code is; see `Nesting.codes`.
    """

    def __init__(self, code: MemoryCode, codes: Sequence[int]) -> None:
        self._code = code
        self._codes = codes

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it."""
        return self._code.function(self._codes[number])

    def rollback(self, number: int) -> Callable[..., Any] | None:
        """Return the callable that undoes a task; None if it is a command, or there is none."""
        return self._code.rollback(self._codes[number])

    def forget(self) -> None:
        """What is in memory stays as it is."""
