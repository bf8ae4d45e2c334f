"""Data of any shape: arguments of functions, and defaults of parameters."""

from collections.abc import Callable
from typing import Any

from taskflow_core.loader.scalars import misread
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values

OnText = Callable[[Node, str], None]
"""Is told of every text, keys included, and where it is."""


class DataReader:
    """Reads data.

    Args:
        values: Reads and reports.
        on_text: See there.
    """

    def __init__(self, values: Values, on_text: OnText) -> None:
        self._report = values.report
        self._on_text = on_text

    def read(self, node: Node) -> Any:
        """Return any value, lists and mappings included."""
        match node:
            case ListNode(items=items):
                return [self.read(item) for item in items]
            case MapNode(fields=fields):
                return {self._key(key, field.key): self.read(field.value)
                        for key, field in fields.items()}  # fmt: skip
            case Scalar(value=str() as text):
                self._on_text(node, text)
                return text
            case Scalar(value=int() | float() as number, text=text):
                self._warn(node, text, number)
                return number
            case Scalar(value=value):
                return value
            case _:
                return None

    def _key(self, key: str, at: Span) -> str:
        self._on_text(Node(*at), key)
        return key

    def _warn(self, node: Node, text: str, number: float) -> None:
        surprise = misread(text, number)
        if surprise:
            hint = f'Quote it if it is text: "{text}".'
            self._report.warning("ambiguous-number", surprise, node.span, hint)
