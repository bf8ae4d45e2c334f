"""Boxes of characters: what can be read off a drawing is the flow, and nothing overlaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.export.boxes import to_boxes
from taskflow_core.export.layered import LayeredLayout, Point, lay_out_layers
from taskflow_core.export.text_lines import ASCII
from taskflow_core.plan import Plan
from taskflow_core.state import RunState
from tests.core.drawn import ENDED, NIGHTLY, edges_of, in_states, plans, runs
from tests.core.driving import plan, spec
from tests.core.reading_pictures import read_boxes

GOLDEN = """\
╭────────────╮  ╭────────────╮
│ ✔ fetch eu │  │ ✖ fetch us │
╰─────┬──────╯  │  may fail  │
      │         ╰─────┬──────╯
      ╰──────╮   ╭────╯
         ╭───▼───▼──╮
         │  ✔ join  │
         │ all done │
         ╰────┬─────╯
          ╭───┴───────────╮
          │ ╭─────────────▼──────────────╮
          │ │          » train           │
          │ │ when ${{ params.day > 3 }} │
          │ ╰─────────────┬──────────────╯
          ╰──────╮   ╭────╯
             ╭───▼───▼──╮
             │ ▶ report │
             ╰──────────╯
"""


def test_the_golden_picture() -> None:
    assert to_boxes(NIGHTLY, in_states(NIGHTLY, ENDED)) == GOLDEN


def test_a_line_passes_under_another() -> None:
    crossing = plan(spec("a"), spec("b"), spec("c", "a", "b"), spec("d", "a", "b"))

    assert "├│─" in to_boxes(crossing)
    assert read_boxes(to_boxes(crossing)).edges == edges_of(crossing)


@given(runs())
def test_the_same_flow_gives_the_same_picture(run: tuple[Plan, RunState | None]) -> None:
    assert to_boxes(*run) == to_boxes(*run)


@given(runs())
def test_ascii_has_nothing_else(run: tuple[Plan, RunState | None]) -> None:
    plan, state = run

    assert to_boxes(plan, state, ASCII).isascii()


@given(plans(), st.integers(5, 20), st.integers(1, 5))
def test_no_two_boxes_overlap_and_no_line_touches_a_box_of_others(
    plan: Plan, across: int, along: int
) -> None:
    groups = {n: task.group for n, task in enumerate(plan.tasks) if task.group is not None}
    layout = lay_out_layers(
        plan.upstream,
        plan.downstream,
        [(across, along)] * len(plan.tasks),
        groups=groups,
        gap=(1, 2),
    )
    taken = cells_of_boxes(layout)

    for route in layout.routes:
        cells = cells_of(route.points)
        assert taken.get(cells[0]) == route.source
        assert taken.get(cells[-1]) == route.target
        assert not any(cell in taken for cell in cells[1:-1])


def cells_of_boxes(layout: LayeredLayout) -> dict[Point, int]:
    taken: dict[Point, int] = {}
    for number, box in enumerate(layout.boxes):
        for across in range(box.across):
            for along in range(box.along):
                cell = Point(box.first.across + across, box.first.along + along)
                assert cell not in taken
                assert 0 <= cell.across < layout.across
                assert 0 <= cell.along < layout.along
                taken[cell] = number
    return taken


def cells_of(points: tuple[Point, ...]) -> list[Point]:
    cells = [points[0]]
    for end in points[1:]:
        while cells[-1] != end:
            at = cells[-1]
            step = [(b > a) - (b < a) for a, b in zip(at, end, strict=True)]
            assert 0 in step
            cells.append(Point(at.across + step[0], at.along + step[1]))
    return cells


@pytest.mark.parametrize("count", [0, 1])
def test_next_to_nothing(count: int) -> None:
    tiny = plan(*[spec("a")][:count])

    assert to_boxes(tiny) == "╭───╮\n│ a │\n╰───╯\n" * count


def test_a_fan_in_of_any_width_arrives_line_by_line() -> None:
    names = [f"t{n}" for n in range(60)]
    fan = plan(*map(spec, names), spec("all", *names))

    assert read_boxes(to_boxes(fan)).edges == edges_of(fan)
