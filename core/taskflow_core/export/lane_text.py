"""A flow as lines of text with lanes: one line a task, and beside it what it depends on."""

from taskflow_core.export.annotations import Annotation, annotate
from taskflow_core.export.lane_drawing import draw_row, fit_gutter, in_ascii, whole_gutter
from taskflow_core.export.lanes import lay_out
from taskflow_core.export.text_lines import UNICODE, Charset, Ink, Piece, TextLine, as_text
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import RunState


def to_lanes(plan: Plan, state: RunState | None = None, charset: Charset = UNICODE) -> str:
    """Return the flow as a list with lanes; dependencies that a longer way implies are left out.

    A task feeds a solid lane and is fed by a dotted one; at `┿` and `┝` it feeds the dotted lane.

    Args:
        plan: What to draw.
        state: Of a run; each task has the sign of its state.
        charset: Unicode or ASCII.
    """
    return as_text(lane_lines(plan, state, charset))


def lane_lines(
    plan: Plan,
    state: RunState | None = None,
    charset: Charset = UNICODE,
    *,
    reduced: bool = True,
    cells: int | None = None,
) -> list[TextLine]:
    """Return the lines of `to_lanes` in pieces.

    Args:
        plan: What to draw.
        state: Of a run.
        charset: Unicode or ASCII.
        reduced: Leave out dependencies that a longer way implies.
        cells: How many cells the lanes may take; those there is no room for are counted.
    """
    layout = lay_out(plan.upstream, plan.downstream, reduced=reduced)
    rows = len(layout.order)
    gutter = whole_gutter(layout)
    if cells is not None and rows:
        gutter = fit_gutter(layout, first=0, last=rows - 1, cursor=0, cells=cells)
    annotations = annotate(plan, state)
    lines: list[TextLine] = []
    for row, number in enumerate(layout.order):
        drawn = draw_row(layout, row, gutter).text
        lanes = Piece(in_ascii(drawn) if charset.is_ascii else drawn, Ink.LINE)
        lines.append([lanes, *task_pieces(plan.tasks[number], annotations[number], charset)])
    return lines


def task_pieces(spec: TaskSpec, annotation: Annotation, charset: Charset) -> TextLine:
    """Return the sign of a task, its name and its notes."""
    state = annotation.state
    sign = Piece(charset.sign(state), Ink.SIGN, state)
    notes = "".join(f"  {charset.text(note)}" for note in annotation.notes)
    name = Piece(f" {charset.text(spec.name)}", Ink.NAME, state)
    return [sign, name, *([Piece(notes, Ink.NOTE)] if notes else [])]
