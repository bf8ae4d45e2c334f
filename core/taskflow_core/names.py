"""What a task may be called."""

import re

from taskflow_core.errors import DefinitionError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,127}")
RULE = (
    "A name starts with a letter or digit, then come letters, digits, `_`, `.`, `-` and spaces, "
    "128 at most."
)


def is_name(text: str) -> bool:
    """Say whether a task may be called that."""
    return _NAME.fullmatch(text) is not None


def check_name(text: str) -> str:
    """Return `text` if a task may be called that.

    Raises:
        DefinitionError: it may not.
    """
    if not is_name(text):
        raise DefinitionError(f"{text!r} is no task name", hint=RULE)
    return text
