"""A plan in DOT, the language of Graphviz."""

from collections.abc import Iterator

from taskflow_core.export.annotations import (
    Annotation,
    annotate,
    has_default_rule,
    one_line,
)
from taskflow_core.export.clusters import clusters_of, lines_of
from taskflow_core.export.palette import THEMES, in_words
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import RunState

_HEAD = """\
  graph [rankdir=LR, labelloc=t, fontname="Helvetica", nodesep=0.25, ranksep=0.5];
  node [shape=box, style="rounded,filled", fillcolor="#ffffff", color="#7b8494", \
fontname="Helvetica", fontsize=11, height=0.35];
  edge [color="#7b8494", arrowsize=0.7];"""
_FILLS = ("#f0f2f6", "#e4e8ee")
"""Of clusters, by turns from the outside in."""


def to_dot(plan: Plan, state: RunState | None = None) -> str:
    """Return the plan as a DOT digraph from left to right; nodes go by the tasks' names.

    Lines to a task that does not wait for the success of all are dashed.

    Args:
        plan: What to draw.
        state: Of a run; its tasks are coloured.
    """
    return "\n".join(_lines(plan, annotate(plan, state))) + "\n"


def _lines(plan: Plan, annotations: list[Annotation]) -> Iterator[str]:
    yield f"digraph {_quoted(plan.name)} {{"
    yield _HEAD
    yield f"  label={_label(plan.name)};"
    yield from _nodes(plan, annotations)
    names = [_quoted(spec.name) for spec in plan.tasks]
    for number, spec in enumerate(plan.tasks):
        style = "" if has_default_rule(spec) else " [style=dashed]"
        for other in plan.upstream[number]:
            yield f"  {names[other]} -> {names[number]}{style};"
    yield "}"


def _nodes(plan: Plan, annotations: list[Annotation]) -> Iterator[str]:
    nodes = [
        _node(spec, annotation) for spec, annotation in zip(plan.tasks, annotations, strict=True)
    ]
    for depth, begins, task in lines_of(clusters_of(plan)):
        indent = "  " * (depth + 1)
        if task is not None:
            yield f"{indent}{nodes[task]}"
        elif begins is None:
            yield f"{indent}}}"
        else:
            yield f"{indent}subgraph cluster_{begins.number} {{"
            yield f'{indent}  label={_label(begins.label)}; style="rounded,filled";'
            yield f'{indent}  color="#d5dae2"; fillcolor="{_FILLS[depth % 2]}"; fontsize=11;'


def _node(spec: TaskSpec, annotation: Annotation) -> str:
    attributes = {
        "label": _label(spec.name, *annotation.notes),
        "tooltip": _label(*_tooltip(spec, annotation)),
    }
    if annotation.state is not None:
        paint = THEMES["light"].states[annotation.state]
        attributes |= {
            "fillcolor": f'"{paint.fill}"',
            "color": f'"{paint.stroke}"',
            "fontcolor": f'"{paint.text}"',
        }
    pairs = ", ".join(f"{key}={value}" for key, value in attributes.items())
    return f"{_quoted(spec.name)} [{pairs}];"


def _tooltip(spec: TaskSpec, annotation: Annotation) -> list[str]:
    said = [] if annotation.state is None else [in_words(annotation.state)]
    return [spec.name, *said, *([spec.description] if spec.description else [])]


def _quoted(text: str) -> str:
    """Return `text` as an ID, which is taken as it stands but for quotes."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _label(*lines: str) -> str:
    """Return text to show, in which entities and escapes have a meaning of their own."""
    escaped = (
        one_line(line).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
        for line in lines
    )
    return '"' + "\\n".join(escaped) + '"'
