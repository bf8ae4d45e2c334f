"""One run, or a plan before it: its tasks, the log of the task under the cursor, its keys."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from taskflow_core.plan import Plan
from taskflow_core.statuses import TaskStatus
from taskflow_tui.api import RunReader
from taskflow_tui.run_feed import RunFeed
from taskflow_tui.screens.complaints import complain
from taskflow_tui.screens.headline import headline
from taskflow_tui.screens.log_pane import LogPane
from taskflow_tui.screens.run_keys import BINDINGS, FOOTER
from taskflow_tui.screens.source import Source
from taskflow_tui.session import Session
from taskflow_tui.stops import breakpoints_at
from taskflow_tui.widgets.filter_input import FilterInput
from taskflow_tui.widgets.key_footer import KeyFooter
from taskflow_tui.widgets.log_view import LogView
from taskflow_tui.widgets.row_list import RowList
from taskflow_tui.widgets.run_header import RunHeader
from taskflow_tui.widgets.task_rows import TaskRows
from taskflow_tui.widgets.tree_rows import TreeRows

POLL = 1 / 20
"""Seconds between two looks at a live run."""
POLL_QUIET = 1.0
"""Seconds between two looks at a run that is over: somebody may retry it elsewhere."""
TICK, OWNER = 4, 10
"""Looks between two updates of running times, and between two checks of the run's owner."""


