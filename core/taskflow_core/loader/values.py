"""Typed values out of the tree: each reader returns the value, or reports and returns None."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from taskflow_core.durations import seconds
from taskflow_core.expressions.split import OPEN
from taskflow_core.loader.report import Report
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import Broken, ListNode, MapNode, Node, Scalar, kind_of

T = TypeVar("T")
C = TypeVar("C", bound=str)

MAX_EXIT_CODE = 255

_WHERE_EXPRESSIONS_STAND = (
    "Expressions can stand in `args`, `kwargs`, `params`, `env`, `command`, `script`, `when`, "
    "`foreach`, `approve`, `wait`, `inputs`, `outputs`, the `key` of `cache`, the probe of a "
    "`service`, and the condition of a breakpoint."
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Values:
    """Reads values and reports those of the wrong kind. `what` is how messages name a value."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def optional(
        self, owner: MapNode, key: str, read: Callable[[Node, str], T | None], default: T
    ) -> T:
        """Return what `read` makes of the value of `key`, or the default."""
        field = owner.fields.get(key)
        if field is None:
            return default
        value = read(field.value, f"`{key}`")
        return default if value is None else value

    def wrong(self, node: Node, what: str, wanted: str, hint: str | None = None) -> None:
        """Report a value of the wrong kind, unless it has been reported."""
        if isinstance(node, Broken):
            return
        if has_expression(node):
            self.misplaced(node, what)
            return
        if isinstance(node, Scalar) and node.value is None:
            message = f"{what} has no value"
            hint = hint or "Give it one, or leave the key out."
            self.report.error("no-value", message, node.span, hint)
            return
        message = f"{what} must be {wanted}, not {kind_of(node)}"
        self.report.error("wrong-type", message, node.span, hint)

    def mapping(self, node: Node, what: str, hint: str | None = None) -> MapNode | None:
        """Return a mapping."""
        if isinstance(node, MapNode):
            return node
        self.wrong(node, what, "a mapping", hint)
        return None

    def items(self, node: Node, what: str, hint: str | None = None) -> list[Node] | None:
        """Return the items of a list."""
        if isinstance(node, ListNode):
            return node.items
        self.wrong(node, what, "a list", hint)
        return None

    def text(self, node: Node, what: str) -> str | None:
        """Return text that is not empty and has no NUL in it."""
        return self._not_empty(node, what, self.any_text(node, what))

    def word(self, node: Node, what: str) -> str | None:
        """Return text that is not empty and holds no expression."""
        if has_expression(node):
            self.misplaced(node, what)
            return None
        return self.text(node, what)

    def any_text(self, node: Node, what: str, wanted: str = "text") -> str | None:
        """Return text that has no NUL in it."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.wrong(node, what, wanted, _quoted(node))
        elif "\0" in node.value:
            self.report.error("nul-character", f"{what} holds a NUL character", node.span)
        else:
            return node.value
        return None

    def line(self, node: Node, what: str) -> str | None:
        """Return text for people: printable, so that it cannot play tricks with a terminal."""
        text = self.any_text(node, what)
        if text is not None and _CONTROL.search(text):
            message = f"{what} holds control characters"
            self.report.error("control-character", message, node.span)
            return None
        return text

    def title(self, node: Node, what: str) -> str | None:
        """Return text for people that is not empty and holds no expression."""
        if has_expression(node):
            self.misplaced(node, what)
            return None
        return self._not_empty(node, what, self.line(node, what))

    def words(self, node: Node, what: str) -> tuple[str, ...] | None:
        """Return texts without expressions; a single one is a list of one."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            word = self.word(node, what)
            return None if word is None else (word,)
        return self._all(self.items(node, what), lambda item: self.word(item, _item(what)))

    def flag(self, node: Node, what: str) -> bool | None:
        """Return true or false."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.wrong(node, what, "true or false")
        return None

    def integer(self, node: Node, what: str) -> int | None:
        """Return a whole number, of either sign."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        is_number = isinstance(value, str) and value.removeprefix("-").isdigit()
        self.wrong(node, what, "a whole number", "Drop the quotes." if is_number else None)
        return None

    def whole(self, node: Node, what: str) -> int | None:
        """Return a whole number, 0 or more."""
        return self._at_least(0, node, what)

    def count(self, node: Node, what: str) -> int | None:
        """Return a whole number, 1 or more."""
        return self._at_least(1, node, what)

    def factor(self, node: Node, what: str) -> float | None:
        """Return a number above 0."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.wrong(node, what, "a number")
        elif value <= 0:
            self.report.error("bad-number", f"{what} must be more than 0", node.span)
        else:
            return float(value)
        return None

    def duration(self, node: Node, what: str) -> float | None:
        """Return the seconds a duration stands for."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            self.wrong(node, what, "a duration")
            return None
        try:
            return seconds(value)
        except ValueError:
            self._no_duration(node, what, value)
            return None

    def positive_duration(self, node: Node, what: str) -> float | None:
        """Return the seconds a duration stands for, more than 0."""
        length = self.duration(node, what)
        if length == 0:
            self.report.error("bad-duration", f"{what} must be more than 0", node.span)
            return None
        return length

    def durations(self, node: Node, what: str) -> float | tuple[float, ...] | None:
        """Return a duration, or a list of them."""
        if not isinstance(node, ListNode):
            return self.duration(node, what)
        if not node.items:
            self.report.error("empty-list", f"{what} is an empty list", node.span)
            return None
        return self._all(node.items, lambda item: self.duration(item, _item(what)))

    def exit_codes(self, node: Node, what: str) -> tuple[int, ...] | None:
        """Return exit codes; a single one is a list of one."""
        if isinstance(node, ListNode):
            return self._all(node.items, lambda item: self._exit_code(item, _item(what)))
        code = self._exit_code(node, what)
        return None if code is None else (code,)

    def one_of(self, choices: Sequence[C]) -> Callable[[Node, str], C | None]:
        """Return a reader of one of `choices`."""
        return lambda node, what: self._choice(node, what, choices)

    def misplaced(self, node: Node, what: str) -> None:
        """Report a `${{ … }}` where none can stand."""
        start = max(self.report.source.text.find(OPEN, node.start, node.end), node.start)
        end = self.report.source.text.find("}}", start, node.end)
        message = f"{what} cannot hold an expression: it is settled before anything runs"
        span = Span(start, end + 2 if end > 0 else node.end)
        self.report.error("misplaced-expression", message, span, _WHERE_EXPRESSIONS_STAND)

    def check_names(self, mapping: MapNode, what: str) -> None:
        """Report the keys of a mapping that hold an expression."""
        for name, field in mapping.fields.items():
            key = Scalar(*field.key, name, name)
            if has_expression(key):
                self.misplaced(key, what)

    def _not_empty(self, node: Node, what: str, text: str | None) -> str | None:
        if text is not None and not text.strip():
            self.report.error("empty-text", f"{what} is empty", node.span)
            return None
        return text

    def _at_least(self, least: int, node: Node, what: str) -> int | None:
        value = self.integer(node, what)
        if value is not None and value < least:
            self.report.error("bad-number", f"{what} must be {least} or more", node.span)
            return None
        return value

    def _exit_code(self, node: Node, what: str) -> int | None:
        code = self.whole(node, what)
        if code is not None and code > MAX_EXIT_CODE:
            message = f"{what} must be {MAX_EXIT_CODE} or less"
            self.report.error("bad-number", message, node.span)
            return None
        return code

    def _choice(self, node: Node, what: str, choices: Sequence[C]) -> C | None:
        known = ", ".join(choices)
        text = self.any_text(node, what, f"one of {known}")
        for choice in choices:
            if choice == text:
                return choice
        if has_expression(node):
            self.misplaced(node, what)
        elif text is not None:
            hint = self.report.near(text, choices) or f"There is {known}."
            self.report.error("bad-choice", f"{what} cannot be {text!r}", node.span, hint)
        return None

    def _no_duration(self, node: Node, what: str, value: float | str) -> None:
        if has_expression(node):
            self.misplaced(node, what)
            return
        if str(value).startswith("-"):
            self.report.error("bad-duration", f"{what} must not be negative", node.span)
            return
        hint = "Write 90, 90s, 1h30m or 250ms."
        self.report.error("bad-duration", f"{what} is no duration: {value!r}", node.span, hint)

    def _all(
        self, nodes: list[Node] | None, read: Callable[[Node], T | None]
    ) -> tuple[T, ...] | None:
        if nodes is None:
            return None
        values = [read(node) for node in nodes]
        good = tuple(value for value in values if value is not None)
        return good if len(good) == len(values) else None


def has_expression(node: Node) -> bool:
    """Say whether a value is text with `${{` in it."""
    return isinstance(node, Scalar) and isinstance(node.value, str) and OPEN in node.value


def _item(what: str) -> str:
    return f"an item of {what}"


def _quoted(node: Node) -> str | None:
    if isinstance(node, Scalar) and node.text and '"' not in node.text:
        return f'Quote it: "{node.text}".'
    return None
