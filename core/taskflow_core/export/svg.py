"""A flow as an SVG picture: boxes in layers from left to right, states coloured.

The picture needs nothing from outside and runs no script. Names are set in a fixed-width font,
so that they fit their boxes wherever it is shown.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from taskflow_core.export.annotations import (
    Annotation,
    annotate,
    group_of,
    has_default_rule,
    one_line,
)
from taskflow_core.export.layered import LayeredLayout, Point, Route, lay_out_layers
from taskflow_core.export.palette import SIGNS, THEMES, Paint, Theme, ThemeName, in_words
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus

CELL = 8
"""Pixels of a cell, along and across."""
MARGIN, TITLE, LEGEND = 24, 36, 36
_LETTER, _SMALL_LETTER = 7.4, 6.1
"""Pixels that a letter of a name and of a note takes."""
_ROUND = 5
"""Pixels of the radius of bends."""
_ONE_LINE, _TWO_LINES = 5, 7
"""Cells of a box across, its frame included."""

_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,&quot;DejaVu Sans Mono&quot;,monospace"


def to_svg(plan: Plan, state: RunState | None = None, theme: ThemeName = "light") -> str:
    """Return the flow as a complete SVG document.

    Lines to a task that does not wait for the success of all are dashed.

    Args:
        plan: What to draw.
        state: Of a run; boxes get the colours of its tasks' states, and there is a legend.
        theme: `light` or `dark`.
    """
    annotations = annotate(plan, state)
    return "\n".join(_Picture(plan, annotations, THEMES[theme]).document()) + "\n"


class _Rect(NamedTuple):
    """Pixels."""

    x: float
    y: float
    width: float
    height: float

    def attributes(self) -> str:
        return f'x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}"'


class _Picture:
    """One picture in the making."""

    def __init__(self, plan: Plan, annotations: list[Annotation], theme: Theme) -> None:
        self._plan = plan
        self._annotations = annotations
        self._theme = theme
        self._groups = {
            number: group
            for number, spec in enumerate(plan.tasks)
            if (group := group_of(spec)) is not None
        }
        self._layout = _lay_out(plan, annotations, self._groups)
        self._states = {a.state: None for a in annotations if a.state is not None}
        self._top = MARGIN + TITLE + (CELL if self._groups else 0)

    def document(self) -> Iterator[str]:
        """Yield the lines of the document."""
        width, height = self._size()
        name = escape(one_line(self._plan.name))
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" font-family="{_FONT}" role="img">'
        )
        yield f"<title>{name}</title>"
        if self._plan.description:
            yield f"<desc>{escape(one_line(self._plan.description))}</desc>"
        yield from self._defs()
        yield f'<rect width="100%" height="100%" fill="{self._theme.background}"/>'
        yield _text(MARGIN, MARGIN + 14, 15, self._theme.text, name, weight=600)
        yield from self._group_bands()
        yield from self._lines()
        for number in range(len(self._plan.tasks)):
            yield from self._box(number)
        yield from self._legend(height)
        yield "</svg>"

    def _size(self) -> tuple[float, float]:
        title = len(self._plan.name) * 9.2
        legend = sum(_entry_width(state) for state in self._states)
        width = max(self._layout.along * CELL, title, legend) + 2 * MARGIN
        height = self._top + self._layout.across * CELL + MARGIN
        return width, height + (LEGEND if self._states else 0)

    def _defs(self) -> Iterator[str]:
        line = self._theme.line
        yield (
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto" markerUnits="userSpaceOnUse">'
            f'<path d="M0 .8 7.5 4 0 7.2z" fill="{line}"/></marker></defs>'
        )

    def _at(self, point: Point) -> tuple[float, float]:
        """Return the pixel in the middle of a cell."""
        return (
            MARGIN + (point.along + 0.5) * CELL,
            self._top + (point.across + 0.5) * CELL,
        )

    def _rect(self, number: int) -> _Rect:
        box = self._layout.boxes[number]
        x, y = self._at(box.first)
        return _Rect(x, y, (box.along - 1) * CELL, (box.across - 1) * CELL)

    def _lines(self) -> Iterator[str]:
        yield f'<g fill="none" stroke="{self._theme.line}" stroke-width="1.4">'
        names = [escape(one_line(spec.name)) for spec in self._plan.tasks]
        for route in self._layout.routes:
            dashed = not has_default_rule(self._plan.tasks[route.target])
            dash = ' stroke-dasharray="4 3"' if dashed else ""
            title = f"<title>{names[route.source]} → {names[route.target]}</title>"
            yield f'<path d="{self._path(route)}"{dash} marker-end="url(#arrow)">{title}</path>'
        yield "</g>"

    def _path(self, route: Route) -> str:
        points = [self._at(point) for point in route.points]
        return _rounded(points)

    def _box(self, number: int) -> Iterator[str]:
        spec, annotation = self._plan.tasks[number], self._annotations[number]
        paint = self._paint(annotation.state)
        rect = self._rect(number)
        yield f"<g><title>{_tooltip(spec, annotation)}</title>"
        yield (
            f'<rect {rect.attributes()} rx="5" fill="{paint.fill}" stroke="{paint.stroke}" '
            f'stroke-width="1.3"/>'
        )
        middle = rect.x + rect.width / 2
        notes = escape(" · ".join(annotation.notes))
        name = rect.y + rect.height / 2 + (4 if not notes else -4)
        yield _text(middle, name, 12, paint.text, escape(_name(spec, annotation)), anchor="middle")
        if notes:
            yield _text(middle, name + 16, 10, paint.text, notes, anchor="middle")
        yield "</g>"

    def _paint(self, state: TaskStatus | None) -> Paint:
        return self._theme.plain if state is None else self._theme.states[state]

    def _group_bands(self) -> Iterator[str]:
        """Yield a band behind the boxes of each group, one for each layer that has any."""
        boxes = self._layout.boxes
        layer = self._layout.layer
        members = sorted(self._groups, key=lambda n: (layer[n], self._groups[n], boxes[n].first))
        for (_, group), numbers in groupby(members, key=lambda n: (layer[n], self._groups[n])):
            yield from self._band(group, [self._rect(number) for number in numbers])

    def _band(self, group: str, rects: list[_Rect]) -> Iterator[str]:
        left = min(rect.x for rect in rects) - 7
        right = max(rect.x + rect.width for rect in rects) + 7
        top, last = rects[0].y - 17, rects[-1]
        band = _Rect(left, top, right - left, last.y + last.height + 6 - top)
        yield f'<rect {band.attributes()} rx="7" fill="{self._theme.group}"/>'
        yield _text(left + 7, top + 11, 9, self._theme.quiet, escape(one_line(group)))

    def _legend(self, height: float) -> Iterator[str]:
        x, y = float(MARGIN), height - LEGEND + 4
        for state in (state for state in TaskStatus if state in self._states):
            paint = self._theme.states[state]
            swatch = _Rect(x, y, 14, 14)
            yield (
                f'<rect {swatch.attributes()} rx="3" fill="{paint.fill}" '
                f'stroke="{paint.stroke}" stroke-width="1.3"/>'
            )
            yield _text(x + 7, y + 11, 10, paint.text, SIGNS[state], anchor="middle")
            yield _text(x + 20, y + 11, 11, self._theme.quiet, in_words(state))
            x += _entry_width(state)


def _lay_out(plan: Plan, annotations: list[Annotation], groups: dict[int, str]) -> LayeredLayout:
    sizes = [
        (_TWO_LINES if annotation.notes else _ONE_LINE, _cells(spec, annotation))
        for spec, annotation in zip(plan.tasks, annotations, strict=True)
    ]
    return lay_out_layers(plan.upstream, plan.downstream, sizes, groups=groups, gap=(1, 2))


def _cells(spec: TaskSpec, annotation: Annotation) -> int:
    """Return how many cells a box takes along."""
    notes = len(" · ".join(annotation.notes)) * _SMALL_LETTER
    return int(max(len(_name(spec, annotation)) * _LETTER, notes) + 20) // CELL + 2


def _name(spec: TaskSpec, annotation: Annotation) -> str:
    """Return a task's name behind the sign of its state, which the colour alone may not tell."""
    name = one_line(spec.name)
    return name if annotation.state is None else f"{SIGNS[annotation.state]} {name}"


