"""In every format a drawing can be read back as exactly the tasks and edges that there are."""

from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given

from taskflow_core.export.digraph import to_networkx
from taskflow_core.export.lane_text import to_lanes
from taskflow_core.plan import Plan
from tests.core.drawn import plans
from tests.core.reading_pictures import READ, Edges, bare, read_lanes, shown_by
from tests.core.traces import TRACES, needs_traces, plan_of

networkx: Any = nx
"""Its types say little."""
any_trace = pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)


@pytest.mark.parametrize("notation", READ)
@given(plan=plans())
def test_a_drawing_shows_every_task_and_every_edge_once(notation: str, plan: Plan) -> None:
    assert READ[notation](plan) == shown_by(plan)


@given(plans())
def test_lanes_show_what_no_longer_way_implies(plan: Plan) -> None:
    assert read_lanes(to_lanes(bare(plan))).edges == needed_edges(plan)


@needs_traces
@any_trace
@pytest.mark.parametrize("notation", READ)
def test_a_drawing_of_a_real_workflow_shows_every_edge_once(notation: str, trace: Path) -> None:
    plan = plan_of(trace)

    assert READ[notation](plan) == shown_by(plan)


@needs_traces
@any_trace
def test_lanes_of_a_real_workflow_show_what_no_longer_way_implies(trace: Path) -> None:
    plan = plan_of(trace)

    assert read_lanes(to_lanes(plan)).edges == needed_edges(plan)


def needed_edges(plan: Plan) -> Edges:
    """Return the edges that NetworkX leaves where a longer way leads from one to the other."""
    return sorted(networkx.transitive_reduction(to_networkx(plan)).edges)
