"""Tasks that wait: `approve`, what a person is asked, and `wait`, for a moment or a file."""

import datetime as dt

from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.grammar import check_approve_keys, check_wait_keys
from taskflow_core.loader.params_reader import ParamsReader
from taskflow_core.loader.tree import MapNode, Node, Scalar
from taskflow_core.loader.values import Values, has_expression
from taskflow_core.moments import HOW, moment
from taskflow_core.params import Param
from taskflow_core.plan import Approval, Wait

_WAITS = ("for", "until", "file")
_ANY_DAY = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)


class WaitingReader:
    """Reads what tasks wait for.

    Args:
        values: Reads and reports.
        expressions: Reads texts in which expressions may stand.
    """

    def __init__(self, values: Values, expressions: ExpressionsReader) -> None:
        self._values = values
        self._report = values.report
        self._expressions = expressions
        self._fields = ParamsReader(values, "field")

    def approval(self, node: Node, what: str) -> Approval | None:
        """Return what a person is asked: a question, or a mapping that has one."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            prompt = self._text(node, what)
            return None if prompt is None else Approval(prompt)
        if not isinstance(node, MapNode):
            self._values.wrong(node, what, "a question or a mapping", "Write `{prompt: Ship it?}`.")
            return None
        check_approve_keys(node, self._report)
        if "prompt" not in node.fields:
            message = f"{what} has no `prompt`"
            self._report.error("missing-prompt", message, node.span, "Say what to ask.")
        nothing: dict[str, Param] = {}
        return Approval(
            self._values.optional(node, "prompt", self._text, ""),
            self._values.optional(node, "fields", self._fields.read, nothing),
        )

    def wait(self, node: Node, what: str) -> Wait | None:
        """Return what a task waits for: one of three."""
        mapping = self._values.mapping(node, what, "Write `{for: 30s}`.")
        if mapping is None:
            return None
        check_wait_keys(mapping, self._report)
        self._check_one(mapping)
        optional = self._values.optional
        return Wait(
            seconds=optional(mapping, "for", self._length, None),
            until=optional(mapping, "until", self._moment, None),
            file=optional(mapping, "file", self._text, None),
        )

    def _check_one(self, node: MapNode) -> None:
        named = sorted((node.fields[key].key, key) for key in _WAITS if key in node.fields)
        if len(named) > 1:
            both = " and ".join(f"`{key}`" for _, key in named)
            message = f"a task waits for one thing, not {both}"
            self._report.error("two-actions", message, named[1][0], "Keep one.")
        elif not named:
            message = "`wait` needs `for`, `until` or `file`"
            self._report.error("missing-action", message, node.span, "Say what it waits for.")

    def _length(self, node: Node, what: str) -> float | str | None:
        return self._text(node, what) if has_expression(node) else self._values.duration(node, what)

    def _moment(self, node: Node, what: str) -> str | None:
        text = self._text(node, what)
        if text is None or has_expression(node):
            return text
        try:
            moment(text, _ANY_DAY)
        except ValueError:
            self._report.error("bad-moment", f"{what} is no moment: {text!r}", node.span, HOW)
            return None
        return text

    def _text(self, node: Node, what: str) -> str | None:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            text = self._values.text(node, what)
            if text is not None:
                self._expressions.text(node, text)
            return text
        return self._values.text(node, what)
