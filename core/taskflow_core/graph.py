"""Questions about the shape of a flow, on integer task numbers: order and cycles.

Nothing here recurses, so a chain of 100,000 tasks is as good as one of three.
"""

from collections.abc import Sequence

Adjacency = Sequence[Sequence[int]]
"""For each task its neighbours, by number."""


def successors_of(predecessors: Adjacency) -> list[list[int]]:
    """Return for each task the tasks that depend on it, in task order."""
    successors: list[list[int]] = [[] for _ in predecessors]
    for number, needed in enumerate(predecessors):
        for other in needed:
            successors[other].append(number)
    return successors


def topological_order(predecessors: Adjacency, successors: Adjacency) -> list[int]:
    """Return the tasks so that each comes after its predecessors; shorter if there is a cycle.

    The order is Kahn's, stable in task order. The tasks left out are those on a cycle and
    those behind one.
    """
    waiting = [len(needed) for needed in predecessors]
    order = [number for number, count in enumerate(waiting) if not count]
    for number in order:
        for other in successors[number]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order


def find_cycle(predecessors: Adjacency, successors: Adjacency) -> list[int] | None:
    """Return the tasks of one cycle, each needed by the next, or None if there is none."""
    left = set(range(len(predecessors))) - set(topological_order(predecessors, successors))
    if not left:
        return None
    number = min(left)
    position: dict[int, int] = {}
    path: list[int] = []
    while number not in position:
        position[number] = len(path)
        path.append(number)
        number = next(other for other in predecessors[number] if other in left)
    cycle = path[position[number] :]
    cycle.reverse()
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def downstream_of(starts: Sequence[int], successors: Adjacency) -> set[int]:
    """Return every task that depends on one of `starts`, directly or not, without them."""
    seen: set[int] = set()
    stack = list(starts)
    while stack:
        for other in successors[stack.pop()]:
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return seen


def longest_paths(predecessors: Adjacency, successors: Adjacency) -> list[int]:
    """Return for each task the number of tasks on its longest way to an end, itself included.

    It is 0 for the tasks on a cycle and those before one. The order is Kahn's, from the ends:
    lengths only grow along it, so the successor that comes last is on the longest way.
    """
    waiting = list(map(len, successors))
    order = [number for number, count in enumerate(waiting) if not count]
    length = [0] * len(waiting)
    for number in order:
        length[number] = 1
    for number in order:
        longer = length[number] + 1
        for other in predecessors[number]:
            waiting[other] -= 1
            if not waiting[other]:
                length[other] = longer
                order.append(other)
    return length
