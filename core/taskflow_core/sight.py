"""What a task may know of its run: parameters, the context, and what expressions can name."""

import os
from collections.abc import Mapping
from typing import Any

from taskflow_core.context import Lazy
from taskflow_core.events import Preview
from taskflow_core.expressions import Expression, Names, TaskValue
from taskflow_core.graph import downstream_of
from taskflow_core.params import params_from_json
from taskflow_core.results import ResultStore
from taskflow_core.state import RunState
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
        self._params: dict[str, Any] | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The values of the flow's parameters."""
        if self._params is None:
            self._params = params_from_json(self.state.plan.params, self.state.params)
        return self._params

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
        """Return every task upstream, near and far, in task order."""
        return sorted(downstream_of([number], self.state.plan.upstream))

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

        Args:
            number: The task.
            more_env: Variables besides those of the task, such as those of its rollback.
        """
        spec = self.state.plan.tasks[number]
        known = [*self.ancestors(number), number]
        return Names(
            params=self.params,
            env={**os.environ, **spec.options.env, **(more_env or {})},
            tasks={self.state.plan.tasks[n].name: self._task(n) for n in known},
            ctx=self.context(number),
        )

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
