"""A question that is answered by typing."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

Check = Callable[[str], str]
"""Returns what is wrong with a text; empty if nothing is."""


class EntryScreen(ModalScreen[str | None]):
    """Asks for a text and returns it, or None if the person turns away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "decline", "Close", show=False, id="entry.decline"),
    ]

    def __init__(self, title: str, body: Content, *, value: str, check: Check) -> None:
        """Prepare the question.

        Args:
            title: What is asked.
            body: What there is to know before answering.
            value: What the line holds at first.
            check: Finds out whether the answer will do.
        """
        super().__init__()
        self._title = title
        self._body = body
        self._check = check
        self._input = Input(value)
        self._input.cursor_blink = False
        self._problem = Static("", id="problem")

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._title)
            dialog.border_subtitle = Content("enter does it, esc does nothing")
            yield Static(self._body)
            yield self._input
            yield self._problem

    def on_mount(self) -> None:
        self._input.focus()

    @on(Input.Changed)
    def _look(self) -> None:
        self._problem.update(Content(self._check(self._input.value)))

    @on(Input.Submitted)
    def _take(self, message: Input.Submitted) -> None:
        message.stop()
        if not self._check(message.value):
            _ = self.dismiss(message.value)

    def action_decline(self) -> None:
        _ = self.dismiss(None)
