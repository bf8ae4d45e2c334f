"""Pictures that are text: lines of pieces, each of which says what it is, so it can be coloured."""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from taskflow_core.export.annotations import one_line
from taskflow_core.export.palette import ASCII_SIGNS, SIGNS
from taskflow_core.statuses import TaskStatus


class Ink(Enum):
    """What a piece of text is."""

    LINE = "line"
    SIGN = "sign"
    """The sign of a state."""
    NAME = "name"
    NOTE = "note"


class Piece(NamedTuple):
    """Text to be drawn alike."""

    text: str
    ink: Ink
    state: TaskStatus | None = None
    """Of the task whose sign or name it is."""


TextLine = list[Piece]


class Charset(NamedTuple):
    """What text pictures are drawn with."""

    is_ascii: bool
    needs: str
    """In front of the names of the tasks that another depends on."""

    def text(self, text: str) -> str:
        """Return somebody's text, safe to print, each character that the set lacks as `?`."""
        shown = one_line(text)
        return shown.encode("ascii", "replace").decode() if self.is_ascii else shown

    def sign(self, state: TaskStatus | None) -> str:
        """Return the sign of a state; without one that of a task in a plan."""
        if state is None:
            return "o" if self.is_ascii else "●"
        return (ASCII_SIGNS if self.is_ascii else SIGNS)[state]


UNICODE = Charset(is_ascii=False, needs="⟵")
ASCII = Charset(is_ascii=True, needs="<-")


def as_text(lines: Iterable[TextLine]) -> str:
    """Return the lines without colours, each with its end."""
    return "".join("".join(p.text for p in line).rstrip() + "\n" for line in lines)
