"""`foreach`: what a task is mapped over."""

from taskflow_core.expressions import Expression
from taskflow_core.loader.data_reader import DataReader
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.plan import ForEach

_HINT = "Write an expression such as tasks.split.result, or a list."


class MappingReader:
    """Reads what tasks are mapped over.

    Args:
        values: Reads and reports.
        expressions: Reads expressions.
    """

    def __init__(self, values: Values, expressions: ExpressionsReader) -> None:
        self._values = values
        self._expressions = expressions
        self._data = DataReader(values, expressions.text_read_once)

    def read(self, node: Node, what: str) -> ForEach | None:
        """Return an expression, or the items themselves."""
        if isinstance(node, ListNode):
            return ForEach([self._data.read(item) for item in node.items])
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._values.wrong(node, what, "an expression or a list", _HINT)
            return None
        text = self._values.text(node, what)
        if text is None or not self._expressions.value(node, text):
            return None
        return ForEach(Expression.parse(text).source.strip())

    def count(self, task: MapNode) -> int | None:
        """Return how many of the children of a task may run at once."""
        return self._values.optional(task, "max_parallel", self._values.count, None)
