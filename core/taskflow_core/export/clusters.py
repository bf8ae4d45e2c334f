"""What is drawn together: the tasks of a group, and those of a sub-flow, inside of each other."""

from collections.abc import Iterator
from typing import NamedTuple

from taskflow_core.plan import Plan


class Cluster(NamedTuple):
    """Tasks in one frame, in task order."""

    label: str
    number: int
    """Its place among all clusters, from 0."""
    tasks: list[int]
    inside: list["Cluster"]
    """The clusters in it, in the order in which their first tasks come."""


def clusters_of(plan: Plan) -> Cluster:
    """Return everything as one cluster, which itself is not to be drawn.

    A container is in the cluster of its children; a group holds only tasks of one flow.
    """
    return _Clusters(plan).whole


class _Clusters:
    """Puts every task into its cluster."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._count = -1
        self.whole = self._new("")
        tops = [number for number, parent in enumerate(plan.nesting.parents) if parent is None]
        self._fill(self.whole, tops)

    def _new(self, label: str) -> Cluster:
        self._count += 1
        return Cluster(label, self._count - 1, [], [])

    def _fill(self, cluster: Cluster, numbers: list[int]) -> None:
        groups: dict[str, Cluster] = {}
        for number in numbers:
            group = self._plan.tasks[number].group
            home = cluster
            if group is not None:
                if group not in groups:
                    groups[group] = self._new(group)
                    cluster.inside.append(groups[group])
                home = groups[group]
            self._put(home, number)

    def _put(self, cluster: Cluster, number: int) -> None:
        children = self._plan.nesting.children.get(number)
        if not children:
            cluster.tasks.append(number)
            return
        own = self._new(self._plan.tasks[number].name)
        cluster.inside.append(own)
        self._fill(own, children)
        own.tasks.append(number)


class Line(NamedTuple):
    """One line of a drawing: a cluster begins or ends, or there is a task."""

    depth: int
    """How many clusters it is in."""
    begins: Cluster | None = None
    task: int | None = None
    """None where a cluster begins or ends."""


def lines_of(cluster: Cluster, depth: int = 0) -> Iterator[Line]:
    """Yield what is in a cluster, line by line: the clusters in it, then its tasks."""
    for inner in cluster.inside:
        yield Line(depth, begins=inner)
        yield from lines_of(inner, depth + 1)
        yield Line(depth)
    for number in cluster.tasks:
        yield Line(depth, task=number)
