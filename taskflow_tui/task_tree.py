"""The tasks of a plan as rows: children right below their container, and folded away on demand."""

from collections.abc import Callable, Iterator, Sequence

from taskflow_core.export.ordering import depth_first_order
from taskflow_core.graph import successors_of
from taskflow_core.plan import Plan

MANY = 20
"""A container with more children than this is folded until somebody unfolds it."""


class TaskTree:
    """Which tasks of `plan` have a row, and in which order. The plan may grow."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._nesting = plan.nesting
        self._folds: dict[int, bool] = {}
        """What somebody chose for a container."""
        self._orders: dict[int | None, list[int]] = {}
        """The tasks of the flow and of each sub-flow in order: these never get more."""

    def rows(self) -> list[int]:
        """Return the tasks that have a row, in order; no task changes its place among others."""
        return list(self._below(self.is_folded))

    def everything(self) -> list[int]:
        """Return all tasks in the order of their rows, also those that are folded away."""
        return list(self._below(is_shut=lambda _: False))

    def after(self, rows: Sequence[int]) -> list[Sequence[int]]:
        """Return for each of the rows the tasks that depend on its task, as the flow says it.

        What depends on a container follows all of it, and its children follow what it depends on;
        so a dependency never crosses the border of a container, folded or not.
        """
        needed_by = self._nesting.needed_by
        return [tuple(needed_by[number]) for number in rows]

    def has_children(self, number: int) -> bool:
        """Say whether a task is a container with children to show."""
        return bool(self._nesting.children.get(number))

    def is_folded(self, number: int) -> bool:
        """Say whether the children of a container are out of sight."""
        default = len(self._nesting.children.get(number, ())) > MANY
        return self._folds.get(number, default)

    def fold(self, number: int, folded: bool) -> None:
        """Fold or unfold a container."""
        self._folds[number] = folded

    def parent(self, number: int) -> int | None:
        """Return the container that a task is in."""
        return self._nesting.parents[number]

    def depth(self, number: int) -> int:
        """Return how many containers a task is in."""
        return len(self.around(number))

    def around(self, number: int) -> list[int]:
        """Return the containers that a task is in, the nearest first."""
        found: list[int] = []
        at = self._nesting.parents[number]
        while at is not None:
            found.append(at)
            at = self._nesting.parents[at]
        return found

    def _below(self, is_shut: Callable[[int], bool]) -> Iterator[int]:
        stack = [*reversed(self._inside(None))]
        while stack:
            number = stack.pop()
            yield number
            if self.has_children(number) and not is_shut(number):
                stack += reversed(self._inside(number))

    def _inside(self, container: int | None) -> Sequence[int]:
        if container is not None and self._plan.tasks[container].foreach is not None:
            return self._nesting.children[container]
        if container not in self._orders:
            self._orders[container] = self._ordered(container)
        return self._orders[container]

    def _ordered(self, container: int | None) -> list[int]:
        """Return the tasks of the flow, or of a sub-flow, so that chains of them stay together."""
        if not self._nesting.is_nested:
            return depth_first_order(self._plan.upstream, self._plan.downstream)
        inside = [n for n, parent in enumerate(self._nesting.parents) if parent == container]
        place = {number: place for place, number in enumerate(inside)}
        upstream = [[place[other] for other in self._nesting.needs[n]] for n in inside]
        return [inside[at] for at in depth_first_order(upstream, successors_of(upstream))]
