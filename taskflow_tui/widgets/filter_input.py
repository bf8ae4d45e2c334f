"""A line in which a filter is typed."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterInput(Input):
    """Hidden until it is opened; Enter keeps the filter and leaves, Escape clears it."""

    BINDING_GROUP_TITLE = "Filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear", key_display="esc", id="filter.clear"),
        Binding("enter,down", "keep", "keep", key_display="enter", id="filter.keep"),
    ]
    DEFAULT_CSS = """
    FilterInput {
        display: none;
        height: 1;
        border: none;
        padding: 0 1;

        &.-open {
            display: block;
        }
    }
    """

    @dataclass
    class Left(Message):
        """Typing is over."""

        filter: "FilterInput"

        @property
        def control(self) -> "FilterInput":
            return self.filter

    def __init__(self) -> None:
        super().__init__(placeholder="show tasks whose name contains …", select_on_focus=False)
        self.cursor_blink = False

    def open(self) -> None:
        """Appear, and take the keys."""
        self.add_class("-open")
        self.focus()

    def discard(self) -> None:
        """Empty the filter and disappear."""
        self.value = ""
        self.action_keep()

    def action_clear(self) -> None:
        self.discard()

    def action_keep(self) -> None:
        self.set_class(bool(self.value), "-open")
        self.post_message(self.Left(self))

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
