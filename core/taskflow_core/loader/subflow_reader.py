"""`flow`: the file of a sub-flow, and the `params` it is given."""

from typing import Any

import msgspec

from taskflow_core.expressions.split import OPEN
from taskflow_core.loader.data_reader import DataReader
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import Field, MapNode, Node
from taskflow_core.loader.values import Values


class SubFlowRef(msgspec.Struct, frozen=True):
    """What a task says of the flow that it is."""

    path: str
    """The file, as it is written."""
    at: Span
    """Where that is."""
    given: dict[str, Any]
    """The values for its parameters."""
    given_at: dict[str, Field]
    """Where each of them is."""


class SubFlowReader:
    """Reads what tasks say of the flows that they are.

    Args:
        values: Reads and reports.
        expressions: Reads texts in which expressions may stand.
    """

    def __init__(self, values: Values, expressions: ExpressionsReader) -> None:
        self._values = values
        self._data = DataReader(values, expressions.text)

    def read(self, task: MapNode) -> SubFlowRef | None:
        """Return what a task says of its sub-flow; None if it names no file."""
        nothing: dict[str, Any] = {}
        given = self._values.optional(task, "params", self._given, nothing)
        path = self._values.optional(task, "flow", self._values.word, None)
        if path is None:
            return None
        params = task.fields.get("params")
        at = params.value.fields if params and isinstance(params.value, MapNode) else {}
        return SubFlowRef(path, task.fields["flow"].value.span, given, at)

    def _given(self, node: Node, what: str) -> dict[str, Any] | None:
        mapping = self._values.mapping(node, what, "Write `{name: value}`.")
        if mapping is None:
            return None
        self._values.check_names(mapping, "the name of a parameter")
        read = {name: self._data.read(field.value) for name, field in mapping.fields.items()}
        return {name: value for name, value in read.items() if OPEN not in name}
