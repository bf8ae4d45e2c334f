"""Reading pictures of flows: which tasks and edges one shows, off its text alone."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from taskflow_core.export.boxes import to_boxes
from taskflow_core.export.digraph import to_json
from taskflow_core.export.dot import to_dot
from taskflow_core.export.lane_text import lane_lines
from taskflow_core.export.mermaid import to_mermaid
from taskflow_core.export.svg import to_svg
from taskflow_core.export.text_lines import UNICODE, as_text
from taskflow_core.export.tree import to_tree
from taskflow_core.plan import Plan, TaskSpec

SVG = "{http://www.w3.org/2000/svg}"
Edges = list[tuple[str, str]]


class Picture(NamedTuple):
    """What a picture shows, each as often as it is drawn; sorted."""

    names: list[str]
    edges: Edges


# --- for other programs ------------------------------------------------------------------


def read_mermaid(text: str) -> Picture:
    nodes = dict(re.findall(r'^ +t(\d+)\["([\w. -]+)', text, re.MULTILINE))
    drawn = re.findall(r"^ +t(\d+)\[", text, re.MULTILINE)
    edges = re.findall(r"^  t(\d+) -\.?-?> t(\d+)$", text, re.MULTILINE)
    return _picture([nodes[n] for n in drawn], [(nodes[a], nodes[b]) for a, b in edges])


def read_dot(text: str) -> Picture:
    nodes = re.findall(r'^ +"([\w. -]+)" \[', text, re.MULTILINE)
    return _picture(nodes, re.findall(r'^  "([\w. -]+)" -> "([\w. -]+)"', text, re.MULTILINE))


def read_svg(text: str) -> Picture:
    root = ET.fromstring(text.encode())
    titles = [_text_in(path, "title") for path in root.iter(f"{SVG}path") if len(path)]
    boxes = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    edges = [(a, b) for a, _, b in (title.partition(" → ") for title in titles)]
    return _picture([_text_in(box, "text") for box in boxes], edges)


def read_json(text: str) -> Picture:
    data: dict[str, Any] = json.loads(text)
    edges = [(edge["source"], edge["target"]) for edge in data["edges"]]
    return _picture([node["id"] for node in data["nodes"]], edges)


def _text_in(element: ET.Element, tag: str) -> str:
    found = element.find(f"{SVG}{tag}")
    assert found is not None
    return found.text or ""


# --- for people --------------------------------------------------------------------------


def read_tree(text: str) -> Picture:
    """Read a tree of tasks without notes, whose groups are called `group` and a letter."""
    names: list[str] = []
    edges: Edges = []
    parents: list[str | None] = []
    for line in text.splitlines():
        match = re.fullmatch(r"((?:[│├╰ ][ ─] )*)(● )?([\w.-]+|group \w)(?:  ⟵ (.*))?", line)
        assert match is not None
        front, is_task, name, others = match.groups()
        depth = len(front) // 3
        parents[depth:] = [name if is_task else None]
        if is_task:
            names.append(name)
            parent = parents[depth - 1] if depth else None
            edges += [] if parent is None else [(parent, name)]
            edges += [(other, name) for other in others.split(", ")] if others else []
    return _picture(names, edges)


def read_lanes(text: str) -> Picture:
    """Read a list with lanes of tasks without notes."""
    lines = [line.partition("● ") for line in text.splitlines()]
    names = [name for _, _, name in lines]
    rows = lane_edges("".join(f"{lanes}\n" for lanes, _, _ in lines))
    return _picture(names, [(names[a], names[b]) for a, b in rows])


def lane_edges(drawing: str) -> set[tuple[int, int]]:
    """Read the edges off lanes, as pairs of rows."""
    edges: set[tuple[int, int]] = set()
    open_lanes: dict[int, list[tuple[int, str]]] = {}
    for row, text in enumerate(drawing.splitlines()):
        for column in range(0, len(text), 2):
            glyph = text[column]
            if glyph in "╭┬":
                assert column not in open_lanes
                open_lanes[column] = [(row, glyph)]
            elif glyph in "├┼┝┿":
                open_lanes[column].append((row, glyph))
            elif glyph in "╰┴":
                edges |= _edges_of_lane([*open_lanes.pop(column), (row, glyph)])
            else:
                assert (glyph in "│┊") == (column in open_lanes)
    assert not open_lanes
    return edges


def _edges_of_lane(stops: list[tuple[int, str]]) -> set[tuple[int, int]]:
    first, *middle, last = [row for row, _ in stops]
    if any(glyph in "┝┿" for _, glyph in stops[1:-1]):
        assert all(glyph in "┝┿" for _, glyph in stops[1:-1])
        return {(row, last) for row in (first, *middle)}
    return {(first, row) for row in (*middle, last)}


def read_boxes(text: str) -> Picture:
    """Read boxes of characters, and the lines between them."""
    boxes = _Boxes(text)
    return _picture(boxes.names, boxes.edges())


_AHEAD = {"│": "S", "╰": "E", "╯": "W", "┴": "EW", "┼": "ESW", "├": "ES", "┤": "SW"}
"""Where a line that comes from above goes on."""
_ASIDE = {"─": "on", "│": "on", "┬": "on S", "╮": "S", "╭": "S"}
"""Where a line that runs along a track goes on; it passes under a vertical one."""
_STEP = {"S": (1, 0), "E": (0, 1), "W": (0, -1)}


class _Boxes:
    """Reads boxes and edges off the characters alone."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        width = max(map(len, lines), default=0)
        self.rows = [line.ljust(width) for line in lines]
        self.tops: dict[tuple[int, int], str] = {}
        """By cell: the box whose upper edge it is."""
        self.leaving: list[tuple[str, int, int]] = []
        self.names: list[str] = []
        for row, line in enumerate(self.rows):
            for frame in re.finditer("╭[─▼]*╮", line):
                self._read_box(row, frame.start(), frame.end())

    def edges(self) -> list[tuple[str, str]]:
        """Return every edge as often as it is drawn, sorted."""
        return sorted(
            (name, target) for name, row, cell in self.leaving for target in self._follow(row, cell)
        )

    def _read_box(self, top: int, first: int, end: int) -> None:
        name = self.rows[top + 1][first + 1 : end - 1].strip()
        self.names.append(name)
        self.tops |= {(top, cell): name for cell in range(first, end)}
        row = top + 1
        while not (frame := self.rows[row][first:end]).startswith("╰"):
            assert frame[0] == frame[-1] == "│"
            row += 1
        assert re.fullmatch("╰[─┬]*╯", frame)
        self.leaving += [(name, row, first + n) for n, c in enumerate(frame) if c == "┬"]

    def _follow(self, row: int, cell: int) -> list[str]:
        found: list[str] = []
        heads = [(row, cell, "S")]
        while heads:
            row, cell, way = heads.pop()
            down, right = _STEP[way]
            row, cell = row + down, cell + right
            glyph = self.rows[row][cell]
            if glyph == "▼":
                assert way == "S"
                found.append(self.tops[row, cell])
            elif way == "S":
                heads += [(row, cell, after) for after in _AHEAD[glyph]]
            else:
                assert glyph != ("╭" if way == "E" else "╮")
                heads += [(row, cell, way if a == "on" else a) for a in _ASIDE[glyph].split()]
        return found


