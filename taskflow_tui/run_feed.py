"""What a run screen knows about its run, kept up to date from the run's reader."""

from dataclasses import dataclass, field

from taskflow_core.actions import Action, Break, Unbreak
from taskflow_core.events import (
    ActionRequested,
    BreakpointCleared,
    BreakpointSet,
    Event,
    RetryRequested,
    TaskEvent,
)
from taskflow_core.plan import Plan
from taskflow_core.policies import Stop
from taskflow_core.state import Breakpoint, RunState
from taskflow_core.statuses import RunStatus
from taskflow_tui.api import RunReader


@dataclass
class News:
    """What one look brought."""

    tasks: set[int] = field(default_factory=set[int])
    """The numbers of the tasks that changed."""
    any: bool = False
    """Whether anything changed, the run's own state included."""


class RunFeed:
    """A plan that has not been started, or a run that has."""

    def __init__(self) -> None:
        self.state = RunState()
        self.status = RunStatus.CREATED
        self.reader: RunReader | None = None
        self.run: str | None = None
        """The run's id; None for a plan."""
        self._declared: dict[tuple[str, Stop], Breakpoint] = {}
        """The breakpoints that the plan itself declares."""

    def show_plan(self, plan: Plan) -> None:
        """Be about `plan`, of which no run exists."""
        self.state = RunState(plan)
        self._declared = {
            (spec.name, place.stop): Breakpoint(spec.name, place.stop, place.condition, place.hit)
            for spec in plan.tasks
            for place in spec.breakpoints
        }
        for (task, stop), place in self._declared.items():
            self.state.breakpoints[task, stop] = place

    def stop_before(self, task: str) -> None:
        """Plan to stop before that task."""
        self.state.breakpoints[task, "before"] = Breakpoint(task, "before")

    def stop_no_more(self, task: str) -> None:
        """Plan no stop at that task."""
        stops = self.state.breakpoints
        self.state.breakpoints = {key: place for key, place in stops.items() if key[0] != task}

    def stops_to_ask(self) -> list[Action]:
        """Return what to ask of a run of the plan, so that it stops where it was planned."""
        wanted, declared = self.state.breakpoints, self._declared
        added = [Break(task=task) for task, stop in wanted if (task, stop) not in declared]
        gone = [key for key in declared if key not in wanted]
        return [*added, *(Unbreak(task=task, stop=stop) for task, stop in gone)]

    def follow(self, reader: RunReader) -> None:
        """Be about the run of `reader`."""
        self.close()
        self.reader = reader
        self.run = reader.run
        self.state = reader.state
        self.status = reader.status

    def close(self) -> None:
        """Let go of the run."""
        if self.reader is not None:
            self.reader.close()
            self.reader = None

    @property
    def is_live(self) -> bool:
        """There is a run, and its owner works on it."""
        return self.reader is not None and self.status.is_live

    def poll(self, *, look_at_owner: bool) -> News:
        """Fold what happened since the last look.

        Args:
            look_at_owner: Find out whether the run's owner still lives, which costs more.
        """
        news = News()
        if self.reader is None:
            return news
        for event in self.reader.poll():
            news.any = True
            news.tasks.update(self._touched(event))
        if news.any or look_at_owner:
            status = self.reader.status
            news.any = news.any or status is not self.status
            self.status = status
        return news

    def _touched(self, event: Event) -> list[int]:
        if isinstance(event, TaskEvent):
            return [self.state.number_of(event.task)]
        if isinstance(event, RetryRequested | ActionRequested):
            return [self.state.number_of(name) for name in event.tasks]
        if isinstance(event, BreakpointSet | BreakpointCleared):
            return [self.state.number_of(event.target)]
        return []
