"""Where handlers work: what they know of the run, and where their output goes."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from taskflow_core.events import Preview
from taskflow_core.executors.base import Code, Workplace
from taskflow_core.expressions import Names
from taskflow_core.handling import RunOutcome, handler_plan
from taskflow_core.outcomes import Job
from taskflow_core.output import OutputFile, handlers_folder
from taskflow_core.plan import Functions
from taskflow_core.results import NO_RESULT, ResultStore
from taskflow_core.sight import Sight
from taskflow_core.state import RunState

MOST_OUTPUT = 4 * 1024 * 1024
"""Bytes that are kept of what a handler prints."""


class _DroppedResults(ResultStore):
    """Keeps the outcome of the run alone: what handlers return is of no use to anybody."""

    def put(self, number: int, epoch: int, attempt: int, value: object) -> Preview:
        return super().put(number, epoch, attempt, value) if number == 0 else NO_RESULT

    def put_written(
        self, number: int, epoch: int, attempt: int, key: str, value: object
    ) -> Preview:
        del number, epoch, attempt, key, value
        return NO_RESULT


class _Sight(Sight):
    """What a handler may know: all of the run.

    Args:
        state: Of the plan of handlers.
        results: Theirs.
        whole: What may be known of the run.
    """

    def __init__(self, state: RunState, results: ResultStore, whole: Sight) -> None:
        super().__init__(state, results)
        self._whole = whole
        self.outcome = RunOutcome("")

    def names(self, number: int, more_env: Mapping[str, str] | None = None) -> Names:
        env = self.state.plan.tasks[number].options.env
        outcome = self.outcome
        return Names(
            params=self.params(number),
            env={**os.environ, **env, **(more_env or {})},
            tasks=self._whole.tasks(),
            run={
                "state": outcome.state,
                "reason": outcome.reason,
                "failed": list(outcome.failed),
            },
        )


class HandlerPlace(Workplace):
    """Where handlers work: apart from the tasks of the run, in a folder of their own.

    Args:
        whole: What may be known of the run.
        run: Its id.
        code: The functions of the handlers.
        functions: Their callables, if the flow was made in memory; that of `run` among them.
        folder: The run's folder; None if nothing is recorded.
        home: Where results are kept.
        tmp: Where attempts have their folders.
    """

    drops_results: ClassVar[bool] = True

    def __init__(  # noqa: PLR0913  one argument for each thing they need
        self,
        whole: Sight,
        *,
        run: str,
        code: Code,
        functions: Functions | None,
        folder: Path | None,
        home: Path,
        tmp: Path,
    ) -> None:
        mine = handler_plan(whole.state.plan)
        results = _DroppedResults(home / "handlers", len(mine.tasks), keep=functions is not None)
        self._whole = whole
        self._sees = _Sight(RunState(mine), results, whole)
        super().__init__(
            mine,
            run=run,
            results=results,
            sight=self._sees,
            code=code,
            functions=functions,
            folder=None if folder is None else handlers_folder(folder),
            tmp=tmp,
        )

    def begin(self, outcome: RunOutcome, term: int) -> None:
        """Let handlers know how the run ended.

        Raises:
            ResultError: it cannot be written down for them.
        """
        self._sees.outcome, self._sees.state.params = outcome, self._whole.state.params
        self.results.folder.mkdir(mode=0o700, exist_ok=True)
        if self.folder is not None:
            (self.folder / "output").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.results.put(0, term, 1, outcome)

    def environment(self, job: Job) -> dict[str, str]:
        outcome = self._sees.outcome
        own = {
            "TASKFLOW_RUN_STATE": outcome.state,
            "TASKFLOW_RUN_REASON": outcome.reason or "",
            "TASKFLOW_RUN_FAILED": "\n".join(outcome.failed),
            "TASKFLOW_IDEMPOTENCY_KEY": f"{self.run}.{job.task}.{job.epoch}",
        }
        return {**super().environment(job), **own}

    def output(self, job: Job) -> OutputFile:
        return OutputFile(self.folder, job.key, most=MOST_OUTPUT)

    def tmp(self, job: Job) -> Path:
        return super().tmp(job).with_name(f"{job.task}.{job.epoch}")

    def cookie(self, job: Job) -> str:
        return f"{self.run}/{job.task}.{job.epoch}"
