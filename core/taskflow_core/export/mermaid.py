"""A plan as a Mermaid flowchart: for Markdown pages, issues and wikis."""

import json
import re
from collections.abc import Iterator

from taskflow_core.export.annotations import (
    Annotation,
    annotate,
    has_default_rule,
    one_line,
)
from taskflow_core.export.clusters import clusters_of, lines_of
from taskflow_core.export.palette import THEMES, Paint
from taskflow_core.plan import Plan
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus

# Mermaid looks for directives, comments and entities inside of quotes too, so that all but
# harmless characters are written as entities; its own have no ampersand.
_HARMFUL = re.compile(r"[^A-Za-z0-9 _.,()\-\u00a1-\U0010ffff]")
# A title is cleaned as HTML but shown as text, and knows no entities: these become wide letters.
_IN_A_TITLE = str.maketrans("<>&", "＜＞＆")


def to_mermaid(plan: Plan, state: RunState | None = None) -> str:
    """Return the plan as a Mermaid flowchart from left to right.

    Lines to a task that does not wait for the success of all are dashed. A page draws 500 edges
    and 50,000 characters unless its `maxEdges` and `maxTextSize` say otherwise.

    Args:
        plan: What to draw.
        state: Of a run; its tasks are coloured.
    """
    return "\n".join(_lines(plan, annotate(plan, state))) + "\n"


def _lines(plan: Plan, annotations: list[Annotation]) -> Iterator[str]:
    title = json.dumps(one_line(plan.name).translate(_IN_A_TITLE), ensure_ascii=False)
    yield from ("---", f"title: {title}", "---", "flowchart LR")
    yield from _nodes(plan, annotations)
    for number, spec in enumerate(plan.tasks):
        arrow = "-->" if has_default_rule(spec) else "-.->"
        for other in plan.upstream[number]:
            yield f"  t{other} {arrow} t{number}"
    yield from _classes(annotations)


def _nodes(plan: Plan, annotations: list[Annotation]) -> Iterator[str]:
    labels = [
        "<br/>".join(map(_escaped, (spec.name, *annotation.notes)))
        for spec, annotation in zip(plan.tasks, annotations, strict=True)
    ]
    for depth, begins, task in lines_of(clusters_of(plan)):
        indent = "  " * (depth + 1)
        if task is not None:
            yield f'{indent}t{task}["{labels[task]}"]'
        elif begins is None:
            yield f"{indent}end"
        else:
            yield f'{indent}subgraph g{begins.number}["{_escaped(begins.label)}"]'


def _classes(annotations: list[Annotation]) -> Iterator[str]:
    members: dict[TaskStatus, list[str]] = {}
    for number, annotation in enumerate(annotations):
        if annotation.state is not None:
            members.setdefault(annotation.state, []).append(f"t{number}")
    for state, nodes in members.items():
        name = state.value.lower()
        yield f"  classDef {name} {_style(THEMES['light'].states[state])}"
        yield f"  class {','.join(nodes)} {name}"


def _style(paint: Paint) -> str:
    return f"fill:{paint.fill},stroke:{paint.stroke},color:{paint.text}"


def _escaped(text: str) -> str:
    shown = one_line(text) or " "  # Mermaid takes no empty label
    return _HARMFUL.sub(lambda match: f"#{ord(match[0])};", shown)
