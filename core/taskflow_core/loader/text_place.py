"""Where in the file a piece of a text is, as far as the way it is written lets one say."""

import re
from functools import cached_property

from taskflow_core.expressions.split import CLOSE, OPEN
from taskflow_core.loader.source import Source, Span
from taskflow_core.loader.tree import Node

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+|\[[^\[\]\n]*\])*|\d+|\S")


class TextPlace:
    """The place of one text, for the pieces of it.

    Plain and quoted scalars are found as they stand, and the lines of a block scalar one by one.
    Where text is folded or escaped, an expression is found by its number.

    Args:
        source: The file.
        node: Where the text is written.
        value: What it says.
    """

    def __init__(self, source: Source, node: Node, value: str) -> None:
        self._source = source
        self._text = source.text
        self._node = node
        self._value = value

    def span(self, offset: int) -> Span:
        """Return where the name, or the expression, at `offset` of the value is written."""
        offset = self._behind_blanks(offset)
        start = self._place(offset)
        if start is None:
            return self._node.span
        piece = self._piece(offset)
        is_whole = self._text.startswith(piece, start)
        return Span(start, start + len(piece) if is_whole else start + 1)

    def _behind_blanks(self, offset: int) -> int:
        """Return where the next word is, or else the last character."""
        behind = self._value[offset:]
        offset += len(behind) - len(behind.lstrip())
        return max(min(offset, len(self._value.rstrip()) - 1), 0)

    def _piece(self, offset: int) -> str:
        value = self._value
        if value.startswith(OPEN, offset):
            end = value.find(CLOSE, offset)
            return value[offset:] if end < 0 else value[offset : end + len(CLOSE)]
        found = _NAME.match(value, offset)
        return found[0] if found else value[offset : offset + 1]

    def _place(self, offset: int) -> int | None:
        if self._direct is not None:
            return self._direct + offset
        if self._text.startswith("|", self._start):
            return self._in_block(offset)
        return self._by_number(offset)

    @cached_property
    def _start(self) -> int:
        """Where it begins, behind an anchor and a tag."""
        match = _PROPERTIES.match(self._text, self._node.start, self._node.end)
        return match.end() if match else self._node.start

    @cached_property
    def _direct(self) -> int | None:
        """Where the value stands as it is, if it does."""
        start = self._start + self._text.startswith(("'", '"'), self._start)
        fits = start + len(self._value) <= self._node.end
        return start if fits and self._text.startswith(self._value, start) else None

    def _in_block(self, offset: int) -> int | None:
        """Return the place in a literal block: its lines are those of the value, indented."""
        value, starts = self._value, self._source.line_starts
        number = self._source.position(self._start)[0] + value.count("\n", 0, offset)
        if number >= len(starts) or starts[number] >= self._node.end:
            return None
        begin = value.rfind("\n", 0, offset) + 1
        end = value.find("\n", begin)
        line = value[begin : len(value) if end < 0 else end]
        first, last = starts[number], self._text.find("\n", starts[number])
        written = self._text[first : len(self._text) if last < 0 else last]
        indent = len(written) - len(line)
        if indent < 0 or written.strip(" ") == "" or written[indent:] != line:
            return None
        return first + indent + offset - begin

    def _by_number(self, offset: int) -> int | None:
        """Return the place in the expression, or its beginning, that has the same number."""
        number = self._value.count(OPEN, 0, offset + len(OPEN)) - 1
        if number < 0 or len(self._opened) != self._value.count(OPEN):
            return None
        begin = self._value.rfind(OPEN, 0, offset + len(OPEN))
        place = self._opened[number]
        words = self._value[begin : offset + 1].split()  # a line may end between two of them
        same = re.compile(r"[\s\\]+".join(map(re.escape, words))).match(self._text, place)
        return same.end() - 1 if same else place

    @cached_property
    def _opened(self) -> list[int]:
        """Where the file has `${{` within the text."""
        pattern = re.compile(re.escape(OPEN))
        return [match.start() for match in pattern.finditer(self._text, *self._node.span)]
