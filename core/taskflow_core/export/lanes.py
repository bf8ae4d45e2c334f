"""A flow as a list with lanes: one row a task, and beside it the lines of its dependencies.

Every edge is carried by a lane: one that its *source* owns and that runs down to the last
consumer (solid), or one that its *target* owns and that begins at the first producer (dotted).
The owners are a minimum vertex cover of the edges, so that a fan-out or a fan-in of any width
costs one lane.
"""

from bisect import bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from taskflow_core.export.ordering import depth_first_order
from taskflow_core.export.vertex_cover import minimum_vertex_cover
from taskflow_core.graph import Adjacency, transitive_reduction


class Lane(NamedTuple):
    """A vertical line from row `start` to row `end`, drawn in `column`."""

    start: int
    end: int
    column: int
    solid: bool
    """Its first row owns it and feeds the others that touch it; else its last row is fed."""

    @property
    def owner(self) -> int:
        """The row that every edge of the lane begins or ends at."""
        return self.start if self.solid else self.end


class LaneLayout:
    """Where every row and lane of a flow lies. Rows and columns count from 0."""

    def __init__(
        self, order: list[int], lanes: list[Lane], touches: list[list[int]], columns: int
    ) -> None:
        self.order = order
        """The task of each row."""
        self.lanes = lanes
        self.touches = touches
        """For each row the lanes that begin, end or branch there."""
        self.columns = columns
        """How many lanes lie side by side at most."""
        self.row_of = {number: row for row, number in enumerate(order)}
        """The row of each task that has one."""
        self._by_column: list[list[int]] = [[] for _ in range(columns)]
        for number, lane in enumerate(lanes):
            self._by_column[lane.column].append(number)
        self._starts = [[lanes[n].start for n in column] for column in self._by_column]

    def lane_at(self, column: int, row: int) -> int | None:
        """Return the number of the lane that occupies `column` at `row`."""
        place = bisect_right(self._starts[column], row) - 1
        if place < 0:
            return None
        number = self._by_column[column][place]
        return number if self.lanes[number].end >= row else None

    def lanes_between(self, column: int, first: int, last: int) -> Sequence[int]:
        """Return the lanes of `column` that are seen on rows `first` to `last`, both included."""
        starts = self._starts[column]
        begin = max(bisect_right(starts, first) - 1, 0)
        found = self._by_column[column][begin : bisect_right(starts, last)]
        return [number for number in found if self.lanes[number].end >= first]


def lay_out(upstream: Adjacency, downstream: Adjacency, *, reduced: bool = True) -> LaneLayout:
    """Return the rows and lanes of a flow; `upstream` and `downstream` must be free of cycles.

    10,000 tasks with 30,000 dependencies take about 0.1 s.

    Args:
        upstream: For each task the tasks it depends on.
        downstream: For each task the tasks that depend on it.
        reduced: Leave out dependencies that a longer way implies.
    """
    order = depth_first_order(upstream, downstream)
    return lay_out_rows(order, [downstream[u] for u in order], reduced=reduced)


def lay_out_rows(order: list[int], after: Adjacency, *, reduced: bool = True) -> LaneLayout:
    """Return the lanes beside rows whose order is given, of all tasks or of some.

    Args:
        order: The task of each row; each comes after those it depends on.
        after: For each row the tasks that depend on its task; all of them have rows.
        reduced: Leave out dependencies that a longer way implies.
    """
    # Rows without lanes, such as those of 10,000 children, need not be looked at.
    ends = {number for others in after for number in others}
    busy = [row for row, number in enumerate(order) if after[row] or number in ends]
    place_of = {order[row]: place for place, row in enumerate(busy)}
    edges = [sorted({place_of[v] for v in after[row]}) for row in busy]
    stops = _stops(transitive_reduction(edges) if reduced else edges)
    spread = [_Stops([busy[place] for place in one.rows], solid=one.solid) for one in stops]
    lanes, touches, columns = _place(spread, len(order))
    return LaneLayout(order, lanes, touches, columns)


def rows_alone(order: list[int]) -> LaneLayout:
    """Return rows without lanes: what can be shown while a large flow is still laid out."""
    return LaneLayout(order, [], [_UNTOUCHED] * len(order), 0)


_UNTOUCHED: list[int] = []
"""The lanes of a row without any; shared, so that many of them are cheap."""


class _Stops(NamedTuple):
    """A lane before it has a column: the rows it touches, ascending."""

    rows: list[int]
    solid: bool


def _stops(edges: list[list[int]]) -> list[_Stops]:
    sources, _ = minimum_vertex_cover(edges)
    found: list[_Stops] = []
    fed: dict[int, list[int]] = {}
    for row, after in enumerate(edges):
        if row in sources:
            found.append(_Stops([row, *after], solid=True))
        else:
            for other in after:
                fed.setdefault(other, []).append(row)
    found.extend(_Stops([*before, row], solid=False) for row, before in fed.items())
    found.sort(key=lambda stops: (stops.rows[0], -stops.rows[-1]))
    return found


def _place(stops: list[_Stops], rows: int) -> tuple[list[Lane], list[list[int]], int]:
    """Give each lane the leftmost column that is free from its first row to its last."""
    touches = [_UNTOUCHED] * rows
    lanes: list[Lane] = []
    free: list[int] = []
    taken: list[tuple[int, int]] = []
    columns = 0
    for number, (touched, solid) in enumerate(stops):
        while taken and taken[0][0] < touched[0]:
            heappush(free, heappop(taken)[1])
        if free:
            column = heappop(free)
        else:
            column, columns = columns, columns + 1
        heappush(taken, (touched[-1], column))
        lanes.append(Lane(touched[0], touched[-1], column, solid))
        for row in touched:
            touches[row] = [*touches[row], number]
    return lanes, touches, columns
