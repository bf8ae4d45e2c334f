"""What is raised for an expression that is wrong, or that cannot be evaluated."""

from taskflow_core.errors import TaskflowError

_SHOWN = 80


class ExpressionError(TaskflowError):
    """An expression that is wrong, or that cannot be evaluated."""

    def __init__(self, message: str, *, hint: str | None = None, offset: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        """Where in the text, in characters from its start."""

    def moved(self, by: int) -> "ExpressionError":
        """Return the error with its place counted from `by` characters further left."""
        return ExpressionError(str(self), hint=self.hint, offset=self.offset + by)


def shown(text: str) -> str:
    """Return `text` on one line, shortened for a message."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
