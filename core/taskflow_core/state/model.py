"""What there is to know about a run, its tasks and their attempts."""

import copy
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

import taskflow_core.events as ev
from taskflow_core.plan import Plan
from taskflow_core.policies import Stop
from taskflow_core.statuses import LIVE_ATTEMPTS, AttemptStatus, RunStatus, TaskStatus

# Looking up a member on its Enum takes 70 ns in Python 3.11, and this is the hot path.
_PENDING = TaskStatus.PENDING

CHILDREN = "children"
"""Why a sub-flow or a mapped task waits; and why it begins a new epoch, if only children of it
run again: it keeps what it became when it opened."""


class CacheCheck(msgspec.Struct, frozen=True, gc=False):
    """What came of looking up whether an attempt had to be made."""

    hit: bool
    """An earlier success stood in for it."""
    reason: str
    not_kept: str | None = None
    """Why its own success is not kept for later runs, if it is not."""


class Attempt(msgspec.Struct, gc=False):
    """One try at a task. Times are Unix seconds."""

    epoch: int
    attempt: int
    state: AttemptStatus
    started_at: float | None = None
    ended_at: float | None = None
    executor: str | None = None
    pid: int | None = None
    exit_code: int | None = None
    error: str | None = None
    traceback: str | None = None
    arguments: dict[str, ev.Preview] | None = None
    forced: bool = False
    leftovers: int = 0
    peak_rss: int | None = None
    cache: CacheCheck | None = None
    """None where nothing is looked up."""
    ready_at: float | None = None
    """When it turned out to be ready, if it is one of a service that has a probe."""
    stop_reason: str | None = None
    """Why it was told to stop; see `AttemptStopping.reason`."""

    @property
    def is_cached(self) -> bool:
        """It was not made: an earlier success stood in for it."""
        return self.cache is not None and self.cache.hit

    @property
    def is_live(self) -> bool:
        """It has not ended."""
        return self.state in LIVE_ATTEMPTS


class Progress(msgspec.Struct, frozen=True):
    """How far a running task says it is."""

    done: float
    total: float | None = None
    message: str | None = None


class Expansion(msgspec.Struct, frozen=True):
    """What a sub-flow or a mapped task became when it opened."""

    children: int
    """How many of its children take part."""
    items: ev.Preview = None
    """The list that it is mapped over; None for a sub-flow."""
    params: dict[str, Any] = {}
    """The values of a sub-flow's parameters; dates as ISO text."""


class Waiting(msgspec.Struct, frozen=True):
    """What a task waits for without a slot."""

    what: str
    """`approval`, `moment` or `file`."""
    until: float | None = None
    """As Unix seconds: when the moment is, or when it gives up."""
    about: str = ""
    """The question, or the file's path."""


