"""Which ready task starts next, and whether there is a slot for it."""

from heapq import heapify, heappop, heappush

from taskflow_core.plan import Plan

THREADS = "threads"
PROCESSES = "processes"
LANES = (THREADS, PROCESSES)
"""Executors share slots by lane: threads of this process, and processes of their own."""

LANE_OF = {"thread": THREADS, "process": PROCESSES, "shell": PROCESSES}


class ReadyQueue:
    """The ready tasks of each lane in their order, and the slots they may take.

    The order is: longest way to the end first (in tasks), then file order; it never depends on
    timing. Ranks are small integers, so the heaps stay cheap.
    """

    def __init__(self, plan: Plan, slots: dict[str, int], total: int | None) -> None:
        self.lane_of = [LANE_OF[spec.options.executor] for spec in plan.tasks]
        longest = plan.longest
        self._by_rank = sorted(range(len(longest)), key=longest.__getitem__, reverse=True)
        self._rank = [0] * len(longest)
        for rank, number in enumerate(self._by_rank):
            self._rank[number] = rank
        self._heaps: dict[str, list[int]] = {lane: [] for lane in LANES}
        self._taken: dict[str, int] = dict.fromkeys(LANES, 0)
        self._taken_in_all = 0
        self._slots = slots
        self._total = sum(slots.values()) if total is None else total

    def push(self, number: int) -> None:
        """Add a task that became ready."""
        heappush(self._heaps[self.lane_of[number]], self._rank[number])

    def take(self, lane: str) -> int | None:
        """Return the next task of `lane` and take a slot for it; None if there is none."""
        heap = self._heaps[lane]
        full = self._taken_in_all >= self._total or self._taken[lane] >= self._slots[lane]
        if full or not heap:
            return None
        self._taken[lane] += 1
        self._taken_in_all += 1
        return self._by_rank[heappop(heap)]

    def give_back(self, number: int) -> None:
        """Free the slot that the task held."""
        self._taken[self.lane_of[number]] -= 1
        self._taken_in_all -= 1

    def startable(self, lane: str) -> int:
        """Return how many tasks of `lane` could start now."""
        ready = len(self._heaps[lane])
        if not ready:
            return 0
        free = min(self._slots[lane] - self._taken[lane], self._total - self._taken_in_all)
        return min(ready, free)

    def remove(self, number: int) -> None:
        """Take a task out of the queue, if it is there."""
        lane, rank = self.lane_of[number], self._rank[number]
        heap = [other for other in self._heaps[lane] if other != rank]
        heapify(heap)
        self._heaps[lane] = heap

    def clear(self) -> None:
        """Take every task out of the queue."""
        for heap in self._heaps.values():
            heap.clear()
