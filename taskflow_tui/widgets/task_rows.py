"""The tasks of a run, one row each, beside the lanes of their dependencies."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive

from taskflow_core.export.lane_drawing import in_ascii
from taskflow_core.export.lanes import LaneLayout, without_lanes
from taskflow_core.state import RunState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from taskflow_tui.formatting import duration, shorten
from taskflow_tui.glyphs import UNICODE, Glyphs
from taskflow_tui.task_facts import elapsed, note, tries
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.lane_gutter import LaneGutter
from taskflow_tui.widgets.row_list import RowList

WIDE, GUTTER_WIDE, GUTTER_NARROW = 96, 24, 12
"""Columns from which there is room for wide lanes; cells that lanes may take there, and below."""
NAME_LONGEST = 48
_TICKING = frozenset({TaskStatus.RUNNING, TaskStatus.RETRY_WAIT, TaskStatus.ROLLING_BACK})


class TaskRows(RowList):
    """Shows every task of `run`, and which one is selected."""

    BINDING_GROUP_TITLE = "Tasks"
    HEADING = 1
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--heading",
        "rows--cursor",
        "rows--match",
        "rows--lane",
        "rows--lane-lit",
        "rows--note",
        "rows--number",
        "rows--interrupted",
        "rows--breakpoint",
        "rows--stale",
        *(f"rows--{status.lower().replace('_', '-')}" for status in TaskStatus),
    }

    run: reactive[RunState] = reactive(RunState, always_update=True, init=False, repaint=False)
    """The run to show. It is folded in place: call `tasks_changed` when it was."""
    status: reactive[RunStatus] = reactive(RunStatus.CREATED)
    filter_text: reactive[str] = reactive("", init=False)
    """Only tasks whose name contains this are shown; letter case does not matter."""

    def __init__(self, *, glyphs: Glyphs = UNICODE, clock: Callable[[], float]) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._clock = clock
        self._shown: Sequence[int] = ()
        self._name_width = 0
        self._gutter = LaneGutter(without_lanes([], []))

    # --- what is shown -----------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return len(self._shown)

    @property
    def task_number(self) -> int | None:
        """The number of the task under the cursor; None if no task is shown."""
        return self._shown[self.cursor] if self._shown else None

    def watch_run(self, run: RunState) -> None:
        plan = run.plan
        self._name_width = max((len(safe_text(spec.name)) for spec in plan.tasks), default=0)
        if len(self._gutter.layout.order) != len(plan.tasks):
            self._gutter = LaneGutter(without_lanes(plan.upstream, plan.downstream))
        self._show_matching()

    def show_layout(self, layout: LaneLayout) -> None:
        """Draw the lanes of `layout`, which has to be of the same flow."""
        self._gutter = LaneGutter(layout)
        self._show_matching()

    def watch_filter_text(self) -> None:
        self._show_matching()

    def _show_matching(self) -> None:
        before = self.task_number
        wanted, tasks = self.filter_text.casefold(), self.run.plan.tasks
        order = self._gutter.layout.order
        self._shown = [n for n in order if wanted in tasks[n].name.casefold()] if wanted else order
        if len(order) != len(tasks):
            self._shown = ()
        self.virtual_size = Size(0, len(self._shown) + self.HEADING)
        if before is not None and before in self._shown:
            self.cursor = self._shown.index(before)
        self.rows_changed()
        self.post_message(self.Moved(self, self.cursor))

    def select_task(self, number: int) -> None:
        """Put the cursor on task `number`, if it is shown."""
        if number in self._shown:
            self.cursor = self._shown.index(number)

    def _sign(self, number: int) -> str:
        task = self.run.tasks[number]
        is_cached = task.state is TaskStatus.SUCCEEDED and task.reason == "cached"
        return self._glyphs.cached if is_cached else self._glyphs.tasks[task.state]

    # --- what changed ------------------------------------------------------------------

    def tasks_changed(self, numbers: Iterable[int]) -> None:
        """Repaint those of the tasks `numbers` that are in view."""
        changed = set(numbers)
        for row in self.visible_rows():
            if self._shown[row] in changed:
                self.refresh_line(row + self.HEADING)

    def tick(self) -> None:
        """Repaint the rows in view whose time runs."""
        tasks = self.run.tasks
        for row in self.visible_rows():
            if tasks[self._shown[row]].state in _TICKING:
                self.refresh_line(row + self.HEADING)

    def cursor_moved(self, old: int, new: int) -> None:
        view = self.visible_rows()
        stale = self._gutter.lit_rows(view) | {old, new}
        if self._fit_gutter():
            self.refresh()
            return
        for row in stale | self._gutter.lit_rows(view):
            if row in view:
                self.refresh_line(row + self.HEADING)

    # --- how a row looks ---------------------------------------------------------------

    def row_segments(self, row: int, width: int, base: Style) -> list[Segment]:
        number = self._shown[row]
        state = self.run.tasks[number].state
        lost = self.status is RunStatus.INTERRUPTED and state in _LOST
        sign = self._glyphs.attempts[AttemptStatus.LOST] if lost else self._sign(number)
        own = self.brush.tinted(base, "rows--interrupted" if lost else _component(state))
        loud = state in _LOUD
        weak = "rows--stale" if self.run.tasks[number].stale else "rows--note"
        name, numbers, said = self._texts(number, width, lost=lost)
        return [
            *self._edge_segments(row, base),
            *self._lane_segments(row, base),
            Segment(f"{sign} ", own),
            Segment(name, own if loud else base),
            Segment(numbers, self.brush.tinted(base, "rows--number")),
            Segment(said, own if loud else self.brush.tinted(base, weak)),
        ]

    def heading_segments(self, width: int, base: Style) -> list[Segment]:
        used = self._used()
        name = "TASK".ljust(self._name_room(width - used))
        return [Segment(f"{' ' * used}{name}{'TIME':>8}{'TRY':>6}", base)]

    def _texts(self, number: int, width: int, *, lost: bool) -> tuple[str, str, str]:
        """Return the name, the numbers and the note of a row, cut to the width there is."""
        task, spec = self.run.tasks[number], self.run.plan.tasks[number]
        now, ellipsis = self._clock(), self._glyphs.ellipsis
        room = self._name_room(width - self._used())
        name = shorten(safe_text(spec.name), room, ellipsis).ljust(room)
        seconds = None if lost else elapsed(task, now)
        numbers = f"{'' if seconds is None else duration(seconds):>8}{tries(task, spec):>6}  "
        left = width - self._used() - room - len(numbers) - 1
        return name, numbers, shorten(note(self.run, number, self.status, now), left, ellipsis)

    def _used(self) -> int:
        """Return the cells before a name: cursor, lanes, sign."""
        self._fit_gutter()
        return 3 + (0 if self.filter_text else self._gutter.width) + 2

    def _name_room(self, room: int) -> int:
        wanted = min(self._name_width, NAME_LONGEST)
        return max(min(wanted, room - 16 if room > 28 else room - 14), 4)

    def _edge_segments(self, row: int, base: Style) -> list[Segment]:
        """Return the signs of the cursor and of a breakpoint."""
        name = self.run.plan.tasks[self._shown[row]].name
        stops = any(task == name for task, _ in self.run.breakpoints)
        cursor = self._glyphs.cursor if row == self.cursor else " "
        return [
            Segment(f" {cursor}", self.brush.tinted(base, "rows--lane-lit")),
            Segment(
                self._glyphs.breakpoint if stops else " ",
                self.brush.tinted(base, "rows--breakpoint"),
            ),
        ]

    def _lane_segments(self, row: int, base: Style) -> list[Segment]:
        """Return the lanes beside `row`."""
        if self.filter_text or not self._gutter.width:
            return []
        dim, lit = self.brush.tinted(base, "rows--lane"), self.brush.tinted(base, "rows--lane-lit")
        plain = self._glyphs.is_ascii
        return [
            Segment(in_ascii(text) if plain else text, lit if is_lit else dim)
            for text, is_lit in self._gutter.pieces(row)
        ]

    def _fit_gutter(self) -> bool:
        if self.filter_text:
            return False
        cells = GUTTER_WIDE if self.size.width >= WIDE else GUTTER_NARROW
        return self._gutter.fit(self.visible_rows(), self.cursor, cells)


_LOST = frozenset({TaskStatus.RUNNING, TaskStatus.ROLLING_BACK})
"""States in which a task was cut off if its runner died."""
_LOUD = frozenset(
    {
        TaskStatus.FAILED,
        TaskStatus.RETRY_WAIT,
        TaskStatus.HELD,
        TaskStatus.ROLLING_BACK,
        TaskStatus.ROLLBACK_FAILED,
    }
)
"""States whose whole row takes on their colour."""


def _component(state: TaskStatus) -> str:
    return f"rows--{state.lower().replace('_', '-')}"
