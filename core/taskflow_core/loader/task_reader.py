"""One entry of `tasks` → a draft of the task: what it says, and where it says it."""

from typing import Any

import msgspec

from taskflow_core.expression_checks import script_kind
from taskflow_core.expressions.split import OPEN
from taskflow_core.loader.action_reader import Action, ActionReader
from taskflow_core.loader.edge_reader import Edge, EdgeReader, conditions_of
from taskflow_core.loader.expressions_reader import ExpressionsReader, Written
from taskflow_core.loader.forms import Forms
from taskflow_core.loader.grammar import check_task_keys
from taskflow_core.loader.mapping_reader import MappingReader
from taskflow_core.loader.options_reader import OptionsReader
from taskflow_core.loader.rollback_reader import ReadRollback, RollbackReader
from taskflow_core.loader.service_reader import ServiceReader
from taskflow_core.loader.source import Span
from taskflow_core.loader.subflow_reader import SubFlowRef
from taskflow_core.loader.tree import MapNode, Node
from taskflow_core.loader.values import Values
from taskflow_core.loader.wire import Looked
from taskflow_core.names import RULE, is_name
from taskflow_core.plan import TaskSpec


class TaskDraft(msgspec.Struct):
    """A task as far as it could be read."""

    spec: TaskSpec
    at: Span
    """Where its name is, or else where it begins."""
    edges: tuple[Edge, ...]
    function_at: Span | None
    """Where its function is named."""
    rollback_at: Span | None
    """Where the function that undoes it is named."""
    pool_at: Span | None
    """Where its pool is named, if the task names it itself."""
    expressions: tuple[Written, ...]
    """Its texts that name something."""
    whole: bool
    """Nothing of it is wrong by itself."""
    subflow: SubFlowRef | None = None
    """The flow that it is."""
    looked: Looked | None = None
    """What the helper process says of its function, if it was asked."""


class TaskReader:
    """Reads tasks of one flow.

    Args:
        values: Reads and reports.
        expressions: Reads texts in which expressions may stand.
        options: Reads options.
        forms: Completes them with what the flow says.
    """

    def __init__(
        self, values: Values, expressions: ExpressionsReader, options: OptionsReader, forms: Forms
    ) -> None:
        self._values = values
        self._report = values.report
        self._expressions = expressions
        self._actions = ActionReader(values, expressions)
        self._mappings = MappingReader(values, expressions)
        self._options = options
        self._rollbacks = RollbackReader(values, self._actions, options)
        self._edges = EdgeReader(values)
        self._services = ServiceReader(values, expressions, self._actions)
        self._forms = forms

    def read(self, node: Node) -> TaskDraft | None:
        """Return what an entry of `tasks` says, or None if it is no mapping."""
        before = self._report.errors
        task = self._values.mapping(node, "a task", "Write `- name: …`.")
        if task is None:
            return None
        check_task_keys(task, self._report)
        name, at = self._name(task)
        action = self._actions.read(task, at)
        edges = self._edges.read(task)
        spec = self._spec(task, name, action, edges)
        rollback = self._rollback(task, spec)
        if rollback is not None:
            spec = msgspec.structs.replace(spec, rollback=rollback.spec)
        if spec.script is not None and OPEN in spec.script:
            script = task.fields["script"].value
            self._expressions.script(script, spec.script, script_kind(spec))
        return TaskDraft(
            spec=spec,
            at=at,
            edges=edges,
            function_at=task.fields["function"].value.span if action.function else None,
            rollback_at=None if rollback is None else rollback.function_at,
            pool_at=task.fields["pool"].value.span if "pool" in task.fields else None,
            expressions=self._expressions.take(),
            whole=self._report.errors == before,
            subflow=action.subflow,
        )

    def _spec(self, task: MapNode, name: str, action: Action, edges: tuple[Edge, ...]) -> TaskSpec:
        service = self._values.optional(task, "service", self._services.read, None)
        options, fields = self._forms.complete(
            action.kind, self._options.read(task), is_service=service is not None
        )
        return TaskSpec(
            name=name,
            kind=action.kind,
            function=action.function,
            command=action.command,
            script=action.script,
            args=action.args,
            kwargs=action.kwargs,
            depends_on=tuple([edge.name for edge in edges]),
            conditions=conditions_of(edges),
            description=self._values.optional(task, "description", self._values.line, None),
            approval=action.approval,
            wait=action.wait,
            service=service,
            options=options,
            **self._mapping(task),
            **fields,
        )

    def _mapping(self, task: MapNode) -> dict[str, Any]:
        if "foreach" not in task.fields and "max_parallel" not in task.fields:
            return {}
        foreach = self._values.optional(task, "foreach", self._mappings.read, None)
        return {"foreach": foreach, "max_parallel": self._mappings.count(task)}

    def _rollback(self, task: MapNode, spec: TaskSpec) -> ReadRollback | None:
        field = task.fields.get("rollback")
        return None if field is None else self._rollbacks.read(field.value, spec.options.executor)

    def _name(self, task: MapNode) -> tuple[str, Span]:
        field = task.fields.get("name")
        if field is None:
            first = next((other.key for other in task.fields.values()), task.span)
            self._report.error("missing-name", "a task needs a `name`", first)
            return "", first
        at = field.value.span
        name = self._values.word(field.value, "`name`")
        if name is not None and not is_name(name):
            what = repr(name) if len(name) <= 128 else f"it has {len(name)} characters"
            self._report.error("bad-name", f"no task can be called that: {what}", at, RULE)
        return name or "", at
