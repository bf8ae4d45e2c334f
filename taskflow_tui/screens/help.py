"""The keys that work here, read off the live bindings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from taskflow_tui.typed import app_of


class KeyGroup(NamedTuple):
    """The keys of one part of the screen: each with what it does."""

    title: str
    keys: Sequence[tuple[str, str]]


def live_keys(screen: Screen[object]) -> list[KeyGroup]:
    """Return the bindings that work on `screen` now, grouped by the part they belong to."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.id is None or not binding.description or not active.enabled:
            continue
        shown = app_of(screen).get_key_display(replace(binding, key_display=None))
        keys = groups.setdefault(_title(active.node), {})
        keys.setdefault((binding.action, binding.tooltip or binding.description), []).append(shown)
    return [
        KeyGroup(
            title, [(" ".join(dict.fromkeys(keys)), what) for (_, what), keys in found.items()]
        )
        for title, found in groups.items()
    ]


class HelpScreen(ModalScreen[None]):
    """Shows groups of keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "Close", show=False, id="help.close"),
        Binding("down,j", "scroll_keys(1)", "Down", show=False, id="help.down"),
        Binding("up,k", "scroll_keys(-1)", "Up", show=False, id="help.up"),
        Binding("pagedown,ctrl+d", "scroll_keys(10)", "Page down", show=False, id="help.page-down"),
        Binding("pageup,ctrl+u", "scroll_keys(-10)", "Page up", show=False, id="help.page-up"),
    ]

    def __init__(self, groups: Sequence[KeyGroup]) -> None:
        super().__init__()
        self.groups = groups

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False) as dialog:
            dialog.border_title = Content("Keys that work here")
            dialog.border_subtitle = Content("esc closes")
            yield Static(self._text())

    def action_scroll_keys(self, lines: int) -> None:
        self.query_one("#dialog").scroll_relative(y=lines, animate=False)

    def _text(self) -> Content:
        widths = (len(keys) for group in self.groups for keys, _ in group.keys)
        width = max(widths, default=0)
        lines: list[Content] = []
        for group in self.groups:
            lines += [Content(""), Content.styled(group.title, "bold")]
            lines += [
                Content.assemble((f"  {keys:<{width}}  ", "$accent"), what)
                for keys, what in group.keys
            ]
        return Content("\n").join(lines[1:])


def _title(node: DOMNode) -> str:
    return node.BINDING_GROUP_TITLE or "Everywhere"
