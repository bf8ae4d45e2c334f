"""The tasks of a run, one row each, beside the lanes of their dependencies."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive

from taskflow_core.export.lane_drawing import in_ascii
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from taskflow_tui.formatting import duration, shorten
from taskflow_tui.glyphs import UNICODE, Glyphs
from taskflow_tui.task_facts import elapsed, note, tries
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.tree_rows import TreeRows

WIDE, GUTTER_WIDE, GUTTER_NARROW = 96, 24, 12
"""Columns from which there is room for wide lanes; cells that lanes may take there, and below."""
NAME_LONGEST = 48
_TICKING = frozenset({TaskStatus.RUNNING, TaskStatus.RETRY_WAIT, TaskStatus.ROLLING_BACK})


class TaskRows(TreeRows):
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

    status: reactive[RunStatus] = reactive(RunStatus.CREATED)

    def __init__(self, *, glyphs: Glyphs = UNICODE, clock: Callable[[], float]) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._clock = clock

    # --- what changed ------------------------------------------------------------------

    def tasks_changed(self, numbers: Iterable[int]) -> None:
        """Repaint those of the tasks `numbers` that are in view."""
        changed = self.note_changes(numbers)
        for row in self.visible_rows():
            if self.shown[row] in changed:
                self.refresh_line(row + self.HEADING)

    def tick(self) -> None:
        """Repaint the rows in view whose time runs."""
        for row in self.visible_rows():
            if self._ticks(self.shown[row]):
                self.refresh_line(row + self.HEADING)

    def _ticks(self, number: int) -> bool:
        task = self.run.tasks[number]
        return task.state in _TICKING or (
            task.state is TaskStatus.WAITING and (task.waiting is None or bool(task.waiting.until))
        )

    def cursor_moved(self, old: int, new: int) -> None:
        view = self.visible_rows()
        stale = self.lane_gutter.lit_rows(view) | {old, new}
        if self._fit_gutter():
            self.refresh()
            return
        for row in stale | self.lane_gutter.lit_rows(view):
            if row in view:
                self.refresh_line(row + self.HEADING)

    # --- how a row looks ---------------------------------------------------------------

    def row_segments(self, row: int, width: int, base: Style) -> list[Segment]:
        number = self.shown[row]
        state = self.tallies.status(number)
        lost = self.status is RunStatus.INTERRUPTED and state in _LOST
        sign = self._glyphs.attempts[AttemptStatus.LOST] if lost else self._sign(number, state)
        own = self.brush.tinted(base, "rows--interrupted" if lost else _component(state))
        loud = state in _LOUD
        weak = "rows--stale" if self.run.tasks[number].stale else "rows--note"
        name, numbers, said = self._texts(number, width, lost=lost)
        return [
            *self._edge_segments(row, base),
            *self._lane_segments(row, base),
            Segment(f"{sign} ", own),
            *self._mark_segments(number, base),
            Segment(name, own if loud else base),
            Segment(numbers, self.brush.tinted(base, "rows--number")),
            Segment(said, own if loud else self.brush.tinted(base, weak)),
        ]

    def _sign(self, number: int, state: TaskStatus) -> str:
        is_cached = state is TaskStatus.SUCCEEDED and self.run.tasks[number].reason == "cached"
        return self._glyphs.cached if is_cached else self._glyphs.tasks[state]

    def heading_segments(self, width: int, base: Style) -> list[Segment]:
        used = self._used()
        name = "TASK".ljust(self._name_room(width - used))
        return [Segment(f"{' ' * used}{name}{'TIME':>8}{'TRY':>6}", base)]

    def _texts(self, number: int, width: int, *, lost: bool) -> tuple[str, str, str]:
        """Return the name, the numbers and the note of a row, cut to the width there is."""
        task, spec = self.run.tasks[number], self.run.plan.tasks[number]
        now, ellipsis = self._clock(), self._glyphs.ellipsis
        room = self._name_room(width - self._used())
        room_left = room - self._indent(number) - len(self._fold_mark(number))
        name = shorten(safe_text(spec.name), room_left, ellipsis).ljust(room_left)
        tally = self.tallies.of(number)
        seconds = None if lost else elapsed(task, now) if tally is None else tally.took(task, now)
        numbers = f"{'' if seconds is None else duration(seconds):>8}{tries(task, spec):>6}  "
        left = width - self._used() - room - len(numbers) - 1
        said = note(self.run, number, self.status, now, tally)
        return name, numbers, shorten(said, left, ellipsis)

    def _indent(self, number: int) -> int:
        return 0 if self.filter_text else 2 * self.task_tree.depth(number)

    def _mark_segments(self, number: int, base: Style) -> list[Segment]:
        mark = self._fold_mark(number)
        return [Segment(mark, self.brush.tinted(base, "rows--number"))] if mark else []

    def _fold_mark(self, number: int) -> str:
        if self.filter_text or not self.task_tree.has_children(number):
            return ""
        mark = self._glyphs.folded if self.task_tree.is_folded(number) else self._glyphs.unfolded
        return f"{mark} "

    def _used(self) -> int:
        """Return the cells before a name: cursor, lanes, sign."""
        self._fit_gutter()
        return 3 + (0 if self.filter_text else self.lane_gutter.width) + 2

    def _name_room(self, room: int) -> int:
        wanted = min(self.name_width, NAME_LONGEST)
        return max(min(wanted, room - 16 if room > 28 else room - 14), 4)

    def _edge_segments(self, row: int, base: Style) -> list[Segment]:
        """Return the signs of the cursor and of a breakpoint."""
        name = self.run.plan.tasks[self.shown[row]].name
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
        """Return the lanes beside `row`, drawn on to where its task is indented."""
        if self.filter_text:
            return []
        dim, lit = self.brush.tinted(base, "rows--lane"), self.brush.tinted(base, "rows--lane-lit")
        pieces = [*self.lane_gutter.pieces(row)] if self.lane_gutter.width else [("", False)]
        if indent := self._indent(self.shown[row]):
            text, is_lit = pieces[-1]
            pieces[-1] = text + ("─" if text.endswith("─") else " ") * indent, is_lit
        plain = self._glyphs.is_ascii
        return [
            Segment(in_ascii(text) if plain else text, lit if is_lit else dim)
            for text, is_lit in pieces
            if text
        ]

    def _fit_gutter(self) -> bool:
        if self.filter_text:
            return False
        cells = GUTTER_WIDE if self.size.width >= WIDE else GUTTER_NARROW
        return self.lane_gutter.fit(self.visible_rows(), self.cursor, cells)


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
