"""What the witness knows of a run: folded from the events a second time, without `RunState`."""

from collections import Counter
from collections.abc import Iterator
from math import inf

from taskflow_core.lanes import LANE_OF
from taskflow_core.plan import Plan
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.simulation import oracle

Ended = tuple[int, int, str]
"""Epoch, attempt, how it ended."""


class TaskShadow:
    """A task."""

    __slots__ = (
        "attempt", "by_rule", "cancel_asked", "crashes", "deadline", "due_at", "ended", "epoch",
        "failures", "first_start", "held", "lane", "live", "pool", "ready", "started", "status",
        "stopped", "succeeded", "told_at",
    )  # fmt: skip

    def __init__(self, lane: str, pool: str | None) -> None:
        self.lane = lane
        self.pool = pool
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
        self.tasks = [
            TaskShadow(LANE_OF[spec.options.executor], spec.options.pool) for spec in plan.tasks
        ]
        self.breakpoints: dict[tuple[str, str], tuple[str | None, int]] = {}
        self.reached: Counter[tuple[str, str]] = Counter()
        self.holds: set[str] = set()
        self.allowed: set[int] = set()
        """What may start although the run is paused."""
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
        """Return what the rule of a task says now."""
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
