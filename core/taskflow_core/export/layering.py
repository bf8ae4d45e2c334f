"""Tasks in layers, with a joint in every layer that an edge only passes.

After Sugiyama, Tagawa and Toda (1981). Layers come from longest paths; a task that depends on
nothing moves next to the first that needs it. All long edges of one task share their joints, so
that they are drawn as one line that branches.
"""

from collections.abc import Container, Sequence

from taskflow_core.graph import Adjacency, layers_of


class Layering:
    """The nodes of every layer and the edges between neighbouring layers.

    Nodes are numbered: first the tasks, then the joints.
    """

    def __init__(
        self,
        upstream: Adjacency,
        downstream: Adjacency,
        order: Sequence[int],
        grouped: Container[int] = (),
    ) -> None:
        """Lay out the layers of a graph without cycles.

        Args:
            upstream: For each task the tasks it depends on.
            downstream: For each task the tasks that depend on it.
            order: All tasks, each after those it depends on; also the first order in a layer.
            grouped: The tasks that stay with their group and are not moved.
        """
        self.tasks = len(upstream)
        self.layer = layers_of(order, upstream)
        """The layer of each node."""
        for task, needed in enumerate(upstream):
            if not needed and downstream[task] and task not in grouped:
                self.layer[task] = min(self.layer[other] for other in downstream[task]) - 1
        self.rows: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        """The nodes of each layer, in the order in which they lie."""
        self.above: list[list[int]] = [[] for _ in upstream]
        """For each node those it is joined to in the layer before."""
        self.below: list[list[int]] = [[] for _ in upstream]
        for task in order:
            self.rows[self.layer[task]].append(task)
            self._connect(task, downstream[task])

    def is_joint(self, node: int) -> bool:
        """Say whether the node is none but a place where an edge passes."""
        return node >= self.tasks

    def _connect(self, task: int, targets: Sequence[int]) -> None:
        """Add the edges of `task`, and the joints that they need."""
        node, layer = task, self.layer[task]
        for target in sorted(targets, key=self.layer.__getitem__):
            while layer < self.layer[target] - 1:
                layer += 1
                joint = self._new_joint(layer)
                self._join(node, joint)
                node = joint
            self._join(node, target)

    def _new_joint(self, layer: int) -> int:
        joint = len(self.layer)
        self.layer.append(layer)
        self.rows[layer].append(joint)
        self.above.append([])
        self.below.append([])
        return joint

    def _join(self, one: int, other: int) -> None:
        self.below[one].append(other)
        self.above[other].append(one)
