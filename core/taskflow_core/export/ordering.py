"""The order in which tasks are listed."""

from taskflow_core.graph import Adjacency


def depth_first_order(upstream: Adjacency, downstream: Adjacency) -> list[int]:
    """Return the tasks so that each follows its upstreams and chains stay together.

    Kahn's algorithm with a stack: what a task makes ready comes right after it, in the order
    of the file.
    """
    waiting = [len(needed) for needed in upstream]
    stack = [number for number in reversed(range(len(waiting))) if not waiting[number]]
    order: list[int] = []
    while stack:
        number = stack.pop()
        order.append(number)
        for other in reversed(downstream[number]):
            waiting[other] -= 1
            if not waiting[other]:
                stack.append(other)
    return order
