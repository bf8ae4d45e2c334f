"""A plan as a NetworkX graph, and as the JSON that NetworkX reads."""

import json
from typing import TYPE_CHECKING, Any

from taskflow_core.export.annotations import states_of
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import RunState

if TYPE_CHECKING:
    import networkx as nx


def to_networkx(plan: Plan, state: RunState | None = None) -> "nx.DiGraph[str]":
    """Return the plan's tasks as nodes, and an edge from each task to those that depend on it.

    Nodes carry `kind`, `description`, `executor`, `group`, `parent` (the sub-flow or mapped task
    that it is in), `tags`, `trigger_rule`, `when` and `allow_failure`, and `state` if that of a run
    is given; the graph its `name` and `description`.
    """
    import networkx as nx  # 0.1 s to import

    graph: nx.DiGraph[str] = nx.DiGraph(name=plan.name, description=plan.description)
    nodes = _nodes(plan, state)
    graph.add_nodes_from((spec.name, node) for spec, node in zip(plan.tasks, nodes, strict=True))
    graph.add_edges_from(_edges(plan))
    return graph


def to_json(plan: Plan, state: RunState | None = None) -> str:
    """Return the same as node-link JSON: `networkx.node_link_graph(json.loads(…), edges="edges")`.

    Args:
        plan: What to export.
        state: Of a run; nodes get its tasks' `state`.
    """
    nodes = zip(plan.tasks, _nodes(plan, state), strict=True)
    data = {
        "directed": True,
        "multigraph": False,
        "graph": {"name": plan.name, "description": plan.description},
        "nodes": [{"id": spec.name} | node for spec, node in nodes],
        "edges": [{"source": one, "target": other} for one, other in _edges(plan)],
    }
    return json.dumps(data, indent=1) + "\n"


def _nodes(plan: Plan, state: RunState | None) -> list[dict[str, Any]]:
    nodes = [_attributes(spec) for spec in plan.tasks]
    if state is not None:
        for node, status in zip(nodes, states_of(plan, state), strict=True):
            node["state"] = None if status is None else status.value
    return nodes


def _attributes(spec: TaskSpec) -> dict[str, Any]:
    return {
        "kind": spec.kind,
        "description": spec.description,
        "executor": spec.options.executor,
        "group": spec.group,
        "parent": spec.parent,
        "tags": list(spec.tags),
        "trigger_rule": spec.options.trigger_rule,
        "when": spec.when,
        "allow_failure": spec.options.allow_failure,
    }


def _edges(plan: Plan) -> list[tuple[str, str]]:
    names = [spec.name for spec in plan.tasks]
    return [
        (names[other], name)
        for name, upstream in zip(names, plan.upstream, strict=True)
        for other in upstream
    ]
