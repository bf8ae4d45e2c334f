"""The logger of a task: what the standard one takes, and facts by name."""

import logging
from typing import Any

_OWN = frozenset({"exc_info", "stack_info", "stacklevel", "extra"})
"""What the standard logger itself understands."""


class TaskLog(logging.LoggerAdapter[logging.Logger]):
    """`ctx.log.info("loaded", rows=3)` writes `loaded rows=3` to the task's output.

    The facts are also attributes of the record, as `fields`, for handlers that want them apart.
    """

    def __init__(self, task: str) -> None:
        super().__init__(logging.getLogger("taskflow.task"), {"task": task})

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a message with the facts behind it; everything else is the standard logger's."""
        if not self.isEnabledFor(level):
            return
        fields = {name: kwargs.pop(name) for name in list(kwargs) if name not in _OWN}
        text = str(msg) % args if args else str(msg)
        text += "".join(f" {name}={_shown(value)}" for name, value in fields.items())
        kwargs["extra"] = {**(self.extra or {}), "fields": fields, **(kwargs.get("extra") or {})}
        kwargs.setdefault("stacklevel", 2)  # the caller, not this
        self.logger.log(level, text, **kwargs)


def _shown(value: object) -> str:
    """Return a value as logfmt writes it: quoted where it holds a space, a quote or a `=`."""
    text = str(value)
    plain = text and not any(mark in text for mark in ' "=\n')
    return text if plain else repr(text)
