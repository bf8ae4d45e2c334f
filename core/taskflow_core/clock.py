"""Time, as a thing that is handed in."""

from time import monotonic, time
from typing import Protocol

import msgspec


class Instant(msgspec.Struct, frozen=True, gc=False):
    """One moment on two clocks."""

    wall: float
    """Seconds since the Unix epoch: what is recorded."""
    mono: float
    """Seconds that never jump: what timeouts count in."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Instant: ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Instant:
        return Instant(time(), monotonic())
