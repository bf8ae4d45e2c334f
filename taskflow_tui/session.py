"""What every screen needs: the runs, the time, the signs, and what was agreed at the start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def start(self, plan: Plan) -> RunReader:
        """Start a run of `plan` in a process of its own, and follow it."""
        run = self.api.start(plan, state_dir=self.state_dir, by=BY)
        return self.open(run)

    def open(self, ref: str) -> RunReader:
        """Follow the run `ref`."""
        return self.api.open_run(ref, self.state_dir)

    def recent(self, limit: int) -> Sequence[RunSummary]:
        """Return the newest runs, newest first."""
        return self.api.list_runs(self.state_dir, limit)

    def retry(self, run: str, tasks: Sequence[str] | None) -> list[str]:
        """Ask for another attempt of `tasks`, or of all failed ones; return those that run."""
        return self.api.retry(run, tasks, by=BY, state_dir=self.state_dir)

    def pause(self, run: str) -> None:
        """Let nothing new start."""
        self.api.pause(run, by=BY, state_dir=self.state_dir)

    def resume(self, run: str) -> None:
        """Let tasks start again."""
        self.api.resume_tasks(run, by=BY, state_dir=self.state_dir)

    def cancel(self, run: str) -> None:
        """Stop what runs and start nothing more."""
        self.api.cancel(run, by=BY, state_dir=self.state_dir)


def folder_of(source: str) -> Path:
    """Return the folder of a flow's source, which may end in `:name` for a Python file."""
    return Path(source).parent
