"""How lines run between two layers: where they arrive, and on which track they cross over.

A line leaves its box at one cell, follows one track, and branches off it to every place it goes
to. Each arrives at a cell of its own, so lines never merge: where two meet, they cross.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from taskflow_core.export.layering import Layering
from taskflow_core.export.placement import Placement

MOST_SWAPPED = 80
"""Lines between two layers whose tracks are put in the order with the fewest crossings."""


class Line(NamedTuple):
    """What leaves one node: from cell `port`, to the cells `ends`."""

    node: int
    port: int
    ends: tuple[int, ...]

    @property
    def first(self) -> int:
        """The first cell of its track."""
        return min(self.port, *self.ends)

    @property
    def last(self) -> int:
        """The last cell of its track."""
        return max(self.port, *self.ends)

    @property
    def goes_back(self) -> bool:
        """Most of it lies before its port."""
        return self.first + self.last < 2 * self.port

    @property
    def is_straight(self) -> bool:
        """It needs no track."""
        return self.first == self.last


class Gap(NamedTuple):
    """What is between two layers."""

    arrival: dict[tuple[int, int], int]
    """The cell at which the line from one node arrives at another."""
    track: dict[int, int]
    """The track of each node's line, from 0; straight ones have none."""
    tracks: int


def route(layering: Layering, placement: Placement) -> list[Gap]:
    """Return what is between each layer and the next."""
    rows = layering.rows
    return [_gap(layering, placement, row, after) for row, after in pairwise(rows)]


def _gap(layering: Layering, placement: Placement, row: Sequence[int], after: Sequence[int]) -> Gap:
    arrival: dict[tuple[int, int], int] = {}
    taken = {placement.port[node] for node in row if layering.below[node]}
    for node in after:
        middle = placement.port[node]
        if layering.is_joint(node) or (len(layering.above[node]) == 1 and middle not in taken):
            arrival[layering.above[node][0], node] = middle
        else:
            _arrive(arrival, node, layering, placement)
    lines = [
        Line(node, placement.port[node], tuple(arrival[node, n] for n in layering.below[node]))
        for node in row
        if layering.below[node]
    ]
    bent = [line for line in lines if not line.is_straight]
    track = _ordered_tracks(bent) if len(bent) <= MOST_SWAPPED else _packed_tracks(bent)
    return Gap(arrival, track, max(track.values(), default=-1) + 1)


def _arrive(
    arrival: dict[tuple[int, int], int], node: int, layering: Layering, placement: Placement
) -> None:
    """Choose where the lines to a box arrive: spread evenly, or straight on within that order."""
    first = placement.start[node] + 1
    inside = range(first, first + placement.size[node] - 2)
    sources = sorted(layering.above[node], key=placement.port.__getitem__)
    odd = range(first + (first + 1) % 2, inside.stop, 2)
    cells = [odd[(2 * n + 1) * len(odd) // (2 * len(sources))] for n in range(len(sources))]
    for place, source in enumerate(sources):
        port = placement.port[source]
        after = cells[place + 1] if place + 1 < len(cells) else inside.stop
        if port in inside and (not place or cells[place - 1] < port) and port < after:
            cells[place] = port
        arrival[source, node] = cells[place]


def _packed_tracks(lines: Sequence[Line]) -> dict[int, int]:
    """Return the fewest tracks on which no two lines overlap."""
    track: dict[int, int] = {}
    free: list[int] = []
    taken: list[tuple[int, int]] = []
    for line in sorted(lines, key=lambda line: line.first):
        while taken and taken[0][0] < line.first - 1:
            heappush(free, heappop(taken)[1])
        track[line.node] = heappop(free) if free else len(taken)
        heappush(taken, (line.last, track[line.node]))
    return track


def _ordered_tracks(lines: Sequence[Line]) -> dict[int, int]:
    """Return tracks on which few lines cross, found by swapping neighbours.

    It begins with nested lines: of those that go the same way, the one that begins furthest back
    comes last.
    """
    ordered = sorted(lines, key=lambda line: line.port if line.goes_back else -line.port)
    for _ in range(len(ordered)):
        swapped = False
        for place in range(len(ordered) - 1):
            one, other = ordered[place : place + 2]
            if _crossings(other, one) < _crossings(one, other):
                ordered[place : place + 2] = [other, one]
                swapped = True
        if not swapped:
            break
    track: dict[int, int] = {}
    for place, line in enumerate(ordered):
        before = (track[o.node] for o in ordered[:place] if _overlap(o, line))
        track[line.node] = max(before, default=-1) + 1
    return track


def _crossings(upper: Line, lower: Line) -> int:
    """Return how often two lines cross if one has an earlier track than the other."""
    count = sum(lower.first < end < lower.last for end in upper.ends)
    return count + (upper.first < lower.port < upper.last)


def _overlap(one: Line, other: Line) -> bool:
    return one.first <= other.last + 1 and other.first <= one.last + 1
