"""A flow as boxes of characters, in layers from top to bottom.

Lines leave a box at `┬` and arrive at `▼`. They branch but never merge, and a line that runs
into another's side passes under it: `─│─`.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from taskflow_core.export.annotations import Annotation, annotate
from taskflow_core.export.layered import Box, LayeredLayout, Route, lay_out_layers
from taskflow_core.export.text_lines import UNICODE, Charset, Ink, Piece, TextLine, as_text
from taskflow_core.plan import Plan
from taskflow_core.state import RunState

_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_GLYPHS = {
    _NORTH | _SOUTH: "│",
    _EAST | _WEST: "─",
    _SOUTH | _EAST: "╭",
    _SOUTH | _WEST: "╮",
    _NORTH | _EAST: "╰",
    _NORTH | _WEST: "╯",
    _NORTH | _SOUTH | _EAST: "├",
    _NORTH | _SOUTH | _WEST: "┤",
    _SOUTH | _EAST | _WEST: "┬",
    _NORTH | _EAST | _WEST: "┴",
    _NORTH | _EAST | _SOUTH | _WEST: "┼",
}
_IN_ASCII = str.maketrans("│─╭╮╰╯├┤┬┴┼▼", "|-..''+++++v")


def to_boxes(plan: Plan, state: RunState | None = None, charset: Charset = UNICODE) -> str:
    """Return the flow as boxes; up to about 60 tasks it is easily read.

    Args:
        plan: What to draw.
        state: Of a run; each box has the sign of its task's state.
        charset: Unicode or ASCII.
    """
    return as_text(box_lines(plan, state, charset))


def box_lines(
    plan: Plan, state: RunState | None = None, charset: Charset = UNICODE
) -> list[TextLine]:
    """Return the lines of `to_boxes` in pieces."""
    texts = [
        _texts(spec.name, annotation, charset)
        for spec, annotation in zip(plan.tasks, annotate(plan, state), strict=True)
    ]
    sizes = [(max(map(_width, lines)) + 4, len(lines) + 2) for lines in texts]
    layout = lay_out_layers(plan.upstream, plan.downstream, sizes, groups={}, gap=(0, 0))
    canvas = _Canvas(layout)
    for route in layout.routes:
        canvas.draw_line(route)
    for box, lines in zip(layout.boxes, texts, strict=True):
        canvas.draw_box(box, lines)
    for route in layout.routes:
        canvas.draw_ends(route)
    return canvas.lines(_IN_ASCII if charset.is_ascii else {})


def _texts(name: str, annotation: Annotation, charset: Charset) -> list[TextLine]:
    """Return what is written in a box."""
    state = annotation.state
    sign = [] if state is None else [Piece(f"{charset.sign(state)} ", Ink.SIGN, state)]
    first: TextLine = [*sign, Piece(charset.text(name), Ink.NAME, state)]
    return [first, *([Piece(charset.text(note), Ink.NOTE)] for note in annotation.notes)]


def _width(line: TextLine) -> int:
    return sum(len(piece.text) for piece in line)


class _Canvas:
    """Rows of cells. A cell of a line knows whose it is and where the line leaves it."""

    def __init__(self, layout: LayeredLayout) -> None:
        self._cells: list[dict[int, tuple[int, int]]] = [{} for _ in range(layout.along)]
        """By row and column: the task whose line it is, and its directions."""
        self._pieces: list[list[tuple[int, Piece]]] = [[] for _ in range(layout.along)]
        self._tops: dict[tuple[int, int], str] = {}

    def draw_line(self, route: Route) -> None:
        """Draw the line of an edge between its two boxes."""
        for one, other in pairwise(route.points):
            if one.across == other.across:
                for row in range(one.along, other.along + 1):
                    up = _NORTH if row > one.along else 0
                    down = _SOUTH if row < other.along else 0
                    self._add(row, one.across, route.source, up | down)
            else:
                self._across(one.along, one.across, other.across, route.source)

    def draw_box(self, box: Box, lines: Sequence[TextLine]) -> None:
        """Draw a frame with text in it."""
        left, width = box.first.across, box.across - 2
        edge = "─" * width
        self._put(box.first.along, left, [Piece(f"╭{edge}╮", Ink.LINE)])
        for row, line in enumerate(lines, start=box.first.along + 1):
            before = (width - _width(line)) // 2
            after = width - _width(line) - before
            self._put(
                row,
                left,
                [
                    Piece("│" + " " * before, Ink.LINE),
                    *line,
                    Piece(" " * after + "│", Ink.LINE),
                ],
            )
        self._put(box.end, left, [Piece(f"╰{edge}╯", Ink.LINE)])

    def draw_ends(self, route: Route) -> None:
        """Draw where a line leaves a frame and where it arrives."""
        self._tops[route.points[0].along, route.points[0].across] = "┬"
        self._tops[route.points[-1].along, route.points[-1].across] = "▼"

    def lines(self, table: Mapping[int, str | int | None]) -> list[TextLine]:
        """Return what was drawn; `table` translates what is not somebody's text."""
        return [self._line(row, table) for row in range(len(self._cells))]

    def _line(self, row: int, table: Mapping[int, str | int | None]) -> TextLine:
        drawn = self._between_boxes(row)
        line: TextLine = []
        at = 0
        for column, piece in sorted(self._pieces[row], key=lambda item: item[0]):
            before = drawn[at:column].ljust(column - at)
            line.append(Piece(before.translate(table), Ink.LINE))
            if piece.ink is Ink.LINE:
                text = self._with_ends(row, column, piece.text).translate(table)
                line.append(Piece(text, Ink.LINE))
            else:
                line.append(piece)
            at = column + len(piece.text)
        return [*line, Piece(drawn[at:].translate(table), Ink.LINE)]

    def _between_boxes(self, row: int) -> str:
        """Return the lines of a row; where they end, in frames, it has blanks."""
        cells = self._cells[row]
        glyphs = [" "] * (max(cells, default=-1) + 1)
        for column, (_, directions) in cells.items():
            glyphs[column] = _GLYPHS.get(directions, " ")
        return "".join(glyphs)

    def _with_ends(self, row: int, column: int, text: str) -> str:
        """Return a piece of a frame with the ends of lines in it."""
        if not text.startswith(("╭", "╰")):
            return text
        places = range(column, column + len(text))
        return "".join(
            self._tops.get((row, place), c) for place, c in zip(places, text, strict=True)
        )

    def _put(self, row: int, column: int, pieces: TextLine) -> None:
        for piece in pieces:
            self._pieces[row].append((column, piece))
            column += len(piece.text)

    def _across(self, row: int, start: int, end: int, owner: int) -> None:
        first, last = sorted((start, end))
        for column in range(first, last + 1):
            west = _WEST if column > first else 0
            east = _EAST if column < last else 0
            self._add(row, column, owner, west | east)

    def _add(self, row: int, column: int, owner: int, directions: int) -> None:
        before = self._cells[row].get(column)
        if before is None or before[0] == owner:
            known = 0 if before is None else before[1]
            self._cells[row][column] = (owner, known | directions)
        elif directions == _NORTH | _SOUTH:
            self._cells[row][column] = (owner, directions)
