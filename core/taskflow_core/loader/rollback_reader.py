"""`rollback`: the dotted name of a function, or a mapping."""

from functools import partial
from typing import Any

import msgspec

from taskflow_core.definition.planning import executor_undoing
from taskflow_core.loader.action_reader import ActionReader
from taskflow_core.loader.grammar import check_rollback_keys
from taskflow_core.loader.options_reader import OptionsReader, Variables
from taskflow_core.loader.retry_reader import RetryReader
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.plan import DEFAULT_GRACE, RollbackSpec
from taskflow_core.policies import NO_RETRY

_WANTED = "the dotted name of a function, or a mapping"


class ReadRollback(msgspec.Struct, frozen=True):
    """What undoes a task, and where it is written."""

    spec: RollbackSpec
    function_at: Span | None
    """Where its function is named."""


class RollbackReader:
    """Reads what undoes tasks.

    Args:
        values: Reads and reports.
        actions: Reads functions and commands.
        options: Reads variables.
    """

    def __init__(self, values: Values, actions: ActionReader, options: OptionsReader) -> None:
        self._values = values
        self._actions = actions
        self._options = options
        self._retry = RetryReader(values)

    def read(self, node: Node, executor: str) -> ReadRollback | None:
        """Return what undoes a task, or None if that cannot be read.

        Args:
            node: What the task has as `rollback`.
            executor: What runs the task.
        """
        runs = executor_undoing(executor, is_async=False, otherwise="process")
        if isinstance(node, MapNode):
            return self._mapping(node, runs)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._values.wrong(node, "`rollback`", _WANTED, "Write `module.function`.")
            return None
        function = self._actions.function(node, "`rollback`")
        if function is None:
            return None
        return ReadRollback(RollbackSpec(executor=runs, function=function), node.span)

    def _mapping(self, node: MapNode, runs: str) -> ReadRollback:
        check_rollback_keys(node, self._values.report)
        self._check_one(node)
        values = self._values
        command = partial(self._actions.command, sees_itself=True)
        spec = RollbackSpec(
            executor="shell" if "command" in node.fields else runs,
            function=values.optional(node, "function", self._actions.function, None),
            command=values.optional(node, "command", command, None),
            **self._how(node),
        )
        at = node.fields["function"].value.span if spec.function else None
        return ReadRollback(spec, at)

    def _how(self, node: MapNode) -> dict[str, Any]:
        values = self._values
        environment = partial(self._options.environment, sees_itself=True)
        nothing: Variables = ()
        return {
            "timeout": values.optional(node, "timeout", values.positive_duration, None),
            "grace": values.optional(node, "grace", values.duration, DEFAULT_GRACE),
            "retry": values.optional(node, "retry", self._retry.read, NO_RETRY),
            "env": dict(values.optional(node, "env", environment, nothing)),
        }

    def _check_one(self, node: MapNode) -> None:
        report, fields = self._values.report, node.fields
        if "function" in fields and "command" in fields:
            at = max(fields["function"].key, fields["command"].key)
            message = "a rollback does one thing, not `function` and `command`"
            report.error("two-actions", message, at, "Keep one.")
        elif "function" not in fields and "command" not in fields:
            message = "a rollback needs a `function` or a `command`"
            report.error("missing-action", message, node.span, "Say what undoes the task.")
