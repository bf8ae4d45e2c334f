"""The signs that stand for states: one cell each, in Unicode and in ASCII."""

import locale
import os
from collections.abc import Mapping
from dataclasses import dataclass

from taskflow_core.export.palette import ASCII_SIGNS, SIGNS
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """One set of signs."""

    tasks: Mapping[TaskStatus, str]
    attempts: Mapping[AttemptStatus, str]
    runs: Mapping[RunStatus, str]
    cursor: str
    breakpoint: str
    """On the row of a task at which the run stops."""
    cached: str
    """On the row of a task that did not have to run."""
    crumb: str
    rule: str
    ellipsis: str
    dot: str
    """Between facts on one line."""
    earlier: str
    later: str
    problem: str
    nothing: str
    folded: str
    unfolded: str
    """Before the name of a task whose children are out of sight, or below it."""
    is_ascii: bool


def _attempts(  # noqa: PLR0913  one sign each
    *, queued: str, running: str, stopping: str, ok: str, failed: str, stopped: str, lost: str
) -> dict[AttemptStatus, str]:
    return {
        AttemptStatus.QUEUED: queued,
        AttemptStatus.RUNNING: running,
        AttemptStatus.STOPPING: stopping,
        AttemptStatus.KILLING: stopping,
        AttemptStatus.SUCCEEDED: ok,
        AttemptStatus.FAILED: failed,
        AttemptStatus.TIMED_OUT: failed,
        AttemptStatus.CRASHED: failed,
        AttemptStatus.CANCELLED: stopped,
        AttemptStatus.LOST: lost,
    }


UNICODE = Glyphs(
    tasks=SIGNS,
    attempts=_attempts(
        queued="◌", running="▶", stopping="◼", ok="✔", failed="✖", stopped="◼", lost="?"
    ),
    runs={
        RunStatus.CREATED: "○",
        RunStatus.RUNNING: "▶",
        RunStatus.PAUSED: "‖",
        RunStatus.STALLED: "◔",
        RunStatus.CANCELLING: "◼",
        RunStatus.SUCCEEDED: "✔",
        RunStatus.PARTIAL: "✔",
        RunStatus.FAILED: "✖",
        RunStatus.CANCELLED: "◼",
        RunStatus.ROLLING_BACK: "◂",
        RunStatus.ROLLED_BACK: "◃",
        RunStatus.ROLLBACK_FAILED: "⊖",
        RunStatus.INTERRUPTED: "?",
    },
    cursor="▌",
    breakpoint="●",
    cached="≡",
    crumb="▸",
    rule="─",
    ellipsis="…",
    dot="·",
    earlier="◀",
    later="▶",
    problem="⚠",
    nothing="∅",
    folded="▸",
    unfolded="▾",
    is_ascii=False,
)

ASCII = Glyphs(
    tasks=ASCII_SIGNS,
    attempts=_attempts(
        queued="q", running=">", stopping="x", ok="+", failed="X", stopped="x", lost="?"
    ),
    runs={
        RunStatus.CREATED: "o",
        RunStatus.RUNNING: ">",
        RunStatus.PAUSED: "=",
        RunStatus.STALLED: "w",
        RunStatus.CANCELLING: "x",
        RunStatus.SUCCEEDED: "+",
        RunStatus.PARTIAL: "+",
        RunStatus.FAILED: "X",
        RunStatus.CANCELLED: "x",
        RunStatus.ROLLING_BACK: "<",
        RunStatus.ROLLED_BACK: "(",
        RunStatus.ROLLBACK_FAILED: "~",
        RunStatus.INTERRUPTED: "?",
    },
    cursor="|",
    breakpoint="*",
    cached="c",
    crumb=">",
    rule="-",
    ellipsis="~",
    dot="-",
    earlier="<",
    later=">",
    problem="!",
    nothing="-",
    folded=">",
    unfolded="v",
    is_ascii=True,
)

_PLAIN_TERMINALS = frozenset({"xterm", "linux", "vt100", "vt220", "ansi", "dumb"})


def choose(ascii_only: bool | None) -> Glyphs:
    """Return the set asked for, or for None the one that this terminal can show."""
    if ascii_only is None:
        utf8 = "utf" in locale.getpreferredencoding(do_setlocale=False).lower()
        ascii_only = os.environ.get("TERM", "") in _PLAIN_TERMINALS or not utf8
    return ASCII if ascii_only else UNICODE
