"""Values that somebody wrote in Python, checked: each reader returns the value or says no."""

import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, cast

from taskflow_core.durations import seconds
from taskflow_core.errors import DefinitionError, suggestion

C = TypeVar("C", bound=str)

DURATION = "Write 90, '90s', '1h30m' or '250ms'."


def wrong(key: str, wanted: str, value: object, *, hint: str | None = None) -> DefinitionError:
    """Return the error that says that `key` must be `wanted`, which `value` is not."""
    return DefinitionError(f"{key} must be {wanted}, not {_shown(value)}", hint=hint)


def text(key: str, value: object) -> str:
    """Return text that says something.

    Raises:
        DefinitionError: it is none; so with every reader here.
    """
    if not isinstance(value, str):
        raise wrong(key, "text", value)
    if not value.strip():
        raise DefinitionError(f"{key} is empty")
    if "\0" in value:
        raise DefinitionError(f"{key} holds a NUL character")
    return value


def texts(key: str, value: object) -> tuple[str, ...]:
    """Return several texts; a single one is a list of one."""
    items = (value,) if isinstance(value, str) else listed(key, value)
    return tuple([text(key, item) for item in items])


def listed(key: str, value: object) -> list[object]:
    """Return the items of a list, a tuple or a set."""
    if not isinstance(value, list | tuple | set | frozenset):
        raise wrong(key, "a list", value)
    return list(cast("Iterable[object]", value))


def mapping(key: str, value: object) -> dict[str, object]:
    """Return a mapping whose keys are texts."""
    if not isinstance(value, Mapping):
        raise wrong(key, "a mapping", value)
    found = dict(cast("Mapping[object, object]", value))
    if any(not isinstance(name, str) for name in found):
        raise DefinitionError(f"{key} has a key that is no text")
    return cast("dict[str, object]", found)


def known(key: str, value: object, names: Sequence[str]) -> dict[str, object]:
    """Return a mapping that has no keys but `names`; those that are None were not given."""
    said = mapping(key, value)
    for name in said:
        if name not in names:
            hint = suggestion(name, names) or f"There is {', '.join(names)}."
            raise DefinitionError(f"{key} has no {name!r}", hint=hint)
    return {name: each for name, each in said.items() if each is not None}


def flag(key: str, value: object) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise wrong(key, "True or False", value)
    return value


def integer(key: str, value: object) -> int:
    """Return a whole number, of either sign."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(key, "a whole number", value)
    return value


def whole(key: str, value: object) -> int:
    """Return a whole number, 0 or more."""
    return _at_least(0, key, value)


def count(key: str, value: object) -> int:
    """Return a whole number, 1 or more."""
    return _at_least(1, key, value)


def factor(key: str, value: object) -> float:
    """Return a number above 0."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong(key, "a number", value)
    if not value > 0:
        raise DefinitionError(f"{key} must be more than 0")
    return float(value)


def duration(key: str, value: object) -> float:
    """Return the seconds that a number, or a text such as `1h30m`, stands for."""
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise wrong(key, "a duration", value, hint=DURATION)
    try:
        return _seconds(value) if isinstance(value, str) else seconds(value)
    except ValueError:
        raise DefinitionError(f"{key} is no duration: {value!r}", hint=DURATION) from None


_seconds = functools.lru_cache(maxsize=256)(seconds)


def positive_duration(key: str, value: object) -> float:
    """Return the seconds of a duration that takes some."""
    length = duration(key, value)
    if length == 0:
        raise DefinitionError(f"{key} must be more than 0")
    return length


def choice(key: str, value: object, choices: Sequence[C]) -> C:
    """Return one of `choices`."""
    for known in choices:
        if known == value:
            return known
    there_is = f"There is {', '.join(choices)}."
    if not isinstance(value, str):
        raise wrong(key, f"one of {', '.join(choices)}", value)
    hint = suggestion(value, choices) or there_is
    raise DefinitionError(f"{key} cannot be {value!r}", hint=hint)


def environment(key: str, value: object) -> dict[str, str]:
    """Return variables for the environment."""
    found: dict[str, str] = {}
    for name, content in mapping(key, value).items():
        if not name or "=" in name or "\0" in name:
            raise DefinitionError(f"no variable can be called {name!r}")
        if not isinstance(content, str):
            hint = f"Write '{content}'." if isinstance(content, int | float) else None
            raise wrong(f"{key} {name}", "text", content, hint=hint)
        if "\0" in content:
            raise DefinitionError(f"{key} {name} holds a NUL character")
        found[name] = content
    return found


def path(key: str, value: object) -> str:
    """Return a path as text."""
    if isinstance(value, os.PathLike):
        return text(key, os.fspath(cast("os.PathLike[str]", value)))
    return text(key, value)


def paths(key: str, value: object) -> tuple[str, ...]:
    """Return several paths as texts; a single one is a list of one."""
    items: list[object] = [value] if isinstance(value, str | os.PathLike) else listed(key, value)
    return tuple([path(key, item) for item in items])


def _at_least(least: int, key: str, value: object) -> int:
    number = integer(key, value)
    if number < least:
        raise DefinitionError(f"{key} must be {least} or more, not {number}")
    return number


def _shown(value: object) -> str:
    """Return a value of the wrong kind as a message shows it, without running its own code."""
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:40]}…")
    return f"a {type(value).__name__}"
