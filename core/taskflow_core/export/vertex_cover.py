"""The fewest nodes that touch every edge of a bipartite graph.

A minimum vertex cover comes from a maximum matching (Kőnig 1931), and that from Hopcroft and
Karp's algorithm (1973). networkx has both, but importing it costs 0.2 s at start-up and its
matching recurses; this one works on lists of integers and never recurses.
"""

from collections.abc import Sequence

Successors = Sequence[Sequence[int]]
"""For each left node the right nodes it has an edge to; both sides count from 0 to n - 1."""

_FREE = -1


def minimum_vertex_cover(successors: Successors) -> tuple[set[int], set[int]]:
    """Return the left and the right nodes of a minimum vertex cover of the edges."""
    left_mates, right_mates = _maximum_matching(successors)
    lefts = {u for u, mate in enumerate(left_mates) if mate == _FREE and successors[u]}
    rights: set[int] = set()
    stack = list(lefts)
    while stack:
        found = [v for v in successors[stack.pop()] if v not in rights]
        rights.update(found)
        mates = {right_mates[v] for v in found} - lefts
        lefts |= mates
        stack.extend(mates)
    covered = {u for u, after in enumerate(successors) if after} - lefts
    return covered, rights


def _maximum_matching(successors: Successors) -> tuple[list[int], list[int]]:
    left_mates, right_mates = _greedy_matching(successors)
    while (levels := _levels(successors, left_mates, right_mates)) is not None:
        untried = [0] * len(successors)
        for root, mate in enumerate(left_mates):
            if mate == _FREE and successors[root]:
                _augment(root, successors, left_mates, right_mates, (levels, untried))
    return left_mates, right_mates


def _greedy_matching(successors: Successors) -> tuple[list[int], list[int]]:
    left_mates = [_FREE] * len(successors)
    right_mates = [_FREE] * len(successors)
    for u, after in enumerate(successors):
        for v in after:
            if right_mates[v] == _FREE:
                left_mates[u], right_mates[v] = v, u
                break
    return left_mates, right_mates


def _levels(
    successors: Successors, left_mates: list[int], right_mates: list[int]
) -> list[int] | None:
    """Return each left node's distance from a free one; None if no path augments."""
    levels = [_FREE] * len(successors)
    queue = [u for u, mate in enumerate(left_mates) if mate == _FREE and successors[u]]
    for u in queue:
        levels[u] = 0
    found = False
    for u in queue:
        for v in successors[u]:
            mate = right_mates[v]
            if mate == _FREE:
                found = True
            elif levels[mate] == _FREE:
                levels[mate] = levels[u] + 1
                queue.append(mate)
    return levels if found else None


def _augment(
    root: int,
    successors: Successors,
    left_mates: list[int],
    right_mates: list[int],
    search: tuple[list[int], list[int]],
) -> None:
    """Look for an augmenting path from `root`, depth first along `levels`, and flip it."""
    levels, untried = search
    path = [root]
    while path:
        u = path[-1]
        if untried[u] == len(successors[u]):
            path.pop()
            continue
        v = successors[u][untried[u]]
        untried[u] += 1
        mate = right_mates[v]
        if mate == _FREE:
            _flip(path, v, left_mates, right_mates)
            return
        if levels[mate] == levels[u] + 1:
            path.append(mate)


def _flip(path: list[int], end: int, left_mates: list[int], right_mates: list[int]) -> None:
    for u in reversed(path):
        left_mates[u], right_mates[end], end = end, u, left_mates[u]
