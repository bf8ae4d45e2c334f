"""The contract that every executor keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from taskflow_core.arguments import Binding
from taskflow_core.outcomes import Job, Outcome
from taskflow_core.output import OutputFile
from taskflow_core.plan import Functions, Plan, TaskSpec
from taskflow_core.process_tree import COOKIE
from taskflow_core.results import ResultStore
from taskflow_core.sight import Sight

Began = Callable[[Job, int | None, dict[str, Any] | None], None]
"""Called once by an executor when a worker has begun: its process id, and the arguments."""


Report = Callable[[Job, float, float | None, str | None], None]
"""Takes how far an attempt says it is: done, total, message."""


Say = Callable[[Job, str], None]
"""Takes a word about an attempt."""


def _unsaid(job: Job, reason: str) -> None:
    """Take a word before there is an engine to record it."""


def _unheard(job: Job, done: float, total: float | None, message: str | None) -> None:
    """Take progress before there is an engine to record it."""


class Executor(Protocol):
    """Makes attempts, one a call; the engine decides how many calls overlap, and on which thread.

    What goes wrong is an `Outcome`, never an exception: whatever `run` raises is a bug in it.
    An attempt that `undoes` is a compensation: what it calls or runs is the task's rollback, and
    what that returns is dropped.
    An executor of another package is found by its entry point in the group `taskflow.executors`,
    see `executors.installed`.
    """

    def run(self, job: Job, began: Began) -> Outcome:
        """Make the attempt and return how it ended, once nothing of it is left running.

        Args:
            job: The attempt.
            began: To be called once it has begun, unless it is made in a thread of this process:
                that one has begun as soon as `run` is called.
        """
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


class Code(Protocol):
    """Where the functions of a plan come from."""

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it.

        Raises:
            TaskflowError: there is none.
        """
        ...

    def rollback(self, number: int) -> Callable[..., Any] | None:
        """Return what undoes a task, if it is a function.

        Raises:
            TaskflowError: it cannot be loaded.
        """
        ...

    def forget(self) -> None:
        """Load functions afresh from now on."""
        ...


FRESH = "this run ignores the cache"
"""Why a run looks nothing up that was started so."""


class CachePlace(NamedTuple):
    """Where successes are kept for later runs, and whether they are looked up."""

    folder: Path
    refusal: str | None = None
    """Why nothing is looked up; what succeeds is kept all the same."""


class Workplace:
    """What executors need to know of the run they work for."""

    drops_results: ClassVar[bool] = False
    """What attempts return is of no use to anybody."""

    def __init__(  # noqa: PLR0913  one argument for each thing they need
        self,
        plan: Plan,
        *,
        run: str,
        results: ResultStore,
        sight: Sight,
        code: Code,
        functions: Functions | None = None,
        folder: Path | None,
        tmp: Path,
        cache: CachePlace | None = None,
    ) -> None:
        self.plan = plan
        self.run = run
        self.results = results
        """Where results come from and go to: `put` takes one and returns its preview."""
        self.sight = sight
        """What each task may know of the run."""
        self.report: Report = _unheard
        """Takes how far an attempt says it is: the attempt, done, total, message."""
        self.code = code
        """The functions of the plan, to be called in this process."""
        self.functions = functions
        """The callables of a flow made in memory, to be sent elsewhere; None for a flow file."""
        self.folder = folder
        """The run's folder; None if nothing is recorded."""
        self.cache = cache
        """Where successes are kept for later runs; None if nowhere."""
        self.missed: Say = _unsaid
        """Takes why nothing in the cache stands in for an attempt."""
        self.not_kept: Say = _unsaid
        """Takes why the success of an attempt is not kept for later runs."""
        self._tmp = tmp

    def func(self, job: Job) -> Callable[..., Any] | None:
        """Return the callable of a flow made in memory that the task calls, if it calls one."""
        codes = self.plan.nesting.codes
        return None if self.functions is None else self.functions[codes[job.number]]

    def spec(self, job: Job) -> TaskSpec:
        """Return the task that `job` is an attempt of."""
        return self.plan.tasks[job.number]

    def tmp(self, job: Job) -> Path:
        """Return the folder that the attempt may use as it likes; it may not exist yet."""
        return self._tmp / _dotted(job)

    def written(self, job: Job) -> Path:
        """Return the file that an attempt may write `key=value` lines to; it may not exist yet."""
        return self.tmp(job) / "output"

    def output(self, job: Job) -> OutputFile:
        """Return where the attempt's output goes."""
        return OutputFile(self.output_folder(job), job.key)

    def output_folder(self, job: Job) -> Path | None:
        """Return the folder of the attempt's output; None if that is thrown away.

        What a probe has to read is kept as long as the run, even if nothing is recorded.
        """
        service = None if job.undoes else self.spec(job).service
        if self.folder is not None or service is None or service.ready is None:
            return self.folder
        if service.ready.log is None:
            return None
        (self._tmp / "output").mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._tmp

    def environment(self, job: Job) -> dict[str, str]:
        """Return the variables that the attempt sees besides those of this process."""
        suffix = ".undo" if job.undoes else ""
        own = {
            "TASKFLOW_RUN_ID": self.run,
            "TASKFLOW_TASK": job.task,
            "TASKFLOW_ATTEMPT": str(job.attempt),
            "TASKFLOW_IDEMPOTENCY_KEY": f"{self.run}.{job.number}.{job.epoch}{suffix}",
            "TASKFLOW_TMP": str(self.tmp(job)),
            "TASKFLOW_OUTPUT": str(self.written(job)),
            COOKIE: self.cookie(job),
        }
        return {**self.declared_environment(job), **own}

    def declared_environment(self, job: Job) -> dict[str, str]:
        """Return the variables that the flow declares for the attempt; a rollback's own win."""
        spec = self.spec(job)
        undo = spec.rollback.env if job.undoes and spec.rollback is not None else {}
        return {**spec.options.env, **undo}

    def cookie(self, job: Job) -> str:
        """Return what marks every process of the attempt."""
        return f"{self.run}/{_dotted(job)}"


def _dotted(job: Job) -> str:
    return ".".join(map(str, job.key))
