"""The first screen without a flow: the flow files of a folder, and the newest runs."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from taskflow_core.errors import FlowFileError, NotTrustedError
from taskflow_core.plan import Plan
from taskflow_core.state import RunState
from taskflow_tui.api import RunSummary
from taskflow_tui.flow_files import find_flow_files
from taskflow_tui.formatting import count, place
from taskflow_tui.screens.complaints import complain
from taskflow_tui.session import Session
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.home_rows import FlowItem, FlowRows, RunRows
from taskflow_tui.widgets.key_footer import KeyFooter
from taskflow_tui.widgets.row_list import RowList
from taskflow_tui.widgets.task_rows import TaskRows

RUNS_LISTED = 100
REFRESH = 2.0
"""Seconds between two looks at the runs, while one of them is live."""


class HomeScreen(Screen[None]):
    """Lists what can be opened."""

    BINDING_GROUP_TITLE = "Home"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", key_display="enter", id="home.open"),
        Binding("tab", "app.focus_next", "pane", id="home.next-pane"),
    ]

    class FlowChosen(Message):
        """A flow file is to be opened."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class RunChosen(Message):
        """A run is to be opened."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    def __init__(self, session: Session, folder: Path) -> None:
        super().__init__()
        self._session = session
        self._folder = folder
        self._flows = FlowRows(glyphs=session.glyphs, clock=session.clock)
        self._runs = RunRows(glyphs=session.glyphs, clock=session.clock)
        self._preview = TaskRows(glyphs=session.glyphs, clock=session.clock)
        self._preview.can_focus = False
        self._previewed: tuple[Path, Plan | None] | None = None
        self._found: dict[Path, FlowItem] = {}

    def compose(self) -> ComposeResult:
        crumb = self._session.glyphs.crumb
        here = safe_text(place(self._folder))
        title = Content.assemble((" taskflow", "bold"), f" {crumb} Home   ", (here, "dim"))
        yield Static(title, id="title")
        with Container(id="panes"):
            yield self._flows
            yield self._runs
        yield self._preview
        yield KeyFooter(("app.help", "home.open", "home.next-pane", "app.back"))

    def on_mount(self) -> None:
        self._flows.border_title = Content("Flows")
        self._flows.border_subtitle = Content("looking for flow files")
        self._runs.border_title = Content("Recent runs")
        self._preview.border_title = Content("Preview")
        self._flows.focus()
        self.set_interval(REFRESH, self._look_again)

    def on_screen_resume(self) -> None:
        self._list_flows()

    def _look_again(self) -> None:
        if self.is_current and any(run.state.is_live for run in self._runs.runs):
            self._list_runs()

    # --- finding -----------------------------------------------------------------------

    @work(exclusive=True, group="flows")
    async def _list_flows(self) -> None:
        """Find the files, then read each: reading a YAML or JSON flow runs nothing."""
        paths = await asyncio.to_thread(lambda: list(find_flow_files(self._folder)))
        self._found = {
            path: self._found.get(path) or FlowItem(path, str(path.relative_to(self._folder)))
            for path in paths
        }
        self._flows.border_subtitle = Content(self._how_many(len(paths)))
        self._list_runs()
        self._show_flows()
        for path in paths:
            self._found[path] = await asyncio.to_thread(self._read, self._found[path])
            self._show_flows()

    def _how_many(self, files: int) -> str:
        if files:
            return count(files, "flow file")
        return "no flow files here: *.yaml and *.json with `tasks`, *.py with `Flow(`"

    def _read(self, item: FlowItem) -> FlowItem:
        if item.path.suffix == ".py":
            return item
        try:
            plan = self._session.load(str(item.path), trusted=False).plan
        except FlowFileError as error:
            return replace(item, plan=None, problem=_first_problem(error))
        except NotTrustedError:
            return item
        except Exception as error:  # noqa: BLE001  one file must not end the list of all
            return replace(item, plan=None, problem=str(error) or type(error).__name__)
        return replace(item, plan=plan, problem="")

    def _show_flows(self) -> None:
        newest: dict[str, RunSummary] = {}
        for run in self._runs.runs:
            newest.setdefault((run.source or "").partition(".py:")[0], run)
        self._flows.show(
            [
                replace(item, last=newest.get(str(path)) or newest.get(str(path)[:-3]))
                for path, item in self._found.items()
            ]
        )
        self._show_preview()

    @work(exclusive=True, group="runs")
    async def _list_runs(self) -> None:
        try:
            runs: Sequence[RunSummary] = await asyncio.to_thread(self._session.recent, RUNS_LISTED)
        except Exception as error:  # noqa: BLE001  the flows are still there
            complain(self, error)
            return
        self._runs.show(runs)
        self._runs.border_subtitle = Content("" if runs else "none yet") if not runs else None
        self._show_flows()

    @on(RowList.Moved)
    def _preview_cursor(self, message: RowList.Moved) -> None:
        if message.rows is self._flows:
            self._show_preview()

    def _show_preview(self) -> None:
        """Draw the flow under the cursor, if its file can be read without running it."""
        items = self._flows.items
        item = items[self._flows.cursor] if items else None
        plan = item.plan if item is not None else None
        if item is not None and (item.path, plan) == self._previewed:
            return
        self._previewed = (item.path, plan) if item is not None else None
        shown = plan or Plan(name="", tasks=[])
        self._preview.run = RunState(shown)
        name = item.label if item is not None else ""
        self._preview.border_title = Content(f"Preview  {safe_text(name)}")
        said = _shape(plan) if plan is not None else _why_unread(item)
        self._preview.border_subtitle = Content(said) if said else None

    # --- opening -----------------------------------------------------------------------

    @on(RowList.Opened)
    def action_open(self) -> None:
        if self.focused is self._runs:
            if self._runs.runs:
                self.post_message(self.RunChosen(self._runs.runs[self._runs.cursor].run))
        elif self._flows.items:
            self.post_message(self.FlowChosen(self._flows.items[self._flows.cursor].path))


def _why_unread(item: FlowItem | None) -> str:
    if item is None:
        return ""
    if item.problem:
        return "enter lists everything that is wrong with it"
    return "a Python flow is read when it is opened" if item.path.suffix == ".py" else ""


def _shape(plan: Plan) -> str:
    """Return how large and how deep a flow is."""
    deep = max(plan.longest, default=0)
    return f"{count(len(plan.tasks), 'task')}, {deep} deep"


def _first_problem(error: FlowFileError) -> str:
    if not error.problems:
        return str(error)
    problem = error.problems[0]
    place = "" if problem.line is None else f"line {problem.line}: "
    return f"{place}{problem.message}"
