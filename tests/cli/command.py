"""The installed command, as a process."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from taskflow_core.runs import list_runs, open_run

ROOT = Path(__file__).parents[2]


class Command:
    """Runs `taskflow-tui` with a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"

    def __call__(self, *words: str, code: int = 0) -> str:
        """Run it to its end; return standard output, or with a failing `code` standard error."""
        done = subprocess.run(
            self.line(*words),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code in {0, 1} else done.stderr

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start it and return at once; its output can be read as it comes."""
        return subprocess.Popen(
            self.line(*words),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end_runs(self) -> None:
        """Kill the runners of runs that still go on, such as those that wait for a person."""
        for run in list_runs(self.state):
            with closing(open_run(run.run, self.state)) as reader:
                owner = reader.owner
                if owner is not None and owner.alive and owner.pid != os.getpid():
                    os.kill(owner.pid, signal.SIGKILL)

    def json(self, *words: str, code: int = 0) -> Any:
        """Run it and return the JSON it prints."""
        return json.loads(self(*words, code=code))

    def line(self, *words: str) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", "taskflow_tui", *words]

    def environment(self) -> dict[str, str]:
        """Return an environment in which nothing of the user's own is found."""
        path = os.pathsep.join([str(ROOT / "core"), str(ROOT)])
        own = {
            "PYTHONPATH": path,
            "TASKFLOW_STATE": str(self.state),
            "XDG_STATE_HOME": str(self.folder / "xdg"),
        }
        return {**os.environ, **own}
