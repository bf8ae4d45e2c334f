"""`rollback` as people write it: what undoes a task, checked."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

import taskflow_core.definition.checking as checking
from taskflow_core.definition.keys import Command, Function, Rollback
from taskflow_core.definition.retry_keys import retry_policy
from taskflow_core.definition.task_bodies import command_of, is_function
from taskflow_core.errors import DefinitionError
from taskflow_core.plan import DEFAULT_GRACE
from taskflow_core.policies import NO_RETRY, RetryPolicy


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """What undoes a task: a callable, the dotted name of one, or a command."""

    func: Function | None = None
    function: str | None = None
    command: str | tuple[str, ...] | None = None
    timeout: float | None = None
    grace: float = DEFAULT_GRACE
    retry: RetryPolicy = NO_RETRY
    env: dict[str, str] = {}


def undoing_of(owner: str, value: Rollback) -> Undoing:
    """Return what a callable, a dotted name or a mapping says of undoing a task.

    Args:
        owner: The name of the task.
        value: What it has as `rollback`.

    Raises:
        DefinitionError: it is none of these, or a field is not what it should be.
    """
    key = f"rollback of task {owner!r}"
    if isinstance(value, Mapping):
        return _mapping(key, checking.known(key, cast("object", value), ROLLBACK_KEYS))
    return Undoing(**_function(key, value))


def _mapping(key: str, given: dict[str, object]) -> Undoing:
    if len(given.keys() & {"function", "command"}) != 1:
        message = f"{key} needs exactly one of function and command"
        raise DefinitionError(message, hint="Say once what undoes it.")
    if "retry" in given and "retries" in given:
        raise DefinitionError(f"{key} has both retries and retry", hint="Keep one.")
    read: dict[str, Any] = {
        "retry" if name == "retries" else name: _READERS[name](f"{key}: {name}", value)
        for name, value in given.items()
        if name in _READERS
    }
    if "command" in given:
        return Undoing(command=_command(key, given["command"]), **read)
    return Undoing(**_function(key, given["function"]), **read)


def _command(key: str, value: object) -> str | tuple[str, ...]:
    return command_of(key, cast("Command", value))


def _function(key: str, value: object) -> dict[str, Any]:
    if isinstance(value, str):
        return {"function": checking.text(key, value)}
    if not is_function(value):
        hint = "Pass the function itself, without @task." if callable(value) else None
        raise checking.wrong(key, "a function, a dotted name or a mapping", value, hint=hint)
    return {"func": value}


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "timeout": checking.positive_duration,
    "grace": checking.duration,
    "retry": retry_policy,
    "retries": retry_policy,
    "env": checking.environment,
}
ROLLBACK_KEYS = ("function", "command", *_READERS)
"""What a mapping may say."""