class RunScreen(LogPane):
    """Shows a plan or a run and carries out what its keys ask for."""

    BINDING_GROUP_TITLE = "Run"
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    class Ready(Message):
        """The screen is there and waits for what its source names."""

        def __init__(self, screen: "RunScreen") -> None:
            super().__init__()
            self.screen = screen

    def __init__(self, session: Session, source: Source) -> None:
        super().__init__()
        self.session = session
        self.source = source
        self.feed = RunFeed()
        self.word = "LOADING"
        self.header = RunHeader(glyphs=session.glyphs, clock=session.clock)
        self.rows = TaskRows(glyphs=session.glyphs, clock=session.clock)
        self.filter = FilterInput()
        self.log_view = LogView(glyphs=session.glyphs)
        self.chosen: int | None = None
        self._followed: int | None = None
        self._looks = 0
        self._fast: Timer
        self._keys: object = None

    def compose(self) -> ComposeResult:
        yield self.header
        with Container(id="panes"):
            with Container(id="tasks"):
                yield self.rows
                yield self.filter
            yield self.log_view
        yield KeyFooter(FOOTER)

    def on_mount(self) -> None:
        self.rows.border_title = Content("Tasks")
        self.log_view.border_title = Content("Log")
        self.rows.focus()
        self._fast = self.set_interval(POLL, self.look, pause=True)
        self.set_interval(POLL_QUIET, self.look)
        self._show_headline()
        self.post_message(self.Ready(self))

    def on_unmount(self) -> None:
        self.feed.close()

    # --- what is shown -----------------------------------------------------------------

    def show_plan(self, plan: Plan) -> None:
        """Show a plan that has not been started."""
        self.feed.show_plan(plan)
        self.word = "NOT STARTED"
        self._show_all()

    def show_run(self, reader: RunReader) -> None:
        """Show a run, live or not."""
        self.feed.follow(reader)
        self.word = ""
        self._show_all()

    def say(self, word: str) -> None:
        """Show `word` as the state of what is not a run yet."""
        self.word = word
        self._show_headline()
        self._keys_changed()

    def stops_changed(self) -> None:
        if (number := self.rows.task_number) is not None:
            self.rows.tasks_changed([number])
        self._keys_changed()

    def _show_all(self) -> None:
        state = self.feed.state
        self.rows.status = self.feed.status
        self.rows.run = state
        self._show_changes()

    def look(self) -> None:
        """Show what happened since the last look."""
        self._looks += 1
        live = self.feed.is_live
        try:
            news = self.feed.poll(look_at_owner=not live or self._looks % OWNER == 0)
        except Exception as error:  # noqa: BLE001  a damaged record ends the view, not the app
            self.feed.close()
            complain(self, error)
            return
        if news.any:
            self.rows.tasks_changed(news.tasks)
            self._show_changes()
        if live and self._looks % TICK == 0:
            self.rows.tick()
            self.header.tick()
        self.log_view.poll()

    def _show_changes(self) -> None:
        self.rows.status = self.feed.status
        self._show_headline()
        self.show_log()
        self._keys_changed()
        if self.feed.is_live:
            self._fast.resume()
        else:
            self._fast.pause()

    def _show_headline(self) -> None:
        self.header.headline = headline(
            self.feed, self.rows.tallies, name=self.source.name, word=self.word
        )

    @on(TreeRows.Arranged)
    def _count_rows(self) -> None:
        found, tasks = self.rows.row_count, len(self.feed.state.tasks)
        counted = sum(self.rows.tallies.counts.values())
        of = f"{found:,} of {tasks:,}" if self.rows.filter_text else f"{counted:,}"
        self.rows.border_title = Content(f"Tasks  {of}")

    def _keys_changed(self) -> None:
        number, counts = self.rows.task_number, self.feed.state.counts
        task = None if number is None else self.feed.state.tasks[number]
        keys = (
            self.feed.status,
            self.word,
            task and (task.state, task.held, len(task.attempts), len(task.undo)),
            bool(counts[TaskStatus.FAILED]),
            self.spot.name in self.feed.state.holds,
            bool(breakpoints_at(self.feed.state, self.spot.name)),
            self.rows.row_count,
            tuple(self.rows.tallies.asking),
            self._enter,
        )
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    # --- gestures ----------------------------------------------------------------------

    @on(RowList.Moved)
    def _follow_cursor(self) -> None:
        if self.rows.task_number != self._followed:
            self._followed, self.chosen = self.rows.task_number, None
        self.show_log()
        self._keys_changed()

    @on(RowList.Opened)
    def _open_row(self) -> None:
        number = self.rows.task_number
        if number is not None and self.rows.may_toggle(number):
            self.rows.toggle_fold(number)
        else:
            self.action_open_log()

    def action_open_log(self) -> None:
        self.add_class("-log-only")
        self.log_view.focus()
        self.refresh_bindings()

    @property
    def _enter(self) -> str:
        """What Enter does at the row under the cursor."""
        number = self.rows.task_number
        if number is None:
            return ""
        if not self.rows.may_toggle(number):
            return "open_log"
        return "unfold_row" if self.rows.task_tree.is_folded(number) else "fold_row"

    def action_fold_row(self) -> None:
        self._open_row()

    def action_unfold_row(self) -> None:
        self._open_row()

    def action_close_log(self) -> None:
        self.remove_class("-log-only")
        self.rows.focus()
        self.refresh_bindings()

    def action_filter(self) -> None:
        self.filter.open()

    def action_leave_filter(self) -> None:
        self.filter.discard()

    @on(FilterInput.Changed)
    def _filter(self, message: FilterInput.Changed) -> None:
        self.rows.filter_text = message.value
        self._count_rows()
        self._keys_changed()

    @on(FilterInput.Left)
    def _to_rows(self) -> None:
        self.rows.focus()
        self.refresh_bindings()

    def check_action(
        self,
        action: str,
        parameters: tuple[object, ...],  # noqa: ARG002
    ) -> bool | None:
        log_only = self.has_class("-log-only")
        match action:
            case "close_log":
                return log_only
            case "open_log" | "fold_row" | "unfold_row":
                return not log_only and action == self._enter
            case "filter":
                return not (log_only or self.filter.has_focus) and bool(self.feed.state.tasks)
            case "leave_filter":
                return not log_only and bool(self.rows.filter_text)
            case _:
                return self.allows(action)
