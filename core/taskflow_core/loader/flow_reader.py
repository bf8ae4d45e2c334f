"""Tree → what the flow file says: the keys at the top, and a draft of each task."""

from collections.abc import Collection
from typing import Any, get_args

import msgspec

from taskflow_core.definition.task_settings import NO_SETTINGS, Settings
from taskflow_core.inlining import Body
from taskflow_core.loader.edges import Graph, check_graph
from taskflow_core.loader.expressions_reader import ExpressionsReader, Written
from taskflow_core.loader.forms import Forms
from taskflow_core.loader.grammar import check_default_keys, check_flow_keys
from taskflow_core.loader.handlers_reader import HandlersReader
from taskflow_core.loader.options_reader import OptionsReader, Variables
from taskflow_core.loader.params_reader import ParamsReader
from taskflow_core.loader.report import Report
from taskflow_core.loader.source import Span
from taskflow_core.loader.task_reader import TaskDraft, TaskReader
from taskflow_core.loader.tree import Field, MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.params import Param
from taskflow_core.plan import Plan
from taskflow_core.policies import OnFailure, Order

ON_FAILURE: tuple[OnFailure, ...] = get_args(OnFailure)
ORDERS: tuple[Order, ...] = get_args(Order)


class FlowDraft(msgspec.Struct):
    """A flow as far as it could be read."""

    fields: dict[str, Any]
    """Those of the plan that are not read from its tasks."""
    params: dict[str, Param]
    pools: dict[str, int]
    tasks: list[TaskDraft]
    handlers: list[TaskDraft]
    expressions: tuple[Written, ...]
    """The texts at the top of the file that name something."""
    graph: Graph
    top: MapNode

    def plan(self, source: str, body: Body[None]) -> Plan:
        """Return the plan of a flow that nothing is wrong with.

        Args:
            source: The absolute path of its file.
            body: Its tasks with those of its sub-flows.
        """
        return Plan.of(
            tasks=body.tasks,
            templates=body.templates,
            source=source,
            params=self.params,
            pools=body.pools,
            handlers=[handler.spec for handler in self.handlers],
            **self.fields,
        )

    def names(self, key: str) -> Collection[str]:
        """Return what `params` or `pools` declares, right or wrong."""
        return self._entries(key).keys()

    def at(self, key: str, name: str) -> Span | None:
        """Return where an entry of `params` or `pools` is named."""
        entry = self._entries(key).get(name)
        return None if entry is None else entry.key

    @property
    def pool_at(self) -> Span | None:
        """Where `defaults` names a pool."""
        entry = self._entries("defaults").get("pool")
        return None if entry is None else entry.value.span

    def _entries(self, key: str) -> dict[str, Field]:
        field = self.top.fields.get(key)
        return field.value.fields if field and isinstance(field.value, MapNode) else {}


class _FlowReader:
    """Reads the keys at the top of one file."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._values = Values(report)
        self._expressions = ExpressionsReader(report)
        self._options = OptionsReader(self._values, self._expressions)

    def read(self, root: Node) -> FlowDraft:
        values, flow = self._values, _top(self._values, root)
        check_flow_keys(flow, self._report)
        params: dict[str, Param] = values.optional(flow, "params", ParamsReader(values).read, {})
        pools: dict[str, int] = values.optional(flow, "pools", self._pools, {})
        env: Variables = values.optional(flow, "env", self._options.environment, ())
        defaults = values.optional(flow, "defaults", self._defaults, NO_SETTINGS)
        shared = self._expressions.take()
        folder = str(self._report.source.path.parent)
        handlers = self._handlers(flow, dict(env), folder)
        forms = Forms(folder, dict(env), defaults)
        reader = TaskReader(values, self._expressions, self._options, forms)
        drafts = [reader.read(node) for node in _tasks(values, flow)]
        tasks = [draft for draft in drafts if draft is not None]
        graph = check_graph(tasks, self._report)
        return FlowDraft(self._fields(flow), params, pools, tasks, handlers, shared, graph, flow)

    def _handlers(self, flow: MapNode, env: dict[str, str], folder: str) -> list[TaskDraft]:
        reader = HandlersReader(self._values, self._expressions, self._options, env=env, cwd=folder)
        found: list[TaskDraft] = self._values.optional(flow, "handlers", reader.read, [])
        return found

    def _fields(self, flow: MapNode) -> dict[str, Any]:
        values = self._values
        stem = self._report.source.path.stem
        return {
            "name": values.optional(flow, "name", values.title, stem),
            "description": values.optional(flow, "description", values.line, None),
            "max_parallel": values.optional(flow, "max_parallel", values.count, None),
            "timeout": values.optional(flow, "timeout", values.positive_duration, None),
            "on_failure": values.optional(flow, "on_failure", values.one_of(ON_FAILURE), "finish"),
            "ready_order": values.optional(flow, "order", values.one_of(ORDERS), "critical"),
        }

    def _pools(self, node: Node, what: str) -> dict[str, int] | None:
        mapping = self._values.mapping(node, what, "Write `name: slots`.")
        if mapping is None:
            return None
        found: dict[str, int] = {}
        for name, field in mapping.fields.items():
            self._values.word(Scalar(*field.key, name, name), "the name of a pool")
            slots = self._values.count(field.value, f"the number of slots of pool {name!r}")
            found[name] = slots or 1
        return found

    def _defaults(self, node: Node, what: str) -> Settings | None:
        mapping = self._values.mapping(node, what, "Write `retry: 2`.")
        if mapping is None:
            return None
        check_default_keys(mapping, self._report)
        return self._options.read(mapping)


def read_flow(root: Node, report: Report) -> FlowDraft:
    """Return what a flow file says, with everything wrong in it reported."""
    return _FlowReader(report).read(root)


def _top(values: Values, root: Node) -> MapNode:
    if isinstance(root, MapNode):
        return root
    if isinstance(root, Scalar) and root.value is None:
        values.report.stop("empty-file", "the file is empty", None, _START)
    values.wrong(root, "a flow file", "a mapping", _START)
    values.report.finish()
    raise AssertionError("a flow file that is no mapping has been reported")


_START = "Begin with `tasks:`."


def _tasks(values: Values, flow: MapNode) -> list[Node]:
    field = flow.fields.get("tasks")
    if field is None:
        values.report.error("missing-tasks", "the flow has no `tasks`", None, _START)
        return []
    hint = "Each task is an item: `- name: …`."
    return values.items(field.value, "`tasks`", hint) or []
