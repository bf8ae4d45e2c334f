"""Pictures for other programs hold every task and every edge, whatever the texts are."""

import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import yaml
from hypothesis import given

from taskflow_core.export.annotations import one_line
from taskflow_core.export.digraph import to_json, to_networkx
from taskflow_core.export.dot import to_dot
from taskflow_core.export.mermaid import to_mermaid
from taskflow_core.export.palette import THEMES, Theme, in_words
from taskflow_core.export.svg import to_svg
from taskflow_core.export.tree import to_tree
from taskflow_core.plan import ForEach, Plan, SubFlow, TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus
from tests.core.drawn import ENDED, NIGHTLY, edges_of, in_states, large, runs
from tests.core.reading_pictures import SVG

networkx: Any = nx
"""Its types say little."""

PICTURES = Path(__file__).parent / "pictures"
Export = Callable[[Plan, RunState | None], str]
Run = tuple[Plan, RunState | None]

DOT_TEXT = r'"(?:[^"\\\n]|\\.)*"'
DOT_ATTRIBUTE = rf"\w+=(?:{DOT_TEXT}|\w+)"
DOT_STATEMENT = re.compile(
    rf" *(?:{DOT_TEXT}(?: -> {DOT_TEXT})?(?: \[{DOT_ATTRIBUTE}(?:, {DOT_ATTRIBUTE})*\])?;"
    rf"|(?:{DOT_ATTRIBUTE}; ?)+|subgraph cluster_\d+ {{|}}|digraph {DOT_TEXT} {{"
    rf"|(?:graph|node|edge) \[.*\];)"
)
MERMAID_TEXT = r'"[^"\n<>`%\\{}\[\]]*(?:<br/>[^"\n<>`%\\{}\[\]]*)*"'
MERMAID_STATEMENT = re.compile(
    rf" *(?:t\d+\[{MERMAID_TEXT}\]|subgraph g\d+\[{MERMAID_TEXT}\]|end|t\d+ -\.?-?> t\d+"
    rf"|classDef \w+ [\w:#,]+|class [t\d,]+ \w+)"
)


@pytest.mark.parametrize(
    ("file", "export"),
    [("nightly.mmd", to_mermaid), ("nightly.dot", to_dot), ("nightly.svg", to_svg)],
)
def test_the_golden_pictures(file: str, export: Export) -> None:
    assert export(NIGHTLY, in_states(NIGHTLY, ENDED)) == (PICTURES / file).read_text()


class TestMermaid:
    """What Mermaid itself reads is checked by tests/external/check_graphs.py."""

    @given(runs())
    def test_every_line_is_a_title_or_a_statement(self, run: Run) -> None:
        _, title, _, head, *statements = to_mermaid(*run).splitlines()

        name = one_line(run[0].name).translate(str.maketrans("<>&", "＜＞＆"))
        assert yaml.safe_load(title) == {"title": name}
        assert head == "flowchart LR"
        assert all(MERMAID_STATEMENT.fullmatch(line) for line in statements)

    def test_directives_comments_and_entities_in_texts_are_only_text(self) -> None:
        flow = Plan.of(name="x", tasks=[TaskSpec(name="a", group="%%{init: {}}%% #lt; `b`")])

        assert '["#37;#37;#123;init#58; #123;#125;#125;#37;#37; #35;lt#59; #96;b#96;"]' in (
            to_mermaid(flow)
        )


class TestDot:
    """What Graphviz itself reads is checked by tests/external/check_graphs.py."""

    @given(runs())
    def test_every_line_is_a_statement(self, run: Run) -> None:
        assert all(DOT_STATEMENT.fullmatch(line) for line in to_dot(*run).splitlines())


class TestSvg:
    """Any browser, and any program that reads XML, can show it."""

    @given(runs())
    def test_it_is_xml_without_scripts_links_or_anything_from_outside(self, run: Run) -> None:
        text = to_svg(*run)
        root = ET.fromstring(text.encode())

        used = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert used <= {
            "svg", "title", "desc", "defs", "marker", "path", "rect", "text", "g",
        }  # fmt: skip
        attributes = [key for element in root.iter() for key in element.attrib]
        assert not [key for key in attributes if key.startswith("on") or "href" in key]
        assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "", 1)

    @given(runs())
    def test_the_legend_has_the_states_that_are_there(self, run: Run) -> None:
        plan, state = run
        text = to_svg(plan, state)
        there = {task.state for task in ([] if state is None else state.tasks)}

        assert {s for s in TaskStatus if f">{in_words(s)}</text>" in text} == there

    @pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
    def test_text_can_be_read(self, theme: Theme) -> None:
        for paint in [theme.plain, *theme.states.values()]:
            assert contrast(paint.text, paint.fill) >= 4.5
        for behind in (theme.background, theme.group):
            assert contrast(theme.quiet, behind) >= 4.5