class TaskState(msgspec.Struct, gc=False):
    """A task, and all of its attempts, oldest first."""

    state: TaskStatus = _PENDING
    reason: str | None = None
    epoch: int = 0
    attempts: list[Attempt] = []
    due_at: float | None = None
    """When the coming attempt starts; set while the state is RETRY_WAIT."""
    result: ev.Preview = None
    budget_from: int = 0
    """How many of its attempts no longer count against its retry budget."""
    held: str | None = None
    """Where it is held: `before`, `after`, `on_failure` or `on_retry`; None if it is not."""
    stale: str | None = None
    """The task upstream that was run again since; None if the result is up to date."""
    changes: dict[str, ev.Preview] | None = None
    """Named arguments that a person changed."""
    progress: Progress | None = None
    expansion: Expansion | None = None
    """What it became when it opened, if it has children."""
    waiting: Waiting | None = None
    """What it waits for, while its state is WAITING and it has no children."""
    undo: list[Attempt] = []
    """The attempts to undo what it did, oldest first."""
    undo_from: int = 0
    """How many of them belong to earlier rollbacks."""
    ready_at: float = 0.0
    """When it became READY last, in Unix seconds; 0 if it never was."""

    @property
    def last(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def cache(self) -> CacheCheck | None:
        """What came of looking up whether it had to run, in this epoch; None if nobody did.

        Why it had to is what was said of the first attempt: others follow it in any case.
        """
        found = [a.cache for a in self.attempts if a.epoch == self.epoch and a.cache is not None]
        if not found or found[-1].hit:
            return found[-1] if found else None
        return CacheCheck(hit=False, reason=found[0].reason, not_kept=found[-1].not_kept)


class Handled(msgspec.Struct):
    """A handler that was begun, or that should have been. Times are Unix seconds."""

    started_at: float | None = None
    ended_at: float | None = None
    ok: bool | None = None
    """It did what it should; None while it is at it."""
    error: str | None = None
    leftovers: int = 0


class Breakpoint(msgspec.Struct, frozen=True):
    """Where the run stops."""

    task: str
    stop: Stop
    condition: str | None = None
    hit: int = 1


class Written(msgspec.Struct, frozen=True):
    """One write to the context."""

    task: str
    epoch: int
    key: str
    value: ev.Preview


class IllegalTransitionError(Exception):
    """An event that cannot follow what is recorded before it: a bug, or a damaged record."""


_Handler = TypeVar("_Handler", bound=Callable[..., None])
RUN_FOLDS: dict[type[ev.Event], Callable[["RunState", Any], None]] = {}
"""For each kind of event about the run the function that folds it; others change nothing."""
TASK_FOLDS: dict[type[ev.Event], Callable[["RunState", Any, TaskState], None]] = {}
"""For each kind of event about a task the function that folds it into that task's state.

The task is handed over because whoever decides has it at hand already: finding it by its name
again would be a tenth of what folding an everyday event takes.
"""


def folds(kind: type[ev.Event]) -> Callable[[_Handler], _Handler]:
    """Make a function the one that folds events of `kind`."""
    table: dict[type[ev.Event], Any] = TASK_FOLDS if issubclass(kind, ev.TaskEvent) else RUN_FOLDS

    def register(handler: _Handler) -> _Handler:
        table[kind] = handler
        return handler

    return register


class RunState:
    """The state of one run. Feed it every event once, in order."""

    def __init__(self, plan: Plan | None = None) -> None:  # noqa: PLR0915  a line for each fact
        self.seq = 0
        """The number of the last event folded."""
        self.run = ""
        self.flow = ""
        self.source: str | None = None
        self.state = RunStatus.CREATED
        self.reason: str | None = None
        self.asked_by: str | None = None
        """Who paused or cancelled it, while it is paused or being cancelled."""
        self.created_at: float | None = None
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self.since: float | None = None
        """When it would have started had nobody left it alone in between: what durations of
        the run count from. `started_at`, unless it was taken up again."""
        self.gaps: list[tuple[float, float]] = []
        """From when until when nobody worked on it."""
        self.owner: int | None = None
        self.term = 0
        self.last_sign = 0.0
        """When the run, taken up after its owner died, last did something before."""
        self.max_parallel: int | None = None
        self.params: dict[str, Any] = {}
        self.tasks: list[TaskState] = []
        self.counts: dict[TaskStatus, int] = dict.fromkeys(TaskStatus, 0)
        """How many tasks are in which state."""
        self.breakpoints: dict[tuple[str, str], Breakpoint] = {}
        """By task and where it stops."""
        self.holds: dict[str, str] = {}
        """The tasks that people hold, once they are ready, and who each is held by."""
        self.is_plain = True
        """Nothing was written to the context, and no argument changed by hand."""
        self.written: dict[str, list[Written]] = {}
        """What each task wrote to the context, oldest first."""
        self.rollback_scope: str | None = None
        """The task down to which the run is undone; None means all."""
        self.handled: dict[str, Handled] = {}
        """What its handlers did since it settled last, by the outcome they are for."""
        self.plan = plan or Plan(name="", tasks=[])
        self._index: dict[str, int] = {}
        if plan is not None:
            self.lay_out(plan)

    def lay_out(self, plan: Plan) -> None:
        """Make room for the tasks of `plan`."""
        self.plan = plan.own()
        self.flow = plan.name
        self.source = plan.source
        self._index = self.plan.index
        self.tasks = [TaskState() for _ in plan.tasks]
        self.counts[_PENDING] = len(self.tasks)

    def grow(self, number: int, count: int) -> None:
        """Make room for the children of a mapped task; only for folds."""
        new = self.plan.grow(number, count)
        self.tasks += [TaskState() for _ in new]
        self.counts[_PENDING] += len(new)

    def task(self, name: str) -> TaskState:
        """Return the state of the task called `name`; KeyError if there is none."""
        return self.tasks[self._index[name]]

    def number_of(self, name: str) -> int:
        """Return the number of the task called `name`; KeyError if there is none."""
        return self._index[name]

    def is_part(self, number: int) -> bool:
        """Say whether a task takes part: it, and all around it, has an item in the newest list."""
        nesting = self.plan.nesting
        for child in (number, *nesting.around(number)) if nesting.is_nested else ():
            parent = nesting.parents[child]
            if parent is None or not nesting.is_copy(child):
                continue
            expansion = self.tasks[parent].expansion
            if expansion is not None and nesting.place(child) >= expansion.children:
                return False
        return True

    def worked(self, start: float, end: float) -> float:
        """Return how many of the seconds between two moments somebody worked on the run."""
        idle = (min(end, until) - max(start, since) for since, until in self.gaps)
        return end - start - sum(seconds for seconds in idle if seconds > 0)

    def apply(self, events: Iterable[ev.Event]) -> None:
        """Fold `events`, which follow those folded before.

        Raises:
            IllegalTransitionError: an event cannot follow what is recorded before it.
        """
        for event in events:
            self.apply_one(event)

    def apply_one(self, event: ev.Event) -> None:
        """Fold one event."""
        if isinstance(event, ev.TaskEvent):
            TASK_FOLDS[type(event)](self, event, self.tasks[self._index[event.task]])
        elif (fold := RUN_FOLDS.get(type(event))) is not None:
            fold(self, event)
        self.seq = event.seq

    def copy(self) -> "RunState":
        """Return a state that goes its own way from here."""
        other = copy.copy(self)
        other.plan = self.plan.own()
        other._index = other.plan.index  # noqa: SLF001  it is one of us
        other.tasks = [
            msgspec.structs.replace(
                task,
                attempts=[copy.copy(a) for a in task.attempts],
                undo=[copy.copy(a) for a in task.undo],
            )
            for task in self.tasks
        ]
        other.counts = dict(self.counts)
        other.breakpoints = dict(self.breakpoints)
        other.holds = dict(self.holds)
        other.written = {name: list(writes) for name, writes in self.written.items()}
        other.gaps = list(self.gaps)
        other.handled = dict(self.handled)
        return other

    def move(self, task: TaskState, state: TaskStatus, reason: str | None = None) -> None:
        """Bring a task into another state; only for folds."""
        counts = self.counts
        counts[task.state] -= 1
        counts[state] += 1
        task.state = state
        task.reason = reason


def require(legal: bool, event: ev.Event) -> None:
    """Raise IllegalTransitionError unless `event` is legal where it stands."""
    if not legal:
        raise illegal(event)


def illegal(event: ev.Event) -> IllegalTransitionError:
    """Return the error for an event that cannot happen where it stands."""
    return IllegalTransitionError(f"{event!r} cannot happen here")
