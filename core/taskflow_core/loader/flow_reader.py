"""Tree → what the flow file says: the keys at the top, and a draft of each task."""

import msgspec

from taskflow_core.loader.edges import check_graph
from taskflow_core.loader.grammar import check_flow_keys
from taskflow_core.loader.report import Report
from taskflow_core.loader.task_reader import TaskDraft, TaskReader
from taskflow_core.loader.tree import MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.plan import Plan


class FlowDraft(msgspec.Struct):
    """A flow as far as it could be read."""

    name: str
    description: str | None
    max_parallel: int | None
    tasks: list[TaskDraft]

    def plan(self, source: str) -> Plan:
        """Return the plan of a flow that nothing is wrong with.

        Args:
            source: The absolute path of its file.
        """
        return Plan.of(
            name=self.name,
            tasks=[task.spec for task in self.tasks],
            description=self.description,
            source=source,
            max_parallel=self.max_parallel,
        )


def read_flow(root: Node, report: Report) -> FlowDraft:
    """Return what a flow file says, with everything wrong in it reported."""
    values = Values(report)
    path = report.source.path
    flow = _top(values, root)
    check_flow_keys(flow, report)
    env = values.environment(flow)
    reader = TaskReader(report, env, str(path.parent))
    drafts = [reader.read(node) for node in _tasks(values, flow)]
    draft = FlowDraft(
        name=values.optional(flow, "name", values.title, path.stem),
        description=values.optional(flow, "description", values.line, None),
        max_parallel=values.optional(flow, "max_parallel", values.count, None),
        tasks=[draft for draft in drafts if draft is not None],
    )
    check_graph(draft.tasks, report)
    return draft


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
