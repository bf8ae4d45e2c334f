"""A lane list shows every dependency exactly once, whatever the flow looks like."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.export.lane_drawing import draw_row, fit_gutter, in_ascii, whole_gutter
from taskflow_core.export.lanes import LaneLayout, lay_out, lay_out_rows, rows_alone
from taskflow_core.export.vertex_cover import minimum_vertex_cover
from taskflow_core.graph import downstream_of, successors_of, transitive_reduction
from tests.core.reading_pictures import lane_edges

Upstream = list[list[int]]
Edges = set[tuple[int, int]]

ETL = {
    "fetch_orders": [],
    "clean_orders": ["fetch_orders"],
    "fetch_users": [],
    "clean_users": ["fetch_users"],
    "fetch_fx": [],
    "join": ["clean_orders", "clean_users", "fetch_fx"],
    "train_eu": ["join"],
    "train_us": ["join"],
    "train_apac": ["join"],
    "eval": ["train_eu", "train_us", "train_apac"],
    "report": ["join", "eval"],
    "publish": ["report"],
}

# Row and edges were checked by hand against the flow. Where a dotted lane is joined inside a
# horizontal line the sign is ┿, so that `train_us ┿` can only mean "feeds eval".
ETL_ALL_EDGES = """\
╭───── fetch_orders
╰─┬─── clean_orders
╭─┊─── fetch_users
╰─┿─── clean_users
  ┝─── fetch_fx
╭─┴─── join
├─┬─── train_eu
├─┿─── train_us
├─┿─── train_apac
│ ╰─┬─ eval
╰─┬─┴─ report
  ╰─── publish
"""
ETL_REDUCED = """\
╭─── fetch_orders
╰─┬─ clean_orders
╭─┊─ fetch_users
╰─┿─ clean_users
  ┝─ fetch_fx
╭─┴─ join
├─┬─ train_eu
├─┿─ train_us
╰─┿─ train_apac
╭─┴─ eval
╰─┬─ report
  ╰─ publish
