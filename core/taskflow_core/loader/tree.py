"""The values of a flow file as a tree that remembers where each one was written.

Both notations feed the same builder, which keeps the rules they share: how deep, how many, which
keys. Nothing recurses while the tree is built, and no tree is deeper than `MAX_DEPTH`.
"""

import re
from typing import NamedTuple

import msgspec

from taskflow_core.loader.report import Report
from taskflow_core.loader.source import Span

MAX_DEPTH = 64
TOO_DEEP = f"lists and mappings are nested more than {MAX_DEPTH} deep"
MAX_VALUES = 1_000_000
CHARACTERS_A_VALUE = 32
"""A long text counts as one more value for every so many characters."""
SURROGATE = "half of a surrogate pair is no text"
_SURROGATE = re.compile("[\ud800-\udfff]")

Plain = str | int | float | bool | None


class Node(msgspec.Struct, gc=False):
    """A value and the piece of the file it was written in."""

    start: int
    end: int

    @property
    def span(self) -> Span:
        """Where it was written."""
        return Span(self.start, self.end)


class Scalar(Node, gc=False):
    """Text, a number, true, false or null."""

    value: Plain
    text: str
    """As it was written, without quotes."""


class ListNode(Node, gc=False):
    """A list."""

    items: list[Node]


class Field(NamedTuple):
    """One key of a mapping, and its value."""

    key: Span
    value: Node


class MapNode(Node, gc=False):
    """A mapping with text keys, each once."""

    fields: dict[str, Field]


class Broken(Node, gc=False):
    """A value about which a problem has been reported already."""


class Anchored(NamedTuple):
    """A value that aliases may repeat."""

    node: Node
    values: int
    """How many values it is, counted like `MAX_VALUES`."""
    height: int
    """How many levels of lists and mappings it has."""


class _Open:
    """A list or mapping whose end has not been seen."""

    __slots__ = ("before", "height", "key", "node")

    def __init__(self, node: ListNode | MapNode, before: int) -> None:
        self.node: ListNode | MapNode | Broken = node
        self.before = before
        """The number of values before it."""
        self.height = 1
        self.key: Node | None = None
        """Of a mapping: the key whose value comes next."""


class TreeBuilder:
    """Builds a tree from the order in which its values begin and end."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._values = 0

    def add_scalar(self, value: Plain, text: str, start: int, end: int) -> Anchored:
        """Add a value without parts."""
        if not text.isascii() and (found := _SURROGATE.search(text)):
            return self._half(found[0], start, end)
        node = Scalar(start, end, value, text)
        size = 1 + len(text) // CHARACTERS_A_VALUE
        self._count(size, node)
        self._add(node)
        return Anchored(node, size, 0)

    def add_broken(self, start: int, end: int) -> Anchored:
        """Add the place of a value about which a problem has been reported."""
        node = Broken(start, end)
        self._add(node)
        return Anchored(node, 1, 0)

    def add_again(self, anchored: Anchored, start: int, end: int) -> None:
        """Add a value a second time, as written at another place."""
        node = msgspec.structs.replace(anchored.node, start=start, end=end)
        self._count(anchored.values, node)
        self._check_depth(len(self._open) + anchored.height, node)
        if self._open:
            self._open[-1].height = max(self._open[-1].height, anchored.height + 1)
        self._add(node)

    def begin_list(self, start: int) -> None:
        """Begin a list; what is added up to its end goes into it."""
        self._begin(ListNode(start, start + 1, []))

    def begin_mapping(self, start: int) -> None:
        """Begin a mapping; keys and values are added by turns up to its end."""
        self._begin(MapNode(start, start + 1, {}))

    def end(self, end: int) -> Anchored:
        """End the list or mapping that began last."""
        ended = self._open.pop()
        node = ended.node
        node.end = end
        if self._open:
            self._open[-1].height = max(self._open[-1].height, ended.height + 1)
        self._add(node)
        return Anchored(node, self._values - ended.before, ended.height)

    def _half(self, surrogate: str, start: int, end: int) -> Anchored:
        escape = re.compile(rf"\\u{ord(surrogate):x}", re.IGNORECASE)
        match = escape.search(self.report.source.text, start, end)
        at = Span(*match.span()) if match else Span(start, end)
        self.report.error("surrogate", SURROGATE, at)
        return self.add_broken(start, end)

    def _begin(self, node: ListNode | MapNode) -> None:
        self._open.append(_Open(node, self._values))
        self._count(1, node)
        self._check_depth(len(self._open), node)

    def _count(self, values: int, node: Node) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            message = f"the file holds more than {MAX_VALUES:,} values with its aliases written out"
            self.report.stop(
                "too-many-values", message, node.span, "Keep data in files of its own."
            )

    def _check_depth(self, depth: int, node: Node) -> None:
        if depth > MAX_DEPTH:
            self.report.stop("too-deep", TOO_DEEP, node.span)

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node, ListNode):
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            self._set(parent, parent.key, node)
            parent.key = None

    def _set(self, parent: _Open, key: Node, value: Node) -> None:
        if isinstance(parent.node, MapNode) and (name := self._name(parent, key)) is not None:
            if first := parent.node.fields.get(name):
                message = f"{name!r} is given twice"
                hint = f"The first is at {self.report.where(first.key)}: keep one."
                self.report.error("duplicate-key", message, key.span, hint)
            else:
                parent.node.fields[name] = Field(key.span, value)

    def _name(self, parent: _Open, key: Node) -> str | None:
        """Return the text of a key, or None after saying what is wrong with it."""
        text = self.report.source.text
        if not isinstance(key, Scalar):
            self._no_text(parent, key)
        elif not isinstance(key.value, str):
            self._not_quoted(key)
        elif key.value == "<<" and text.startswith("<<", key.start):
            hint = "Write the keys out, or use an alias for a whole value."
            self.report.error("merge-key", "merge keys (`<<`) are not read", key.span, hint)
        else:
            return key.value
        return None

    def _not_quoted(self, key: Scalar) -> None:
        if key.text:
            hint = f'Quote it if it is meant: "{key.text}".'
            message = f"a key is text, but {key.text} is {kind_of(key)}"
            self.report.error("non-text-key", message, key.span, hint)
        else:
            self.report.error("missing-key", "a key is missing before the `:`", key.span)

    def _no_text(self, parent: _Open, key: Node) -> None:
        text = self.report.source.text
        if isinstance(key, Broken):
            return
        if text.startswith("{{", parent.node.start):
            end = text.find("}}", key.start)
            at = Span(parent.node.start, end + 2 if end > 0 else key.end)
            hint = f'Quote it if it is text: "{text[at.start : at.end]}".'
            message = "`{{` opens a mapping in a mapping, not a text"
            self.report.error("unquoted-brace", message, at, hint)
            parent.node = Broken(at.start, at.end)
            return
        self.report.error("non-text-key", f"a key is text, not {kind_of(key)}", key.span)


def kind_of(node: Node) -> str:
    """Return what a value is, as a message says it."""
    match node:
        case ListNode():
            return "a list"
        case MapNode():
            return "a mapping"
        case Scalar(value=bool()):
            return "true or false"
        case Scalar(value=int() | float()):
            return "a number"
        case Scalar(value=None):
            return "nothing"
        case _:
            return "text"
