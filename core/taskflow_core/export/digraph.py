"""A plan as a NetworkX graph, for whoever wants to ask it more than we do."""

from typing import TYPE_CHECKING

from taskflow_core.plan import Plan

if TYPE_CHECKING:
    import networkx as nx


def to_networkx(plan: Plan) -> "nx.DiGraph[str]":
    """Return the plan's tasks as nodes, and an edge from each task to those that depend on it.

    Nodes carry `kind`, `description` and `executor`.
    """
    import networkx as nx  # 0.1 s to import

    graph: nx.DiGraph[str] = nx.DiGraph(name=plan.name)
    for spec in plan.tasks:
        executor = spec.options.executor
        graph.add_node(spec.name, kind=spec.kind, description=spec.description, executor=executor)
    for spec in plan.tasks:
        graph.add_edges_from((upstream, spec.name) for upstream in spec.depends_on)
    return graph
