"""The output of one attempt, read from its file as far as it is in view."""

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from taskflow_tui.formatting import count
from taskflow_tui.glyphs import UNICODE, Glyphs
from taskflow_tui.ink import style_of
from taskflow_tui.log_file import LogFile
from taskflow_tui.log_subject import Line, LogSubject
from taskflow_tui.terminal_text import log_line
from taskflow_tui.widgets.painting import Brush, highlighted


class LogView(ScrollView, can_focus=True):
    """Shows `subject`, and follows its end until somebody scrolls up."""

    BINDING_GROUP_TITLE = "Log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "toggle_follow", "follow", id="log.follow"),
        Binding("down,j", "line(1)", "Down", show=False, id="log.down"),
        Binding("up,k", "line(-1)", "Up", show=False, id="log.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="log.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="log.page-up"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="log.half-down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="log.half-up"),
        Binding("home,g", "start", "Start", show=False, id="log.start"),
        Binding("end,G", "end", "End, and follow", show=False, id="log.end"),
        Binding("right,l", "sideways(1)", "Half a screen right", show=False, id="log.right"),
        Binding("left,h", "sideways(-1)", "Half a screen left", show=False, id="log.left"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--plain",
        "log--label",
        "log--muted",
        "log--error",
        "log--good",
    }
    DEFAULT_CSS = """
    LogView {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
    }
    """

    subject: reactive[LogSubject] = reactive(LogSubject(), init=False, repaint=False)
    """What to show."""
    follow: reactive[bool] = reactive(True, init=False)
    """Whether the view stays at the end while the output grows."""

    def __init__(self, *, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.brush = Brush(self)
        self._glyphs = glyphs
        self._file: LogFile | None = None
        self.heading: str = "Log"
        """What the title of the pane says."""
        self._said = ""
        self._left = 0
        self._widest = 0
        self._cache: LRUCache[tuple[int, int], list[Segment]] = LRUCache(2048)

    # --- what is shown -----------------------------------------------------------------

    def watch_subject(self, old: LogSubject, new: LogSubject) -> None:
        if old.path != new.path or old.task != new.task:
            self._open(new)
        self.poll(force=True)

    def poll(self, *, force: bool = False) -> None:
        """Look whether the file has grown; cheap when it has not."""
        grown = self._file is not None and self._file.poll()
        if not (grown or force):
            return
        self.virtual_size = Size(0, self.line_count)
        if self.follow:
            self._go_to_end()
        self._entitle()
        self.refresh()

    def watch_follow(self, follow: bool) -> None:
        if follow:
            self._go_to_end()
        self._entitle()

    @property
    def line_count(self) -> int:
        """How many lines the view has, ours included."""
        printed = self._printed
        return printed + len(self.subject.after if printed else self._unprinted)

    @property
    def is_growing(self) -> bool:
        """More output may come, or some is not indexed yet."""
        return self.subject.is_live

    def on_unmount(self) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def _printed(self) -> int:
        return self._file.line_count if self._file else 0

    @property
    def _unprinted(self) -> tuple[Line, ...]:
        """What stands there while nothing is printed."""
        return (*self.subject.instead, *self.subject.after)

    def _open(self, subject: LogSubject) -> None:
        if self._file is not None:
            self._file.close()
        self._file = LogFile(subject.path) if subject.path is not None else None
        self._cache.clear()
        self._left = self._widest = 0
        self.scroll_to(y=0, animate=False, force=True)
        self.set_reactive(LogView.follow, True)

    def _entitle(self) -> None:
        subject = self.subject
        pieces: list[tuple[str, str]] = [("Log ", ""), (subject.task, "bold")]
        for tab in subject.attempts:
            again = "again " if tab.again else ""
            what = "undo " if tab.undoes else ""
            sign = f"{again}{what}#{tab.number} {self._glyphs.attempts[tab.state]}"
            several = len(subject.attempts) > 1
            pieces.append((f"  [{sign}]", "bold") if tab.chosen and several else (f"  {sign}", ""))
        title = Content.assemble(*pieces) if subject.task else Content("Log")
        if title.plain != self.heading:
            self.heading = title.plain
            self.border_title = title
        status = self._status()
        if status != self._said:
            self._said = status
            self.border_subtitle = Content(status) if status else None

    def _status(self) -> str:
        facts = [count(self._printed, "line")] if self._printed else []
        if self.subject.is_live:
            facts.append("following" if self.follow else "not following")
        if self._left:
            facts.append(f"from column {self._left + 1}")
        return f" {self._glyphs.dot} ".join(facts)

    # --- moving ------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.max_scroll_y:
            self.follow = False

    def action_toggle_follow(self) -> None:
        self.follow = not self.follow

    def action_line(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)

    def action_page(self, pages: float) -> None:
        self.action_line(int(pages * max(self.size.height - 1, 1)))

    def action_start(self) -> None:
        self.scroll_to(y=0, animate=False, force=True)
        if self.max_scroll_y:
            self.follow = False

    def action_end(self) -> None:
        self.follow = True
        self._go_to_end()

    def action_sideways(self, half_screens: int) -> None:
        furthest = max(self._widest - self.size.width, 0)
        step = max(self.size.width // 2, 1) * half_screens
        self._left = max(0, min(self._left + step, furthest))
        self._entitle()
        self.refresh()

    def on_resize(self) -> None:
        if self.follow:
            self._go_to_end()

    def _go_to_end(self) -> None:
        if self.subject.path is not None:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    # --- how a line looks --------------------------------------------------------------

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.brush.forget()
        self._cache.clear()

    def render_line(self, y: int) -> Strip:
        number, width, base = y + self.scroll_offset.y, self.size.width, self.brush.base
        if number >= self.line_count:
            return Strip.blank(width, base)
        strip = Strip(self._selected(self._segments(number, base), number))
        self._widest = max(self._widest, strip.cell_length)
        strip = strip.crop(self._left, self._left + width).adjust_cell_length(width, base)
        return strip.apply_offsets(self._left, number)

    def _segments(self, number: int, base: Style) -> list[Segment]:
        printed = self._printed
        if number >= printed:
            ours = self.subject.after if printed else self._unprinted
            return self._our_line(ours[number - printed], base)
        assert self._file is not None
        key = (self._file.beginnings, number)
        if (cached := self._cache.get(key)) is not None:
            return cached
        spans = log_line(self._file.line(number))
        segments = [Segment(span.text, base + style_of(span.sgr)) for span in spans]
        if number < self._file.complete_lines:
            self._cache[key] = segments
        return segments

    def _our_line(self, line: Line, base: Style) -> list[Segment]:
        rule = self._glyphs.rule
        return [
            Segment(
                text.replace("─", rule) if tone == "label" else text,
                self.brush.tinted(base, f"log--{tone}"),
            )
            for text, tone in line.pieces
        ]

    # --- copying -----------------------------------------------------------------------

    @property
    def allow_select(self) -> bool:
        return True

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self.line_count - 1
        lines = ["".join(self._plain(range(first, min(last + 1, self.line_count))))]
        offset = Selection(
            selection.start and selection.start - (0, first),
            selection.end and selection.end - (0, first),
        )
        return offset.extract("".join(lines)), "\n"

    def _plain(self, numbers: Iterable[int]) -> Iterable[str]:
        for number in numbers:
            yield "".join(segment.text for segment in self._segments(number, Style.null())) + "\n"

    def _selected(self, segments: list[Segment], number: int) -> list[Segment]:
        selection = self.text_selection
        span = selection.get_span(number) if selection else None
        if span is None:
            return segments
        marked = self.screen.get_component_rich_style("screen--selection")
        return highlighted(segments, span, marked)
