"""A `@flow` function, called once: its calls of tasks become the tasks of the flow."""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from taskflow_core.arguments.signatures import Shape, shape_of
from taskflow_core.definition.placeholders import Placeholder, Result
from taskflow_core.definition.tasks import TRACER, Task
from taskflow_core.errors import DefinitionError

_KINDS = {"approve": "asks somebody", "wait": "waits"}
_ATOMS = frozenset({bool, bytes, float, int, str, type(None)})
_DICT: type[dict[Any, Any]] = dict
_HOLDERS: tuple[type[Any], ...] = (list, tuple, dict)
_TUPLE: Any = tuple


def trace(body: Callable[..., object], arguments: Mapping[str, Placeholder]) -> list[Task]:
    """Call `body` and return a task for every call of one in it, in that order.

    What the body returns is of no use to the flow, whose results are those of its tasks.

    Raises:
        DefinitionError: it calls another `@flow`, or needs the value of a result.
    """
    if TRACER.get() is not None:
        raise DefinitionError(
            "a @flow function cannot use another flow",
            hint="Call the tasks, or a plain function that calls them.",
        )
    tracer = _Tracer()
    token = TRACER.set(tracer)
    try:
        body(**arguments)
    finally:
        TRACER.reset(token)
    return tracer.tasks


class _Tracer:
    """Notes the calls of tasks."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self._made: set[int] = set()
        self._taken: set[str] = set()
        self._count: dict[str, int] = {}

    def call(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Result:
        """Put a task with these arguments into the flow, and return what stands for its result."""
        positional, named = _by_parameter(task, args, kwargs)
        found: list[Placeholder] = []
        positional, named = _bare(task.name, (positional, named), found)
        _check_takes(task, args, kwargs, found)
        node = task.with_options(
            name=self._free_name(task.name),
            args=positional or task.args,
            kwargs=task.kwargs | named,
            depends_on=[*task.edges, *[each for each in found if isinstance(each, Result)]],
        )
        self.tasks.append(node)
        self._made.add(id(node))
        return Result(node)

    def has_made(self, task: Task) -> bool:
        """Say whether it came into the flow by a call."""
        return id(task) in self._made

    def _free_name(self, name: str) -> str:
        """Return `name`, or else the first of `name-2`, `name-3`, … that is free."""
        free = name
        while free.casefold() in self._taken:
            self._count[name] = self._count.get(name, 1) + 1
            free = f"{name}-{self._count[name]}"
        self._taken.add(free.casefold())
        return free


def _check_takes(
    task: Task, args: Sequence[Any], kwargs: Mapping[str, Any], found: Sequence[Placeholder]
) -> None:
    """Refuse arguments that a task cannot take in a call, among them placeholders it cannot."""
    if task.kind != "function" and (args or kwargs):
        what = _KINDS.get(task.kind, f"is a {task.kind}")
        values = "Give the values to the task: Task(flow=…, params={…})."
        others = "Let it run after others: build().after(fetched)."
        raise DefinitionError(
            f"task {task.name!r} {what}: it takes no arguments",
            hint=values if task.kind == "flow" else others,
        )
    if found and task.func is None:
        raise DefinitionError(
            f"task {task.name!r} names its function by a string: it cannot be given {found[0]!r}",
            hint="Import the function and make that the task.",
        )


def _by_parameter(
    task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call, past a parameter for the context, which nobody gives here."""
    shape = _shape(task) if args else None
    if shape is None or not shape.context or shape.spread is not None:
        return tuple(args), dict(kwargs)
    free = [p for p in shape.parameters if p.name not in shape.context]
    if len(args) > len(free) or any(p.kind is not p.POSITIONAL_OR_KEYWORD for p in free):
        return tuple(args), dict(kwargs)
    names = [p.name for p in free]
    if twice := set(names[: len(args)]) & kwargs.keys():
        raise DefinitionError(f"task {task.name!r} is given {min(twice)!r} twice")
    return (), dict(zip(names, args, strict=False)) | dict(kwargs)


def _shape(task: Task) -> Shape | None:
    with suppress(ValueError):  # a partial that does not fit: `bind` says so, and what it is
        return shape_of(task.func) if task.func is not None else None
    return None


def _bare(task: str, value: Any, found: list[Placeholder]) -> Any:
    """Return a value with references in the place of placeholders.

    Args:
        task: Whose argument it is.
        value: A copy of it is made where it holds a placeholder.
        found: Gets the placeholders it holds.
    """
    try:
        return _replaced(value, found)
    except RecursionError:
        raise DefinitionError(
            f"task {task!r} is given something nested too deeply, or that holds itself",
            hint="Make it a task of its own that puts it together.",
        ) from None


def _replaced(value: Any, found: list[Placeholder]) -> Any:
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Placeholder):
        found.append(value)
        return value.reference
    return _filled(value, found) if isinstance(value, _HOLDERS) else value


def _filled(value: Any, found: list[Placeholder]) -> Any:
    """Return a list, tuple or dict with references in it; the same one if it holds none."""
    items = _items(value)
    if all(type(item) in _ATOMS for _, item in items):
        return value
    changes = [(key, new) for key, item in items if (new := _replaced(item, found)) is not item]
    return _with_changes(value, changes) if changes else value


def _items(value: Any) -> list[tuple[Any, Any]]:
    return [*(value.items() if isinstance(value, _DICT) else enumerate(value))]


def _with_changes(whole: Any, changes: Sequence[tuple[Any, Any]]) -> Any:
    is_tuple = isinstance(whole, _TUPLE)
    made: Any = [*whole] if is_tuple else copy.copy(whole)
    for key, new in changes:
        made[key] = new
    # Not called: a named tuple takes its items one by one.
    return _TUPLE.__new__(type(whole), made) if is_tuple else made