"""


@st.composite
def flows(draw: st.DrawFn) -> Upstream:
    """Flows of up to 14 tasks, in any order of numbers, often dense."""
    count = draw(st.integers(0, 14))
    names = draw(st.permutations(range(count)))
    upstream: Upstream = [[] for _ in range(count)]
    for place in range(1, count):
        earlier = draw(st.lists(st.integers(0, place - 1), unique=True, max_size=5))
        upstream[names[place]] = [names[other] for other in earlier]
    return upstream


def lanes_of(upstream: Upstream, *, reduced: bool = True) -> LaneLayout:
    return lay_out(upstream, successors_of(upstream), reduced=reduced)


def picture(layout: LaneLayout, labels: Sequence[str] | None = None) -> str:
    gutter = whole_gutter(layout)
    rows = [draw_row(layout, row, gutter).text for row in range(len(layout.order))]
    if labels is not None:
        rows = [f"{text} {labels[n]}" for text, n in zip(rows, layout.order, strict=True)]
    return "".join(row + "\n" for row in rows)


def numbered_edges(layout: LaneLayout, drawing: str) -> Edges:
    return {(layout.order[u], layout.order[v]) for u, v in lane_edges(drawing)}


def all_edges(upstream: Upstream) -> Edges:
    return {(u, v) for v, needed in enumerate(upstream) for u in needed}


def implied(upstream: Upstream, edge: tuple[int, int]) -> bool:
    """Say whether a longer way leads along `edge` too."""
    after = successors_of(upstream)
    others = [v for v in after[edge[0]] if v != edge[1]]
    return edge[1] in downstream_of(others, after)


@pytest.mark.parametrize(("reduced", "wanted"), [(True, ETL_REDUCED), (False, ETL_ALL_EDGES)])
def test_the_flow_of_the_mock_ups(reduced: bool, wanted: str) -> None:
    names = list(ETL)
    upstream = [[names.index(needed) for needed in ETL[name]] for name in names]

    assert picture(lanes_of(upstream, reduced=reduced), names) == wanted


@given(flows())
def test_a_drawing_parses_back_to_every_edge(upstream: Upstream) -> None:
    layout = lanes_of(upstream, reduced=False)

    assert numbered_edges(layout, picture(layout)) == all_edges(upstream)


@given(flows())
def test_a_reduced_drawing_has_exactly_the_edges_that_no_longer_way_implies(
    upstream: Upstream,
) -> None:
    layout = lanes_of(upstream)
    wanted = {edge for edge in all_edges(upstream) if not implied(upstream, edge)}

    assert numbered_edges(layout, picture(layout)) == wanted


@given(flows())
def test_the_same_flow_gives_the_same_picture(upstream: Upstream) -> None:
    assert picture(lanes_of(upstream)) == picture(lanes_of(upstream))


@given(flows())
def test_every_task_follows_its_upstreams(upstream: Upstream) -> None:
    layout = lanes_of(upstream)

    assert sorted(layout.order) == list(range(len(upstream)))
    assert all(layout.row_of[u] < layout.row_of[v] for u, v in all_edges(upstream))


@given(flows())
def test_rows_in_an_order_of_their_own_have_the_lanes_of_their_tasks(upstream: Upstream) -> None:
    whole, downstream = lanes_of(upstream), successors_of(upstream)

    again = lay_out_rows(whole.order, [downstream[number] for number in whole.order])

    assert again.order == rows_alone(whole.order).order == whole.order
    assert again.lanes == whole.lanes


@given(flows(), st.integers(0, 13), st.integers(0, 24))
def test_a_gutter_keeps_within_its_cells(upstream: Upstream, cursor: int, cells: int) -> None:
    layout = lanes_of(upstream, reduced=False)
    if cursor >= len(upstream):
        return
    gutter = fit_gutter(layout, first=0, last=len(upstream) - 1, cursor=cursor, cells=cells)
    drawn = [draw_row(layout, row, gutter) for row in range(len(upstream))]

    assert all(len(row.text) == len(row.lanes) == gutter.width for row in drawn)
    assert gutter.width <= max(cells, gutter.margin)


@given(flows(), st.integers(0, 13))
def test_what_a_narrow_gutter_leaves_out_is_counted(upstream: Upstream, cursor: int) -> None:
    layout = lanes_of(upstream, reduced=False)
    if cursor >= len(upstream):
        return
    gutter = fit_gutter(layout, first=0, last=len(upstream) - 1, cursor=cursor, cells=8)
    for row in range(len(upstream)):
        text = draw_row(layout, row, gutter).text
        hidden = [n for n in layout.touches[row] if layout.lanes[n].column in gutter.hidden]
        assert text.startswith(f"┆+{len(hidden)}─") == bool(hidden)


@given(flows())
def test_no_cover_is_smaller(upstream: Upstream) -> None:
    after = successors_of(upstream)
    left, right = minimum_vertex_cover(after)

    assert all(u in left or v in right for u, v in all_edges(upstream))
    assert len(left) + len(right) == matching_size(after)


def matching_size(after: list[list[int]]) -> int:
    """Return the size of a maximum matching, found by plain augmenting paths."""
    mates: dict[int, int] = {}

    def augment(u: int, seen: set[int]) -> bool:
        for v in after[u]:
            if v not in seen:
                seen.add(v)
                if v not in mates or augment(mates[v], seen):
                    mates[v] = u
                    return True
        return False

    return sum(augment(u, set()) for u in range(len(after)))


def test_a_fan_out_and_a_fan_in_of_any_width_cost_a_lane_each() -> None:
    width = 2000
    upstream = [[], *([0] for _ in range(width)), list(range(1, width + 1))]

    assert lanes_of(upstream).columns == 2


def test_a_long_chain_needs_no_recursion() -> None:
    upstream: Upstream = [[number - 1] if number else [] for number in range(20_000)]

    assert lanes_of(upstream).columns == 2


def test_an_edge_that_a_longer_way_implies_is_left_out() -> None:
    assert transitive_reduction([[1, 2, 3], [2], [3], []]) == [[1], [2], [3], []]


def test_in_ascii_every_sign_has_a_stand_in() -> None:
    assert in_ascii(ETL_ALL_EDGES).isascii()