class TestNodeLink:
    """JSON that NetworkX takes for the graph."""

    @given(runs())
    def test_networkx_reads_the_same_graph(self, run: Run) -> None:
        read = networkx.node_link_graph(json.loads(to_json(*run)), edges="edges")
        graph = to_networkx(*run)

        assert networkx.utils.graphs_equal(read, graph)
        assert sorted(read.edges) == edges_of(run[0])

    def test_a_node_tells_what_the_task_is(self) -> None:
        data = json.loads(to_json(NIGHTLY, in_states(NIGHTLY, ENDED)))

        assert data["nodes"][1] == {
            "id": "fetch us",
            "kind": "function",
            "description": None,
            "executor": "thread",
            "group": "fetch",
            "parent": None,
            "tags": [],
            "trigger_rule": "all_success",
            "when": None,
            "allow_failure": True,
            "state": "FAILED",
        }


SUB = SubFlow(name="sub")
NESTED = Plan.of(
    name="nested",
    tasks=[
        TaskSpec(name="list", group="g"),
        TaskSpec(name="out", kind="flow", subflow=SUB, depends_on=("list",)),
        TaskSpec(name="out/a", parent="out", group="g"),
        TaskSpec(name="out/in", parent="out", kind="flow", subflow=SUB, depends_on=("out/a",)),
        TaskSpec(name="out/in/b", parent="out/in"),
        TaskSpec(name="map", foreach=ForEach("tasks.list.result"), depends_on=("out",)),
    ],
)


class TestNested:
    """Sub-flows, and the children of mapped tasks, are drawn inside of each other."""

    def test_dot(self) -> None:
        hidden = re.compile("->|color=")
        lines = [line for line in to_dot(NESTED).splitlines() if not hidden.search(line)]

        assert [_bare(line) for line in lines[2:-1]] == [
            "  label=nested;",
            "  subgraph cluster_0 {", "    label=g;", "    list", "  }",
            "  subgraph cluster_1 {", "    label=out;",
            "    subgraph cluster_2 {", "      label=g;", "      out/a", "    }",
            "    subgraph cluster_3 {", "      label=out/in;",
            "      out/in/b", "      out/in", "    }",
            "    out", "  }",
            "  map",
        ]  # fmt: skip

    def test_mermaid(self) -> None:
        lines = [line for line in to_mermaid(NESTED).splitlines() if "-->" not in line]

        assert lines[4:] == [
            '  subgraph g0["g"]', '    t0["list"]', "  end",
            '  subgraph g1["out"]',
            '    subgraph g2["g"]', '      t2["out#47;a"]', "    end",
            '    subgraph g3["out#47;in"]', '      t4["out#47;in#47;b"]', '      t3["out#47;in"]',
            "    end",
            '    t1["out"]', "  end",
            '  t5["map<br/>each of tasks.list.result"]',
        ]  # fmt: skip

    def test_the_children_of_a_mapped_task_in_a_run(self) -> None:
        plan = NESTED.own()
        plan.grow(plan.number_of("map"), 2)

        assert (
            to_mermaid(plan)
            .split('  subgraph g4["map"]\n')[1]
            .startswith('    t6["map#91;0#93;"]\n    t7["map#91;1#93;"]\n    t5["map')
        )

    def test_svg_has_a_band_for_each(self) -> None:
        root = ET.fromstring(to_svg(NESTED))

        bands = [text.text for text in root.iter(f"{SVG}text") if text.get("font-size") == "9"]
        assert sorted(map(str, bands)) == ["g", "out", "out/g", "out/in"]

    def test_json_says_what_each_task_is_in(self) -> None:
        nodes = json.loads(to_json(NESTED))["nodes"]

        assert [(node["id"], node["parent"]) for node in nodes] == [
            ("list", None), ("out", None), ("out/a", "out"), ("out/in", "out"),
            ("out/in/b", "out/in"), ("map", None),
        ]  # fmt: skip

    def test_the_tree_has_a_branch_for_each(self) -> None:
        assert to_tree(NESTED).splitlines() == [
            "g",
            "╰─ ● list",
            "out/g",
            "╰─ ● out/a  ⟵ list",
            "out/in",
            "╰─ ● out/in/b  ⟵ out/a",
            "out",
            "╰─ ● out/in  ⟵ out/in/b",
            "● out  ⟵ out/in",
            "╰─ ● map  each of tasks.list.result",
        ]


def _bare(line: str) -> str:
    """Return the beginning of a line of DOT, without quotes."""
    return re.sub(r"(?:; style| \[label).*", lambda m: ";" if m[0][0] == ";" else "", line).replace(
        '"', ""
    )


def test_a_task_that_the_run_does_not_know_has_no_state() -> None:
    newer = Plan.of(name="newer", tasks=[*NIGHTLY.tasks, TaskSpec(name="new")])

    data = json.loads(to_json(newer, in_states(NIGHTLY, ENDED)))

    assert [node["state"] for node in data["nodes"]][-2:] == ["RUNNING", None]


@pytest.mark.parametrize("export", [to_mermaid, to_dot, to_json, to_svg])
def test_10000_tasks_take_seconds(export: Export) -> None:
    plan = large()
    assert plan.order
    started = time.perf_counter()

    text = export(plan, None)

    assert "t9999" in text
    assert time.perf_counter() - started < 20  # 0.02 to 2 s where nothing else runs


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as the W3C's WCAG 2.1 defines it."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
