"""What has to happen later."""

from heapq import heappop, heappush
from typing import Literal, NamedTuple

from taskflow_core.outcomes import Job

TimerKind = Literal["retry", "timeout", "deadline", "kill", "run", "wake", "ready"]


class Timer(NamedTuple):
    """Something due at a moment; outdated ones are recognised when they come up."""

    at: float
    """Seconds of the monotonic clock."""
    order: int
    kind: TimerKind
    job: Job | None
    """None where it is about the run."""


class Timers:
    """A queue by time."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._count = 0

    def set(self, at: float, kind: TimerKind, job: Job | None = None) -> None:
        """Ask for `kind` to be done about `job` at `at`."""
        self._count += 1
        heappush(self._heap, Timer(at, self._count, kind, job))

    def next_at(self) -> float | None:
        """Return when the next one is due, or None."""
        heap = self._heap
        return heap[0].at if heap else None

    def pop_due(self, mono: float) -> Timer | None:
        """Remove and return the next one that is due, or None."""
        return heappop(self._heap) if self._heap and self._heap[0].at <= mono else None
