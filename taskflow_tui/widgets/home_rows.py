"""The two lists of the home screen: flow files and recent runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style

from taskflow_core.plan import Plan
from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_tui.api import RunSummary
from taskflow_tui.formatting import ago, compact, duration, shorten
from taskflow_tui.glyphs import UNICODE, Glyphs
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.row_list import RowList

_STATES = {f"rows--{status.lower()}" for status in RunStatus}
SHORT = {
    RunStatus.RUNNING: "running",
    RunStatus.SUCCEEDED: "ok",
    RunStatus.PARTIAL: "partial",
    RunStatus.FAILED: "failed",
    RunStatus.PAUSED: "paused",
    RunStatus.STALLED: "stalled",
    RunStatus.CREATED: "new",
    RunStatus.CANCELLING: "stopping",
    RunStatus.CANCELLED: "stopped",
    RunStatus.INTERRUPTED: "interrupted",
    RunStatus.ROLLING_BACK: "undoing",
    RunStatus.ROLLED_BACK: "undone",
    RunStatus.ROLLBACK_FAILED: "undo failed",
}
"""How the state of a run is called in a list."""
SHOWN_COUNTS = {
    TaskStatus.SUCCEEDED: [TaskStatus.SUCCEEDED, TaskStatus.SKIPPED],
    TaskStatus.FAILED: [TaskStatus.FAILED],
    TaskStatus.UPSTREAM_FAILED: [TaskStatus.UPSTREAM_FAILED],
    TaskStatus.CANCELLED: [TaskStatus.CANCELLED],
    TaskStatus.ROLLED_BACK: [TaskStatus.ROLLED_BACK],
    TaskStatus.ROLLBACK_FAILED: [TaskStatus.ROLLBACK_FAILED],
    TaskStatus.ROLLING_BACK: [TaskStatus.ROLLING_BACK],
    TaskStatus.RUNNING: [TaskStatus.RUNNING],
    TaskStatus.HELD: [TaskStatus.HELD],
    TaskStatus.WAITING: [TaskStatus.WAITING],
    TaskStatus.PENDING: [
        TaskStatus.PENDING,
        TaskStatus.READY,
        TaskStatus.QUEUED,
        TaskStatus.RETRY_WAIT,
    ],
}
"""The signs behind a run, and the tasks that each counts: together they are all tasks."""


@dataclass(frozen=True)
class FlowItem:
    """A flow file, and what is known of it so far."""

    path: Path
    label: str
    """The path below the home folder."""
    plan: Plan | None = None
    problem: str = ""
    """The first thing that is wrong with it."""
    last: RunSummary | None = None


class HomeRows(RowList):
    """What both lists share: the time, and signs."""

    HEADING = 1
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--heading",
        "rows--cursor",
        "rows--note",
        "rows--problem",
        "rows--number",
        *_STATES,
    }

    def __init__(self, *, glyphs: Glyphs = UNICODE, clock: Callable[[], float]) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._clock = clock

    def _tint(self, base: Style, name: str) -> Style:
        return self.brush.tinted(base, f"rows--{name}")

    def _cursor(self, row: int, base: Style) -> Segment:
        sign = self._glyphs.cursor if row == self.cursor else " "
        return Segment(f" {sign} ", self._tint(base, "running"))

    def _state(self, run: RunSummary, base: Style) -> Segment:
        text = f"{self._glyphs.runs[run.state]} {SHORT[run.state]}"
        return Segment(f"{text:<14}", self._tint(base, run.state.lower()))


class FlowRows(HomeRows):
    """The flow files below the folder."""

    BINDING_GROUP_TITLE = "Flows"

    def __init__(self, *, glyphs: Glyphs = UNICODE, clock: Callable[[], float]) -> None:
        super().__init__(glyphs=glyphs, clock=clock)
        self.items: Sequence[FlowItem] = ()

    @property
    def row_count(self) -> int:
        return len(self.items)

    def show(self, items: Sequence[FlowItem]) -> None:
        """Show `items`; the cursor stays on its file."""
        before = self.items[self.cursor].path if self.items else None
        self.items = items
        paths = [item.path for item in items]
        self.rows_changed()
        if before in paths:
            self.cursor = paths.index(before)

    def row_segments(self, row: int, width: int, base: Style) -> list[Segment]:
        item = self.items[row]
        room = self._room(width)
        name = shorten(safe_text(item.label), room, self._glyphs.ellipsis).ljust(room)
        tasks = "" if item.plan is None else f"{len(item.plan.tasks):,}"
        head = [self._cursor(row, base), Segment(name, base)]
        if item.problem:
            left = max(width - room - 7, 0)
            said = shorten(safe_text(item.problem), left, self._glyphs.ellipsis)
            return [*head, Segment(f"  {self._glyphs.problem} {said}", self._tint(base, "problem"))]
        return [
            *head,
            Segment(f"{tasks:>7}   ", self._tint(base, "number")),
            *self._last(item, base),
        ]

    def heading_segments(self, width: int, base: Style) -> list[Segment]:
        return [Segment(f"   {'FLOW':<{self._room(width)}}{'TASKS':>7}   LAST RUN", base)]

    def _room(self, width: int) -> int:
        longest = max((len(item.label) for item in self.items), default=0)
        return max(min(longest, width - 40), 16)

    def _last(self, item: FlowItem, base: Style) -> list[Segment]:
        run = item.last
        if run is None:
            return [Segment(f"{self._glyphs.nothing} never run", self._tint(base, "note"))]
        when = run.ended_at or run.started_at or run.created_at
        text = "" if when is None else ago(self._clock() - when)
        return [self._state(run, base), Segment(text, self._tint(base, "note"))]


class RunRows(HomeRows):
    """The newest runs."""

    BINDING_GROUP_TITLE = "Recent runs"

    def __init__(self, *, glyphs: Glyphs = UNICODE, clock: Callable[[], float]) -> None:
        super().__init__(glyphs=glyphs, clock=clock)
        self.runs: Sequence[RunSummary] = ()

    @property
    def row_count(self) -> int:
        return len(self.runs)

    def show(self, runs: Sequence[RunSummary]) -> None:
        """Show `runs`; the cursor stays on its run."""
        before = self.runs[self.cursor].run if self.runs and self.cursor else None
        self.runs = runs
        names = [run.run for run in runs]
        self.rows_changed()
        if before in names:
            self.cursor = names.index(before)

    def row_segments(self, row: int, width: int, base: Style) -> list[Segment]:
        run = self.runs[row]
        room = self._room(width)
        flow = shorten(safe_text(run.flow), room, self._glyphs.ellipsis).ljust(room)
        return [
            self._cursor(row, base),
            Segment(f"{flow}  ", base),
            self._state(run, base),
            Segment(f"{self._times(run)} ", self._tint(base, "number")),
            *self._counts(run, base),
        ]

    def heading_segments(self, width: int, base: Style) -> list[Segment]:
        return [
            Segment(f"   {'RUN OF':<{self._room(width)}}  {'RESULT':<14}{'TIME':>6}  STARTED", base)
        ]

    def _room(self, width: int) -> int:
        longest = max((len(run.flow) for run in self.runs), default=0)
        return max(min(longest, width - 46), 10)

    def _times(self, run: RunSummary) -> str:
        now = self._clock()
        if run.started_at is None:
            return f"{'':>6}{'':>9}"
        over = run.ended_at or (None if run.state is RunStatus.INTERRUPTED else now)
        took = "" if over is None else duration(over - run.started_at)
        return f"{took:>6}{ago(now - run.started_at):>9}"

    def _counts(self, run: RunSummary, base: Style) -> list[Segment]:
        return [
            Segment(f" {self._glyphs.tasks[sign]}{compact(number)}", self._tint(base, "note"))
            for sign, states in SHOWN_COUNTS.items()
            if (number := sum(run.counts.get(state, 0) for state in states))
        ]
