"""Colours of task output as Rich styles."""

from functools import lru_cache

from rich.color import Color as RichColor
from rich.style import Style

from taskflow_tui.terminal_text import Color, Sgr


@lru_cache(1024)
def style_of(sgr: Sgr) -> Style:
    """Return the Rich style that draws like `sgr`; what it leaves open stays open."""
    return Style(
        color=_color(sgr.color),
        bgcolor=_color(sgr.background),
        bold=sgr.bold or None,
        dim=sgr.dim or None,
        italic=sgr.italic or None,
        underline=sgr.underline or None,
        reverse=sgr.reverse or None,
        strike=sgr.strike or None,
    )


def _color(color: Color | None) -> RichColor | None:
    if color is None:
        return None
    if isinstance(color, int):
        return RichColor.from_ansi(color)
    return RichColor.from_rgb(*color)
