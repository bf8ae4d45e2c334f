"""Drawings of a flow on a terminal: their colours, and how they are cut to its width."""

from itertools import groupby

from taskflow_core.export.text_lines import Ink, Piece, TextLine
from taskflow_core.statuses import TaskStatus
from taskflow_tui.terminal_text import PLAIN, Sgr, Span, ansi, safe_text

_RED, _GREEN, _YELLOW, _BLUE = 1, 2, 3, 4
_QUIET = Sgr(dim=True)
_STATES = {
    TaskStatus.PENDING: _QUIET,
    TaskStatus.READY: Sgr(color=_BLUE),
    TaskStatus.HELD: Sgr(color=_YELLOW),
    TaskStatus.QUEUED: Sgr(color=_BLUE),
    TaskStatus.RUNNING: Sgr(color=_BLUE, bold=True),
    TaskStatus.RETRY_WAIT: Sgr(color=_YELLOW),
    TaskStatus.WAITING: Sgr(color=_YELLOW),
    TaskStatus.SUCCEEDED: Sgr(color=_GREEN),
    TaskStatus.FAILED: Sgr(color=_RED, bold=True),
    TaskStatus.UPSTREAM_FAILED: Sgr(color=_RED, dim=True),
    TaskStatus.SKIPPED: _QUIET,
    TaskStatus.CANCELLED: _QUIET,
    TaskStatus.ROLLING_BACK: Sgr(color=_YELLOW, bold=True),
    TaskStatus.ROLLED_BACK: Sgr(color=_YELLOW),
    TaskStatus.ROLLBACK_FAILED: Sgr(color=_RED, bold=True),
}


def colored(line: TextLine) -> str:
    """Return a line with its colours, for a terminal."""
    spans = [
        Span("".join(safe_text(piece.text) for piece in pieces), sgr)
        for sgr, pieces in groupby(line, key=_sgr)
    ]
    return ansi(spans)


def fitted(line: TextLine, columns: int, ellipsis: str) -> TextLine:
    """Return a line cut to `columns`, the cut marked."""
    if sum(len(piece.text) for piece in line) <= columns:
        return line
    left = columns - len(ellipsis)
    kept: TextLine = []
    for piece in line:
        kept.append(piece._replace(text=piece.text[:left]))
        left -= len(piece.text)
        if left <= 0:
            break
    return [*kept, Piece(ellipsis, Ink.NOTE)]


def _sgr(piece: Piece) -> Sgr:
    match piece.ink:
        case Ink.LINE | Ink.NOTE:
            return _QUIET
        case Ink.SIGN:
            return PLAIN if piece.state is None else _STATES[piece.state]
        case Ink.NAME:
            is_bad = piece.state in {TaskStatus.FAILED, TaskStatus.ROLLBACK_FAILED}
            return _STATES[TaskStatus.FAILED] if is_bad else PLAIN
