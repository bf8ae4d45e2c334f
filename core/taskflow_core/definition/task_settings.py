"""What a task says about how it is run, checked and in one form each."""

import functools
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any, get_args

import taskflow_core.definition.checking as checking
from taskflow_core.definition.retry_keys import exit_codes, retry_policy
from taskflow_core.errors import DefinitionError, suggestion
from taskflow_core.expressions import Expression, ExpressionError
from taskflow_core.plan import BreakpointSpec, CacheSpec
from taskflow_core.policies import Merge, Output, RollbackOn, Stop, TriggerRule

Settings = Mapping[str, Any]
"""Values by key, each hashable; only what was said. `retries` is part of `retry`."""

NO_SETTINGS: Settings = {}

_LISTS: tuple[type[Any], ...] = (list, tuple)
SHELLS = {
    "sh": (),
    "bash": ("bash", "-euo", "pipefail", "{file}"),
    "python": (sys.executable, "{file}"),
}
"""How `TaskSpec.shell` says the shells that have a name."""


def settings_of(options: Mapping[str, object], *, owner: str) -> Settings:
    """Return the options of a task, or of all tasks of a flow; those that are None were not given.

    Args:
        options: Any of `OptionKeys`.
        owner: Whose they are, for messages.

    Raises:
        DefinitionError: a value is not what it should be.
        TypeError: there is no such key.
    """
    settings: dict[str, Any] = {}
    for key, value in options.items():
        reader = _READERS.get(key)
        if reader is None:
            raise _unknown(key, owner)
        if value is not None:
            try:
                settings[_FORM_OF.get(key, key)] = reader(key, value)
            except DefinitionError as error:
                raise DefinitionError(f"{owner}: {error}", hint=error.hint) from None
    if options.get("retry") is not None and options.get("retries") is not None:
        raise DefinitionError(f"{owner} has both retries and retry", hint="Keep one.")
    return settings


def shell_argv(key: str, value: object) -> tuple[str, ...]:
    """Return what runs a script, as `TaskSpec.shell` has it.

    Args:
        key: What it is called, for messages.
        value: `sh`, `bash`, `python`, a command line, or a list with `{file}` in it. A line
            without `{file}` gets it at its end.
    """
    if not isinstance(value, str):
        return _with_file(key, checking.texts(key, value))
    if value in SHELLS:
        return SHELLS[value]
    line = checking.text(key, value)
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise DefinitionError(f"{key} is no command line: {error}") from None
    return _with_file(key, tuple(words) if "{file}" in line else (*words, "{file}"))


def _with_file(key: str, words: tuple[str, ...]) -> tuple[str, ...]:
    if "{file}" not in words:
        hint = "Write '{file}', as a word of its own, where the script's file belongs."
        raise DefinitionError(f"{key} names no {{file}}", hint=hint)
    return words


def _unknown(key: str, owner: str) -> TypeError:
    near = suggestion(key, _READERS)
    return TypeError(f"{owner}: there is no key {key!r}" + (f". {near}" if near else ""))


def _environment(key: str, value: object) -> tuple[tuple[str, str], ...]:
    return tuple(checking.environment(key, value).items())


def _expression(key: str, value: object) -> str:
    text = checking.text(key, value).strip()
    try:
        Expression.parse(text)
    except ExpressionError as error:
        raise DefinitionError(f"{key}: {error}", hint=error.hint) from None
    return text


def _breakpoints(key: str, value: object) -> tuple[BreakpointSpec, ...]:
    if value is False:
        return ()
    if isinstance(value, _LISTS):
        return tuple([_breakpoint(key, item) for item in checking.listed(key, value)])
    return (_breakpoint(key, value),)


def _breakpoint(key: str, value: object) -> BreakpointSpec:
    if value is True:
        return BreakpointSpec()
    if isinstance(value, str):
        return BreakpointSpec(_stop(key, value))
    fields: dict[str, Any] = {}
    for name, content in checking.mapping(key, value).items():
        if name not in _BREAKPOINT:
            hint = suggestion(name, _BREAKPOINT) or f"There is {', '.join(_BREAKPOINT)}."
            raise DefinitionError(f"{key} has no {name!r}", hint=hint)
        field, reader = _BREAKPOINT[name]
        if field in fields:
            raise DefinitionError(f"{key} says twice what its {field} is", hint="Keep one.")
        fields[field] = reader(f"{key} {name}", content)
    return BreakpointSpec(**fields)


def _stop(key: str, value: object) -> Stop:
    return checking.choice(key, value, get_args(Stop))


_BREAKPOINT: dict[str, tuple[str, Callable[[str, object], Any]]] = {
    "at": ("stop", _stop),
    "stop": ("stop", _stop),
    "when": ("condition", _expression),
    "condition": ("condition", _expression),
    "hit": ("hit", checking.count),
}


def _cache(key: str, value: object) -> CacheSpec | bool:
    if value is True:
        return CacheSpec()
    if value is False:
        return False
    fields: dict[str, Any] = {}
    for name, content in checking.mapping(key, value).items():
        reader = _CACHE.get(name)
        if reader is None:
            hint = suggestion(name, _CACHE) or f"There is {', '.join(_CACHE)}."
            raise DefinitionError(f"{key} has no {name!r}", hint=hint)
        if content is not None:
            fields[name] = reader(f"{key} {name}", content)
    return CacheSpec(**fields)


_CACHE: dict[str, Callable[[str, object], Any]] = {
    "key": checking.paths,
    "ttl": checking.positive_duration,
}


def overlaid(*settings: Settings) -> dict[str, Any]:
    """Return what the last of several settings that says something about a key says."""
    merged = {key: value for each in settings for key, value in each.items()}
    if merged.get("cache") is False:  # where others are cached by default
        del merged["cache"]
    return merged


def _one_of(kind: Any) -> Callable[[str, object], str]:
    return functools.partial(checking.choice, choices=get_args(kind))


_FORM_OF = {"retries": "retry", "breakpoint": "breakpoints"}
_READERS: dict[str, Callable[[str, Any], Any]] = {
    "retries": retry_policy,
    "retry": retry_policy,
    "timeout": checking.positive_duration,
    "grace": checking.duration,
    "env": _environment,
    "cwd": checking.path,
    "executor": checking.text,
    "trigger_rule": _one_of(TriggerRule),
    "when": _expression,
    "allow_failure": checking.flag,
    "pool": checking.text,
    "priority": checking.integer,
    "group": checking.text,
    "tags": checking.texts,
    "success_exit_codes": exit_codes,
    "output": _one_of(Output),
    "shell": shell_argv,
    "merge": _one_of(Merge),
    "rollback_on": _one_of(RollbackOn),
    "breakpoint": _breakpoints,
    "cache": _cache,
    "inputs": checking.paths,
    "outputs": checking.paths,
}
