"""What a picture says of a task besides its name: its state, and what is special about it."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus

LONGEST_NOTE = 40
"""Characters of a note that are shown."""

# Control, format (bidirectional and zero-width), surrogate, private, unassigned, line separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Annotation(NamedTuple):
    """What is said of one task."""

    state: TaskStatus | None
    """None without a run, or where the run does not know the task."""
    notes: tuple[str, ...]
    """`one_failed`, `each of 3 items`, `when day > 3`, `may fail`: what few tasks have."""


def annotate(plan: Plan, state: RunState | None) -> list[Annotation]:
    """Return what there is to say of each task."""
    states = states_of(plan, state)
    return [
        Annotation(status, notes_of(spec)) for spec, status in zip(plan.tasks, states, strict=True)
    ]


def states_of(plan: Plan, state: RunState | None) -> Sequence[TaskStatus | None]:
    """Return the state of each task; they are found by name, so the plan may be a newer one."""
    if state is None:
        return [None] * len(plan.tasks)
    known = state.plan.index
    numbers = [known.get(spec.name) for spec in plan.tasks]
    return [None if number is None else state.tasks[number].state for number in numbers]


def notes_of(spec: TaskSpec) -> tuple[str, ...]:
    """Return what is special about when a task runs and what its failure means."""
    notes = [] if has_default_rule(spec) else [spec.options.trigger_rule.replace("_", " ")]
    if spec.foreach is not None:
        items = spec.foreach.items
        of = one_line(items) if isinstance(items, str) else f"{len(items)} items"
        notes.append(_cut(f"each of {of}"))
    if spec.when is not None:
        notes.append(_cut(f"when {one_line(spec.when)}"))
    if spec.options.allow_failure:
        notes.append("may fail")
    return tuple(notes)


def has_default_rule(spec: TaskSpec) -> bool:
    """Say whether the task starts when all that it depends on has succeeded."""
    return spec.options.trigger_rule == "all_success"


def one_line(text: str) -> str:
    """Return `text` on one line, with U+FFFD for every character that hides or reorders text."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(c) in _HIDDEN else c for c in text)


def group_of(spec: TaskSpec) -> str | None:
    """Return what a task is drawn with: its group, its sub-flow, or its group in that."""
    if spec.group is None:
        return spec.parent
    return spec.group if spec.parent is None else f"{spec.parent}/{spec.group}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NOTE else text[: LONGEST_NOTE - 1] + "…"
