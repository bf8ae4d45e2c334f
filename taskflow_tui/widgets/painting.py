"""What line-API widgets share: styles that are looked up once, not once a line."""

from rich.style import Style
from textual.widget import Widget


class Painted(Widget):
    """A widget that paints lines with its own style and those of its component classes.

    Textual works its `rich_style` out anew on every access, which costs as much as a whole row.
    """

    _base_style: Style | None = None

    @property
    def base_style(self) -> Style:
        """The style that the widget's rules give it."""
        if self._base_style is None:
            self._base_style = self.rich_style
        return self._base_style

    def tinted(self, base: Style, component: str) -> Style:
        """Return `base` with what the rules say of a component class."""
        return base + self.get_component_rich_style(component, partial=True)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._base_style = None
