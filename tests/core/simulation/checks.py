"""What every check uses: how a violation is said, and which function checks which kind of event."""

from collections.abc import Callable
from typing import Any, TypeVar

import taskflow_core.events as ev

ALMOST = 1e-6
"""Seconds by which two computations of one moment may differ."""

_Check = TypeVar("_Check", bound=Callable[..., None])
CHECKS: dict[type[ev.Event], Callable[..., None]] = {}
"""By kind of event: called with the witness and the event, and for events of tasks with the task's
number and shadow. It checks, and brings the shadow up to date."""


class ViolationError(AssertionError):
    """The scheduler did what it must not do, or did not do what it must."""


def require(holds: bool, what: str, about: Any = "") -> None:
    """Raise ViolationError unless it holds."""
    if not holds:
        raise ViolationError(f"{what} {about}")


def checks(kind: type[ev.Event]) -> Callable[[_Check], _Check]:
    """Make a function the one that checks events of `kind`."""

    def register(check: _Check) -> _Check:
        CHECKS[kind] = check
        return check

    return register
