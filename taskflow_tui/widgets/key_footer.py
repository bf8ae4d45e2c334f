"""The line at the bottom: the keys that work now."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from taskflow_tui.typed import app_of, bindings_updated
from taskflow_tui.widgets.painting import Brush


class _Key(NamedTuple):
    key: str
    shown: str
    what: str


class KeyFooter(Widget):
    """Shows the live bindings of the screen in the order given, as far as there is room."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyFooter {
        height: 1;
        dock: bottom;
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"footer--key", "footer--what"}

    def __init__(self, order: Sequence[str] = ()) -> None:
        """Show the bindings with the ids `order` first; the last of them stays when it is tight."""
        super().__init__()
        self._order = {binding: place for place, binding in enumerate(order)}
        self.brush = Brush(self)
        self._keys: list[_Key] = []
        self._spots: list[tuple[int, int, str]] = []

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.brush.forget()

    def on_mount(self) -> None:
        bindings_updated(self.screen).subscribe(self, self._look)
        self._look(self.screen)

    def _look(self, screen: Screen[object]) -> None:
        if not screen.is_current:
            return
        found: dict[tuple[str, str], tuple[float, _Key]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                shown = binding.key_display or app_of(self).get_key_display(binding)
                place = self._order.get(binding.id or "", len(self._order) - 1.5)
                entry = place, _Key(binding.key, shown, binding.description)
                found.setdefault((binding.action, binding.description), entry)
        keys = [key for _, key in sorted(found.values(), key=lambda entry: entry[0])]
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        width, base = self.size.width, self.brush.base
        keys, gap = self._fitting(width)
        strong = self.brush.tinted(base, "footer--key")
        weak = self.brush.tinted(base, "footer--what")
        segments = [Segment(" ", base)]
        self._spots, column = [], 1
        for key in keys:
            end = column + len(key.shown) + 1 + len(key.what)
            self._spots.append((column, end, key.key))
            segments += [
                Segment(key.shown, strong),
                Segment(f" {key.what}{' ' * gap}", weak),
            ]
            column = end + gap
        return Strip(segments).adjust_cell_length(width, base)

    def _fitting(self, width: int) -> tuple[list[_Key], int]:
        keys = list(self._keys)
        for gap in (3, 2):
            if _width(keys, gap) <= width:
                return keys, gap
        while len(keys) > 2 and _width(keys, 2) > width:
            del keys[-2]
        return keys, 2

    def on_click(self, event: events.Click) -> None:
        for start, end, key in self._spots:
            if start <= event.x < end:
                app_of(self).simulate_key(key)


def _width(keys: list[_Key], gap: int) -> int:
    return 1 + sum(len(key.shown) + 1 + len(key.what) + gap for key in keys) - gap
