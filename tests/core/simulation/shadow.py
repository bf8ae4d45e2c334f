"""What the witness knows of a run: folded from the events a second time, without `RunState`."""

from collections import Counter
from collections.abc import Iterator
from math import inf

from taskflow_core.lanes import LANE_OF, WAITS
from taskflow_core.plan import Plan
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.simulation import oracle

Ended = tuple[int, int, str]
"""Epoch, attempt, how it ended."""


class TaskShadow:
    """A task."""

    __slots__ = (
        "attempt", "by_rule", "cancel_asked", "crashes", "deadline", "due_at", "ended",
        "epoch", "expansion", "failures", "first_start", "held", "lane", "limits", "live",
        "pool", "ready", "reopens", "started", "status", "stopped", "succeeded", "told_at",
        "was_open",
    )  # fmt: skip

    def __init__(self, lane: str, pool: str | None, limits: tuple[int, ...] = ()) -> None:
        self.lane = lane
        self.pool = pool
        self.limits = limits
        """The containers that say how many of their tasks run at once."""
        self.expansion: int | None = None
        """How many children take part, once it was opened."""
        self.was_open = False
        """It is open, or was since it last began to wait."""
        self.reopens = False
        """It is about to open again, because a child of it runs again."""
        self.status = TaskStatus.PENDING
        self.held: str | None = None
        self.ready: tuple[float, int] = (0.0, 0)
        """When it became READY, and after how many starts."""
        self.epoch = 0
        self.attempt = 0
        """The newest of its epoch."""
        self.live: str | None = None
        """QUEUED, RUNNING, STOPPING or KILLING while an attempt is live."""
        self.started: float | None = None
        """When the live attempt began; None while it is queued."""
        self.told_at = 0.0
        self.cancel_asked = False
        """Somebody asked for the end of the live attempt."""
        self.succeeded = False
        """Its last attempt did; what follows may be held back by a breakpoint."""
        self.stopped = False
        """Its last attempt was."""
        self.by_rule = False
        """It was skipped because of what is upstream."""
        self.ended: list[Ended] = []
        self.due_at = 0.0
        self.forgive()

    @property
    def is_open(self) -> bool:
        """It waits for its children."""
        return self.status is TaskStatus.WAITING and self.expansion is not None

    def forgive(self) -> None:
        """Begin a new budget."""
        self.failures = 0
        self.crashes = 0
        self.first_start: float | None = None
        """In seconds of work, as `Shadow.worked` counts; None until a worker has begun it."""
        self.deadline: float | None = None
        """When all its attempts have to be over, in seconds of work."""


