"""A text, split where `${{ … }}` stands in it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from taskflow_core.expressions.error import ExpressionError, shown

OPEN = "${{"
CLOSE = "}}"
_TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|['"{]|\}\}?""", re.DOTALL)


class Piece(NamedTuple):
    """A piece of text, or what stands between `${{` and `}}`."""

    text: str
    offset: int
    """Where it starts, in characters."""
    is_expression: bool


def split(text: str) -> Iterator[Piece]:
    """Yield the pieces of `text` that are not empty, and its expressions.

    Braces and quotes inside an expression belong to it. Nothing else is syntax: `${#a[@]}`,
    `{{ x }}`, `{% %}`, `{# #}` and `$$` are text.

    Raises:
        ExpressionError: an expression is not closed.
    """
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        if start > at:
            yield Piece(text[at:start], at, is_expression=False)
        end = _end(text, start)
        yield Piece(text[start + len(OPEN) : end], start + len(OPEN), is_expression=True)
        at = end + len(CLOSE)
    if at < len(text):
        yield Piece(text[at:], at, is_expression=False)


def _end(text: str, start: int) -> int:
    """Return where the `}}` is that closes the `${{` at `start`."""
    at = start + len(OPEN)
    depth = 0
    while match := _TOKEN.search(text, at):
        found = match[0]
        at = match.end()
        if found in ("'", '"'):
            message = f"a text in the expression is never closed: {shown(text[match.start() :])}"
            raise ExpressionError(message, hint=f"Add a {found}.", offset=match.start())
        if found == "{":
            depth += 1
        elif found == CLOSE and not depth:
            return match.start()
        elif found[0] == "}":
            depth = max(depth - 1, 0)
            at = match.start() + 1
    raise ExpressionError("`${{` is never closed", hint="Add `}}`.", offset=start)
