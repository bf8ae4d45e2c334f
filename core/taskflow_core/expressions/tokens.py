"""Jinja2's tokens, with the place of each.

Jinja2 counts lines. Here a token's line number is the number of its first character, from 1, and
so the nodes made of it and the errors about it say where they are within the line, too.
"""

import re
from collections.abc import Iterator

from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer

from taskflow_core.expressions.error import ExpressionError

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_GOOD_ESCAPE = re.compile(
    r"""\\(?:[\\'"abfnrtv\n]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}"""
    r"""|[0-3][0-7]{2}|[0-7]{1,2}(?![0-7]))"""
)
_AT = re.compile(r" at \d+$")


def located_tokens(lexer: Lexer, source: str, state: str | None) -> Iterator[tuple[int, str, str]]:
    """Yield the number of each token's first character, its kind and its text.

    Raises:
        ExpressionError: the text is no sequence of tokens.
    """
    at = 0
    try:
        for _line, kind, text in lexer.tokeniter(source, None, None, state):
            if kind == "string":
                _check_escapes(text, at)
            yield at + 1, kind, text
            at += len(text)
    except TemplateSyntaxError as error:
        fact = _AT.sub("", error.message or "")
        raise ExpressionError(f"not an expression: {fact}", offset=at) from error


def _check_escapes(text: str, at: int) -> None:
    """Refuse what Python warns about, and reads as a backslash and a letter."""
    position = 1
    while match := _ESCAPE.search(text, position):
        good = _GOOD_ESCAPE.match(text, match.start())
        if good is None:
            message = f"`{match[0]}` is no escape in a text"
            hint = "A backslash is written `\\\\`."
            raise ExpressionError(message, hint=hint, offset=at + match.start())
        position = good.end()
