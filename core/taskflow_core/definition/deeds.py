"""What is done besides the tasks, as people write it: to undo one, or once a run has ended."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

import taskflow_core.definition.checking as checking
from taskflow_core.definition.keys import Command, Deed, Function
from taskflow_core.definition.task_bodies import command_of, is_function
from taskflow_core.errors import DefinitionError
from taskflow_core.plan import DEFAULT_GRACE

Reader = Callable[[str, Any], Any]
"""Returns a value, checked; takes what it is called, too."""


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """What is done: a callable, the dotted name of one, or a command."""

    func: Function | None = None
    function: str | None = None
    command: str | tuple[str, ...] | None = None
    timeout: float | None = None
    grace: float = DEFAULT_GRACE
    env: dict[str, str] = {}


READERS: dict[str, Reader] = {
    "timeout": checking.positive_duration,
    "grace": checking.duration,
    "env": checking.environment,
}
"""How what a mapping says besides is read."""


def doing(key: str, value: Deed, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Return the fields of what a callable, a dotted name or a mapping says.

    Args:
        key: What it is called, for messages.
        value: As it was written.
        readers: What a mapping may say besides `function` and `command`, and how it is read.

    Raises:
        DefinitionError: it is none of these, or a field is not what it should be.
    """
    if isinstance(value, Mapping):
        known = ("function", "command", *readers)
        return _mapping(key, checking.known(key, cast("object", value), known), readers)
    return _function(key, value)


def _mapping(key: str, given: dict[str, object], readers: Mapping[str, Reader]) -> dict[str, Any]:
    if len(given.keys() & {"function", "command"}) != 1:
        message = f"{key} needs exactly one of function and command"
        raise DefinitionError(message, hint="Say once what is to be done.")
    read = {
        name: readers[name](f"{key}: {name}", value)
        for name, value in given.items()
        if name in readers
    }
    if "command" in given:
        return {"command": command_of(key, cast("Command", given["command"])), **read}
    return {**_function(key, given["function"]), **read}


def _function(key: str, value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"function": checking.text(key, value)}
    if not is_function(value):
        hint = "Pass the function itself, without @task." if callable(value) else None
        raise checking.wrong(key, "a function, a dotted name or a mapping", value, hint=hint)
    return {"func": value}
