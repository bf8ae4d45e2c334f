"""Lanes as characters: what each row of a lane list looks like.

A cell knows in which directions a line leaves it (north, east, south, west) and whether the
vertical one is dotted; the glyph follows from that, so junctions are always right. A vertical
line inside a horizontal one passes under it; a branch of a dotted lane is `┝` or `┿`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from taskflow_core.export.lanes import LaneLayout

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
NOBODY = -1
"""The lane of a cell that no lane occupies."""

_SOLID = {
    NORTH | SOUTH: "│",
    SOUTH | EAST: "╭",
    NORTH | EAST: "╰",
    SOUTH | EAST | WEST: "┬",
    NORTH | EAST | WEST: "┴",
    NORTH | SOUTH | EAST: "├",
    NORTH | SOUTH | EAST | WEST: "┼",
}
_DOTTED = _SOLID | {
    NORTH | SOUTH: "┊",
    NORTH | SOUTH | EAST: "┝",
    NORTH | SOUTH | EAST | WEST: "┿",
}
_ASCII = str.maketrans("│┊╭╰├─┬┴┼┝┿┆", "|:,`+-.'+**:")


class Gutter(NamedTuple):
    """The columns of a layout that are drawn, left to right, and the cells that takes."""

    columns: Sequence[int]
    hidden: Sequence[int]
    """The columns with lanes on the rows in view that there is no room for."""
    margin: int
    """Cells of the strip that stands for the hidden ones; 0 without any."""

    @property
    def width(self) -> int:
        """How many cells a row takes."""
        return self.margin + 2 * len(self.columns)


class DrawnRow(NamedTuple):
    """One row of the gutter: characters, and for each the lane it belongs to."""

    text: str
    lanes: Sequence[int]


def whole_gutter(layout: LaneLayout) -> Gutter:
    """Return the gutter that shows every lane."""
    return Gutter(range(layout.columns), (), 0)


def fit_gutter(layout: LaneLayout, *, first: int, last: int, cursor: int, cells: int) -> Gutter:
    """Return the gutter for rows `first` to `last` that takes at most `cells` cells.

    If there are too many lanes, those that touch the cursor's task stay, then those that touch
    its neighbours, then those that touch a row in view; lanes that only pass go first.
    """
    if 2 * layout.columns <= cells:
        return whole_gutter(layout)
    scores = _scores(layout, first, last, cursor)
    if 2 * len(scores) <= cells:
        return Gutter(sorted(scores), (), 0)
    margin = 2 + len(str(len(scores)))
    room = max((cells - margin - 1) // 2, 0)
    ranked = sorted(scores, key=lambda column: (-scores[column], column))
    return Gutter(sorted(ranked[:room]), sorted(ranked[room:]), margin + 1)


def draw_row(layout: LaneLayout, row: int, gutter: Gutter) -> DrawnRow:
    """Return what the gutter shows beside `row`, up to its task's glyph."""
    touched = set(layout.touches[row])
    text, lanes = _margin(layout, row, gutter, touched)
    joined = text.endswith("─")
    for column in gutter.columns:
        number = layout.lane_at(column, row)
        glyph = "─" if joined else " "
        if number is not None:
            directions = _directions(layout, row, number)
            if number in touched:
                directions |= EAST | (WEST if joined else 0)
                joined = True
            glyph = (_SOLID if layout.lanes[number].solid else _DOTTED)[directions]
        text += glyph + ("─" if joined else " ")
        lanes += (NOBODY if number is None else number, NOBODY)
    return DrawnRow(text, lanes)


def in_ascii(text: str) -> str:
    """Return `text` in characters that every terminal has."""
    return text.translate(_ASCII)


def _scores(layout: LaneLayout, first: int, last: int, cursor: int) -> dict[int, int]:
    """Return how much each column with a lane in view matters, from 1 to 4."""
    near = set(layout.touches[cursor] if layout.order else ())
    beside = {layout.lanes[number].owner for number in near}
    scores: dict[int, int] = {}
    for column in range(layout.columns):
        for number in layout.lanes_between(column, first, last):
            lane = layout.lanes[number]
            score = 4 if number in near else 3 if lane.owner in beside else 1
            if score == 1 and (lane.start >= first or lane.end <= last):
                score = 2
            scores[column] = max(score, scores.get(column, 0))
    return scores


def _directions(layout: LaneLayout, row: int, number: int) -> int:
    lane = layout.lanes[number]
    return (NORTH if lane.start < row else 0) | (SOUTH if lane.end > row else 0)


def _margin(
    layout: LaneLayout, row: int, gutter: Gutter, touched: set[int]
) -> tuple[str, list[int]]:
    """Return the strip of hidden lanes: `┆` where some pass, `┆+2─` where the row joins two."""
    if not gutter.margin:
        return "", []
    here = [n for c in gutter.hidden if (n := layout.lane_at(c, row)) is not None]
    joining = sum(number in touched for number in here)
    text = f"┆+{joining}".ljust(gutter.margin, "─") if joining else "┆" if here else ""
    return text.ljust(gutter.margin), [NOBODY] * gutter.margin
