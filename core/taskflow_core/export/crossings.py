"""The order of the nodes in each layer, so that few edges cross: barycentres, swept to and fro."""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise

from taskflow_core.export.layering import Layering

MOST_SWEEPS = 12
_EFFORT = 400_000
"""Nodes that are looked at altogether: a drawing of many gets fewer sweeps."""


def reduce_crossings(layering: Layering, groups: Mapping[int, str]) -> None:
    """Reorder the rows of `layering`.

    Args:
        layering: What is changed.
        groups: The group of each task that has one; its tasks stay side by side in a layer.
    """
    nodes = len(layering.layer)
    sweeps = min(MOST_SWEEPS, _EFFORT // max(nodes, 1))
    _sweep(layering, groups, downwards=True)
    best, fewest = [list(row) for row in layering.rows], _crossings(layering)
    for turn in range(sweeps):
        if not fewest:
            break
        _sweep(layering, groups, downwards=turn % 2 == 1)
        count = _crossings(layering)
        if count < fewest:
            best, fewest = [list(row) for row in layering.rows], count
    layering.rows[:] = best


def _sweep(layering: Layering, groups: Mapping[int, str], *, downwards: bool) -> None:
    rows = layering.rows if downwards else layering.rows[::-1]
    neighbours = layering.above if downwards else layering.below
    place = _places(rows[0]) if rows else {}
    for row in rows[1:]:
        centre: dict[int, float] = {}
        for index, node in enumerate(row):
            near = neighbours[node]
            centre[node] = sum(place[n] for n in near) / len(near) if near else index
        _sort(row, centre, groups)
        place = _places(row)


def _sort(row: list[int], centre: dict[int, float], groups: Mapping[int, str]) -> None:
    members: dict[str, list[float]] = {}
    for node in row:
        if node in groups:
            members.setdefault(groups[node], []).append(centre[node])
    means = {group: sum(found) / len(found) for group, found in members.items()}

    def key(node: int) -> tuple[float, str, float]:
        group = groups.get(node)
        return (centre[node] if group is None else means[group], group or "", centre[node])

    row.sort(key=key)


def _places(row: Sequence[int]) -> dict[int, int]:
    return {node: place for place, node in enumerate(row)}


def _crossings(layering: Layering) -> int:
    """Return how many pairs of edges cross between neighbouring layers."""
    total = 0
    for row, after in pairwise(layering.rows):
        place = _places(after)
        seen: list[int] = []
        for node in row:
            ends = sorted(place[other] for other in layering.below[node])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total
