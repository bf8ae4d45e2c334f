"""Which ready task starts next, and whether there is a slot for it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from taskflow_core.lanes import LANE_OF, LANES, PROCESSES, SERVICES, THREADS, WAITS
from taskflow_core.plan import Plan

__all__ = ["LANES", "LANE_OF", "PROCESSES", "THREADS", "ReadyQueue"]

_BITS = 20
"""Of the rank of a task that was added: so many may be added to one container, and those of a
container inside of it each have room for as many."""


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

    The order is that of the plan's layout; it never depends on timing. Ranks are small integers, so
    the heaps stay cheap.

    Args:
        plan: The tasks.
        slots: How many tasks may run at once in each lane.
        total: How many tasks may run at once in all.
        lane_of: The lane of each executor.
        longest: For each task what is left on its longest way to the end, if not in tasks; for
            plans whose order goes by it.
    """

    def __init__(
        self,
        plan: Plan,
        slots: Mapping[str, int],
        total: int | None,
        lane_of: Mapping[str, str] = LANE_OF,
        longest: Sequence[float] | None = None,
    ) -> None:
        layout = plan.layout
        if longest is not None and plan.ready_order == "critical":
            layout = plan.layout_by(longest)
        self._plan, self._lane_of = plan, lane_of
        self._run = _Slots(sum(slots.values()) if total is None else total)
        self._lanes = {lane: _Slots(slots.get(lane, 1)) for lane in LANES}
        self._pools = {pool: _Slots(count) for pool, count in plan.pools.items()}
        self._limits: dict[int, _Slots] = {}
        """How many of its tasks a container lets run at once."""
        self._queues: dict[tuple[str, str | None, tuple[int, ...]], _Queue] = {}
        self._of_lane: dict[str, list[_Queue]] = {lane: [] for lane in (*LANES, SERVICES, WAITS)}
        by_kind = [self._queue(*kind) for kind in layout.kinds]
        self._queue_of = [by_kind[kind] for kind in layout.kind_of]
        self._by_rank: list[int] | dict[int, int] = layout.start_order
        self._rank, self._place = layout.rank, layout.place
        """For each task its place among all, and among those of its priority."""
        self._width = 0
        """Bits of a place; in front of them there is the priority, if tasks are added."""
        self._room: dict[int, int] = {}
        """For each task how many bits there are between its rank and the next one."""
        self._added: dict[int, int] = {}
        if plan.is_dynamic:
            self._leave_room()
            for number in range(plan.nesting.written, len(plan.tasks)):
                self.grow(plan.nesting.mapped_around(number), [number])
        self._only = self._only_queue()
        """The only queue of the run: nearly always there is one, and it is the hot path."""
        if self._only is not None:  # then one kind of slots says it all
            self._run.resize(min(self._run.size, self._lanes[self._only.lane].size))
            self._only.slots = (self._run,)

    def grow(self, container: int, new: Sequence[int]) -> None:
        """Learn of tasks that were added to a container: they start where it would."""
        room = self._room[container] - _BITS
        first = self._added.get(container, 0) + 1
        self._added[container] = first + len(new) - 1
        for place, number in enumerate(new, first):
            self._place.append(self._place[container] + (place << room))
            self._rank.append(self._rank_of(number))
            self._by_rank[self._rank[number]] = number
            self._room[number] = room
            self._queue_of.append(self._queue(*self._plan.kind(number)))

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
        ranks = sorted(rank for queue in self._queues.values() for rank in queue.ready)
        return [self._by_rank[rank] for rank in ranks]

    def in_order(self, numbers: Iterable[int]) -> list[int]:
        """Return tasks in the order in which they would start."""
        return sorted(numbers, key=self._rank.__getitem__)

    def remove(self, number: int) -> None:
        """Take a task out of the queue, if it is there."""
        self.remove_all([number])

    def remove_all(self, numbers: Iterable[int]) -> None:
        """Take these tasks out of the queue, where they are in it."""
        gone = set(numbers)
        for queue in self._queues.values():
            queue.ready = [rank for rank in queue.ready if self._by_rank[rank] not in gone]
            heapify(queue.ready)

    def clear(self) -> None:
        """Take every task out of the queue."""
        for queue in self._queues.values():
            queue.ready.clear()

    def resize(self, total: int) -> None:
        """From now on let at most `total` tasks run at once; those that run go on."""
        for lane in (THREADS, PROCESSES):
            self._lanes[lane].resize(total)
        only = self._only
        self._run.resize(total if only is None else min(total, self._lanes[only.lane].size))

    def _queue(self, executor: str, pool: str | None, limits: tuple[int, ...]) -> _Queue:
        """Return the queue of the tasks that take slots of these."""
        if executor == WAITS:
            return self._queue_in(WAITS, None, (), ())
        if executor == SERVICES:
            return self._queue_in(SERVICES, pool, (), [self._pools[pool]] if pool else [])
        lane = self._lane_of[executor]
        needed = [self._lanes[lane], self._run, *([self._pools[pool]] if pool else ())]
        needed += [self._limit(container) for container in limits]
        return self._queue_in(lane, pool, limits, needed)

    def _queue_in(
        self, lane: str, pool: str | None, limits: tuple[int, ...], slots: Sequence[_Slots]
    ) -> _Queue:
        key = (lane, pool, limits)
        if key not in self._queues:
            self._queues[key] = _Queue(lane, slots)
            self._of_lane[lane].append(self._queues[key])
        return self._queues[key]

    def _limit(self, container: int) -> _Slots:
        most = self._plan.tasks[container].max_parallel or 1
        return self._limits.setdefault(container, _Slots(most))

    def _rank_of(self, number: int) -> int:
        priority = self._plan.tasks[number].options.priority
        return (-priority << self._width) + self._place[number]

    def _only_queue(self) -> _Queue | None:
        if len(self._queues) != 1 or self._pools or self._plan.is_dynamic:
            return None
        only = next(iter(self._queues.values()))
        return None if only.lane not in LANES or self._limits else only

    def _leave_room(self) -> None:
        """Put the ranks so far apart that those of children to come have room between them."""
        depth = 1 + max((spec.name.count("[]") for spec in self._plan.templates), default=0)
        self._place = [place << _BITS * depth for place in self._place]
        self._width = (len(self._place) << _BITS * depth).bit_length()
        self._rank = [self._rank_of(number) for number in range(len(self._place))]
        self._by_rank = {rank: number for number, rank in enumerate(self._rank)}
        self._room = dict.fromkeys(range(len(self._rank)), _BITS * depth)

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
