"""Text with expressions in it."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, cast

from taskflow_core.expressions.error import ExpressionError
from taskflow_core.expressions.expression import Expression
from taskflow_core.expressions.references import Reference
from taskflow_core.expressions.shell import ShellScanner
from taskflow_core.expressions.split import OPEN, split
from taskflow_core.expressions.values import Names

_CACHED = 4_096


class Template:
    """A text with `${{ … }}` in it; make one with `Template.parse` or `parse_command`."""

    def __init__(self, text: str) -> None:
        self.text = text
        """As it was written."""
        self.parts: tuple[str | Expression, ...] = tuple(
            Expression(piece.text, piece.offset) if piece.is_expression else piece.text
            for piece in split(text)
        )
        """Its texts and expressions, in order."""

    @staticmethod
    def parse(text: str) -> "Template":
        """Return the template that `text` is.

        Raises:
            ExpressionError: an expression in it is not closed or not well-formed.
        """
        return _parse(text)

    @staticmethod
    def parse_command(text: str) -> "Template":
        """Return the template that a command for the shell is.

        Raises:
            ExpressionError: like `parse`; or a value would not be safe where it stands.
        """
        return _parse_command(text)

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions in it."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The names its expressions use."""
        return tuple(found for part in self.expressions for found in part.references)

    def render(self, names: Names) -> Any:
        """Return the text with its expressions evaluated.

        A text that is nothing but one expression becomes its value, of whatever type.

        Raises:
            ExpressionError: an expression cannot be evaluated.
        """
        match self.parts:
            case (Expression() as only,):
                return only.evaluate(names)
            case _:
                return self.render_text(names)

    def render_text(self, names: Names) -> str:
        """Return the text with its expressions evaluated, as text in any case.

        Raises:
            ExpressionError: an expression cannot be evaluated.
        """
        return "".join(part if isinstance(part, str) else part.text(names) for part in self.parts)

    def render_command(self, names: Names) -> str:
        """Return the command line, each value quoted for the shell; a list is one word an item.

        Only for what `parse_command` returned, which knows that the places are safe.

        Raises:
            ExpressionError: an expression cannot be evaluated, or cannot be in a command.
        """
        return "".join(
            part if isinstance(part, str) else _for_shell(part, names) for part in self.parts
        )


def has_expressions(value: object) -> bool:
    """Say whether there is `${{` anywhere in a value made of lists, mappings and texts."""
    if isinstance(value, str):
        return OPEN in value
    if isinstance(value, dict):
        members = cast("dict[object, object]", value)
        return any(has_expressions(key) or has_expressions(members[key]) for key in members)
    if isinstance(value, list | tuple):
        return any(map(has_expressions, cast("list[object]", value)))
    return False


def render_value(value: Any, names: Names) -> Any:
    """Return `value` with the texts in its lists and mappings rendered, keys included.

    What has no expressions in it is returned as it is, not copied.

    Raises:
        ExpressionError: an expression is wrong, or cannot be evaluated.
    """
    return _render(value, names) if has_expressions(value) else value


def templates_in(value: object) -> Iterator[Template]:
    """Yield the templates in a value made of lists, mappings and texts.

    Raises:
        ExpressionError: one is wrong.
    """
    if isinstance(value, str):
        if OPEN in value:
            yield Template.parse(value)
    elif isinstance(value, dict):
        for key, member in cast("dict[object, object]", value).items():
            yield from templates_in(key)
            yield from templates_in(member)
    elif isinstance(value, list | tuple):
        for item in cast("list[object]", value):
            yield from templates_in(item)


def _render(value: Any, names: Names) -> Any:
    match value:
        case str() if OPEN in value:
            return Template.parse(value).render(names)
        case dict():
            whole = cast("Mapping[Any, Any]", value)
            return {_key(key, names): _render(item, names) for key, item in whole.items()}
        case list():
            return [_render(item, names) for item in cast("Sequence[Any]", value)]
        case tuple():
            return tuple(_render(item, names) for item in cast("Sequence[Any]", value))
        case _:
            return value


def _key(key: Any, names: Names) -> Any:
    has_any = isinstance(key, str) and OPEN in key
    return Template.parse(key).render_text(names) if has_any else key


@lru_cache(_CACHED)
def _parse(text: str) -> Template:
    return Template(text)


@lru_cache(_CACHED)
def _parse_command(text: str) -> Template:
    template = Template(text)
    scanner = ShellScanner()
    for part in template.parts:
        if isinstance(part, str):
            scanner.feed(part)
            continue
        refusal = None if part.raw else scanner.refusal()
        if refusal is not None:
            raise ExpressionError(
                refusal.message, hint=refusal.hint, offset=part.offset - len(OPEN)
            )
        scanner.put_value()
    return template


def _for_shell(part: Expression, names: Names) -> str:
    value = part.evaluate(names)
    if part.raw:
        return _sayable(part, part.text_of(value))
    items = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    return " ".join(shlex.quote(_sayable(part, part.text_of(item))) for item in items)


def _sayable(part: Expression, text: str) -> str:
    if "\0" in text:
        raise part.failure("a command cannot hold a NUL character")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise part.failure("a command cannot hold half of a surrogate pair") from None
    return text
