"""What the names in an expression stand for."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Any, cast

import msgspec

from taskflow_core.errors import TaskflowError, suggestion
from taskflow_core.expressions.error import ExpressionError

_NO_IDENTIFIER = re.compile(r"[-. ]")
_COMPARED = 1_000
"""Among at most so many names a near miss is looked for."""


def mapped(name: str) -> str:
    """Return `name` as it is written after a dot: `sign-off` as `sign_off`."""
    return _NO_IDENTIFIER.sub("_", name)


class View:
    """A mapping as expressions see it: `params.day` and `params['day']`, and no methods.

    Args:
        what: How messages call it, with `{}` for the name that is missing.
        values: What it shows.
        map_names: Names that are no identifiers are also found as `mapped` writes them.
    """

    __slots__ = ("_map_names", "_values", "_what")

    def __init__(self, what: str, values: Mapping[str, Any], *, map_names: bool = False) -> None:
        self._what = what
        self._values = values
        self._map_names = map_names

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in View.__slots__:
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: object) -> Any:
        if not isinstance(name, str):
            raise KeyError(name)
        if name in self._values:
            return self._values[name]
        if not self._map_names:
            raise KeyError(name)
        meant = [known for known in self._values if mapped(known) == name]
        if len(meant) > 1:
            message, hint = clash(name, meant)
            raise ExpressionError(message, hint=hint)
        if not meant:
            raise KeyError(name)
        return self._values[meant[0]]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self._values))


class TaskValue:
    """What an expression may know of a task: `result`, `state` and `attempt`.

    Args:
        result: Returns the result; called only if it is asked for, and once.
        state: The task's state, such as `SUCCEEDED`.
        attempt: The number of its last attempt, from 1; 0 if there was none.
    """

    __slots__ = ("_load", "_result", "attempt", "state")

    def __init__(self, result: Callable[[], Any], *, state: str, attempt: int = 1) -> None:
        self._load = result
        self._result: Any = msgspec.UNSET
        self.state = state
        self.attempt = attempt

    @property
    def result(self) -> Any:
        """The task's result.

        Raises:
            ExpressionError: it cannot be had.
        """
        if self._result is msgspec.UNSET:
            try:
                self._result = self._load()
            except TaskflowError as error:
                raise ExpressionError(str(error), hint=error.hint) from error
            except Exception as error:  # whatever unpickling a user's class raises
                message = f"the result cannot be loaded: {type(error).__name__}: {error}"
                raise ExpressionError(message) from error
        return self._result


class Names:
    """The names an expression is evaluated with; those that are None do not exist.

    Args:
        params: The flow's parameters.
        env: The environment of the task.
        tasks: The tasks upstream, by name.
        ctx: The context.
        run: `state`, `reason` and `failed` of a run that ends.
    """

    def __init__(
        self,
        *,
        params: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        tasks: Mapping[str, TaskValue] | None = None,
        ctx: Mapping[str, Any] | None = None,
        run: Mapping[str, Any] | None = None,
    ) -> None:
        views = {
            "params": View("there is no parameter {}", params or {}, map_names=True),
            "env": View("there is no environment variable {}", env or {}),
            "tasks": View("there is no task {} upstream", tasks or {}, map_names=True),
            "ctx": None if ctx is None else View("the context has no key {}", ctx),
            "run": None if run is None else View("`run` has no {}", run),
        }
        self.variables: dict[str, Any] = {
            name: view for name, view in views.items() if view is not None
        }
        """What each name stands for."""

    def with_item(self, item: Any, index: int) -> "Names":
        """Return these names and, for one item of a `foreach`, `item` and `index` (from 0)."""
        names = Names.__new__(Names)
        names.variables = {**self.variables, "item": item, "index": index}
        return names


def contents(view: View) -> dict[str, Any]:
    """Return what a view shows, as a value of its own.

    Raises:
        ExpressionError: it shows tasks, which are no values.
    """
    found = {name: view[name] for name in view}
    if any(isinstance(value, TaskValue) for value in found.values()):
        raise ExpressionError("tasks are no value", hint=RESULT_HINT)
    return found


RESULT_HINT = "Write tasks.NAME.result, .state or .attempt."


def clash(name: str, meant: list[str]) -> tuple[str, str]:
    """Return what to say where a mapped name stands for more than one, as message and hint."""
    both = " and ".join(repr(one) for one in sorted(meant)[:2])
    hint = f"Rename one, or write ['{min(meant)}']."
    return f"{name!r} could be {both}", hint


def missing(obj: object, name: object) -> tuple[str, str | None]:
    """Return what to say where `obj` has no `name`, as message and hint; None is no object."""
    kind = type(obj).__name__
    if obj is None:
        return f"there is no name {name!r}", None
    if isinstance(obj, View):
        what: str = object.__getattribute__(obj, "_what")
        return what.format(repr(name)), near(str(name), obj)
    if isinstance(obj, TaskValue):
        return f"a task has no {name!r}", RESULT_HINT
    if isinstance(obj, Mapping):
        keys = [key for key in cast("Mapping[object, Any]", obj) if isinstance(key, str)]
        return f"there is no key {name!r}", near(str(name), keys)
    if isinstance(obj, Sequence) and isinstance(name, int):
        return f"there is no item {name} among {len(cast('Sized', obj))}", None
    return f"{kind!r} has no {name!r}", None


def near(name: str, known: Any) -> str | None:
    """Return `Did you mean …?` for a near miss, if there are few enough names to compare."""
    return suggestion(name, known) if len(known) <= _COMPARED and len(name) < 200 else None
