"""One entry of `tasks` → a draft of the task: what it says, and where it says it."""

import msgspec

from taskflow_core.loader.action_reader import Action, ActionReader
from taskflow_core.loader.grammar import check_task_keys
from taskflow_core.loader.options_reader import OptionsReader
from taskflow_core.loader.report import Report
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import ListNode, MapNode, Node
from taskflow_core.loader.values import Values
from taskflow_core.names import RULE, is_name
from taskflow_core.plan import TaskSpec


class Edge(msgspec.Struct, frozen=True):
    """One dependency, and where it is written."""

    name: str
    at: Span


class TaskDraft(msgspec.Struct):
    """A task as far as it could be read."""

    spec: TaskSpec
    at: Span
    """Where its name is, or else where it begins."""
    edges: tuple[Edge, ...]
    function_at: Span | None
    """Where its function is named."""
    whole: bool
    """Nothing of it is wrong by itself."""


class TaskReader:
    """Reads tasks that share an environment and a folder."""

    def __init__(self, report: Report, env: dict[str, str], cwd: str) -> None:
        self._report = report
        self._values = Values(report)
        self._actions = ActionReader(self._values)
        self._options = OptionsReader(self._values, env, cwd)

    def read(self, node: Node) -> TaskDraft | None:
        """Return what an entry of `tasks` says, or None if it is no mapping."""
        before = self._report.errors
        task = self._values.mapping(node, "a task", "Write `- name: …`.")
        if task is None:
            return None
        check_task_keys(task, self._report)
        name, at = self._name(task)
        action = self._actions.read(task, at)
        edges = self._edges(task)
        function_at = task.fields["function"].value.span if action.function else None
        spec = self._spec(task, name, action, edges)
        return TaskDraft(spec, at, edges, function_at, self._report.errors == before)

    def _spec(self, task: MapNode, name: str, action: Action, edges: tuple[Edge, ...]) -> TaskSpec:
        return TaskSpec(
            name=name,
            kind="command" if "command" in task.fields else "function",
            function=action.function,
            command=action.command,
            args=action.args,
            kwargs=action.kwargs,
            depends_on=tuple([edge.name for edge in edges]),
            description=self._values.optional(task, "description", self._values.line, None),
            options=self._options.read(task),
        )

    def _name(self, task: MapNode) -> tuple[str, Span]:
        field = task.fields.get("name")
        if field is None:
            first = next((other.key for other in task.fields.values()), task.span)
            self._report.error("missing-name", "a task needs a `name`", first)
            return "", first
        at = field.value.span
        name = self._values.text(field.value, "`name`")
        if name is not None and not is_name(name):
            what = repr(name) if len(name) <= 128 else f"it has {len(name)} characters"
            self._report.error("bad-name", f"no task can be called that: {what}", at, RULE)
        return name or "", at

    def _edges(self, task: MapNode) -> tuple[Edge, ...]:
        field = task.fields.get("depends_on")
        if field is None:
            return ()
        items = field.value.items if isinstance(field.value, ListNode) else [field.value]
        found = [self._edge(item) for item in items]
        return tuple([edge for edge in found if edge is not None])

    def _edge(self, node: Node) -> Edge | None:
        if isinstance(node, MapNode):
            message = "a condition in `depends_on` is not built yet"
            self._report.error("not-built-yet", message, node.span, "Write the task's name only.")
            return None
        name = self._values.text(node, "a dependency")
        return None if name is None else Edge(name, node.span)
