"""Trees and lanes as text: every task once, and all that it depends on."""

from hypothesis import given

from taskflow_core.export.lane_text import lane_lines, to_lanes
from taskflow_core.export.text_lines import ASCII, UNICODE, as_text
from taskflow_core.export.tree import DEEPEST, to_tree
from taskflow_core.plan import Plan
from taskflow_core.state import RunState
from tests.core.drawn import ENDED, NIGHTLY, in_states, runs
from tests.core.driving import plan, spec

TREE = """\
fetch
├─ ✔ fetch eu
╰─ ✖ fetch us  may fail
✔ join  all done  ⟵ fetch eu, fetch us
╰─ » train  when ${{ params.day > 3 }}
   ╰─ ▶ report  ⟵ join
"""
LANES = """\
╭───✔ fetch eu
┝───✖ fetch us  may fail
╰─┬─✔ join  all done
╭─┴─» train  when ${{ params.day > 3 }}
╰───▶ report
"""
LANES_IN_ASCII = """\
,---+ fetch eu
*---X fetch us  may fail
`-.-+ join  all done
,-'-s train  when ${{ params.day > 3 }}
`---> report
"""


def test_the_golden_tree() -> None:
    assert to_tree(NIGHTLY, in_states(NIGHTLY, ENDED)) == TREE


def test_the_golden_lanes() -> None:
    state = in_states(NIGHTLY, ENDED)

    assert to_lanes(NIGHTLY, state) == LANES
    assert to_lanes(NIGHTLY, state, ASCII) == LANES_IN_ASCII


@given(runs())
def test_no_text_of_a_flow_breaks_a_line_or_reaches_the_terminal(
    run: tuple[Plan, RunState | None],
) -> None:
    plan, state = run
    groups = {spec.group for spec in plan.tasks} - {None}

    for text, extra in ((to_tree(plan, state), len(groups)), (to_lanes(plan, state), 0)):
        lines = text.split("\n")[:-1]
        assert len(lines) == len(plan.tasks) + extra
        assert all(
            character.isprintable() or character == "\u3000" for c in lines for character in c
        )
    assert to_tree(plan, state, ASCII).isascii()
    assert to_lanes(plan, state, ASCII).isascii()


def test_a_long_chain_stays_narrow() -> None:
    chain = plan(*(spec(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(2000)))
    lines = to_tree(chain).splitlines()

    assert len(lines) == 2000
    assert max(map(len, lines)) < 3 * DEEPEST + 20
    assert lines[-1].startswith("+1968 ")


def test_lanes_leave_out_what_a_longer_way_implies_unless_told_otherwise() -> None:
    short_cut = plan(spec("a"), spec("b", "a"), spec("c", "a", "b"))

    whole = as_text(lane_lines(short_cut, None, UNICODE, reduced=False))

    assert to_lanes(short_cut) == "╭───● a\n╰─┬─● b\n  ╰─● c\n"
    assert whole == "╭───● a\n├─┬─● b\n╰─┴─● c\n"
