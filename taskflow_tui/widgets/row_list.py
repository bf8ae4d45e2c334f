"""A list of rows that paints only what is in view."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from taskflow_tui.widgets.painting import Brush


class RowList(ScrollView, can_focus=True):
    """Rows with a cursor, of any number: a paint costs what is visible."""

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "Down", show=False, id="list.down"),
        Binding("up,k", "step(-1)", "Up", show=False, id="list.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page-up"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="list.half-down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="list.half-up"),
        Binding("home,g", "first", "First", show=False, id="list.first"),
        Binding("end,G", "last", "Last", show=False, id="list.last"),
    ]
    DEFAULT_CSS = """
    RowList {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
    }
    """

    HEADING = 0
    """Lines above the rows that stay when they scroll: 1 for a list with column headings."""

    cursor: reactive[int] = reactive(0, repaint=False)
    """The row the cursor is on."""

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        rows: "RowList"
        row: int

        @property
        def control(self) -> "RowList":
            return self.rows

    @dataclass
    class Opened(Message):
        """A row was double-clicked."""

        rows: "RowList"
        row: int

        @property
        def control(self) -> "RowList":
            return self.rows

    def __init__(self) -> None:
        super().__init__()
        self.brush = Brush(self)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.brush.forget()

    @property
    @abstractmethod
    def row_count(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def row_segments(self, row: int, width: int, base: Style) -> Sequence[Segment]:
        """Return the text of `row`, for `width` cells; it is cut or filled up to that."""

    def heading_segments(self, width: int, base: Style) -> Sequence[Segment]:  # noqa: ARG002
        """Return the column headings, for a list with `HEADING` set."""
        return ()

    def rows_changed(self) -> None:
        """Show the rows anew, after their number or their texts changed."""
        self.virtual_size = Size(0, self.row_count + self.HEADING)
        self.cursor = self.validate_cursor(self.cursor)
        self.refresh(layout=self.styles.auto_dimensions)

    def validate_cursor(self, row: int) -> int:
        return max(0, min(row, self.row_count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self.scroll_to_row(new)
        self.cursor_moved(old, new)
        self.post_message(self.Moved(self, new))

    def cursor_moved(self, old: int, new: int) -> None:
        """Repaint what the move changed; a list whose other rows change too repaints more."""
        self.refresh_line(old + self.HEADING)
        self.refresh_line(new + self.HEADING)

    def scroll_to_row(self, row: int) -> None:
        """Scroll as little as needed to have `row` in view."""
        top = self.scroll_offset.y
        height = max(self.scrollable_content_region.height - self.HEADING, 0)
        if row < top:
            self.scroll_to(y=row, animate=False, force=True)
        elif height and row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False, force=True)

    def visible_rows(self) -> range:
        """Return the rows in view."""
        top = self.scroll_offset.y
        height = max(self.size.height - self.HEADING, 0)
        return range(top, min(top + height, self.row_count))

    def render_line(self, y: int) -> Strip:
        row, width = y - self.HEADING + self.scroll_offset.y, self.size.width
        base = self.brush.base
        if y < self.HEADING:
            base = self.brush.tinted(base, "rows--heading")
            return Strip(self.heading_segments(width, base)).adjust_cell_length(width, base)
        if row >= self.row_count:
            return Strip.blank(width, base)
        if row == self.cursor:
            base = self.brush.tinted(base, "rows--cursor")
        strip = Strip(self.row_segments(row, width, base))
        return strip.adjust_cell_length(width, base)

    def action_step(self, rows: int) -> None:
        self.cursor += rows

    def action_page(self, pages: float) -> None:
        self.cursor += int(pages * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = self.row_count - 1

    def on_resize(self) -> None:
        self.scroll_to_row(self.cursor)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.HEADING:
            return
        row = offset.y - self.HEADING + self.scroll_offset.y
        if row >= self.row_count:
            return
        self.cursor = row
        if event.chain == 2:
            self.post_message(self.Opened(self, row))
