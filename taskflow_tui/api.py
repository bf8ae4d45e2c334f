"""What the app needs of `taskflow_core.runs`, as protocols, so that tests can stand in for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from taskflow_core.actions import Action
from taskflow_core.events import Event
from taskflow_core.forecast import Forecast
from taskflow_core.plan import Plan
from taskflow_core.state import Attempt, RunState
from taskflow_core.statuses import RunStatus


class Loaded(Protocol):
    """A flow file that could be read."""

    @property
    def plan(self) -> Plan: ...


class RunReader(Protocol):
    """Follows one run, live or not."""

    @property
    def run(self) -> str: ...
    @property
    def state(self) -> RunState: ...
    @property
    def status(self) -> RunStatus: ...

    def poll(self) -> Sequence[Event]: ...
    def output_path(self, task: str, attempt: Attempt) -> Path: ...
    def close(self) -> None: ...


class RunSummary(Protocol):
    """A line of the list of runs. Times are Unix seconds."""

    @property
    def run(self) -> str: ...
    @property
    def flow(self) -> str: ...
    @property
    def source(self) -> str | None: ...
    @property
    def state(self) -> RunStatus: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def created_at(self) -> float | None: ...
    @property
    def started_at(self) -> float | None: ...
    @property
    def ended_at(self) -> float | None: ...
    @property
    def counts(self) -> dict[str, int]: ...


class Trust(Protocol):
    """Remembers the folders whose code may run."""

    def is_trusted(self, folder: Path) -> bool: ...
    def remember(self, folder: Path) -> None: ...


class RunsApi(Protocol):
    """The functions of `taskflow_core.runs`. Each may block for some 100 ms."""

    @property
    def trust(self) -> Trust: ...

    def load(self, path: str, *, trusted: bool) -> Loaded: ...
    def start(
        self,
        plan: Plan,
        *,
        state_dir: Path | None = None,
        max_parallel: int | None = None,
        by: str = "app",
        actions: Sequence[Action] = (),
    ) -> str: ...
    def list_runs(
        self, state_dir: Path | None = None, limit: int | None = None
    ) -> Sequence[RunSummary]: ...
    def open_run(self, ref: str, state_dir: Path | None = None) -> RunReader: ...
    def act(
        self, ref: str, action: Action, *, by: str, state_dir: Path | None = None
    ) -> object: ...
    def succeed(
        self,
        ref: str,
        task: str,
        value: object = None,
        *,
        by: str,
        state_dir: Path | None = None,
    ) -> object: ...
    def plan_action(
        self, ref: str, action: Action, *, state_dir: Path | None = None
    ) -> Forecast: ...
