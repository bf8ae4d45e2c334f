"""Durations as people write them."""

import math
import re

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PART = re.compile(rf"({_NUMBER})(ms|s|m|h|d|)")
_WHOLE = re.compile(rf"{_NUMBER}|(?:{_NUMBER}(?:ms|s|m|h|d))+")


def seconds(text: float | str) -> float:
    """Return the seconds that `90`, `"90"`, `"90s"`, `"1h30m"` or `"250ms"` stand for.

    Raises:
        ValueError: it is none of these, or negative, or not finite.
    """
    try:
        length = _parse(text.strip()) if isinstance(text, str) else float(text)
    except OverflowError:
        length = math.inf
    if isinstance(text, bool) or not math.isfinite(length) or length < 0:
        raise ValueError(f"not a duration: {text!r}")
    return length


def _parse(text: str) -> float:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"not a duration: {text!r}; write 90, 90s, 1h30m or 250ms")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
