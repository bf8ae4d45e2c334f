"""Errors as short messages on the screen."""

from textual.widget import Widget

from taskflow_core.errors import TaskflowError
from taskflow_tui.terminal_text import safe_text


def complain(widget: Widget, error: Exception) -> None:
    """Show `error` for a while: the fact, and what to do about it."""
    fact = safe_text(str(error)) or type(error).__name__
    expected = isinstance(error, TaskflowError | OSError)
    lines = [fact if expected else f"{type(error).__name__}: {fact}"]
    if isinstance(error, TaskflowError) and error.hint:
        lines.append(safe_text(error.hint))
    widget.notify("\n".join(lines), severity="error", timeout=8, markup=False)
