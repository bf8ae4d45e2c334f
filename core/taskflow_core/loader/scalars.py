"""What a plain scalar stands for: the core schema of YAML 1.2 (chapter 10.3), and JSON's numbers.

`NO`, `on`, `12:30:45` and `2026-01-31` are text; `010` is ten.
"""

import math
import re

from taskflow_core.loader.tree import Plain

_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_FIRST = frozenset("~nNtTfF-+.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MISREAD = re.compile(r"[-+]?0[0-9]+|[0-9]+\.[0-9]*[1-9]0")
_LONGEST_INTEGER = len("0o1777777777777777777777")


class ScalarError(ValueError):
    """A scalar that cannot be kept."""

    def __init__(self, slug: str, message: str, hint: str = "Quote it if it is text.") -> None:
        super().__init__(message)
        self.slug = slug
        self.hint = hint


def plain_value(text: str) -> Plain:
    """Return what `text`, written without quotes, stands for.

    Raises:
        ScalarError: it is a number, but too large, infinite or none.
    """
    if not text:
        return None
    if text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError("not-finite", f"{text} is not a finite number")
    return text


def misread(text: str, value: int | float) -> str | None:
    """Say how `value` surprises those who wrote `text`: `010` or `3.10`; None if it does not."""
    return f"{text} is the number {value}" if _MISREAD.fullmatch(text) else None


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise ScalarError("number-too-large", f"a number of {len(text):,} digits is too large")
    value = int(text[2:], {"0o": 8, "0x": 16}[text[:2]]) if text[:2] in ("0o", "0x") else int(text)
    if not -(2**63) <= value < 2**64:
        raise ScalarError("number-too-large", f"{text} does not fit into 64 bits")
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ScalarError("not-finite", f"{text[:30]} is too large for a number")
    return value
