"""A clock that stands still until it is told to move."""

from taskflow_core.clock import Instant

EPOCH = 1_000_000_000.0
"""What a fake clock shows at first: a moment in 2001, in Unix seconds."""


class FakeClock:
    """Tells a time that somebody makes up; it takes the place of a `SystemClock`.

    Args:
        wall: Unix seconds that it shows at first.
        mono: Monotonic seconds that it shows at first.
    """

    def __init__(self, wall: float = EPOCH, mono: float = 0.0) -> None:
        self._now = Instant(wall, mono)

    def now(self) -> Instant:
        return self._now

    def advance(self, seconds: float) -> Instant:
        """Let time pass, and return what time it is then.

        Raises:
            ValueError: `seconds` is negative; time does not run backwards.
        """
        if seconds < 0:
            raise ValueError(f"{seconds} s is negative: time does not run backwards")
        self._now = Instant(self._now.wall + seconds, self._now.mono + seconds)
        return self._now
