"""Conditions: `when`, and `breakpoint` with the one it may have."""

from typing import get_args

from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.grammar import check_breakpoint_keys
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.plan import BreakpointSpec
from taskflow_core.policies import Stop

STOPS: tuple[Stop, ...] = get_args(Stop)
_WANTED = f"true, one of {', '.join(STOPS)}, a mapping, or a list of these"


class ConditionReader:
    """Reads expressions that are true or false."""

    def __init__(self, values: Values, expressions: ExpressionsReader) -> None:
        self._values = values
        self._expressions = expressions

    def read(self, node: Node, what: str, *, sees_itself: bool = False) -> str | None:
        """Return a condition; `true` and `false` of the notation mean themselves."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return str(node.value).lower()
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._values.wrong(node, what, "an expression", 'Write it as text: "params.full".')
            return None
        text = self._values.text(node, what)
        if text is not None:
            self._expressions.condition(node, text, sees_itself=sees_itself)
        return text and text.strip()


class BreakpointReader:
    """Reads breakpoints."""

    def __init__(self, values: Values, conditions: ConditionReader) -> None:
        self._values = values
        self._conditions = conditions

    def read(self, node: Node, what: str) -> tuple[BreakpointSpec, ...] | None:
        """Return the breakpoints of a task."""
        if isinstance(node, Scalar) and node.value is False:
            return ()
        items = node.items if isinstance(node, ListNode) else [node]
        found = [self._one(item, what) for item in items]
        return tuple([each for each in found if each is not None])

    def _one(self, node: Node, what: str) -> BreakpointSpec | None:
        if isinstance(node, Scalar) and node.value is True:
            return BreakpointSpec()
        if isinstance(node, MapNode):
            return self._mapping(node)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._values.wrong(node, what, _WANTED)
            return None
        stop = self._values.one_of(STOPS)(node, what)
        return None if stop is None else BreakpointSpec(stop)

    def _mapping(self, node: MapNode) -> BreakpointSpec:
        check_breakpoint_keys(node, self._values.report)
        at, when = self._either(node, "at", "stop"), self._either(node, "when", "condition")
        stop: Stop | None = "before"
        if at is not None:
            stop = self._values.one_of(STOPS)(node.fields[at].value, f"`{at}`")
        condition = None
        if when is not None:
            value, later = node.fields[when].value, stop != "before"
            condition = self._conditions.read(value, f"`{when}`", sees_itself=later)
        hit = self._values.optional(node, "hit", self._values.count, 1)
        return BreakpointSpec(stop or "before", condition, hit)

    def _either(self, node: MapNode, key: str, other: str) -> str | None:
        """Return which of two keys that mean the same a breakpoint has."""
        if key in node.fields and other in node.fields:
            message = f"`{key}` and `{other}` are the same"
            self._values.report.error("conflict", message, node.fields[other].key, "Keep one.")
        return key if key in node.fields else other if other in node.fields else None
