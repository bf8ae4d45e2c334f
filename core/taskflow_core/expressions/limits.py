"""How much an expression may make, so that a short one cannot fill the memory.

The sandbox keeps expressions from reaching anything; it does not keep `"a" * 10 ** 10` from being
tried. Whatever can make something larger than what it is given spends from a budget, before it
does. Expressions have no loops and no assignments, so all other work is linear in their length.
"""

import re
from collections.abc import Generator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

BUDGET = 10_000_000
"""Characters and items that one evaluation may make."""
MAX_RANGE = 100_000
"""Numbers in a range."""
MAX_BITS = 4_096
"""Of a product or a power; about 1,200 digits."""
MAX_WIDTH = 1_000
"""Of a field in `"%20s" % x`, and digits after the point."""
MAX_PRECISION = 100
"""Digits that `round` keeps."""

_left: ContextVar[list[int]] = ContextVar("left")
_CONVERSION = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(\*|[0-9]*)(?:\.(\*|[0-9]*))?")


class LimitError(Exception):
    """An expression would make more than it may."""


@contextmanager
def budget() -> Generator[None]:
    """Give what is evaluated inside a fresh budget."""
    token = _left.set([BUDGET])
    try:
        yield
    finally:
        _left.reset(token)


def spend(amount: int) -> None:
    """Take so many characters or items from the budget.

    Raises:
        LimitError: it is used up.
    """
    left = _left.get()
    left[0] -= amount
    if left[0] < 0:
        raise LimitError(f"it makes more than {BUDGET:,} characters or items")


def size(value: Any) -> int:
    """Return how many characters or items a value has; 1 for one without parts."""
    return len(value) if isinstance(value, Sized) else 1


def checked_range(*numbers: int) -> range:
    """Return a range that is not too long."""
    found = range(*numbers)
    if len(found) > MAX_RANGE:
        raise LimitError(f"a range has at most {MAX_RANGE:,} numbers")
    spend(len(found))
    return found


def add(left: Any, right: Any) -> Any:
    """Return `left + right`."""
    if isinstance(left, str | bytes | list | tuple):
        spend(size(left) + size(right))
    return left + right


def multiply(left: Any, right: Any) -> Any:
    """Return `left * right`: of numbers, or of a text and a number."""
    for text, times in ((left, right), (right, left)):
        if isinstance(text, str | bytes) and isinstance(times, int):
            spend(len(text) * max(times, 0))
        elif isinstance(text, list | tuple):
            # Lists in repeated lists share their items: printed, they can be of any size.
            raise LimitError("a list cannot be repeated")
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    return left * right


def power(left: Any, right: Any) -> Any:
    """Return `left ** right`."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(right, 0))
    return left**right


def modulo(left: Any, right: Any) -> Any:
    """Return `left % right`: of numbers, or a text with its fields filled in."""
    if not isinstance(left, str | bytes):
        return left % right
    text = left if isinstance(left, str) else left.decode("latin-1")
    for match in _CONVERSION.finditer(text):
        for width in match.groups(default=""):
            if width == "*" or len(width) > 4 or int(width or 0) > MAX_WIDTH:
                raise LimitError(f"a field is at most {MAX_WIDTH:,} characters wide")
        spend(MAX_WIDTH)
    filled = left % right
    spend(len(filled))
    return filled


def joined(separator: str, parts: list[Any]) -> str:
    """Return `separator.join(parts)`."""
    spend(sum(map(size, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def replaced(text: str, old: str, new: str, count: int = -1) -> str:
    """Return `text.replace(old, new, count)`."""
    found = len(text) + 1 if not old else text.count(old)
    times = found if count < 0 else min(found, count)
    spend(len(text) + times * len(new))
    return text.replace(old, new, count)


def rounded(number: Any, precision: int = 0) -> Any:
    """Return `round(number, precision)`."""
    if abs(precision) > MAX_PRECISION:
        raise LimitError(f"`round` keeps at most {MAX_PRECISION} digits")
    return round(number, precision)


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise LimitError(f"a number has at most {MAX_BITS:,} bits")
