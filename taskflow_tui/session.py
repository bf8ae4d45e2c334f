"""What every screen needs: the runs, the time, the signs, and what was agreed at the start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskflow_core.actions import Action
from taskflow_core.forecast import Forecast
from taskflow_core.plan import Plan
from taskflow_tui.api import Loaded, RunReader, RunsApi, RunSummary
from taskflow_tui.glyphs import Glyphs

BY = "app"
"""Who asks, in the record of a run."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """One sitting of the app. The methods that ask `api` block: call them from a thread."""

    find_api: Callable[[], RunsApi]
    """Imports the runs; called in a thread, after the first frame."""
    clock: Callable[[], float]
    """Unix seconds."""
    glyphs: Glyphs
    state_dir: Path | None = None
    """Where runs are recorded; None means the user's own place."""
    trusted: bool = False
    """Whether every folder counts as trusted: `--trust`."""

    @property
    def api(self) -> RunsApi:
        """The runs themselves."""
        return self.find_api()

    def trusts(self, folder: Path) -> bool:
        """Say whether code of `folder` may run without asking."""
        return self.trusted or self.api.trust.is_trusted(folder)

    def trust(self, folder: Path) -> None:
        """Remember that code of `folder` may run."""
        self.api.trust.remember(folder)

    def load(self, path: str, *, trusted: bool) -> Loaded:
        """Read a flow file; its errors are those of `runs.load`."""
        return self.api.load(path, trusted=trusted)

    def start(self, plan: Plan, actions: Sequence[Action] = ()) -> RunReader:
        """Start a run of `plan` in a process of its own, do `actions` first, and follow it."""
        run = self.api.start(plan, state_dir=self.state_dir, by=BY, actions=actions)
        return self.open(run)

    def open(self, ref: str) -> RunReader:
        """Follow the run `ref`."""
        return self.api.open_run(ref, self.state_dir)

    def recent(self, limit: int) -> Sequence[RunSummary]:
        """Return the newest runs, newest first."""
        return self.api.list_runs(self.state_dir, limit)

    def act(self, run: str, action: Action) -> object:
        """Ask something of a run, and return its answer once it is recorded."""
        return self.api.act(run, action, by=BY, state_dir=self.state_dir)

    def succeed(self, run: str, task: str, value: object) -> None:
        """End a task as if it had returned `value`."""
        self.api.succeed(run, task, value, by=BY, state_dir=self.state_dir)

    def plan(self, run: str, action: Action) -> Forecast:
        """Return what `action` would lead to."""
        return self.api.plan_action(run, action, state_dir=self.state_dir)


def folder_of(source: str) -> Path:
    """Return the folder of a flow's source, which may end in `:name` for a Python file."""
    return Path(source).parent
