"""The names an expression uses, and whether they can have a value where it stands."""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from taskflow_core.errors import suggestion
from taskflow_core.expressions.values import RESULT_HINT, clash, mapped, near

TASK_PARTS = ("result", "state", "attempt")
RUN_PARTS = ("state", "reason", "failed")
_AS_FILTERS = {"len": "length", "str": "string", "sorted": "sort", "format": "format"}
_FILTERS = ("abs", "int", "float", "list", "max", "min", "round", "sum")


class Reference(NamedTuple):
    """A name that is used, such as `tasks.fetch.result`."""

    root: str
    path: tuple[str | int, ...]
    """What follows it, as far as it is written out: `("fetch", "result")`."""
    offset: int
    """Where its root is, in characters from the start of the text."""
    whole: bool = True
    """The path has no computed part, as in `tasks[item]`, where it ends."""


class Finding(NamedTuple):
    """One thing wrong with the names of an expression."""

    message: str
    hint: str | None
    offset: int
    """In characters from the start of the text."""


class Scope(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The names that can be used at a place of a flow file."""

    params: Collection[str] = ()
    tasks: Collection[str] = ()
    """All tasks of the flow."""
    upstream: Collection[str] = ()
    """Those whose results exist by then, near or far."""
    env: Collection[str] | None = None
    """The environment variables; None if they are not known."""
    item: bool = False
    """`item` and `index` exist: it is inside a `foreach`."""
    ctx: bool = True
    run: bool = False
    """`run` exists: it is a handler."""

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The names that an expression may begin with."""
        optional = {"ctx": self.ctx, "item": self.item, "index": self.item, "run": self.run}
        return ("params", "env", "tasks", *(name for name, there in optional.items() if there))

    @cached_property
    def tasks_by_mapped_name(self) -> dict[str, list[str]]:
        """The tasks that each mapped name stands for."""
        return _by_mapped_name(self.tasks)

    @cached_property
    def params_by_mapped_name(self) -> dict[str, list[str]]:
        """The parameters that each mapped name stands for."""
        return _by_mapped_name(self.params)


def check(references: Sequence[Reference], scope: Scope) -> list[Finding]:
    """Return what is wrong with the names used, without evaluating anything."""
    found: list[Finding] = []
    for reference in references:
        problem = _problem(reference, scope)
        if problem is not None:
            found.append(Finding(*problem, reference.offset))
    return found


_Problem = tuple[str, str | None]


def _problem(reference: Reference, scope: Scope) -> _Problem | None:
    if reference.root not in scope.roots:
        return _unknown_root(reference, scope)
    match reference.root:
        case "tasks":
            return _task_problem(reference, scope)
        case "params" if reference.path:
            name = str(reference.path[0])
            return _lookup(name, scope.params_by_mapped_name, "there is no parameter {!r}")[1]
        case "env" if reference.path and scope.env is not None:
            name = str(reference.path[0])
            if name not in scope.env:
                return f"there is no environment variable {name!r}", near(name, scope.env)
        case "run" if reference.path and reference.path[0] not in RUN_PARTS:
            return f"`run` has no {reference.path[0]!r}", "It has state, reason and failed."
        case _:
            pass
    return None


def _task_problem(reference: Reference, scope: Scope) -> _Problem | None:
    if not reference.path:
        return "the name of the task has to be written out", RESULT_HINT
    written = str(reference.path[0])
    name, problem = _lookup(written, scope.tasks_by_mapped_name, "there is no task {!r}")
    if problem is not None:
        return problem
    if name not in scope.upstream:
        hint = f"Add {name!r} to `depends_on`."
        return f"task {name!r} is not upstream, so it may not have run by then", hint
    if len(reference.path) < 2:
        return f"task {name!r} is no value", RESULT_HINT
    part = reference.path[1]
    if part in TASK_PARTS:
        return None
    hint = suggestion(str(part), TASK_PARTS) or f"Write tasks.{mapped(name)}.result.{part}."
    return f"a task has no {part!r}", hint


def _lookup(
    written: str, by_mapped_name: dict[str, list[str]], unknown: str
) -> tuple[str, _Problem | None]:
    """Return the name that is meant, and what is wrong with it."""
    meant = by_mapped_name.get(mapped(written), [])
    if mapped(written) != written:
        meant = [name for name in meant if name == written]
    if len(meant) > 1:
        return "", clash(written, meant)
    if not meant:
        return "", (unknown.format(written), near(written, by_mapped_name))
    return meant[0], None


def _unknown_root(reference: Reference, scope: Scope) -> _Problem:
    name = reference.root
    message = f"there is no name {name!r}"
    if name in ("item", "index"):
        return f"`{name}` exists only in a task with `foreach`", None
    if name == "run":
        return "`run` exists only in handlers", None
    if name in scope.params_by_mapped_name:
        return message, f"Did you mean params.{name}?"
    if name in scope.tasks_by_mapped_name:
        return message, f"Did you mean tasks.{name}.result?"
    if name in _AS_FILTERS or name in _FILTERS:
        return message, f"It is a filter: `x | {_AS_FILTERS.get(name, name)}`."
    return message, suggestion(name, scope.roots) or f"There is {', '.join(scope.roots)}."


def _by_mapped_name(names: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(mapped(name), []).append(name)
    return found
