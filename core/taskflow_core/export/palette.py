"""The colours of pictures, and the signs of states."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from taskflow_core.statuses import TaskStatus

ThemeName = Literal["light", "dark"]


class Paint(NamedTuple):
    """How a box is drawn. Text on `fill` has a contrast of at least 4.5 to 1."""

    fill: str
    stroke: str
    text: str


class Theme(NamedTuple):
    """The colours of one picture, as `#rrggbb`."""

    background: str
    text: str
    quiet: str
    """Notes and captions."""
    line: str
    group: str
    """Behind the boxes of a group."""
    plain: Paint
    """A task without a state."""
    states: Mapping[TaskStatus, Paint]


def _states(  # noqa: PLR0913  one paint each
    *, idle: Paint, ready: Paint, running: Paint, held: Paint, ok: Paint, failed: Paint,
    blocked: Paint, skipped: Paint,
) -> dict[TaskStatus, Paint]:  # fmt: skip
    return {
        TaskStatus.PENDING: idle,
        TaskStatus.READY: ready,
        TaskStatus.HELD: held,
        TaskStatus.QUEUED: ready,
        TaskStatus.RUNNING: running,
        TaskStatus.RETRY_WAIT: held,
        TaskStatus.WAITING: held,
        TaskStatus.SUCCEEDED: ok,
        TaskStatus.FAILED: failed,
        TaskStatus.UPSTREAM_FAILED: blocked,
        TaskStatus.SKIPPED: skipped,
        TaskStatus.CANCELLED: skipped,
        TaskStatus.ROLLING_BACK: held,
        TaskStatus.ROLLED_BACK: skipped,
        TaskStatus.ROLLBACK_FAILED: failed,
    }


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        background="#ffffff",
        text="#1f2430",
        quiet="#5b6472",
        line="#7b8494",
        group="#f0f2f6",
        plain=Paint("#ffffff", "#7b8494", "#1f2430"),
        states=_states(
            idle=Paint("#ffffff", "#a9b1bd", "#4b5462"),
            ready=Paint("#eaf1fb", "#7aa2d6", "#1f3f66"),
            running=Paint("#cfe1f8", "#2f6fb7", "#123a66"),
            held=Paint("#fbeccf", "#b9822a", "#5e3f0c"),
            ok=Paint("#dcefd7", "#5a9a4b", "#22471a"),
            failed=Paint("#f8d7da", "#c03a48", "#6e1520"),
            blocked=Paint("#fdf0f1", "#d08a91", "#7d2f38"),
            skipped=Paint("#eceef1", "#9aa2af", "#4b5462"),
        ),
    ),
    "dark": Theme(
        background="#14161b",
        text="#ced3db",
        quiet="#8f97a4",
        line="#6b7483",
        group="#1b1f27",
        plain=Paint("#1e222a", "#6b7483", "#ced3db"),
        states=_states(
            idle=Paint("#1a1d24", "#59616e", "#a3abb8"),
            ready=Paint("#1b2635", "#52739b", "#b5cbe8"),
            running=Paint("#1f3550", "#7aa2d6", "#d3e3f8"),
            held=Paint("#3a2e1b", "#d9a860", "#f0d7ad"),
            ok=Paint("#21331d", "#86b87a", "#cfe8c8"),
            failed=Paint("#43201f", "#e0707a", "#f7cfd2"),
            blocked=Paint("#2b1c1f", "#96545b", "#dba9ae"),
            skipped=Paint("#22262e", "#6b7483", "#a3abb8"),
        ),
    ),
}

SIGNS: dict[TaskStatus, str] = {
    TaskStatus.PENDING: "·",
    TaskStatus.READY: "○",
    TaskStatus.HELD: "‖",
    TaskStatus.QUEUED: "◌",
    TaskStatus.RUNNING: "▶",
    TaskStatus.RETRY_WAIT: "↻",
    TaskStatus.WAITING: "◔",
    TaskStatus.SUCCEEDED: "✔",
    TaskStatus.FAILED: "✖",
    TaskStatus.UPSTREAM_FAILED: "⊘",
    TaskStatus.SKIPPED: "»",
    TaskStatus.CANCELLED: "◼",
    TaskStatus.ROLLING_BACK: "◂",
    TaskStatus.ROLLED_BACK: "◃",
    TaskStatus.ROLLBACK_FAILED: "⊖",
}
"""One cell for each state of a task, in pictures and in the app."""
ASCII_SIGNS: dict[TaskStatus, str] = {
    TaskStatus.PENDING: ".",
    TaskStatus.READY: "o",
    TaskStatus.HELD: "=",
    TaskStatus.QUEUED: "q",
    TaskStatus.RUNNING: ">",
    TaskStatus.RETRY_WAIT: "r",
    TaskStatus.WAITING: "w",
    TaskStatus.SUCCEEDED: "+",
    TaskStatus.FAILED: "X",
    TaskStatus.UPSTREAM_FAILED: "#",
    TaskStatus.SKIPPED: "s",
    TaskStatus.CANCELLED: "x",
    TaskStatus.ROLLING_BACK: "<",
    TaskStatus.ROLLED_BACK: "(",
    TaskStatus.ROLLBACK_FAILED: "~",
}
"""The same where there is only ASCII."""


def in_words(state: TaskStatus) -> str:
    """Return a state as people read it: `upstream failed`."""
    return state.value.lower().replace("_", " ")
