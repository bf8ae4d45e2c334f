"""Which ready task starts next, and whether there is a slot for it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from taskflow_core.lanes import LANE_OF, LANES, PROCESSES, THREADS
from taskflow_core.plan import Plan

__all__ = ["LANES", "LANE_OF", "PROCESSES", "THREADS", "ReadyQueue"]


class _Slots:
    """How many tasks may run at once, and how many more may start."""

    __slots__ = ("free", "size")

    def __init__(self, size: int) -> None:
        self.size = self.free = size

    def resize(self, size: int) -> None:
        self.free += size - self.size
        self.size = size


class _Queue:
    """The ready tasks of one lane and one pool, by rank, and the slots of which each takes one."""

    __slots__ = ("lane", "ready", "slots")

    def __init__(self, lane: str, slots: Sequence[_Slots]) -> None:
        self.lane = lane
        self.slots = slots
        self.ready: list[int] = []

    def can_start(self) -> bool:
        """Say whether there is a task, and a slot of each kind for it."""
        return bool(self.ready) and all(slots.free > 0 for slots in self.slots)

    def shift(self, by: int) -> None:
        """Give back one of each slot, or with -1 take it."""
        for slots in self.slots:
            slots.free += by


class ReadyQueue:
    """The ready tasks in their order, and the slots they may take.

    The order is: higher priority first, then the longest way to the end, then file order; it never
    depends on timing. Ranks are small integers, so the heaps stay cheap.

    Args:
        plan: The tasks.
        slots: How many tasks may run at once in each lane.
        total: How many tasks may run at once in all.
        lane_of: The lane of each executor.
        longest: For each task what is left on its longest way to the end; by default in tasks.
    """

    def __init__(
        self,
        plan: Plan,
        slots: Mapping[str, int],
        total: int | None,
        lane_of: Mapping[str, str] = LANE_OF,
        longest: Sequence[float] | None = None,
    ) -> None:
        layout = plan.layout if longest is None else plan.layout_by(longest)
        self._by_rank, self._rank = layout.start_order, layout.rank
        self._run = _Slots(sum(slots.values()) if total is None else total)
        self._lanes = {lane: _Slots(slots.get(lane, 1)) for lane in LANES}
        pools = {pool: _Slots(count) for pool, count in plan.pools.items()}
        found: dict[tuple[str, str | None], _Queue] = {}
        by_kind: list[_Queue] = []
        for executor, pool in layout.kinds:
            lane = lane_of[executor]
            needed = [self._lanes[lane], self._run, *([pools[pool]] if pool else ())]
            by_kind.append(found.setdefault((lane, pool), _Queue(lane, needed)))
        self._queues = list(found.values())
        self._queue_of = [by_kind[kind] for kind in layout.kind_of]
        self._of_lane = {lane: [q for q in self._queues if q.lane == lane] for lane in LANES}
        self._only = self._queues[0] if len(found) == 1 and not pools else None
        """The only queue of the run: nearly always there is one, and it is the hot path."""
        if self._only is not None:  # then one kind of slots says it all
            self._run.resize(min(self._run.size, self._lanes[self._only.lane].size))
            self._only.slots = (self._run,)

    @property
    def lanes(self) -> list[str]:
        """The lanes that there are tasks for."""
        return sorted({queue.lane for queue in self._queues})

    def push(self, number: int) -> None:
        """Add a task that became ready."""
        heappush(self._queue_of[number].ready, self._rank[number])

    def take(self, lane: str, among: Collection[int] | None = None) -> int | None:
        """Return the next task of `lane` and take its slots; None if none may start.

        Args:
            lane: Where there is a thread for it.
            among: Only these tasks may start; None means all.
        """
        if among is not None:
            return self._take_among(lane, among)
        only = self._only
        if only is not None:
            run = self._run
            if run.free <= 0 or not only.ready or only.lane != lane:
                return None
            run.free -= 1
            return self._by_rank[heappop(only.ready)]
        best: _Queue | None = None
        for queue in self._of_lane[lane]:
            if queue.can_start() and (best is None or queue.ready[0] < best.ready[0]):
                best = queue
        if best is None:
            return None
        best.shift(-1)
        return self._by_rank[heappop(best.ready)]

    def occupy(self, number: int) -> None:
        """Take the slots of a task that runs already."""
        self._queue_of[number].shift(-1)

    def give_back(self, number: int) -> None:
        """Free the slots that the task held."""
        if self._only is not None:
            self._run.free += 1
        else:
            self._queue_of[number].shift(1)

    def startable(self, lane: str, among: Collection[int] | None = None) -> bool:
        """Say whether a task of `lane` could start now, or one that is `among` these."""
        if self._only is not None and among is None:
            return self._run.free > 0 and bool(self._only.ready) and self._only.lane == lane
        for queue in self._of_lane[lane]:
            if queue.can_start():
                if among is None:
                    return True
                if any(self._by_rank[rank] in among for rank in queue.ready):
                    return True
        return False

    def waiting(self) -> list[int]:
        """Return the tasks in the queue, in the order in which they would start."""
        ranks = sorted(rank for queue in self._queues for rank in queue.ready)
        return [self._by_rank[rank] for rank in ranks]

    def in_order(self, numbers: Iterable[int]) -> list[int]:
        """Return tasks in the order in which they would start."""
        return sorted(numbers, key=self._rank.__getitem__)

    def remove(self, number: int) -> None:
        """Take a task out of the queue, if it is there."""
        self.remove_all([number])

    def remove_all(self, numbers: Iterable[int]) -> None:
        """Take these tasks out of the queue, where they are in it."""
        gone = {self._rank[number] for number in numbers}
        for queue in self._queues:
            queue.ready = [rank for rank in queue.ready if rank not in gone]
            heapify(queue.ready)

    def clear(self) -> None:
        """Take every task out of the queue."""
        for queue in self._queues:
            queue.ready.clear()

    def resize(self, total: int) -> None:
        """From now on let at most `total` tasks run at once; those that run go on."""
        for lane in (THREADS, PROCESSES):
            self._lanes[lane].resize(total)
        only = self._only
        self._run.resize(total if only is None else min(total, self._lanes[only.lane].size))

    def _take_among(self, lane: str, among: Collection[int]) -> int | None:
        ranks = [
            rank
            for queue in self._of_lane[lane]
            if queue.can_start()
            for rank in queue.ready
            if self._by_rank[rank] in among
        ]
        if not ranks:
            return None
        number = self._by_rank[min(ranks)]
        self.remove(number)
        self._queue_of[number].shift(-1)
        return number
