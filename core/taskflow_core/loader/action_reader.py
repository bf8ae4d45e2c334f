"""What a task does: `function` with `args` and `kwargs`, `command`, or `script`."""

import re
from typing import Any

import msgspec

from taskflow_core.loader.data_reader import DataReader
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.grammar import ACTIONS, ACTIONS_TO_COME
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values, has_expression

_PART = r"[^\W\d]\w*"
_DOTTED = rf"{_PART}(?:\.{_PART})*"
_FUNCTION = re.compile(rf"{_DOTTED}(?:\.{_PART}|:{_DOTTED})")


Command = str | tuple[str, ...]


class Action(msgspec.Struct, frozen=True):
    """What a task does."""

    function: str | None = None
    command: Command | None = None
    script: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}


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
            function=values.optional(task, "function", self.function, None),
            command=values.optional(task, "command", self.command, None),
            script=values.optional(task, "script", values.text, None),
            args=values.optional(task, "args", self._args, ()),
            kwargs=values.optional(task, "kwargs", self._kwargs, {}),
        )

    def _check_one(self, task: MapNode, owner: Span) -> None:
        fields = task.fields
        named = sorted((fields[key].key, key) for key in ACTIONS if key in fields)
        if len(named) > 1:
            both = " and ".join(f"`{key}`" for _, key in named)
            message = f"a task does one thing, not {both}"
            self._report.error("two-actions", message, named[1][0], "Keep one.")
        elif named:
            self._check_fitting(task, named[0][1])
        elif not ACTIONS_TO_COME & fields.keys():
            message = "a task needs a `function`, a `command` or a `script`"
            self._report.error("missing-action", message, owner, "Say what it should do.")

    def _check_fitting(self, task: MapNode, kind: str) -> None:
        for key, reason in _MEANINGLESS[kind].items():
            if key in task.fields:
                message = f"`{key}` does not go with `{kind}`: {reason}"
                self._report.error("conflict", message, task.fields[key].key, "Drop it.")

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
        for name, field in mapping.fields.items():
            key = Scalar(*field.key, name, name)
            if has_expression(key):
                self._values.misplaced(key, "the name of an argument")
        return {name: self._data.read(field.value) for name, field in mapping.fields.items()}


_OF_COMMANDS = "that is for commands and scripts"
_NO_FUNCTION = "it has its arguments in it"
_OWN_PROCESS = "it is a process of its own"
_MEANINGLESS: dict[str, dict[str, str]] = {
    "function": {
        "shell": "that is for scripts",
        "output": _OF_COMMANDS,
        "success_exit_codes": _OF_COMMANDS,
    },
    "command": {
        "executor": _OWN_PROCESS,
        "args": _NO_FUNCTION,
        "kwargs": _NO_FUNCTION,
        "shell": "that is for scripts; `sh` runs a command line",
    },
    "script": {"executor": _OWN_PROCESS, "args": _NO_FUNCTION, "kwargs": _NO_FUNCTION},
}
"""The keys that say nothing about a kind of task, and why."""
