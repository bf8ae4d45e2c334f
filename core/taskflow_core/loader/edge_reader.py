"""`depends_on`: names of tasks, each with a condition if need be."""

from collections.abc import Sequence
from typing import get_args

import msgspec

from taskflow_core.loader.grammar import check_edge_keys
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import ListNode, MapNode, Node
from taskflow_core.loader.values import Values
from taskflow_core.readiness import Condition

CONDITIONS: tuple[Condition, ...] = get_args(Condition)


class Edge(msgspec.Struct, frozen=True):
    """One dependency, and where it is written."""

    name: str
    at: Span
    condition: Condition | None = None
    """What has to be so of the task; None for what is usual."""


class EdgeReader:
    """Reads what tasks depend on."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def read(self, task: MapNode) -> tuple[Edge, ...]:
        """Return the dependencies of a task, without those that cannot be read."""
        field = task.fields.get("depends_on")
        if field is None:
            return ()
        items = field.value.items if isinstance(field.value, ListNode) else [field.value]
        found = [self._edge(item) for item in items]
        return tuple([edge for edge in found if edge is not None])

    def _edge(self, node: Node) -> Edge | None:
        if not isinstance(node, MapNode):
            name = self._values.word(node, "a dependency")
            return None if name is None else Edge(name, node.span)
        check_edge_keys(node, self._values.report)
        field = node.fields.get("task")
        if field is None:
            message = "a dependency names no task"
            hint = "Write `{task: db, when: healthy}`."
            self._values.report.error("missing-task", message, node.span, hint)
        read = self._values.one_of(CONDITIONS)
        condition: Condition | None = self._values.optional(node, "when", read, None)
        name = None if field is None else self._values.word(field.value, "a dependency")
        return None if name is None or field is None else Edge(name, field.value.span, condition)


def conditions_of(edges: Sequence[Edge]) -> tuple[Condition | None, ...]:
    """Return the conditions of edges, as `TaskSpec` has them."""
    if all(edge.condition is None for edge in edges):
        return ()
    return tuple([edge.condition for edge in edges])
