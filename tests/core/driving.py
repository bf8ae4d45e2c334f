"""Driving a scheduler by hand, with a clock that stands still until it is told to move."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import TaskflowError
from taskflow_core.lanes import SERVICES
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stop, Stopped, Succeeded
from taskflow_core.plan import BreakpointSpec, Plan, TaskOptions, TaskSpec
from taskflow_core.policies import RetryPolicy
from taskflow_core.scheduling.dependencies import Evaluate
from taskflow_core.scheduling.openings import Assumed, Items
from taskflow_core.scheduling.ready import LANE_OF, PROCESSES, THREADS
from taskflow_core.scheduling.scheduler import Scheduler, no_expressions
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus

OK = Succeeded({"value": 1})
BROKEN = Failed(error="ValueError: broken", names=("ValueError", "Exception"))
DIED = Crashed(error="its process was killed by SIGKILL", signal="SIGKILL", exit_code=-9)
GONE = Stopped(forced=True)


def spec(
    name: str,
    *depends_on: str,
    when: str | None = None,
    breakpoints: Sequence[BreakpointSpec] = (),
    **options: Any,
) -> TaskSpec:
    """Return a task; `retries=2` is short for a retry policy."""
    if "retries" in options:
        options["retry"] = RetryPolicy(retries=options.pop("retries"))
    kind: Literal["function", "command"] = (
        "command" if options.get("executor") == "shell" else "function"
    )
    return TaskSpec(
        name=name,
        kind=kind,
        depends_on=depends_on,
        when=when,
        breakpoints=tuple(breakpoints),
        options=TaskOptions(**options),
    )


def plan(*tasks: TaskSpec, **fields: Any) -> Plan:
    """Return a plan of these tasks; `fields` are the plan's own, such as `on_failure`."""
    return Plan.of(name="test", tasks=tasks, **fields)


class Scripted(Assumed):
    """Answers about waiting tasks that a test has written down."""

    def __init__(self, state: RunState, lists: Mapping[str, object]) -> None:
        super().__init__(state)
        self.plan = state.plan
        self.lists = dict(lists)
        """By the name of a mapped task what it is mapped over; an error is raised."""

    def items(self, number: int) -> Items:
        value = self.lists[self.plan.tasks[number].name]
        if isinstance(value, TaskflowError):
            raise value
        assert isinstance(value, list)
        found = cast("list[object]", value)
        return Items(len(found), {"value": found})

    def gathered(self, number: int, children: Sequence[int]) -> ev.Preview:
        del number
        return {"value": [self.plan.tasks[child].name for child in children]}


