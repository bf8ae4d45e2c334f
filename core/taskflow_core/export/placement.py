"""Where the nodes of each layer lie across it, in whole cells.

Every node wants to lie at the median of its neighbours. Of all placements that keep the order
and the distances, the one nearest to the wishes is found exactly, by pooling adjacent violators;
then the cells are made whole. Two rules let edges be routed without ever sharing a cell by
mistake: lines leave from even cells and arrive at odd ones or straight on, and no joint lies
right behind the port of another line.
"""

from collections.abc import Sequence
from typing import NamedTuple

from taskflow_core.export.layering import Layering

APART, BESIDE_A_LINE = 2, 1
"""Empty cells between two boxes, and between others."""
_SWEEPS = 7
_STRAIGHTNESS = 4
"""How much more a joint insists on its place than a box."""


class Placement:
    """The first cell of each node and how many it takes."""

    def __init__(self, layering: Layering, sizes: Sequence[int]) -> None:
        """Place the nodes.

        Args:
            layering: The nodes, in order.
            sizes: Cells that each task takes at least; it gets more if many lines arrive.
        """
        self._layering = layering
        arriving = layering.above[: layering.tasks]
        self.size = [max(size, 2 * len(a) + 3) for size, a in zip(sizes, arriving, strict=True)]
        self.size += [1] * (len(layering.layer) - layering.tasks)
        self._centre = [0.0] * len(self.size)
        self.start = [0] * len(self.size)
        self.port = [0] * len(self.size)
        """The cell from which the node's line leaves; even."""
        self._spread()
        for row, before in zip(layering.rows, [[], *layering.rows], strict=False):
            self._make_whole(row, before)
        self._shift()

    @property
    def breadth(self) -> int:
        """How many cells the widest layer takes."""
        ends = (start + size for start, size in zip(self.start, self.size, strict=True))
        return max(ends, default=0)

    def _spread(self) -> None:
        rows = self._layering.rows
        for row in rows:
            self._place(row, [0.0] * len(row))
        for sweep in range(_SWEEPS):
            downwards = sweep % 2 == 0
            near = self._layering.above if downwards else self._layering.below
            for row in rows if downwards else reversed(rows):
                self._place(row, [self._wish(node, near[node]) for node in row])

    def _wish(self, node: int, near: Sequence[int]) -> float:
        if not near:
            return self._centre[node]
        centres = sorted(self._centre[other] for other in near)
        middle = len(centres) // 2
        if len(centres) % 2:
            return centres[middle]
        return (centres[middle - 1] + centres[middle]) / 2

    def _place(self, row: Sequence[int], wishes: Sequence[float]) -> None:
        """Place the nodes of a row as near to their wishes as their order allows."""
        offsets = self._offsets(row)
        weights = [_STRAIGHTNESS if self._layering.is_joint(node) else 1 for node in row]
        moved = [wish - offset for wish, offset in zip(wishes, offsets, strict=True)]
        for node, offset, at in zip(row, offsets, _pool(moved, weights), strict=True):
            self._centre[node] = at + offset

    def _offsets(self, row: Sequence[int]) -> list[float]:
        """Return the centres of the nodes where they lie as close together as may be."""
        offsets: list[float] = []
        end = 0.0
        for index, node in enumerate(row):
            gap = self._gap(row[index - 1], node) if index else 0
            offsets.append(end + gap + self.size[node] / 2)
            end += gap + self.size[node]
        return offsets

    def _gap(self, one: int, other: int) -> int:
        is_joint = self._layering.is_joint
        return BESIDE_A_LINE if is_joint(one) or is_joint(other) else APART

    def _make_whole(self, row: Sequence[int], before: Sequence[int]) -> None:
        taken = {self.port[node] for node in before if self._layering.below[node]}
        free = -(1 << 60)
        last: int | None = None
        for node in row:
            free += 0 if last is None else self._gap(last, node)
            if self._layering.is_joint(node):
                self.start[node] = self.port[node] = self._joint_cell(node, free, taken)
            else:
                wish = max(free, round(self._centre[node] - self.size[node] / 2))
                self.port[node] = _even(wish + (self.size[node] - 1) // 2)
                self.start[node] = self.port[node] - (self.size[node] - 1) // 2
            free = self.start[node] + self.size[node]
            last = node

    def _joint_cell(self, node: int, free: int, taken: set[int]) -> int:
        """Return an even cell from `free` on: straight on if that is near what is wished."""
        straight = self.port[self._layering.above[node][0]]
        wish = round(self._centre[node] - 0.5)
        if abs(straight - wish) <= 3 and straight >= free:
            return straight
        cell = max(_even(wish), _even(free))
        while cell in taken and cell != straight:
            cell += 2
        return cell

    def _shift(self) -> None:
        """Let the first cell be 0 or 1; ports stay even."""
        by = min(self.start, default=0) // 2 * 2
        self.start = [start - by for start in self.start]
        self.port = [port - by for port in self.port]


class _Pool(NamedTuple):
    """Neighbours that want to be where the others are, and so lie side by side."""

    mean: float
    weight: float
    size: int


def _pool(wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the ascending values nearest to `wishes`: isotonic regression (Ayer et al. 1955)."""
    pools: list[_Pool] = []
    for wish, weight in zip(wishes, weights, strict=True):
        pool = _Pool(wish, weight, 1)
        while pools and pools[-1].mean > pool.mean:
            other = pools.pop()
            total = other.weight + pool.weight
            mean = (other.mean * other.weight + pool.mean * pool.weight) / total
            pool = _Pool(mean, total, other.size + pool.size)
        pools.append(pool)
    return [pool.mean for pool in pools for _ in range(pool.size)]


def _even(cell: int) -> int:
    return cell + cell % 2
