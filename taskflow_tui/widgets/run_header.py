"""The line on top: which run this is, how it stands, what its tasks do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_tui.formatting import clock, shorten
from taskflow_tui.glyphs import UNICODE, Glyphs
from taskflow_tui.widgets.painting import Brush

COUNTED: tuple[tuple[str, tuple[TaskStatus, ...]], ...] = (
    ("succeeded", (TaskStatus.SUCCEEDED,)),
    ("running", (TaskStatus.RUNNING, TaskStatus.QUEUED)),
    ("held", (TaskStatus.HELD,)),
    ("retry-wait", (TaskStatus.RETRY_WAIT,)),
    ("waiting", (TaskStatus.WAITING,)),
    ("failed", (TaskStatus.FAILED,)),
    ("upstream-failed", (TaskStatus.UPSTREAM_FAILED,)),
    ("skipped", (TaskStatus.SKIPPED,)),
    ("cancelled", (TaskStatus.CANCELLED,)),
    ("rolling-back", (TaskStatus.ROLLING_BACK,)),
    ("rolled-back", (TaskStatus.ROLLED_BACK,)),
    ("rollback-failed", (TaskStatus.ROLLBACK_FAILED,)),
    ("pending", (TaskStatus.PENDING, TaskStatus.READY)),
)
"""The counters, in order; each adds up the states that its first one stands for."""
TITLE_SHORTEST, WHERE_SHORTEST = 12, 8
"""Columns that the title keeps, and below which it is not said where a run stands still."""


@dataclass(frozen=True)
class RunHeadline:
    """What the header shows. Names are safe; times are Unix seconds."""

    flow: str = ""
    run: str = ""
    status: RunStatus = RunStatus.CREATED
    word: str = ""
    """Said instead of the status, before there is a run."""
    started_at: float | None = None
    ended_at: float | None = None
    counts: Mapping[TaskStatus, int] = field(default_factory=dict[TaskStatus, int])
    slots: int | None = None
    reason: str = ""
    where: str = ""
    """Where a run that stands still does, and why; shown before the reason."""


class RunHeader(Widget):
    """Shows `headline` on one line; what matters least gives way where it is narrow."""

    DEFAULT_CSS = """
    RunHeader {
        height: 1;
        dock: top;
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "header--crumb",
        "header--flow",
        "header--lost",
        *(f"header--{name}" for name, _ in COUNTED),
        *(f"header--run-{status.lower()}" for status in RunStatus),
    }

    headline: reactive[RunHeadline] = reactive(RunHeadline())
    """What to show."""

    def __init__(self, *, glyphs: Glyphs = UNICODE, clock: Callable[[], float]) -> None:
        super().__init__()
        self.brush = Brush(self)
        self._glyphs = glyphs
        self._clock = clock
        self._painted = ""

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.brush.forget()

    def tick(self) -> None:
        """Repaint if the elapsed time shows another second."""
        if self._elapsed() != self._painted:
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        self._painted = self._elapsed()
        width, base = self.size.width, self.brush.base
        name, counters = self._title(), self._counters()
        state = self._state(width - _length(counters))
        extras = [piece for piece in (self._slots(), self._reason()) if piece]
        while extras and _length(name + state + counters + extras) > width:
            extras.pop()
        room = width - _length(state + counters + extras)
        if _length(name) > room:
            name = self._short_title(room)
        segments = [
            Segment(text, self.brush.tinted(base, f"header--{part}"))
            for text, part in name + state + counters + extras
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _title(self) -> list[tuple[str, str]]:
        line = self.headline
        crumb = f" {self._glyphs.crumb} {line.run}" if line.run else ""
        return [(f" {line.flow}", "flow"), (crumb, "crumb")]

    def _short_title(self, room: int) -> list[tuple[str, str]]:
        return [(shorten(f" {self.headline.flow}", room, self._glyphs.ellipsis), "flow")]

    def _state(self, room: int) -> list[tuple[str, str]]:
        """Return the state; what stands behind it is cut to leave some of `room` to the title."""
        line = self.headline
        word = line.word or line.status
        part = f"run-{line.status.lower()}"
        text = f"   {self._glyphs.runs[line.status]} {word}{self._elapsed()}"
        left = room - len(text) - min(len(line.flow) + 1, TITLE_SHORTEST)
        if not line.where or left < WHERE_SHORTEST:
            return [(text, part)]
        return [(f"{text} {shorten(line.where, left - 1, self._glyphs.ellipsis)}", part)]

    def _elapsed(self) -> str:
        line = self.headline
        if line.started_at is None or line.status is RunStatus.INTERRUPTED:
            return ""
        end = line.ended_at if line.ended_at is not None else self._clock()
        return f" {clock(end - line.started_at)}"

    def _counters(self) -> list[tuple[str, str]]:
        counts, signs = self.headline.counts, self._glyphs.tasks
        lost = self.headline.status is RunStatus.INTERRUPTED
        pieces: list[tuple[str, str]] = [(" ", "crumb")]
        for part, states in COUNTED:
            if number := sum(counts.get(state, 0) for state in states):
                if lost and part == "running":
                    pieces.append(
                        (f"  {self._glyphs.runs[RunStatus.INTERRUPTED]} {number}", "lost")
                    )
                else:
                    pieces.append((f"  {signs[states[0]]} {number:,}", part))
        return pieces

    def _slots(self) -> tuple[str, str] | None:
        line = self.headline
        if line.slots is None or line.status is not RunStatus.RUNNING:
            return None
        running = line.counts.get(TaskStatus.RUNNING, 0) + line.counts.get(TaskStatus.QUEUED, 0)
        return f"   slots {running}/{line.slots}", "crumb"

    def _reason(self) -> tuple[str, str] | None:
        return (f"   {self.headline.reason}", "crumb") if self.headline.reason else None


def _length(pieces: list[tuple[str, str]]) -> int:
    return sum(len(text) for text, _ in pieces)
