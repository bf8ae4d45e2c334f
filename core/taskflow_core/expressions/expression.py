"""One expression: parsed and compiled once, evaluated as often as needed, from any thread."""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import cached_property, lru_cache
from typing import Any, cast

from taskflow_core.expressions.error import ExpressionError, shown
from taskflow_core.expressions.limits import budget
from taskflow_core.expressions.references import Reference
from taskflow_core.expressions.split import split
from taskflow_core.expressions.values import Names, TaskValue, View, contents

_CACHED = 4_096


class Expression:
    """An expression that is well-formed; make one with `Expression.parse`."""

    def __init__(self, source: str, offset: int) -> None:
        from taskflow_core.expressions.syntax import parse

        if not source.strip():
            message = "an expression is missing here"
            raise ExpressionError(message, hint="Write `${{ params.name }}`.", offset=offset)
        self.source = source
        """Its text, without `${{` and `}}`."""
        self.offset = offset
        """Where that starts in the text it was parsed from."""
        leading = len(source) - len(source.lstrip())
        try:
            parsed = parse(source.strip())
        except ExpressionError as error:
            raise error.moved(offset + leading) from error
        self.raw = parsed.raw
        """It ends in `| raw`."""
        self._depth = parsed.depth
        self.references: tuple[Reference, ...] = tuple(
            reference._replace(offset=reference.offset + offset + leading)
            for reference in parsed.references
        )
        """The names it uses, in the order in which they are written."""

    @staticmethod
    def parse(text: str) -> "Expression":
        """Return the expression that `text` is, bare or as one `${{ … }}`.

        Raises:
            ExpressionError: it is not well-formed.
        """
        return _parse(text)

    def evaluate(self, names: Names) -> Any:
        """Return the value, of whatever type it is.

        Raises:
            ExpressionError: it uses something that does not exist, or cannot be computed.
        """
        from taskflow_core.expressions.syntax import refuse_missing

        try:
            with budget():
                return _settled(self._run(names.variables), self._depth, refuse_missing)
        except Exception as error:  # a user's values may raise anything
            raise self.failure(error) from error

    def text(self, names: Names) -> str:
        """Return the value as text.

        Raises:
            ExpressionError: like `evaluate`.
        """
        return self.text_of(self.evaluate(names))

    def text_of(self, value: object) -> str:
        """Return a value of this expression, or an item of it, as text and nothing but text.

        Raises:
            ExpressionError: it has no text.
        """
        try:
            return str.__str__(str(value))  # a subclass of str may do its own quoting
        except Exception as error:
            raise self.failure(error) from error

    def failure(self, error: Exception | str) -> ExpressionError:
        """Return the error that says what happened, and in which expression."""
        from taskflow_core.expressions.syntax import explain

        fact, hint = (error, None) if isinstance(error, str) else explain(error)
        return ExpressionError(f"`{shown(self.source)}`: {fact}", hint=hint, offset=self.offset)

    @cached_property
    def _run(self) -> Callable[[dict[str, Any]], Any]:
        from taskflow_core.expressions.syntax import compiled

        return compiled(self.source.strip())


@lru_cache(_CACHED)
def _parse(text: str) -> Expression:
    if not text.lstrip().startswith("${{"):
        return Expression(text, 0)
    pieces = [piece for piece in split(text) if piece.is_expression or piece.text.strip()]
    if len(pieces) > 1:
        message = "there is something behind the expression"
        hint = "Write one `${{ … }}` around all of it, or none."
        raise ExpressionError(message, hint=hint, offset=pieces[1].offset)
    return Expression(pieces[0].text, pieces[0].offset)


def _settled(value: Any, depth: int, refuse_missing: Callable[[object], None]) -> Any:
    """Return a value that is complete: no generators, and nothing in it that does not exist."""
    refuse_missing(value)
    if isinstance(value, View):
        return contents(value)
    if isinstance(value, TaskValue):
        raise TypeError("a task is no value; write .result behind its name")
    if not depth:
        return value
    if isinstance(value, Iterator | range | KeysView | ValuesView | ItemsView):
        value = list(cast("Iterator[Any]", value))
    if type(value) in (list, tuple):
        return type(value)(_settled(item, depth - 1, refuse_missing) for item in value)
    if type(value) is dict:
        whole = cast("Mapping[Any, Any]", value)
        return {key: _settled(item, depth - 1, refuse_missing) for key, item in whole.items()}
    return value
