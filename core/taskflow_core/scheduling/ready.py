"""Which ready task starts next, and whether there is a slot for it."""

from heapq import heapify, heappop, heappush

from taskflow_core.plan import Plan

THREADS = "threads"
PROCESSES = "processes"
LANES = (THREADS, PROCESSES)
"""Executors share slots by lane: threads of this process, and processes of their own."""

LANE_OF = {"thread": THREADS, "process": PROCESSES, "shell": PROCESSES}


class _Lane:
    """The ready tasks of a lane by rank, and how many more of them may start."""

    __slots__ = ("free", "name", "ready")

    def __init__(self, name: str, slots: int) -> None:
        self.name = name
        self.free = slots
        self.ready: list[int] = []


class ReadyQueue:
    """The ready tasks of each lane in their order, and the slots they may take.

    The order is: longest way to the end first (in tasks), then file order; it never depends on
    timing. Ranks are small integers, so the heaps stay cheap.
    """

    def __init__(self, plan: Plan, slots: dict[str, int], total: int | None) -> None:
        longest = plan.longest
        self._by_rank = sorted(range(len(longest)), key=longest.__getitem__, reverse=True)
        self._rank = [0] * len(longest)
        for rank, number in enumerate(self._by_rank):
            self._rank[number] = rank
        self._lanes = {lane: _Lane(lane, slots[lane]) for lane in LANES}
        self._lane_of = [self._lanes[LANE_OF[spec.options.executor]] for spec in plan.tasks]
        self._free = sum(slots.values()) if total is None else total

    @property
    def lanes(self) -> list[str]:
        """The lanes that there are tasks for."""
        return sorted({lane.name for lane in set(self._lane_of)})

    def push(self, number: int) -> None:
        """Add a task that became ready."""
        heappush(self._lane_of[number].ready, self._rank[number])

    def take(self, lane: str) -> int | None:
        """Return the next task of `lane` and take a slot for it; None if there is none."""
        place = self._lanes[lane]
        if not place.ready or place.free <= 0 or self._free <= 0:
            return None
        place.free -= 1
        self._free -= 1
        return self._by_rank[heappop(place.ready)]

    def give_back(self, number: int) -> None:
        """Free the slot that the task held."""
        self._lane_of[number].free += 1
        self._free += 1

    def startable(self, lane: str) -> bool:
        """Say whether a task of `lane` could start now."""
        place = self._lanes[lane]
        return place.free > 0 and self._free > 0 and bool(place.ready)

    def remove(self, number: int) -> None:
        """Take a task out of the queue, if it is there."""
        lane, rank = self._lane_of[number], self._rank[number]
        lane.ready = [other for other in lane.ready if other != rank]
        heapify(lane.ready)

    def clear(self) -> None:
        """Take every task out of the queue."""
        for lane in self._lanes.values():
            lane.ready.clear()
