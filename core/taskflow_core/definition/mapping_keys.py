"""`foreach` as people write it in Python, checked; and how an expression names a result."""

from collections.abc import Sequence
from typing import cast

import taskflow_core.definition.checking as checking
from taskflow_core.arguments.binding import ParamRef
from taskflow_core.definition.placeholders import Placeholder
from taskflow_core.definition.steps import Step
from taskflow_core.errors import DefinitionError
from taskflow_core.expressions import Expression, ExpressionError
from taskflow_core.plan import ForEach

_WANTED = "an expression, a task, or a list"


def foreach_of(owner: str, value: object) -> ForEach:
    """Return what a task is mapped over.

    Args:
        owner: The name of the task.
        value: An expression, bare or in `${{ }}`; a task, or what stands for its result or for a
            parameter in a `@flow`; or a list.

    Raises:
        DefinitionError: it is none of these, or the expression is none.
    """
    key = f"foreach of task {owner!r}"
    if (named := expression_for(value)) is not None:
        return ForEach(named)
    if isinstance(value, str):
        try:
            return ForEach(Expression.parse(checking.text(key, value)).source.strip())
        except ExpressionError as error:
            raise DefinitionError(f"{key}: {error}", hint=error.hint) from None
    if not isinstance(value, list | tuple):
        raise checking.wrong(key, _WANTED, value)
    items = list(cast("Sequence[object]", value))
    for item in items:
        if expression_for(item) is not None:
            hint = "Let a task put them together, and map over its result."
            raise DefinitionError(f"{key} holds {item!r}, which is not known yet", hint=hint)
    return ForEach(items)


def expression_for(value: object) -> str | None:
    """Return the expression for a task's result, or for what a placeholder stands for, if any."""
    if isinstance(value, Placeholder):
        reference = value.reference
        if isinstance(reference, ParamRef):
            return f"params[{reference.name!r}]"
        return _result(reference.task)
    return _result(value.step_name) if isinstance(value, Step) else None


def _result(name: str) -> str:
    return f"tasks.{name}.result" if name.isidentifier() else f"tasks[{name!r}].result"