# --- all of them -------------------------------------------------------------------------


def shown_by(plan: Plan) -> Picture:
    """Return what a picture of `plan` has to show."""
    edges = {(other, spec.name) for spec in plan.tasks for other in spec.depends_on}
    return _picture([spec.name for spec in plan.tasks], edges)


def bare(plan: Plan) -> Plan:
    """Return the same graph without notes, its groups called `group` and a letter."""
    tasks = [TaskSpec(name=s.name, depends_on=s.depends_on, group=_letter(s)) for s in plan.tasks]
    return Plan.of(name="bare", tasks=tasks)


def _letter(task: TaskSpec) -> str | None:
    return None if task.group is None else "group " + "ab"[len(task.group) % 2]


def _picture(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> Picture:
    return Picture(sorted(names), sorted(edges))


READ: dict[str, Callable[[Plan], Picture]] = {
    "mermaid": lambda plan: read_mermaid(to_mermaid(plan)),
    "dot": lambda plan: read_dot(to_dot(plan)),
    "svg": lambda plan: read_svg(to_svg(plan)),
    "json": lambda plan: read_json(to_json(plan)),
    "boxes": lambda plan: read_boxes(to_boxes(plan)),
    "tree": lambda plan: read_tree(to_tree(bare(plan))),
    "lanes": lambda plan: read_lanes(_all_lanes(bare(plan))),
}
"""By format: draws a plan, and reads the drawing."""


def _all_lanes(plan: Plan) -> str:
    return as_text(lane_lines(plan, None, UNICODE, reduced=False))
