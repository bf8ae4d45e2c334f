"""Parts of Textual that it declares without their type parameters."""

from typing import cast

from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen
from textual.signal import Signal


def app_of(node: DOMNode) -> App[None]:
    """Return the app that `node` belongs to."""
    return cast("App[None]", node.app)  # pyright: ignore[reportUnknownMemberType]


def bindings_updated(screen: Screen[object]) -> Signal[Screen[object]]:
    """Return the signal that the live bindings of `screen` have changed."""
    signal = screen.bindings_updated_signal  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast("Signal[Screen[object]]", signal)
