"""The app's colours: calm, dark, and few."""

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

DARK = Theme(
    name="taskflow",
    dark=True,
    primary="#7aa2d6",
    secondary="#9a8fd1",
    accent="#d9a860",
    foreground="#ced3db",
    background="#14161b",
    surface="#14161b",
    panel="#1e222a",
    success="#86b87a",
    warning="#d9a860",
    error="#e0707a",
    variables={
        "border": "#343a45",
        "border-blurred": "#343a45",
        "scrollbar": "#343a45",
        "scrollbar-hover": "#454d5b",
        "scrollbar-active": "#7aa2d6",
        "scrollbar-background": "#14161b",
        "scrollbar-background-hover": "#14161b",
        "scrollbar-background-active": "#14161b",
        "scrollbar-corner-color": "#14161b",
        "block-cursor-text-style": "none",
    },
)

VARIABLES = {
    "quiet": "#838b98",
    "quieter": "#59616e",
    "bar": "#1e222a",
    "row": "#272d38",
    "row-blurred": "#1e222a",
    "frame": "#343a45",
}
"""Colours that other themes do not know; they serve with any of them."""

OUTPUT = TerminalTheme(
    (20, 22, 27),
    (206, 211, 219),
    [
        (69, 77, 91),
        (224, 112, 122),
        (134, 184, 122),
        (217, 168, 96),
        (122, 162, 214),
        (178, 148, 209),
        (111, 181, 184),
        (206, 211, 219),
    ],
    [
        (110, 119, 133),
        (236, 140, 148),
        (160, 205, 149),
        (230, 192, 132),
        (155, 188, 230),
        (200, 175, 226),
        (143, 205, 208),
        (240, 242, 246),
    ],
)
"""The sixteen colours of the terminal's palette as task output shows them."""
