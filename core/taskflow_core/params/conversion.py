"""Text and values → the values that parameters have."""

import datetime as dt
import json
import math
import os
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, cast

ParamType = Literal["str", "int", "float", "bool", "date", "path", "choice", "list"]
ItemType = Literal["str", "int", "float", "bool", "date", "path"]

DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
"""Words for dates, and how far from today they are."""

_WANTED = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date",
    "path": "a path",
    "choice": "text",
    "list": "a list",
}
_HOW = {
    "str": "Quote it.",
    "int": "Write digits, such as 42.",
    "float": "Write digits, such as 0.5.",
    "bool": "Write true, false, yes, no, on, off, 1 or 0.",
    "date": "Write it as 2026-01-31, or today, yesterday or tomorrow.",
    "list": 'Write items with commas in between, or a JSON list such as ["a", "b"].',
}
_BOOLS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KINDS: tuple[tuple[type, ItemType], ...] = (
    (bool, "bool"),  # before int, which it is as well
    (int, "int"),
    (float, "float"),
    (str, "str"),
    (dt.date, "date"),
    (os.PathLike, "path"),
)
_SHOWN = 60


class WrongValueError(ValueError):
    """A value is not what its parameter takes; the message goes on from its name."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def convert(kind: ParamType, value: Any, today: dt.date, *, items: ItemType = "str") -> Any:
    """Return what `value`, or the text of one, stands for.

    Args:
        kind: The type it has to be of.
        value: Text, or a value of that type.
        today: What `today` means.
        items: The type of a list's items.

    Raises:
        WrongValueError: it is of another type.
    """
    if kind == "list":
        return [convert(items, item, today) for item in _items(value)]
    if kind == "date":
        return _date(value, today)
    return _CONVERT[kind](value)


def type_of(value: object) -> ItemType | None:
    """Return the type a value has, or None if no parameter can have it."""
    if isinstance(value, dt.datetime):
        return None
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return None


def shown(value: object) -> str:
    """Return a value for a message, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def wrong_type(kind: ParamType, value: object) -> WrongValueError:
    """Return the error that says what was expected instead of `value`."""
    hint = _HOW.get(kind) if isinstance(value, str) or kind == "str" else None
    return WrongValueError(f"must be {_WANTED[kind]}, not {shown(value)}", hint)


def _text(value: Any) -> str:
    if type_of(value) != "str":
        raise wrong_type("str", value)
    return str(value)


def _path(value: Any) -> str:
    kind = type_of(value)
    found = cast("object", os.fspath(value) if kind == "path" else value)
    if kind not in ("str", "path") or not isinstance(found, str):
        raise wrong_type("path", value)
    if not found or "\0" in found:
        raise WrongValueError(f"cannot be a path: {shown(value)}")
    return found


def _whole(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        value = int(value)
    if type_of(value) != "int":
        raise wrong_type("int", value)
    number = cast("int", value)
    if not -(2**63) <= number < 2**63:
        raise WrongValueError(f"does not fit into 64 bits: {shown(number)}")
    return number


def _number(value: Any) -> float:
    if isinstance(value, str) and _FLOAT.fullmatch(value.strip()):
        value = float(value)
    if type_of(value) not in ("int", "float"):
        raise wrong_type("float", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WrongValueError(f"must be a finite number, not {shown(value)}")
    return number


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        value = _BOOLS.get(value.strip().lower(), value)
    if not isinstance(value, bool):
        raise wrong_type("bool", value)
    return value


def _date(value: Any, today: dt.date) -> dt.date:
    if type_of(value) == "date":
        return cast("dt.date", value)
    text = value.strip().lower() if isinstance(value, str) else ""
    try:
        if text in DAYS:
            return today + dt.timedelta(days=DAYS[text])
        if _DATE.fullmatch(text):
            return dt.date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise WrongValueError(f"is no date: {shown(value)}: {error}", _HOW["date"]) from None
    raise wrong_type("date", value)


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        return cast("Iterable[Any]", value)
    if not isinstance(value, str):
        raise wrong_type("list", value)
    text = value.strip()
    if not text.startswith("["):
        return [item.strip() for item in text.split(",")] if text else []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongValueError(f"is no JSON list: {error}", _HOW["list"]) from None
    return cast("Iterable[Any]", found)


_CONVERT: dict[ParamType, Callable[[Any], Any]] = {
    "str": _text,
    "int": _whole,
    "float": _number,
    "bool": _truth,
    "path": _path,
    "choice": _text,
}
