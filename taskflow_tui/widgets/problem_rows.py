"""What is wrong with a flow file, wrapped to the width there is."""

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style

from taskflow_core.errors import Problem
from taskflow_tui.glyphs import UNICODE, Glyphs
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.row_list import RowList


class ProblemRows(RowList):
    """Shows every problem: where, the fact, and what to do about it."""

    BINDING_GROUP_TITLE = "Problems"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--cursor",
        "rows--place",
        "rows--warning",
        "rows--error",
        "rows--note",
    }

    def __init__(self, problems: Sequence[Problem], *, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._problems = problems
        self._glyphs = glyphs
        self._rows: list[list[tuple[str, str]]] = []
        self._place_width = max((len(_place(problem)) for problem in problems), default=0)

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def on_resize(self) -> None:
        room = max(self.size.width - self._place_width - 8, 16)
        self._rows = [row for problem in self._problems for row in self._wrapped(problem, room)]
        self.rows_changed()

    def _wrapped(self, problem: Problem, room: int) -> list[list[tuple[str, str]]]:
        severity = "warning" if problem.severity == "warning" else "error"
        place = f"{_place(problem):>{self._place_width}}  "
        rows = [[(text, "")] for text in wrap(safe_text(problem.message), room) or [""]]
        rows += [[(text, "note")] for text in wrap(safe_text(problem.hint or ""), room)]
        rows[0][:0] = [(f"{self._glyphs.problem} ", severity), (place, "place")]
        indent = " " * (len(place) + 2)
        for row in rows[1:]:
            row.insert(0, (indent, ""))
        return rows

    def row_segments(self, row: int, width: int, base: Style) -> list[Segment]:  # noqa: ARG002
        cursor = self._glyphs.cursor if row == self.cursor else " "
        return [
            Segment(f" {cursor} ", base),
            *(Segment(text, self._tint(base, name)) for text, name in self._rows[row]),
        ]

    def _tint(self, base: Style, name: str) -> Style:
        return self.brush.tinted(base, f"rows--{name}") if name else base


def _place(problem: Problem) -> str:
    return "file" if problem.line is None else f"{problem.line}:{problem.column or 1}"
