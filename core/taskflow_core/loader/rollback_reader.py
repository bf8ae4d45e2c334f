"""`rollback`: the dotted name of a function, or a mapping."""

from typing import Any

import msgspec

from taskflow_core.definition.planning import executor_undoing
from taskflow_core.loader.action_reader import ActionReader
from taskflow_core.loader.deed_reader import DeedReader
from taskflow_core.loader.grammar import check_rollback_keys
from taskflow_core.loader.options_reader import OptionsReader
from taskflow_core.loader.retry_reader import RetryReader
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import MapNode, Node
from taskflow_core.loader.values import Values
from taskflow_core.plan import RollbackSpec
from taskflow_core.policies import NO_RETRY


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
        self._retry = RetryReader(values)
        self._deeds = DeedReader(
            values,
            actions,
            options,
            check_keys=check_rollback_keys,
            noun="a rollback",
            does="undoes the task",
        )

    def read(self, node: Node, executor: str) -> ReadRollback | None:
        """Return what undoes a task, or None if that cannot be read.

        Args:
            node: What the task has as `rollback`.
            executor: What runs the task.
        """
        deed = self._deeds.read(node, "`rollback`", self._policy)
        if deed is None:
            return None
        is_command = isinstance(node, MapNode) and "command" in node.fields
        runs = executor_undoing(executor, is_async=False, otherwise="process")
        spec = RollbackSpec(
            executor="shell" if is_command else runs,
            function=deed.function,
            command=deed.command,
            **deed.fields,
        )
        return ReadRollback(spec, deed.function_at)

    def _policy(self, node: MapNode) -> dict[str, Any]:
        return {"retry": self._values.optional(node, "retry", self._retry.read, NO_RETRY)}
