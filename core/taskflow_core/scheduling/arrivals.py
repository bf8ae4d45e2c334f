"""Ready tasks in the order in which they became ready."""

from collections.abc import Collection, Mapping, Sequence
from heapq import heappush

from taskflow_core.lanes import LANE_OF, WAITS
from taskflow_core.plan import Plan
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.state import TaskState

_MICRO = 1_000_000
_BITS = 64
"""Room for a moment in microseconds, and for the number of a start."""


class ArrivalQueue(ReadyQueue):
    """The ready tasks, those that became ready first in front.

    The order is: higher priority first, then the moment at which a task became READY, then the
    round, then file order. A new round begins at the same moment when a task was started and those
    behind it became ready without any time going by.

    Args:
        tasks: The tasks' states, which know since when each is ready.
        plan: The tasks.
        slots: How many tasks may run at once in each lane.
        total: How many tasks may run at once in all.
        lane_of: The lane of each executor.
        longest: Not looked at.
    """

    def __init__(
        self,
        tasks: Sequence[TaskState],
        plan: Plan,
        slots: Mapping[str, int],
        total: int | None,
        lane_of: Mapping[str, str] = LANE_OF,
        longest: Sequence[float] | None = None,
    ) -> None:
        del longest
        self._by_place = _ByArrival()
        super().__init__(plan, slots, total, lane_of)
        self._tasks = tasks
        self._starts = 0
        self._bits = self._width or len(tasks).bit_length()
        self._by_place.mask = (1 << self._bits) - 1
        self._by_place.update({place: number for number, place in enumerate(self._place)})
        self._by_rank = self._by_place

    def grow(self, container: int, new: Sequence[int]) -> None:
        super().grow(container, new)
        self._by_place.update({self._place[number]: number for number in new})

    def push(self, number: int) -> None:
        heappush(self._queue_of[number].ready, self._arrival(number))

    def take(self, lane: str, among: Collection[int] | None = None) -> int | None:
        number = super().take(lane, among)
        self._starts += number is not None and lane != WAITS
        return number

    def _arrival(self, number: int) -> int:
        """Return the place of a task that is ready now, its rank among all in the last bits."""
        moment = round(self._tasks[number].ready_at * _MICRO)
        place = (-self._plan.tasks[number].options.priority << _BITS) + moment
        return (((place << _BITS) + self._starts) << self._bits) + self._place[number]


class _ByArrival(dict[int, int]):
    """The tasks by rank, and by what a rank is the end of."""

    mask = 0
    """What of a rank is the place."""

    def __missing__(self, arrival: int) -> int:
        return self[arrival & self.mask]
