"""A flow file that cannot be loaded, with everything that is wrong with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from taskflow_core.errors import Problem
from taskflow_tui.formatting import count, place
from taskflow_tui.glyphs import Glyphs
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.key_footer import KeyFooter
from taskflow_tui.widgets.problem_rows import ProblemRows


class ProblemsScreen(Screen[None]):
    """Lists every problem of one flow file."""

    BINDING_GROUP_TITLE = "This screen"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "load_again", "load again", id="problems.reload"),
    ]

    class LoadAgain(Message):
        """The file is to be read once more."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    def __init__(self, path: Path, problems: Sequence[Problem], glyphs: Glyphs) -> None:
        super().__init__()
        self._path = path
        self._problems = problems
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        found = count(len(self._problems), "problem")
        name = safe_text(self._path.name)
        yield Static(Content.assemble((f" {name}", "bold"), f"   {found}"), id="title")
        rows = ProblemRows(self._problems, glyphs=self._glyphs)
        rows.border_title = Content(safe_text(place(self._path)))
        yield rows
        yield KeyFooter(("app.help", "problems.reload", "app.back"))

    def on_mount(self) -> None:
        self.query_one(ProblemRows).focus()

    def action_load_again(self) -> None:
        self.post_message(self.LoadAgain(self._path))
