"""A run's folder: what is where in it, and who owns it."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs
import psutil

from taskflow_core.errors import RunNotFoundError, RunOwnedError

_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
"""What run ids are made of: nothing that is easily misread."""


def state_directory(chosen: Path | None = None) -> Path:
    """Return where runs are kept: `chosen`, `$TASKFLOW_STATE`, or the user's state folder."""
    if chosen is not None:
        return chosen
    named = os.environ.get("TASKFLOW_STATE")
    return Path(named) if named else platformdirs.user_state_path("taskflow-tui")


def cache_folder(state: Path) -> Path:
    """Return where successes are kept for later runs, below the state directory."""
    return state / "cache"


def new_run_id() -> str:
    """Return a name for a run: 8 random letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


class Owner(NamedTuple):
    """The process that owns, or owned, a run."""

    pid: int
    started: float
    """When that process started: a process id alone may come again."""
    alive: bool


class RunFolder:
    """The paths of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = path.name
        self.journal = path / "journal.db"
        self.results = path / "results"
        self.output = path / "output"
        self.tmp = path / "tmp"
        self.lock = path / "lock"
        self.request = path / "request.json"
        self.runner_log = path / "runner.log"

    @classmethod
    def create(cls, state: Path, run: str | None = None) -> "RunFolder":
        """Make the folder of a new run below the state directory, for this user alone."""
        runs = state / "runs"
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = cls(runs / (run or new_run_id()))
        folder.path.mkdir(mode=0o700)
        for part in (folder.results, folder.output, folder.tmp):
            part.mkdir(mode=0o700)
        return folder

    def write_request(self, request: dict[str, Any]) -> None:
        """Write down what the run was asked to do; its time is the run's age in lists."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(self.request, flags, 0o600), "w") as file:
            json.dump(request, file)

    def clear_tmp(self) -> None:
        """Remove what attempts left in their folders."""
        for leftover in self.tmp.iterdir():
            shutil.rmtree(leftover, ignore_errors=True)

    def owner(self) -> Owner | None:
        """Return who owns or owned the run; None if nobody ever did."""
        try:
            fields = json.loads(self.lock.read_text())
            pid, started = int(fields["pid"]), float(fields["started"])
            boot = fields["boot"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        alive = boot == boot_id() and _is_running(pid, started)
        return Owner(pid, started, alive)

    def last_changed(self) -> float:
        """Return when the run last wrote something, in Unix seconds."""
        times = [0.0]
        for path in (self.journal, self.journal.with_name("journal.db-wal"), self.lock):
            with contextlib.suppress(OSError):
                times.append(path.stat().st_mtime)
        return max(times)


class Ownership:
    """The right to write to a run, held until closed or until the process dies.

    Raises:
        RunOwnedError: another living process has it.
    """

    def __init__(self, folder: RunFolder) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(folder.lock, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            owner = folder.owner()
            who = f"process {owner.pid}" if owner else "another process"
            raise RunOwnedError(
                f"run {folder.run} is owned by {who}", hint="Ask that run, or wait for its end."
            ) from None
        me = psutil.Process()
        text = json.dumps({"pid": me.pid, "started": me.create_time(), "boot": boot_id()})
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def close(self) -> None:
        """Let the run go."""
        os.close(self._descriptor)


def find_folder(state: Path, ref: str) -> RunFolder:
    """Return the folder of the run that `ref` names: an id, a prefix that fits only one, `@last`.

    Raises:
        RunNotFoundError: no run, or more than one, goes by that name.
    """
    folders = run_folders(state)
    if ref == "@last":
        if not folders:
            raise RunNotFoundError("there are no runs yet", hint="Start one: taskflow-tui run FLOW")
        return folders[0]
    exact = [folder for folder in folders if folder.run == ref]
    found = exact or [folder for folder in folders if folder.run.startswith(ref)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RunNotFoundError(f"no run is called {ref!r}", hint="See them all: taskflow-tui ls")
    names = ", ".join(folder.run for folder in found[:5])
    raise RunNotFoundError(f"{ref!r} could be {len(found)} runs: {names}", hint="Say more of it.")


def run_folders(state: Path) -> list[RunFolder]:
    """Return the folders of all recorded runs in the state directory, newest first."""
    try:
        with os.scandir(state / "runs") as entries:
            folders = [RunFolder(Path(entry.path)) for entry in entries]
    except FileNotFoundError:
        return []
    recorded = [folder for folder in folders if folder.journal.exists()]
    return sorted(recorded, key=_created, reverse=True)


def _created(folder: RunFolder) -> tuple[float, str]:
    try:
        return folder.request.stat().st_mtime, folder.run
    except OSError:
        return 0.0, folder.run


def boot_id() -> str:
    """Return what tells this boot of this machine from every other."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{os.uname().nodename}:{psutil.boot_time():.0f}"


def _is_running(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return (
            abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.Error:
        return False


def remove(folder: Path) -> None:
    """Remove a folder and what is in it, as far as possible; 15 µs where it is empty, as mostly."""
    try:
        folder.rmdir()
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
