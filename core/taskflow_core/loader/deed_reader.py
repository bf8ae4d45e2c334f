"""What is done besides the tasks: the dotted name of a function, or a mapping."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from taskflow_core.loader.action_reader import ActionReader, Command
from taskflow_core.loader.grammar import KeyCheck
from taskflow_core.loader.options_reader import OptionsReader, Variables
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.plan import DEFAULT_GRACE

_WANTED = "the dotted name of a function, or a mapping"


class Deed(msgspec.Struct, frozen=True):
    """What is done, and where its function is named."""

    function: str | None = None
    command: Command | None = None
    function_at: Span | None = None
    fields: dict[str, Any] = {}
    """What else is said of it: `timeout`, `grace`, `env`, and what is read besides."""


class DeedReader:
    """Reads what is done besides the tasks.

    Args:
        values: Reads and reports.
        actions: Reads functions and commands.
        options: Reads variables.
        check_keys: Reports keys of a mapping that there are not.
        noun: What it is called in messages, such as `a rollback`.
        does: What it does, such as `undoes the task`.
    """

    def __init__(
        self,
        values: Values,
        actions: ActionReader,
        options: OptionsReader,
        *,
        check_keys: KeyCheck,
        noun: str,
        does: str,
    ) -> None:
        self._values = values
        self._actions = actions
        self._options = options
        self._check_keys = check_keys
        self._noun = noun
        self._does = does

    def read(
        self, node: Node, what: str, more: Callable[[MapNode], dict[str, Any]] = lambda _: {}
    ) -> Deed | None:
        """Return what is done, or None if that cannot be read.

        Args:
            node: What is written.
            what: What it is called, for messages.
            more: Reads what else a mapping may say.
        """
        if isinstance(node, MapNode):
            return self._mapping(node, more)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._values.wrong(node, what, _WANTED, "Write `module.function`.")
            return None
        function = self._actions.function(node, what)
        return None if function is None else Deed(function, function_at=node.span)

    def _mapping(self, node: MapNode, more: Callable[[MapNode], dict[str, Any]]) -> Deed:
        self._check_keys(node, self._values.report)
        self._check_one(node)
        command = partial(self._actions.command, sees_itself=True)
        function = self._values.optional(node, "function", self._actions.function, None)
        return Deed(
            function=function,
            command=self._values.optional(node, "command", command, None),
            function_at=node.fields["function"].value.span if function else None,
            fields={**self._how(node), **more(node)},
        )

    def _how(self, node: MapNode) -> dict[str, Any]:
        values = self._values
        environment = partial(self._options.environment, sees_itself=True)
        nothing: Variables = ()
        return {
            "timeout": values.optional(node, "timeout", values.positive_duration, None),
            "grace": values.optional(node, "grace", values.duration, DEFAULT_GRACE),
            "env": dict(values.optional(node, "env", environment, nothing)),
        }

    def _check_one(self, node: MapNode) -> None:
        report, fields = self._values.report, node.fields
        if "function" in fields and "command" in fields:
            at = max(fields["function"].key, fields["command"].key)
            message = f"{self._noun} does one thing, not `function` and `command`"
            report.error("two-actions", message, at, "Keep one.")
        elif "function" not in fields and "command" not in fields:
            message = f"{self._noun} needs a `function` or a `command`"
            report.error("missing-action", message, node.span, f"Say what {self._does}.")
