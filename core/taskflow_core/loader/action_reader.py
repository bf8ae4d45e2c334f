"""What a task does: `function` with `args` and `kwargs`, `command`, `script`, and the like."""

import re
from typing import Any

import msgspec

from taskflow_core.loader.data_reader import DataReader
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.fitting import check_fitting
from taskflow_core.loader.grammar import ACTIONS
from taskflow_core.loader.source import Span
from taskflow_core.loader.subflow_reader import SubFlowReader, SubFlowRef
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values, has_expression
from taskflow_core.loader.waiting_reader import WaitingReader
from taskflow_core.plan import Approval, Wait
from taskflow_core.specs import Kind

_PART = r"[^\W\d]\w*"
_DOTTED = rf"{_PART}(?:\.{_PART})*"
_FUNCTION = re.compile(rf"{_DOTTED}(?:\.{_PART}|:{_DOTTED})")


Command = str | tuple[str, ...]


class Action(msgspec.Struct, frozen=True):
    """What a task does."""

    kind: Kind
    function: str | None = None
    command: Command | None = None
    script: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    approval: Approval | None = None
    wait: Wait | None = None
    subflow: SubFlowRef | None = None


class ActionReader:
    """Reads actions.

    Args:
        values: Reads and reports.
        expressions: Reads texts in which expressions may stand.
    """

    def __init__(self, values: Values, expressions: ExpressionsReader) -> None:
        self._values = values
        self._report = values.report
        self._expressions = expressions
        self._data = DataReader(values, expressions.text)
        self._waiting = WaitingReader(values, expressions)
        self._subflows = SubFlowReader(values, expressions)

    def read(self, task: MapNode, owner: Span) -> Action:
        """Return what `task` does, without what is wrong.

        Expressions in a script are not read: that depends on the shell.

        Args:
            task: The task's entry.
            owner: Where a task that does nothing is reported.
        """
        self._check_one(task, owner)
        values = self._values
        return Action(
            kind=_kind(task),
            function=values.optional(task, "function", self.function, None),
            command=values.optional(task, "command", self.command, None),
            script=values.optional(task, "script", values.text, None),
            args=values.optional(task, "args", self._args, ()),
            kwargs=values.optional(task, "kwargs", self._kwargs, {}),
            approval=values.optional(task, "approve", self._waiting.approval, None),
            wait=values.optional(task, "wait", self._waiting.wait, None),
            subflow=self._subflows.read(task),
        )

    def _check_one(self, task: MapNode, owner: Span) -> None:
        fields = task.fields
        named = sorted((fields[key].key, key) for key in ACTIONS if key in fields)
        if len(named) > 1:
            both = " and ".join(f"`{key}`" for _, key in named)
            message = f"a task does one thing, not {both}"
            self._report.error("two-actions", message, named[1][0], "Keep one.")
        elif named:
            check_fitting(task, named[0][1], self._report)
        else:
            *others, last = (f"`{key}`" for key in ACTIONS)
            message = f"a task needs one of {', '.join(others)} and {last}"
            self._report.error("missing-action", message, owner, "Say what it should do.")

    def function(self, node: Node, what: str) -> str | None:
        """Return a dotted name."""
        text = self._values.text(node, what)
        if text is None or _FUNCTION.fullmatch(text):
            return text
        bare = text.partition("(")[0]
        if has_expression(node):
            self._values.misplaced(node, what)
        elif bare != text and _FUNCTION.fullmatch(bare):
            hint = f"Write {bare!r}; arguments go into `args` and `kwargs`."
            self._report.error("bad-function", f"{text!r} is a call", node.span, hint)
        else:
            hint = "Write `module.function` or `module:function`."
            message = f"{text!r} is not the dotted name of a function"
            self._report.error("bad-function", message, node.span, hint)
        return None

    def command(self, node: Node, what: str, *, sees_itself: bool = False) -> Command | None:
        """Return a line for `sh -c`, or a program and its arguments.

        Args:
            node: What is written.
            what: What it is called, for messages.
            sees_itself: It is run when the task has run.
        """
        if isinstance(node, ListNode):
            return self._argv(node, what, sees_itself=sees_itself)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._values.wrong(node, what, "text or a list of texts", "Quote it if it is text.")
            return None
        text = self._values.text(node, what)
        if text is not None:
            self._expressions.command(node, text, sees_itself=sees_itself)
        return text

    def _argv(self, node: ListNode, what: str, *, sees_itself: bool) -> tuple[str, ...] | None:
        words = [self._values.any_text(item, f"an item of {what}") for item in node.items]
        for item, word in zip(node.items, words, strict=True):
            self._expressions.text(item, word or "", sees_itself=sees_itself)
        if not words or words[0] == "":
            message = f"{what} names no program"
            self._report.error("empty-command", message, node.span)
            return None
        return tuple(word for word in words if word is not None)

    def _args(self, node: Node, what: str) -> tuple[Any, ...] | None:
        items = self._values.items(node, what, "Write `[first, second]`.")
        return None if items is None else tuple([self._data.read(item) for item in items])

    def _kwargs(self, node: Node, what: str) -> dict[str, Any] | None:
        mapping = self._values.mapping(node, what, "Write `{name: value}`.")
        if mapping is None:
            return None
        self._values.check_names(mapping, "the name of an argument")
        return {name: self._data.read(field.value) for name, field in mapping.fields.items()}


_KINDS: tuple[Kind, ...] = ("command", "script", "flow", "approve", "wait")


def _kind(task: MapNode) -> Kind:
    for kind in _KINDS:
        if kind in task.fields:
            return kind
    return "function"
