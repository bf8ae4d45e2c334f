"""An exception as plain data, whatever its class does."""

import traceback
from types import TracebackType

from taskflow_core.errors import Fail, Retry, Skip
from taskflow_core.outcomes import Failed, Outcome, Skipped

LONGEST = 16 * 1024
"""Characters kept of a message; of a traceback four times as many."""


def outcome_of(error: BaseException, *, own_frames: int = 1) -> Outcome:
    """Return how an attempt ends that raised `error`.

    Args:
        error: What was raised.
        own_frames: So many of the outermost frames are ours and left out of the traceback.
    """
    if isinstance(error, Skip):
        return Skipped(text_of(error))
    return Failed(
        error=describe(error),
        traceback=_traceback(error, own_frames),
        names=tuple(_names(type(error))),
        final=isinstance(error, Fail),
        asks_again=isinstance(error, Retry),
        retry_after=error.after if isinstance(error, Retry) else None,
    )


def describe(error: BaseException) -> str:
    """Return the exception's class and message in one text, as a traceback's last line has it."""
    if isinstance(error, SystemExit):
        return f"the task called sys.exit({text_of(error)})"
    text = text_of(error)
    if isinstance(error, Fail | Retry):
        return text or type(error).__name__
    return f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__


def text_of(error: BaseException) -> str:
    """Return `str(error)`, cut to a sane length, even if the class's own `__str__` raises."""
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001  a hostile __str__ may raise anything
        return f"<unprintable: its __str__ raised {type(broken).__name__}>"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… {len(text) - LONGEST} more"


def _names(kind: type[BaseException]) -> list[str]:
    names: list[str] = []
    for base in kind.__mro__:
        if base is not object:
            names += [base.__name__, f"{base.__module__}.{base.__qualname__}"]
    return names


def _traceback(error: BaseException, own_frames: int) -> str | None:
    frames: TracebackType | None = error.__traceback__
    for _ in range(own_frames):
        frames = frames.tb_next if frames is not None else None
    try:
        text = "".join(traceback.format_exception(type(error), error, frames))
    except Exception:  # noqa: BLE001  a hostile __str__ may raise anything
        return None
    limit = 4 * LONGEST
    return text if len(text) <= limit else f"{text[: limit // 2]}\n…\n{text[-limit // 2 :]}"
