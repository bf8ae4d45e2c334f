"""The styles of line-API widgets, looked up once and not once a line."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget


class Brush:
    """The style that the rules give a widget, and those of its component classes.

    Textual works `rich_style` out anew on every access, which costs as much as a whole row.
    The widget calls `forget` from its `notify_style_update`.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._base: Style | None = None

    @property
    def base(self) -> Style:
        """The widget's own style."""
        if self._base is None:
            self._base = self._widget.rich_style
        return self._base

    def tinted(self, base: Style, component: str) -> Style:
        """Return `base` with what the rules say of a component class."""
        return base + self._widget.get_component_rich_style(component, partial=True)

    def forget(self) -> None:
        """Look the styles up again: the rules have changed, or the widget's state."""
        self._base = None


def highlighted(segments: list[Segment], span: tuple[int, int], style: Style) -> list[Segment]:
    """Return `segments` with the cells of `span` drawn with `style`; -1 is the line's end."""
    line = Strip(segments)
    end = line.cell_length if span[1] == -1 else min(span[1], line.cell_length)
    start = min(span[0], end)
    lit = [Segment(text, (old or Style.null()) + style) for text, old, _ in line.crop(start, end)]
    return [*line.crop(0, start), *lit, *line.crop(end)]