def _rounded(points: list[tuple[float, float]]) -> str:
    """Return a path along `points`, which turns at right angles, with its bends rounded."""
    start = points[0]
    parts = [f"M{start[0]:g} {start[1]:g}"]
    for before, bend, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_ROUND, _distance(before, bend) / 2, _distance(bend, after) / 2)
        first, last = _towards(bend, before, radius), _towards(bend, after, radius)
        parts.append(f"L{first[0]:g} {first[1]:g}Q{bend[0]:g} {bend[1]:g} {last[0]:g} {last[1]:g}")
    end = points[-1]
    return "".join([*parts, f"L{end[0]:g} {end[1]:g}"])


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(
    one: tuple[float, float], other: tuple[float, float], by: float
) -> tuple[float, float]:
    share = by / (_distance(one, other) or 1)
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def _tooltip(spec: TaskSpec, annotation: Annotation) -> str:
    said = [spec.name]
    said += [] if annotation.state is None else [in_words(annotation.state)]
    said += [*annotation.notes, *([spec.description] if spec.description else [])]
    return escape(" – ".join(map(one_line, said)))


def _text(  # noqa: PLR0913  what SVG text has
    x: float, y: float, size: int, fill: str, text: str, *, anchor: str = "", weight: int = 0
) -> str:
    anchored = f" text-anchor={quoteattr(anchor)}" if anchor else ""
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}"{anchored}{bold}>{text}</text>'
    )


def _entry_width(state: TaskStatus) -> float:
    return len(in_words(state)) * 6.8 + 44
