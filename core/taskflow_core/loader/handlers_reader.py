"""`handlers`: what is done once a run's outcome is decided."""

from collections.abc import Mapping

from taskflow_core.definition.handler_keys import MOMENTS, handler_spec
from taskflow_core.handling import TIMEOUT
from taskflow_core.loader.action_reader import ActionReader
from taskflow_core.loader.deed_reader import Deed, DeedReader
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.grammar import check_handler_keys, check_moments
from taskflow_core.loader.options_reader import OptionsReader
from taskflow_core.loader.task_reader import TaskDraft
from taskflow_core.loader.tree import Field, Node
from taskflow_core.loader.values import Values
from taskflow_core.plan import TaskOptions, TaskSpec
from taskflow_core.policies import Moment


class HandlersReader:
    """Reads handlers, as drafts of tasks.

    Args:
        values: Reads and reports.
        expressions: Reads texts in which expressions may stand.
        options: Reads variables.
        env: The variables of the flow.
        cwd: The folder that they run in.
    """

    def __init__(
        self,
        values: Values,
        expressions: ExpressionsReader,
        options: OptionsReader,
        *,
        env: Mapping[str, str],
        cwd: str,
    ) -> None:
        self._values = values
        self._expressions = expressions
        self._env, self._cwd = env, cwd
        self._deeds = DeedReader(
            values,
            ActionReader(values, expressions),
            options,
            check_keys=check_handler_keys,
            noun="a handler",
            does="is to be done",
        )

    def read(self, node: Node, what: str) -> list[TaskDraft] | None:
        """Return what `handlers` says, in the order of the moments."""
        mapping = self._values.mapping(node, what, "Write `failure: module.function`.")
        if mapping is None:
            return None
        check_moments(mapping, self._values.report)
        fields = mapping.fields
        drafts = [self._draft(moment, fields[moment]) for moment in MOMENTS if moment in fields]
        return [draft for draft in drafts if draft is not None]

    def _draft(self, moment: Moment, field: Field) -> TaskDraft | None:
        before = self._values.report.errors
        deed = self._deeds.read(field.value, f"`{moment}`")
        if deed is None:
            return None
        return TaskDraft(
            spec=self._spec(moment, deed),
            at=field.key,
            edges=(),
            function_at=deed.function_at,
            rollback_at=None,
            pool_at=None,
            expressions=self._expressions.take(),
            whole=self._values.report.errors == before,
        )

    def _spec(self, moment: Moment, deed: Deed) -> TaskSpec:
        said = deed.fields
        options = TaskOptions(
            executor="process" if deed.command is None else "shell",
            timeout=said.get("timeout") or TIMEOUT,
            grace=said.get("grace", TaskOptions().grace),
            env={**self._env, **said.get("env", {})},
            cwd=self._cwd,
        )
        function, command = deed.function, deed.command
        return handler_spec(moment, function=function, command=command, options=options)
