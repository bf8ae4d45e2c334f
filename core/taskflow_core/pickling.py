"""Pickling what the standard library cannot: closures, and what is defined in `__main__`."""

from importlib import import_module
from typing import Any

PROTOCOL = 5


def dumps(value: object) -> bytes:
    """Return `value` pickled by value where it cannot be imported elsewhere.

    Raises:
        Exception: whatever the value's own pickling raises.
    """
    return bytes(_cloudpickle().dumps(value, PROTOCOL))


def loads(data: bytes) -> Any:
    """Return what `dumps` was given. Only for bytes from our own processes."""
    return _cloudpickle().loads(data)


def _cloudpickle() -> Any:
    return import_module("cloudpickle")  # without type stubs; slow to import and rarely needed
