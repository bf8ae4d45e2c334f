"""The contract that every executor keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from taskflow_core.outcomes import Job, Outcome
from taskflow_core.output import OutputFile
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.process_tree import COOKIE
from taskflow_core.results import ResultStore

Began = Callable[[Job, int | None, dict[str, Any] | None], None]
"""Called once by an executor when a worker has begun: its process id, and the arguments."""


class Executor(Protocol):
    """Makes attempts, one a call; the engine decides how many calls overlap, and on which thread.

    What goes wrong is an `Outcome`, never an exception: whatever `run` raises is a bug in it.
    """

    def run(self, job: Job, began: Began) -> Outcome:
        """Make the attempt and return how it ended, once nothing of it is left running."""
        ...

    def stop(self, job: Job, *, kill: bool) -> Outcome | None:
        """Tell a running attempt to stop; called from another thread, and returns at once.

        Returns:
            An outcome if the attempt counts as over from now on although `run` has not returned
            (a thread that cannot be ended); else None, and `run` returns soon.
        """
        ...

    def forget_code(self) -> None:
        """Load functions afresh for attempts that start from now on."""
        ...

    def close(self) -> None:
        """End what is idle. Called when nothing runs."""
        ...


class Workplace:
    """What executors need to know of the run they work for."""

    def __init__(
        self, plan: Plan, *, run: str, results: ResultStore, folder: Path | None, tmp: Path
    ) -> None:
        self.plan = plan
        self.run = run
        self.results = results
        self.folder = folder
        """The run's folder; None if nothing is recorded."""
        self._tmp = tmp

    def spec(self, job: Job) -> TaskSpec:
        """Return the task that `job` is an attempt of."""
        return self.plan.tasks[job.number]

    def tmp(self, job: Job) -> Path:
        """Return the folder that the attempt may use as it likes; it may not exist yet."""
        return self._tmp / f"{job.number}.{job.epoch}.{job.attempt}"

    def output(self, job: Job) -> OutputFile:
        """Return where the attempt's output goes."""
        return OutputFile(self.folder, job.key)

    def environment(self, job: Job) -> dict[str, str]:
        """Return the variables that the attempt sees besides those of this process."""
        own = {
            "TASKFLOW_RUN_ID": self.run,
            "TASKFLOW_TASK": job.task,
            "TASKFLOW_ATTEMPT": str(job.attempt),
            "TASKFLOW_IDEMPOTENCY_KEY": f"{self.run}.{job.number}.{job.epoch}",
            "TASKFLOW_TMP": str(self.tmp(job)),
            COOKIE: self.cookie(job),
        }
        return {**self.spec(job).options.env, **own}

    def cookie(self, job: Job) -> str:
        """Return what marks every process of the attempt."""
        return f"{self.run}/{job.number}.{job.epoch}.{job.attempt}"
