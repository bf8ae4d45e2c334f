"""Which tasks of a run have a row: all of them, those that match a filter, less what is folded."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from taskflow_core.export.lanes import LaneLayout, lay_out_rows, rows_alone
from taskflow_core.state import RunState
from taskflow_tui.tallies import Tallies
from taskflow_tui.task_tree import TaskTree
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.lane_gutter import LaneGutter
from taskflow_tui.widgets.row_list import RowList

AT_ONCE, ROWS_AT_ONCE = 400, 30_000
"""Dependencies and rows whose lanes are laid out before the next frame; more come after it."""


class TreeRows(RowList):
    """Rows of the tasks of `run`, children below their container."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,h",
            "fold",
            "Fold, or go to the container",
            show=False,
            id="rows.fold",
        ),
        Binding("right,l", "unfold", "Unfold, or go to a child", show=False, id="rows.unfold"),
    ]

    run: reactive[RunState] = reactive(RunState, always_update=True, init=False, repaint=False)
    """The run to show. It is folded in place: call `tasks_changed` when it was."""
    filter_text: reactive[str] = reactive("", init=False)
    """Only tasks whose name contains this are shown; letter case does not matter."""

    @dataclass
    class Arranged(Message):
        """There are other rows now, or more."""

        rows: "TreeRows"

        @property
        def control(self) -> "TreeRows":
            return self.rows

    def __init__(self) -> None:
        super().__init__()
        self.task_tree = TaskTree(RunState().plan)
        self.tallies = Tallies(RunState())
        self.lane_gutter = LaneGutter(rows_alone([]))
        self.name_width = 0
        """Cells of the longest name of a row, what marks and moves it in included."""
        self._shown: Sequence[int] = ()
        self._known = 0

    @property
    def row_count(self) -> int:
        return len(self._shown)

    @property
    def shown(self) -> Sequence[int]:
        """The task of each row."""
        return self._shown

    @property
    def task_number(self) -> int | None:
        """The number of the task under the cursor; None if no task is shown."""
        return self._shown[self.cursor] if self._shown else None

    def select_task(self, number: int) -> None:
        """Put the cursor on task `number`; what it is in is unfolded. Nothing if filtered out."""
        hiding = [n for n in self.task_tree.around(number) if self.task_tree.is_folded(n)]
        if hiding and not self.filter_text:
            for container in hiding:
                self.task_tree.fold(container, False)
            self._rearrange()
        if number in self._shown:
            self.cursor = self._shown.index(number)

    # --- what changed ------------------------------------------------------------------

    def watch_run(self, run: RunState) -> None:
        self.task_tree = TaskTree(run.plan)
        self.tallies = Tallies(run)
        self.name_width = self._known = 0
        self._rearrange()

    def watch_filter_text(self) -> None:
        self._show_rows()

    def note_changes(self, numbers: Iterable[int]) -> set[int]:
        """Take in that tasks changed, and maybe came; return those whose rows look different."""
        changed = set(numbers)
        self.tallies.touch(changed)
        if len(self.run.tasks) != self._known:
            self._rearrange()
        if self.run.plan.nesting.is_nested:
            changed.update(*[self.task_tree.around(number) for number in tuple(changed)])
        return changed

    # --- folding -----------------------------------------------------------------------

    def may_toggle(self, number: int) -> bool:
        """Say whether a task is a container that can be folded or unfolded now."""
        return not self.filter_text and self.task_tree.has_children(number)

    def toggle_fold(self, number: int) -> None:
        """Fold a container, or unfold it."""
        self.task_tree.fold(number, not self.task_tree.is_folded(number))
        self._rearrange()

    def action_fold(self) -> None:
        """Fold the container under the cursor, or go to the one that it is in."""
        number = self.task_number
        if number is None:
            return
        if self.task_tree.has_children(number) and not self.task_tree.is_folded(number):
            self.toggle_fold(number)
        elif (parent := self.task_tree.parent(number)) is not None:
            self.select_task(parent)

    def action_unfold(self) -> None:
        """Unfold the container under the cursor, or go to its first child."""
        number = self.task_number
        if number is None or not self.task_tree.has_children(number):
            return
        if self.task_tree.is_folded(number):
            self.toggle_fold(number)
        else:
            self.cursor += 1

    def check_action(
        self,
        action: str,
        parameters: tuple[object, ...],
    ) -> bool | None:
        if action in {"fold", "unfold"}:
            return not self.filter_text and self.run.plan.nesting.is_nested
        return super().check_action(action, parameters)

    # --- in detail ---------------------------------------------------------------------

    def _rearrange(self) -> None:
        """Find out which rows there are, and what lanes are beside them."""
        self._measure_names()
        order = self.task_tree.rows()
        after = self.task_tree.after(order)
        if len(order) <= ROWS_AT_ONCE and sum(map(len, after)) <= AT_ONCE:
            self.lane_gutter = LaneGutter(lay_out_rows(order, after))
        else:
            self.lane_gutter = LaneGutter(rows_alone(order))
            self._lay_out_later(order, after)
        self._show_rows()

    @work(exclusive=True, group="layout")
    async def _lay_out_later(self, order: list[int], after: list[Sequence[int]]) -> None:
        self._show_lanes(await asyncio.to_thread(lay_out_rows, order, after))

    def _show_lanes(self, layout: LaneLayout) -> None:
        if layout.order == self.lane_gutter.layout.order:
            self.lane_gutter = LaneGutter(layout)
            self.refresh()

    def _measure_names(self) -> None:
        tasks, first = self.run.plan.tasks, self._known
        self._known = len(tasks)
        for number in range(first, len(tasks)):
            width = len(safe_text(tasks[number].name)) + 2 * self.task_tree.depth(number)
            self.name_width = max(self.name_width, width)
        if first == 0 and self.run.plan.nesting.is_nested:
            self.name_width += 2

    def _show_rows(self) -> None:
        """Show the rows that match; the cursor stays on its task, or goes to what hides it."""
        before, line = self.task_number, self.cursor - self.scroll_offset.y
        order, wanted = self.lane_gutter.layout.order, self.filter_text.casefold()
        self._shown = self._matching(wanted) if wanted else order
        self.virtual_size = Size(0, len(self._shown) + self.HEADING)
        if (row := self._row_for(before)) is not None and row != self.cursor:
            self.scroll_to(y=max(row - line, 0), animate=False, force=True)
            self.cursor = row
        self.rows_changed()
        self.post_message(self.Arranged(self))
        if self.task_number != before:
            self.post_message(self.Moved(self, self.cursor))

    def _matching(self, wanted: str) -> list[int]:
        """Return the tasks that match, also those that are folded away."""
        tasks = self.run.plan.tasks
        return [n for n in self.task_tree.everything() if wanted in tasks[n].name.casefold()]

    def _row_for(self, number: int | None) -> int | None:
        """Return the row of a task, or of the nearest container around it that has one."""
        if number is None or number >= len(self.run.tasks):
            return None
        for candidate in (number, *self.task_tree.around(number)):
            if candidate in self._shown:
                return self._shown.index(candidate)
        return None