class Drive:
    """A scheduler, a state and a clock; keeps every event, and checks the invariants."""

    def __init__(
        self,
        *tasks: TaskSpec,
        slots: int = 10,
        state: RunState | None = None,
        begin: bool = True,
        evaluate: Evaluate = no_expressions,
        items: Mapping[str, object] | None = None,
        **fields: Any,
    ) -> None:
        written = state.plan if state is not None else plan(*tasks, **fields)
        self.state = state or RunState(written)
        self.plan = self.state.plan
        self.written = written
        self.openings = Scripted(self.state, items or {})
        self.now = Instant(1000.0, 50.0)
        self.chance = 0.5
        self.scheduler = Scheduler(
            self.plan,
            self.state,
            run="r",
            slots={THREADS: slots, PROCESSES: slots},
            total=slots,
            evaluate=evaluate,
            openings=self.openings,
        )
        self.evaluate = evaluate
        self.slots = slots
        self.events: list[ev.Event] = []
        if begin:
            self.scheduler.begin(self.now, owner=1, term=1)
            self.turn()

    def begin_again(self) -> None:
        """Go on with the run after it has settled, as its next owner."""
        self.scheduler.begin(self.now, owner=2, term=self.state.term + 1)

    def taken_up(self, *, after: float = 0.0) -> "Drive":
        """Return the run in the hands of a new owner who knows only the events.

        Args:
            after: Seconds between the death of the old owner and the new one's begin.
        """
        state = RunState(self.written)
        state.apply(self.events)
        drive = Drive(
            state=state,
            slots=self.slots,
            begin=False,
            evaluate=self.evaluate,
            items=self.openings.lists,
        )
        drive.written = self.written
        drive.now = Instant(self.now.wall + after, 7.0)
        drive.events = list(self.events)
        drive.begin_again()
        drive.turn()
        return drive

    def turn(self) -> None:
        """Finish a turn as the engine does."""
        self.scheduler.settle(self.now)
        self.events += self.scheduler.drain()
        self.check()

    def take(self, lane: str = THREADS) -> Job | None:
        """Start the next task of `lane`."""
        job = self.scheduler.take(lane, self.now)
        self.turn()
        return job

    def start(self, *names: str) -> None:
        """Start exactly these tasks, which are next."""
        for name in names:
            spec = self.plan.tasks[self.plan.index[name]]
            lane = LANE_OF[spec.options.executor] if spec.service is None else SERVICES
            job = self.take(lane)
            assert job is not None, f"{name} cannot start"
            assert job.task == name
            if spec.options.executor != "thread":
                self.scheduler.began(job, self.now, 77, {})
                self.turn()

    def ready(self, name: str) -> None:
        """Let the probe of a service find it ready."""
        self.scheduler.is_ready(self.live(name), "tcp", self.now)
        self.turn()

    def live(self, name: str) -> Job:
        """Return the job of the live attempt of a task."""
        number = self.plan.index[name]
        last = self.state.tasks[number].last
        assert last is not None
        return self.scheduler.record.job(number, last)

    def end(self, name: str, outcome: Outcome = OK) -> None:
        """End the live attempt of a task."""
        self.scheduler.ended(self.live(name), outcome, self.now, lambda: self.chance)
        self.turn()

    def run(self, *names: str) -> None:
        """Start and end these tasks with success, one after another."""
        for name in names:
            self.start(name)
            self.end(name)

    def wait(self, seconds: float) -> None:
        """Let time pass and do what is due."""
        self.now = Instant(self.now.wall + seconds, self.now.mono + seconds)
        self.scheduler.tick(self.now)
        self.turn()

    def stops(self) -> list[tuple[str, bool]]:
        """Return the orders to stop since the last call: task, and whether by force."""
        stops: Sequence[Stop] = self.scheduler.stops()
        return [(stop.job.task, stop.kill) for stop in stops]

    def status(self, name: str) -> TaskStatus:
        """Return a task's state."""
        return self.state.task(name).state

    def statuses(self) -> dict[str, str]:
        """Return every task's state by name."""
        return {
            s.name: t.state.value for s, t in zip(self.plan.tasks, self.state.tasks, strict=True)
        }

    def kinds(self) -> list[str]:
        """Return the kinds of all events so far."""
        return [event.kind for event in self.events]

    def outcome(self) -> RunStatus:
        """The run's state."""
        return self.state.state

    def check(self) -> None:
        """Check what must hold at any moment, whatever happened."""
        assert [event.seq for event in self.events] == list(range(1, len(self.events) + 1))
        specs = zip(self.plan.tasks, self.state.tasks, strict=True)
        work = [task for spec, task in specs if spec.service is None]
        live = [task for task in work if task.last is not None and task.last.is_live]
        assert len(live) <= self.slots
        for task in self.state.tasks:
            assert all(not attempt.is_live for attempt in task.attempts[:-1])
            running = task.state in {TaskStatus.QUEUED, TaskStatus.RUNNING}
            assert running == (task.last is not None and task.last.is_live)
        counts = dict.fromkeys(TaskStatus, 0)
        for task in self.state.tasks:
            counts[task.state] += 1
        assert counts == self.state.counts
        again = RunState(self.written)
        again.apply(self.events)
        assert again.counts == self.state.counts
        assert again.state is self.state.state
        assert again.tasks == self.state.tasks
