"""What a function has to take to undo a task."""

import inspect
from collections.abc import Callable
from typing import Any

from taskflow_core.arguments import Binding
from taskflow_core.arguments.signatures import Shape, shape_of
from taskflow_core.errors import ArgumentsError

Own = tuple[Callable[..., Any], Binding]
"""A task's function, and how it is called."""


def check_rollback_function(func: Callable[..., Any], *, task: str, own: Own | None) -> None:
    """Refuse a function that does not take what it is called with.

    Args:
        func: What undoes the task. A builtin that does not say what it takes is not refused.
        task: The task's name.
        own: The task's own function and how it is called; None for a command.

    Raises:
        ArgumentsError: it has no parameter for the task's result, or needs something that is no
            argument of the task.
    """
    try:
        shape = shape_of(func)
    except ValueError as error:
        raise ArgumentsError(task, f"rollback of task {task!r} does not fit {error}") from None
    if shape is not None:
        _check(shape, task, own)


def _check(shape: Shape, task: str, own: Own | None) -> None:
    free = [p for p in shape.parameters if p.name not in shape.context | shape.fixed]
    by_place = [p for p in free if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    if not by_place and shape.spread is None:
        raise ArgumentsError(
            task,
            f"rollback of task {task!r} has no parameter for the task's result: {shape.signature}",
            hint="Write it as `def undo(result): …`.",
        )
    known = _names(own)
    others = [p for p in free if p not in by_place[:1] and p.default is p.empty]
    lacking = [p.name for p in others if p.name not in known]
    if lacking:
        has = ", ".join(known) or "no arguments"
        raise ArgumentsError(
            task,
            f"rollback of task {task!r} needs {lacking[0]!r}, which is no argument of the task",
            hint=f"The task has {has}. Drop the parameter, or give it a default.",
        )


def _names(own: Own | None) -> list[str]:
    """Return the names under which the task's own arguments are known."""
    if own is None:
        return []
    func, binding = own
    shape = shape_of(func)
    parameters = shape.parameters if shape is not None else ()
    context = shape.context if shape is not None else frozenset[str]()
    given = {
        p.name: None for p in parameters if p.default is not p.empty or p.name in binding.labels
    }
    given |= dict.fromkeys(name for name, _ in binding.named)
    return [name for name in given if name not in context]
