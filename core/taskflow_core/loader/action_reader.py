"""What a task does: `function` with `args` and `kwargs`, or `command`."""

import re
from typing import Any

import msgspec

from taskflow_core.loader.grammar import ACTIONS_TO_COME
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values

_PART = r"[^\W\d]\w*"
_DOTTED = rf"{_PART}(?:\.{_PART})*"
_FUNCTION = re.compile(rf"{_DOTTED}(?:\.{_PART}|:{_DOTTED})")


Command = str | tuple[str, ...]


class Action(msgspec.Struct, frozen=True):
    """What a task does."""

    function: str | None = None
    command: Command | None = None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}


class ActionReader:
    """Reads actions."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._report = values.report

    def read(self, task: MapNode, owner: Span) -> Action:
        """Return what `task` does, without what is wrong.

        Args:
            task: The task's entry.
            owner: Where a task that does nothing is reported.
        """
        self._check_one(task, owner)
        values = self._values
        return Action(
            function=values.optional(task, "function", self._function, None),
            command=values.optional(task, "command", self._command, None),
            args=values.optional(task, "args", self._args, ()),
            kwargs=values.optional(task, "kwargs", self._kwargs, {}),
        )

    def _check_one(self, task: MapNode, owner: Span) -> None:
        fields = task.fields
        if "function" in fields and "command" in fields:
            second = max(fields["function"].key, fields["command"].key)
            message = "a task has a `function` or a `command`, not both"
            self._report.error("two-actions", message, second, "Keep one.")
        elif "command" in fields:
            for key in ("args", "kwargs"):
                if key in fields:
                    message = f"`{key}` is for functions: a command has its arguments in it"
                    self._report.error("conflict", message, fields[key].key)
        elif "function" not in fields and not ACTIONS_TO_COME & fields.keys():
            message = "a task needs a `function` or a `command`"
            self._report.error("missing-action", message, owner, "Say what it should do.")

    def _function(self, node: Node, what: str) -> str | None:
        text = self._values.text(node, what)
        if text is None or _FUNCTION.fullmatch(text):
            return text
        bare = text.partition("(")[0]
        if "${{" in text:
            self._values.no_expression(node, text)
        elif bare != text and _FUNCTION.fullmatch(bare):
            hint = f"Write {bare!r}; arguments go into `args` and `kwargs`."
            self._report.error("bad-function", f"{text!r} is a call", node.span, hint)
        else:
            hint = "Write `module.function` or `module:function`."
            message = f"{text!r} is not the dotted name of a function"
            self._report.error("bad-function", message, node.span, hint)
        return None

    def _command(self, node: Node, what: str) -> Command | None:
        if isinstance(node, ListNode):
            return self._argv(node, what)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._values.wrong(node, what, "text or a list of texts", "Quote it if it is text.")
            return None
        text = self._values.text(node, what)
        if text is not None:
            self._values.no_expression(node, text)
        return text

    def _argv(self, node: ListNode, what: str) -> tuple[str, ...] | None:
        words = [self._values.any_text(item, f"an item of {what}") for item in node.items]
        for item, word in zip(node.items, words, strict=True):
            self._values.no_expression(item, word or "")
        if not words or words[0] == "":
            message = f"{what} names no program"
            self._report.error("empty-command", message, node.span)
            return None
        return tuple(word for word in words if word is not None)

    def _args(self, node: Node, what: str) -> tuple[Any, ...] | None:
        items = self._values.items(node, what, "Write `[first, second]`.")
        return None if items is None else tuple(self._values.data(item) for item in items)

    def _kwargs(self, node: Node, what: str) -> dict[str, Any] | None:
        mapping = self._values.mapping(node, what, "Write `{name: value}`.")
        return None if mapping is None else self._values.data(mapping)
