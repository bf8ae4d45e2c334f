"""What may be shown and recorded of a value: all of a small one, a glimpse of any other.

No code of the value's own class runs here, so that a hostile or slow `__repr__` harms nobody.
"""

import math
from collections.abc import Callable, Iterable, Sized
from typing import Any

GLIMPSE = 200
"""Characters of a text that a preview shows."""
SMALL = 1024
"""A value counts as small up to about this many characters of JSON."""
DEEPEST = 8


def preview(value: object) -> dict[str, Any]:
    """Return `{"value": value}` if it is small and exactly JSON, else what it is like.

    The other shape is `{"type": "numpy.ndarray", "size": 12, "text": "…"}`, with `size` (its
    length) and `text` (its beginning) only where reading them runs no foreign code.
    """
    kind = type(value)
    measure = _MEASURES.get(kind)
    if measure is not None and measure(value, DEEPEST) <= SMALL:
        return {"value": value}
    shown: dict[str, Any] = {"type": _name_of(kind)}
    if kind in _SIZED and isinstance(value, Sized):
        shown["size"] = len(value)
    if kind is str and isinstance(value, str):
        shown["text"] = value[:GLIMPSE].encode(errors="replace").decode()
    return shown


def is_exact(shown: dict[str, Any]) -> bool:
    """Say whether the value can be had back from its preview."""
    return "value" in shown


_SIZED = frozenset({str, bytes, list, tuple, dict, set, frozenset})
_TOO_MUCH = SMALL + 1


def _name_of(kind: type[Any]) -> str:
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def _cost(value: object, depth: int) -> int:
    """Return about how many characters of JSON `value` takes; more than SMALL if it is no JSON."""
    measure = _MEASURES.get(type(value))
    return _TOO_MUCH if measure is None or not depth else measure(value, depth)


def _cost_of_int(value: int, _: int) -> int:
    return 8 if -_LARGEST <= value < _LARGEST else _TOO_MUCH


def _cost_of_float(value: float, _: int) -> int:
    return 8 if math.isfinite(value) else _TOO_MUCH


def _cost_of_dict(value: dict[Any, Any], depth: int) -> int:
    if any(type(key) is not str for key in value):
        return _TOO_MUCH
    return _sum(value, depth) + _sum(value.values(), depth)


_LARGEST = 2**63


def _cost_of_text(text: str, _: int) -> int:
    if len(text) > SMALL:
        return _TOO_MUCH
    try:
        return len(text.encode()) + 2
    except UnicodeEncodeError:  # lone surrogates are no JSON
        return _TOO_MUCH


def _sum(values: Iterable[Any], depth: int) -> int:
    total = 2
    for item in values:
        total += _cost(item, depth - 1)
        if total > SMALL:
            return _TOO_MUCH
    return total


_MEASURES: dict[type, Callable[[Any, int], int]] = {
    int: _cost_of_int,
    str: _cost_of_text,
    float: _cost_of_float,
    bool: lambda _, __: 8,
    type(None): lambda _, __: 8,
    list: _sum,
    dict: _cost_of_dict,
}
