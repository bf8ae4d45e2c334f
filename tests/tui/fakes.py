"""Stand-ins for the runs of the core: scripted, with a clock that only tests move."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from taskflow_core import events as ev
from taskflow_core.actions import (
    Action,
    Break,
    Cancel,
    Hold,
    Pause,
    Release,
    Resume,
    Succeed,
    Unbreak,
)
from taskflow_core.clock import Instant
from taskflow_core.errors import RunNotFoundError, TaskflowError
from taskflow_core.forecast import Forecast, Terms, forecast
from taskflow_core.lanes import LANE_OF
from taskflow_core.plan import Plan, TaskOptions, TaskSpec
from taskflow_core.policies import RetryPolicy
from taskflow_core.state import Attempt, RunState
from taskflow_core.statuses import RunStatus

NOON = 1_795_435_200.0
"""Where the clocks of tests begin."""


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += seconds


class FakeRun:
    """A run whose events a test writes; it is its own reader."""

    def __init__(
        self, run: str, plan: Plan, folder: Path, clock: Callable[[], float] | None = None
    ) -> None:
        self.run = run
        self.plan = plan
        self.clock = clock or Clock()
        self.folder = folder
        self.state = RunState(plan)
        self.owner_is_dead = False
        self.events: list[ev.Event] = []
        self.closed = False
        self._folded = 0
        self.add(
            ev.RunCreated,
            flow=plan.name,
            source=plan.source,
            plan=msgspec.Raw(plan.packed),
            plan_hash="",
            max_parallel=plan.max_parallel or 4,
            by="test",
            versions={},
        )

    # --- as a reader -------------------------------------------------------------------

    @property
    def status(self) -> RunStatus:
        state = self.state.state
        if self.owner_is_dead and not state.is_settled:
            return RunStatus.INTERRUPTED
        return state

    def poll(self) -> list[ev.Event]:
        new = self.events[self._folded :]
        self._folded += len(new)
        self.state.apply(new)
        return new

    def output_path(self, task: str, attempt: Attempt) -> Path:
        return self.folder / f"{self.state.number_of(task)}-{attempt.epoch}-{attempt.attempt}.log"

    def close(self) -> None:
        self.closed = True

    # --- as a script -------------------------------------------------------------------

    def add(self, kind: type[ev.Event], **fields: Any) -> None:
        event = kind(seq=len(self.events) + 1, at=self.clock(), run=self.run, **fields)
        self.events.append(event)

    def task(self, kind: type[ev.Event], task: str, **fields: Any) -> None:
        self.add(kind, task=task, epoch=0, **fields)

    def start(self) -> "FakeRun":
        self.add(ev.RunStarted, owner=1, term=1)
        return self

    def begin(self, *tasks: str, attempt: int = 1) -> None:
        for task in tasks:
            self.task(ev.TaskReady, task)
            self.task(
                ev.AttemptStarted, task, attempt=attempt, executor="process", pid=7, arguments=None
            )

    def succeed(self, *tasks: str, attempt: int = 1) -> None:
        for task in tasks:
            self.task(ev.AttemptSucceeded, task, attempt=attempt, result=None, peak_rss=None)
            self.task(ev.TaskSucceeded, task, how="executed", result=None)

    def fail(
        self, task: str, error: str, *, attempt: int = 1, again_in: float | None = None
    ) -> None:
        self.task(
            ev.AttemptFailed, task, attempt=attempt, error=error, traceback=None, exit_code=137
        )
        if again_in is None:
            self.task(ev.TaskFailed, task, reason=error)
        else:
            due = self.clock() + again_in
            self.task(ev.RetryScheduled, task, attempt=attempt + 1, due_at=due, delay=again_in)

    def block(self, *tasks: str, by: str) -> None:
        for task in tasks:
            self.task(ev.TaskBlocked, task, by=by)

    def obey(self, action: Action, by: str) -> None:
        """Record the request itself, as the scheduler would first of all."""
        match action:
            case Pause():
                self.add(ev.RunPaused, by=by, reason="operator")
            case Resume():
                self.add(ev.RunResumed, by=by)
            case Cancel():
                self.add(ev.CancelRequested, by=by, scope=action.tasks, grace=None)
            case Break():
                fields = {"stop": action.stop, "condition": action.condition, "hit": action.hit}
                self.add(ev.BreakpointSet, by=by, target=action.task, **fields)
            case Unbreak():
                self.add(ev.BreakpointCleared, by=by, target=action.task, stop=action.stop)
            case Hold():
                self.add(ev.ActionRequested, by=by, action="hold", tasks=list(action.tasks))
            case Release():
                self.add(ev.ActionRequested, by=by, action="release", tasks=list(action.tasks))
            case _:
                pass

    def stop_at(self, task: str, stop: str = "before") -> None:
        """Hold a task at a breakpoint, which pauses the run."""
        self.add(ev.BreakpointSet, by="ann", target=task, stop=stop, condition=None, hit=1)
        if stop == "before":
            self.task(ev.TaskReady, task)
        self.task(ev.TaskHeld, task, reason="breakpoint", breakpoint=stop)
        self.add(ev.RunPaused, by="breakpoint", reason="breakpoint")

    def settle(self, status: RunStatus, reason: str | None = None) -> None:
        self.add(ev.RunSettled, state=status.value, reason=reason, counts={})

    def write(self, task: str, text: str | bytes, attempt: int = 1) -> None:
        path = self.output_path(task, Attempt(0, attempt, state=None))  # type: ignore[arg-type]
        with path.open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())


@dataclass
class FakeRuns:
    """Stands in for `taskflow_core.runs`."""

    folder: Path
    clock: Callable[[], float] = field(default_factory=Clock)
    flows: dict[str, Plan | TaskflowError] = field(default_factory=dict[str, Plan | TaskflowError])
    """What `load` returns or raises, by file name."""
    runs: dict[str, FakeRun] = field(default_factory=dict[str, FakeRun])
    summaries: list[Any] = field(default_factory=list[Any])
    trusted: set[Path] = field(default_factory=set[Path])
    asked: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    """Every request that reached the runs, in order."""
    refusal: TaskflowError | None = None
    """Raised by the next request."""

    @property
    def trust(self) -> Any:
        return SimpleNamespace(is_trusted=self.trusted.__contains__, remember=self.trusted.add)

    def load(self, path: str, *, trusted: bool) -> Any:
        found = self.flows[Path(path).name]
        if isinstance(found, TaskflowError):
            raise found
        return SimpleNamespace(plan=found)

    def start(
        self,
        plan: Plan,
        *,
        state_dir: Path | None = None,
        max_parallel: int | None = None,
        by: str = "app",
        actions: Sequence[Action] = (),
    ) -> str:
        self._ask("start", plan.name, *actions)
        run = f"r-{214 + len(self.runs)}"
        self.runs[run] = FakeRun(run, plan, self.folder, self.clock).start()
        for action in actions:
            self.runs[run].obey(action, by)
        return run

    def list_runs(self, state_dir: Path | None = None, limit: int | None = None) -> Sequence[Any]:
        return self.summaries

    def open_run(self, ref: str, state_dir: Path | None = None) -> FakeRun:
        try:
            run = self.runs[ref]
        except KeyError:
            raise RunNotFoundError(f"no run is called {ref!r}", hint="`ls` lists them.") from None
        run.poll()
        return run

    def act(self, ref: str, action: Action, *, by: str, state_dir: Path | None = None) -> None:
        self._ask(ref, action)
        self.runs[ref].obey(action, by)

    def succeed(
        self, ref: str, task: str, value: object = None, *, by: str, state_dir: Path | None = None
    ) -> None:
        self._ask(ref, Succeed(task=task, result={"value": value}))

    def plan_action(self, ref: str, action: Action, *, state_dir: Path | None = None) -> Forecast:
        """Return what the real scheduler foresees."""
        terms = Terms(slots=dict.fromkeys(LANE_OF.values(), 8), total=4)
        now = self.clock()
        return forecast(self.open_run(ref).state, action, terms, now=Instant(now, now))

    def _ask(self, *request: Any) -> None:
        self.asked.append(request)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal


ETL: dict[str, tuple[str, ...]] = {
    "fetch_orders": (),
    "clean_orders": ("fetch_orders",),
    "fetch_users": (),
    "clean_users": ("fetch_users",),
    "fetch_fx": (),
    "join": ("clean_orders", "clean_users", "fetch_fx"),
    "train_eu": ("join",),
    "train_us": ("join",),
    "train_apac": ("join",),
    "eval": ("train_eu", "train_us", "train_apac"),
    "report": ("join", "eval"),
    "publish": ("report",),
}
"""The flow of the mock-ups in the design: each task with what it depends on."""


def nightly_etl(folder: Path) -> Plan:
    """Return the flow of the mock-ups."""
    return plan_of(ETL, name="nightly-etl", source=str(folder / "nightly-etl.yaml"))


def plan_of(
    tasks: Mapping[str, tuple[str, ...]], *, name: str = "flow", source: str | None = None
) -> Plan:
    """Return a plan of tasks that run a command and may be retried twice."""
    options = TaskOptions(executor="shell", retry=RetryPolicy(retries=2, delay=2.0))
    specs = [
        TaskSpec(
            name=task,
            kind="command",
            command=f"python flows/{task.partition('_')[0]}.py {task}",
            depends_on=needs,
            options=options,
        )
        for task, needs in tasks.items()
    ]
    return Plan.of(name=name, tasks=specs, source=source, max_parallel=4)
