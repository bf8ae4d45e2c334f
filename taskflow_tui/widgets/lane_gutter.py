"""The lanes beside the rows in view, and which of them belong to the task under the cursor."""

from collections.abc import Iterator
from itertools import groupby

from taskflow_core.export.lane_drawing import DrawnRow, Gutter, draw_row, fit_gutter
from taskflow_core.export.lanes import LaneLayout

_NOWHERE = 1 << 30


class LaneGutter:
    """Draws the lanes of `layout` for one view of its rows and one place of the cursor."""

    def __init__(self, layout: LaneLayout) -> None:
        self.layout = layout
        self._gutter = Gutter((), (), 0)
        self._cursor = 0
        self._lit: dict[int, range] = {}
        """For each lane that touches the cursor's row: the rows on which it is lit."""
        self._key: tuple[range, int, int] | None = None

    @property
    def width(self) -> int:
        """How many cells a row takes."""
        return self._gutter.width

    def fit(self, view: range, cursor: int, cells: int) -> bool:
        """Choose what is drawn beside the rows of `view`; say whether other lanes are now."""
        key = (view, cursor, cells)
        if key == self._key or not self.layout.columns:
            return False
        self._key, self._cursor, before = key, cursor, self._gutter
        last = max(view.stop - 1, view.start)
        self._gutter = fit_gutter(
            self.layout, first=view.start, last=last, cursor=cursor, cells=cells
        )
        self._lit = {number: self._stretch(number) for number in self.layout.touches[cursor]}
        return self._gutter != before

    def pieces(self, row: int) -> Iterator[tuple[str, bool]]:
        """Yield the lanes beside `row` as pieces of text, each with whether it is lit."""
        drawn = draw_row(self.layout, row, self._gutter)
        first = self._first_lit(row, drawn)
        lit = [
            place >= first or (number in self._lit and row in self._lit[number])
            for place, number in enumerate(drawn.lanes)
        ]
        for is_lit, cells in groupby(zip(drawn.text, lit, strict=True), key=lambda cell: cell[1]):
            yield "".join(glyph for glyph, _ in cells), is_lit

    def lit_rows(self, view: range) -> set[int]:
        """Return the rows of `view` that show the cursor or one of its lanes."""
        rows = {self._cursor}
        for stretch in self._lit.values():
            rows.update(range(max(stretch.start, view.start), min(stretch.stop, view.stop)))
        return rows

    def _stretch(self, number: int) -> range:
        lane = self.layout.lanes[number]
        ends = (lane.start, lane.end) if lane.owner == self._cursor else (lane.owner, self._cursor)
        return range(min(ends), max(ends) + 1)

    def _first_lit(self, row: int, drawn: DrawnRow) -> int:
        """Return the first cell of `row` from which its line to the task is lit."""
        touched = self.layout.touches[row]
        for place, number in enumerate(drawn.lanes):
            if number in self._lit and number in touched:
                owner = self.layout.lanes[number].owner
                if row in {self._cursor, owner} or owner == self._cursor:
                    return place
        return _NOWHERE
