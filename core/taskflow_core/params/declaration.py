"""What a parameter of a flow may be."""

import datetime as dt
import os
import re
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import msgspec

from taskflow_core.errors import DefinitionError, suggestion
from taskflow_core.names import RULE, is_name
from taskflow_core.params.conversion import (
    DAYS,
    ItemType,
    ParamType,
    WrongValueError,
    convert,
    shown,
    type_of,
)

_ORDERED = ("int", "float", "date")
_MATCHED = ("str", "path")


class Param(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One parameter of a flow. Without a default, every run has to be given a value."""

    type: ParamType = "str"
    default: Any = msgspec.UNSET
    """A value, or text that is one; None means that it may be left without."""
    help: str | None = None
    min: Any = None
    """The least number, or date; a date may be text."""
    max: Any = None
    pattern: str | None = None
    """A regular expression that the whole of a text or path has to match."""
    choices: tuple[str, ...] = ()
    items: ItemType = "str"
    """What a list holds."""

    @property
    def required(self) -> bool:
        """Say whether a run has to be given a value."""
        return self.default is msgspec.UNSET

    @staticmethod
    def infer(value: Any) -> "Param":
        """Return the parameter whose default is `value`; a `Param` stands for itself.

        Raises:
            DefinitionError: no parameter can have such a value.
        """
        if isinstance(value, Param):
            return value
        if isinstance(value, list | tuple):
            items = list(cast("Iterable[Any]", value))
            return Param(type="list", default=items, items=_type_of_items(items))
        kind = "str" if value is None else type_of(value)
        if kind is None:
            message = f"no parameter can be of type {type(value).__name__!r}"
            hint = "It can be text, a number, true or false, a date, a path, or a list of these."
            raise DefinitionError(message, hint=hint)
        return Param(type=kind, default=os.fspath(cast("Any", value)) if kind == "path" else value)


class DeclarationProblem(NamedTuple):
    """One thing wrong with the declaration of a parameter."""

    key: str | None
    """The key it is about; None for the parameter's name."""
    message: str
    hint: str | None = None


def value_of(param: Param, value: Any, today: dt.date) -> Any:
    """Return what `value`, or the text of one, stands for as a value of `param`.

    Raises:
        WrongValueError: it is of another type, out of range, or not among the choices.
    """
    found = convert(param.type, value, today, items=param.items)
    if param.type in _ORDERED:
        _check_range(param, found)
    if param.pattern is not None and not re.fullmatch(param.pattern, found):
        raise WrongValueError(f"does not match `{param.pattern}`: {shown(found)}")
    if param.type == "choice" and found not in param.choices:
        hint = suggestion(found, param.choices) or f"Choose from {', '.join(param.choices)}."
        raise WrongValueError(f"cannot be {shown(found)}", hint)
    return found


def refusal_of(param: Param, value: Any) -> WrongValueError | None:
    """Return why a value, or the text of one, can never be one of `param`; None if it can."""
    if param.type == "date" and isinstance(value, str) and value.strip().lower() in DAYS:
        return None  # whether it is in range depends on the day
    try:
        value_of(param, value, dt.date.min)
    except WrongValueError as error:
        return error
    return None


def check_param(name: str, param: Param) -> list[DeclarationProblem]:
    """Return everything that is wrong with a declaration."""
    found: list[DeclarationProblem] = []
    if not is_name(name):
        found.append(DeclarationProblem(None, f"no parameter can be called {name!r}", RULE))
    found += _misplaced_keys(param)
    found += _bad_bounds(param)
    if param.pattern is not None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as of a nested set that may come to be
                re.compile(param.pattern)
        except (re.error, RecursionError, OverflowError) as error:
            message = f"{shown(param.pattern)} is no regular expression: {error}"
            found.append(DeclarationProblem("pattern", message))
    return found or _bad_default(param)


def _bad_default(param: Param) -> list[DeclarationProblem]:
    default = param.default
    if param.required or default is None:
        return []
    error = refusal_of(param, default)
    return (
        [] if error is None else [DeclarationProblem("default", f"the default {error}", error.hint)]
    )


def _type_of_items(items: list[Any]) -> ItemType:
    kinds: set[ItemType | None] = {type_of(item) for item in items}
    if kinds == {"int", "float"}:
        return "float"
    kind = kinds.pop() if kinds else "str"
    if kind is None or kinds:
        message = "the items of a list parameter must be of one kind"
        hint = "They can be text, numbers, true or false, dates, or paths."
        raise DefinitionError(message, hint=hint)
    return kind


def _misplaced_keys(param: Param) -> list[DeclarationProblem]:
    found: list[DeclarationProblem] = []
    for key in ("min", "max"):
        if getattr(param, key) is not None and param.type not in _ORDERED:
            message = f"`{key}` is for numbers and dates, not for type {param.type}"
            found.append(DeclarationProblem(key, message))
    if param.pattern is not None and param.type not in _MATCHED:
        message = f"`pattern` is for text and paths, not for type {param.type}"
        found.append(DeclarationProblem("pattern", message))
    if param.items != "str" and param.type != "list":
        message = f"`items` is for lists, not for type {param.type}"
        found.append(DeclarationProblem("items", message, "Write `type: list`."))
    if param.choices and param.type != "choice":
        message = f"`choices` is for type choice, not for type {param.type}"
        found.append(DeclarationProblem("choices", message, "Write `type: choice`."))
    if param.type == "choice" and not param.choices:
        hint = "Add `choices: [a, b]`."
        found.append(DeclarationProblem("type", "type choice needs `choices`", hint))
    if len(set(param.choices)) < len(param.choices):
        found.append(DeclarationProblem("choices", "a choice is listed twice", "Drop one."))
    return found


def _bad_bounds(param: Param) -> list[DeclarationProblem]:
    found: list[DeclarationProblem] = []
    if param.type not in _ORDERED:
        return found
    bounds: list[Any] = []
    for key in ("min", "max"):
        bound = getattr(param, key)
        try:
            bounds.append(None if bound is None else _bound(param, bound))
        except WrongValueError as error:
            found.append(DeclarationProblem(key, f"`{key}` {error}", error.hint))
    if not found and None not in bounds and bounds[0] > bounds[1]:
        message = f"`min` ({bounds[0]}) is more than `max` ({bounds[1]})"
        found.append(DeclarationProblem("min", message))
    return found


def _bound(param: Param, bound: Any) -> Any:
    if param.type == "date" and isinstance(bound, str) and bound.strip().lower() in DAYS:
        raise WrongValueError(f"cannot be {bound!r}", "Write a date such as 2026-01-31.")
    return convert(param.type, bound, dt.date.min)


def _check_range(param: Param, value: Any) -> None:
    for key, sign in (("min", 1), ("max", -1)):
        bound = getattr(param, key)
        if bound is None:
            continue
        limit = _bound(param, bound)
        if (value < limit) if sign > 0 else (value > limit):
            side = "least" if sign > 0 else "most"
            raise WrongValueError(f"must be at {side} {limit}, not {value}")
