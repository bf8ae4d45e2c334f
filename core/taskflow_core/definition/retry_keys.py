"""`retry` as people write it, made a policy whose fields are what they should be."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

import msgspec

import taskflow_core.definition.checking as checking
from taskflow_core.errors import DefinitionError, suggestion
from taskflow_core.policies import NO_RETRY, Backoff, Jitter, RetryPolicy


def retry_policy(key: str, value: object) -> RetryPolicy:
    """Return the policy that a number of retries, a mapping of its fields, or a policy stands for.

    Raises:
        DefinitionError: it is none of these, or a field is not what it should be.
    """
    if isinstance(value, RetryPolicy):
        return _checked(value)
    if isinstance(value, Mapping):
        return _policy(key, checking.mapping(key, cast("object", value)))
    if isinstance(value, int) and not isinstance(value, bool):
        return _times(checking.whole(key, value))
    raise checking.wrong(key, "a number, a RetryPolicy or a mapping", value)


@functools.lru_cache(maxsize=64)
def _times(retries: int) -> RetryPolicy:
    return RetryPolicy(retries=retries) if retries else NO_RETRY


def _checked(policy: RetryPolicy) -> RetryPolicy:
    try:
        return _known(policy)
    except TypeError:  # a list in it
        return _policy("retry", msgspec.structs.asdict(policy))


@functools.lru_cache(maxsize=64)
def _known(policy: RetryPolicy) -> RetryPolicy:
    return _policy("retry", msgspec.structs.asdict(policy))


def _policy(key: str, fields: Mapping[str, object]) -> RetryPolicy:
    unknown = [name for name in fields if name not in _READERS]
    if unknown:
        hint = suggestion(unknown[0], _READERS) or f"There is {', '.join(_READERS)}."
        raise DefinitionError(f"{key} has no {unknown[0]!r}", hint=hint)
    read = {
        name: _READERS[name](f"{key} {name}", value)
        for name, value in fields.items()
        if value is not None
    }
    return RetryPolicy(**read)


def _delay(key: str, value: object) -> float | tuple[float, ...]:
    if isinstance(value, int | float | str):
        return checking.duration(key, value)
    items = checking.listed(key, value)
    if not items:
        raise DefinitionError(f"{key} is an empty list")
    return tuple([checking.duration(key, item) for item in items])


def _exceptions(key: str, value: object) -> tuple[str, ...]:
    """Return exceptions by name; the classes themselves are as good."""
    items = [value] if isinstance(value, str | type) else checking.listed(key, value)
    return tuple([_exception(key, item) for item in items])


def _exception(key: str, value: object) -> str:
    if not isinstance(value, type):
        return checking.text(key, value)
    kind = cast("type[object]", value)
    if not issubclass(kind, BaseException):
        raise checking.wrong(key, "an exception", kind)
    is_short = kind.__module__ == "builtins"
    return kind.__name__ if is_short else f"{kind.__module__}.{kind.__qualname__}"


def exit_codes(key: str, value: object) -> tuple[int, ...]:
    """Return exit codes; a single one is a list of one."""
    items = [value] if isinstance(value, int) else checking.listed(key, value)
    codes = tuple([checking.whole(key, item) for item in items])
    if too_high := [code for code in codes if code > 255]:
        raise DefinitionError(f"{key} cannot be {too_high[0]}", hint="The highest is 255.")
    return codes


def _backoff(key: str, value: object) -> Backoff:
    return checking.choice(key, value, get_args(Backoff))


def _jitter(key: str, value: object) -> Jitter:
    return checking.choice(key, value, get_args(Jitter))


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "retries": checking.whole,
    "delay": _delay,
    "backoff": _backoff,
    "factor": checking.factor,
    "max_delay": checking.duration,
    "jitter": _jitter,
    "max_elapsed": checking.duration,
    "retry_on": _exceptions,
    "no_retry_on": _exceptions,
    "retry_exit_codes": exit_codes,
    "crash_retries": checking.whole,
}