class Shadow:
    """The run and its tasks."""

    def __init__(self, plan: Plan, slots: dict[str, int], total: int) -> None:
        self.plan = plan
        self.state = RunStatus.CREATED
        self.by: str | None = None
        """Who cancelled it, while it is being cancelled."""
        self.tasks = [self._new(number) for number in range(len(plan.tasks))]
        self.breakpoints: dict[tuple[str, str], tuple[str | None, int]] = {}
        self.reached: Counter[tuple[str, str]] = Counter()
        self.holds: set[str] = set()
        self.allowed: set[int] = set()
        """What may start although the run is paused."""
        self.allowed_within: set[int] = set()
        """The containers among these whose children may start, too."""
        self.slots = dict(slots)
        self.total = total
        self.is_ending = False
        """A failure said that nothing new starts any more."""
        self.gives_up = False
        """Since a failure that ends the run, nothing is tried again."""
        self.still_cancelled_by: str | None = None
        """Who cancelled the run that was taken up in this turn."""
        self.idle = 0.0
        """Seconds in which nobody worked on the run."""
        self.started_at = 0.0
        self.last_sign = 0.0
        """When the run last did something that stays."""
        self.order = oracle.start_order(plan)
        self.starts = 0
        """How many attempts this process has started."""

    def _new(self, number: int) -> TaskShadow:
        executor, pool, limits = self.plan.kind(number)
        return TaskShadow(WAITS if executor == WAITS else LANE_OF[executor], pool, limits)

    def grow(self, number: int, children: int) -> None:
        """Learn of the children of a mapped task: they start where it would."""
        before = sum(self.plan.nesting.mapped_around(n) == number for n in self._added())
        for place, new in enumerate(self.plan.grow(number, children), before):
            self.tasks.append(self._new(new))
            priority = -self.plan.tasks[new].options.priority
            self.order.append((priority, *self.order[number][1:], place))

    def _added(self) -> range:
        return range(self.plan.nesting.written, len(self.plan.tasks))

    def children(self, number: int) -> list[int]:
        """Return the children of a container that take part."""
        return self.plan.nesting.children.get(number, [])[: self.tasks[number].expansion]

    @property
    def statuses(self) -> list[TaskStatus]:
        return [task.status for task in self.tasks]

    def worked(self, wall: float) -> float:
        """Return a moment in seconds of work: it stands still while nobody watches the run."""
        return wall - self.idle

    def deadline_of(self, number: int) -> float | None:
        """Return when a task has to be over, in seconds of work, if it has to."""
        longest = self.plan.tasks[number].options.retry.max_elapsed
        return longest if longest is None else (self.tasks[number].first_start or 0.0) + longest

    def time_left(self, number: int, wall: float) -> float:
        """Return how many seconds a task has for all its attempts."""
        longest = self.plan.tasks[number].options.retry.max_elapsed
        if longest is None:
            return inf
        deadline = self.tasks[number].deadline
        return longest if deadline is None else deadline - self.worked(wall)

    def live(self) -> Iterator[TaskShadow]:
        return (task for task in self.tasks if task.live is not None)

    def may_start(self, number: int) -> bool:
        """Say whether the run's state lets a ready task start."""
        if self.state is RunStatus.RUNNING:
            return True
        return self.state is RunStatus.PAUSED and number in self.allowed

    def has_slot(self, task: TaskShadow) -> bool:
        """Say whether one more like `task` could run."""
        live = list(self.live())
        if len(live) >= self.total:
            return False
        if sum(other.lane == task.lane for other in live) >= self.slots[task.lane]:
            return False
        for container in task.limits:
            most = self.plan.tasks[container].max_parallel or 0
            if sum(container in other.limits for other in live) >= most:
                return False
        pool = task.pool
        return pool is None or sum(other.pool == pool for other in live) < self.plan.pools[pool]

    def startable(self, lane: str) -> list[int]:
        """Return the tasks of a lane that could start now, the next one first."""
        found = [
            number
            for number, task in enumerate(self.tasks)
            if task.status is TaskStatus.READY
            and task.lane == lane
            and self.may_start(number)
            and self.has_slot(task)
        ]
        return sorted(found, key=self._place)

    def becomes_ready(self, task: TaskShadow, at: float) -> None:
        """Note that a task is READY from now on."""
        task.status = TaskStatus.READY
        task.ready = (at, self.starts)

    def _place(self, number: int) -> tuple[float, ...]:
        """Return the place of a task among those that are ready."""
        priority, *rest = self.order[number]
        since = self.tasks[number].ready if self.plan.ready_order == "fifo" else ()
        return (priority, *since, *rest)

    def verdict(self, number: int) -> str:
        """Return what becomes of a task now, by its container and its rule."""
        parent = self.plan.nesting.parents[number]
        if parent is not None:
            container = self.tasks[parent]
            if container.status in {TaskStatus.PENDING, TaskStatus.READY, TaskStatus.HELD}:
                if container.held in {None, "before"}:
                    return "wait"
            elif container.status is not TaskStatus.WAITING and not container.was_open:
                is_skipped = container.status in {TaskStatus.SKIPPED, TaskStatus.SUCCEEDED}
                return "skip" if is_skipped else "block"
            if self.plan.nesting.is_copy(number):
                return "run"
        rule = self.plan.tasks[number].options.trigger_rule
        return oracle.verdict(rule, oracle.seen_by(number, self.plan, self.statuses))

    def stops_at(self, stop: str, number: int) -> bool:
        """Count that a task comes to a place, and say whether a breakpoint stops it there."""
        key = (self.plan.tasks[number].name, stop)
        place = self.breakpoints.get(key)
        if place is None or place[0] == "no":
            return False
        self.reached[key] += 1
        return self.reached[key] >= place[1]
