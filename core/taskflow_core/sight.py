"""What a task may know of its run: parameters, the context, and what expressions can name."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from taskflow_core.arguments import Item
from taskflow_core.context import Lazy
from taskflow_core.events import Preview
from taskflow_core.expressions import Expression, Names, TaskValue
from taskflow_core.graph import downstream_of
from taskflow_core.params import Param, params_from_json
from taskflow_core.results import ResultStore
from taskflow_core.state import Expansion, RunState
from taskflow_core.statuses import AttemptStatus
from taskflow_core.visibility import Entry, Visibility


class Sight:
    """Answers, for every task of one run, what it may know.

    Args:
        state: Of the run; it may go on changing.
        results: Where values are.
    """

    def __init__(self, state: RunState, results: ResultStore) -> None:
        self.state = state
        self._results = results
        self._visibility = Visibility(state)
        self._params: dict[int | None, dict[str, Any]] = {}
        """By sub-flow, and of the flow itself."""
        self._lists: dict[int, tuple[Expansion, Sequence[Any]]] = {}
        """What mapped tasks are mapped over."""

    def declared(self, number: int) -> dict[str, Param]:
        """Return the parameters of the flow, or sub-flow, that a task is in."""
        plan = self.state.plan
        scope = plan.nesting.scope(number)
        subflow = None if scope is None else plan.tasks[scope].subflow
        return plan.params if subflow is None else subflow.params

    def params(self, number: int) -> dict[str, Any]:
        """Return the values of the parameters of the flow, or sub-flow, that a task is in."""
        scope = self.state.plan.nesting.scope(number)
        known = self._params.get(scope)
        if known is None:
            expansion = None if scope is None else self.state.tasks[scope].expansion
            said = self.state.params if scope is None else (expansion and expansion.params) or {}
            known = self._params[scope] = params_from_json(self.declared(number), said)
        return known

    def opens_anew(self, number: int) -> None:
        """Forget what a sub-flow was told, and what a task was mapped over, the last time."""
        self._params.pop(number, None)
        self._lists.pop(number, None)

    def item(self, number: int) -> Item | None:
        """Return what a child of a mapped task is for, and its place; None for other tasks.

        Raises:
            ResultError: the list cannot be had back.
        """
        nesting, tasks = self.state.plan.nesting, self.state.tasks
        parent = nesting.parents[number]
        if parent is None or not nesting.is_copy(number):
            return None
        expansion = tasks[parent].expansion
        assert expansion is not None, "only open tasks have children"
        known = self._lists.get(parent)
        if known is None or known[0] is not expansion:
            items = self._results.items(parent, expansion.items)
            known = self._lists[parent] = expansion, items
        place = nesting.place(number)
        return known[1][place], place

    def entries(self, number: int) -> dict[str, Entry]:
        """Return what a task sees of the context, by key, as previews.

        Raises:
            ContextConflictError: two tasks upstream wrote one key differently.
        """
        return self._visibility.of(number)

    def context(self, number: int) -> Mapping[str, Any]:
        """Return what a task sees of the context, by key; values are had when asked for.

        Raises:
            ContextConflictError: two tasks upstream wrote one key differently.
        """
        return Lazy(self.entries(number), self._value)

    def changes(self, number: int) -> dict[str, Preview]:
        """Return previews of the named arguments that a person changed."""
        return self.state.tasks[number].changes or {}

    def ancestors(self, number: int) -> list[int]:
        """Return every task upstream in the same flow, near and far, in task order."""
        plan = self.state.plan
        return plan.nesting.same_flow(number, sorted(downstream_of([number], plan.upstream)))

    def local_name(self, number: int) -> str:
        """Return what a task is called by those of the flow, or sub-flow, that it is in."""
        return self.state.plan.nesting.local_name(number)

    def task_facts(self, number: int) -> tuple[str, int]:
        """Return a task's state, and the number of its last attempt; 0 if there was none."""
        task = self.state.tasks[number]
        return task.state.value, task.last.attempt if task.last else 0

    def failure(self, number: int) -> tuple[str, str | None] | None:
        """Return how a task ended that has no result, and its error; None if it has one."""
        last = self.state.tasks[number].last
        if last is None or last.state is AttemptStatus.SUCCEEDED:
            return None
        return last.state.value, last.error

    def recorded_arguments(self, number: int) -> dict[str, Preview]:
        """Return previews of what the last attempt of a task was given, as far as recorded."""
        last = self.state.tasks[number].last
        return (last and last.arguments) or {}

    def names(self, number: int, more_env: Mapping[str, str] | None = None) -> Names:
        """Return the names that an expression of a task is evaluated with; it knows itself too.

        A child of a mapped task goes by the name of that one as well, as its expressions do.

        Args:
            number: The task.
            more_env: Variables besides those of the task, such as those of its rollback.
        """
        spec = self.state.plan.tasks[number]
        tasks = {self.local_name(n): self._task(n) for n in [*self.ancestors(number), number]}
        parent = self.state.plan.nesting.parents[number]
        if parent is not None and self.state.plan.nesting.is_copy(number):
            tasks[self.local_name(parent)] = self._task(number)
        names = Names(
            params=self.params(number),
            env={**os.environ, **spec.options.env, **(more_env or {})},
            tasks=tasks,
            ctx=self.context(number),
        )
        item = self.item(number)
        return names if item is None else names.with_item(*item)

    def tasks(self) -> dict[str, TaskValue]:
        """Return what an expression may know of every task of the flow itself, by name."""
        nesting, numbers = self.state.plan.nesting, range(len(self.state.tasks))
        own = (n for n in numbers if nesting.scope(n) is None and not nesting.is_copy(n))
        return {self.state.plan.tasks[number].name: self._task(number) for number in own}

    def evaluate(self, expression: str, number: int) -> object:
        """Return the value of an expression of a task.

        Raises:
            ExpressionError: it cannot be parsed or evaluated.
            ContextConflictError: two tasks upstream wrote one context key differently.
        """
        return Expression.parse(expression).evaluate(self.names(number))

    def _task(self, number: int) -> TaskValue:
        state, attempt = self.task_facts(number)
        return TaskValue(lambda: self._results.get(number), state=state, attempt=attempt)

    def _value(self, entry: Entry) -> Any:
        values = [self._results.written(value) for value in entry.values]
        return values if entry.is_list else values[0]
