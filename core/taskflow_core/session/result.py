"""The results of a run that was made in this process."""

from collections.abc import Iterator, Mapping
from typing import Any

from taskflow_core.errors import TaskFailedError
from taskflow_core.results import ResultStore
from taskflow_core.state import Handled, RunState, TaskState
from taskflow_core.statuses import NOT_SUCCEEDED, RunStatus, TaskStatus


class RunResult(Mapping[str, Any]):
    """The results of a run by task name, and how it went.

    Asking for the result of a task that did not succeed raises `TaskFailedError`.
    """

    def __init__(self, state: RunState, results: ResultStore) -> None:
        self._state = state
        self._results = results

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._state.run

    @property
    def state(self) -> RunStatus:
        """How the run ended."""
        return self._state.state

    @property
    def error(self) -> str | None:
        """What went wrong in the first task, in file order, that failed; None if none did."""
        failed = (t.reason for t in self._state.tasks if t.state is TaskStatus.FAILED)
        return next(failed, None)

    @property
    def tasks(self) -> dict[str, TaskState]:
        """Each task's state and attempts, by name."""
        return {
            spec.name: task
            for spec, task in zip(self._state.plan.tasks, self._state.tasks, strict=True)
        }

    @property
    def handlers(self) -> dict[str, Handled]:
        """What was done once the outcome was decided, by `success`, `failure` and so on."""
        return dict(self._state.handled)

    def raise_for_failure(self) -> None:
        """Raise TaskFailedError for the first task, in file order, that failed."""
        for name, task in self.tasks.items():
            if task.state is TaskStatus.FAILED:
                raise TaskFailedError(name, task.state, task.reason)

    def __getitem__(self, name: str) -> Any:
        number = self._state.number_of(name)
        task = self._state.tasks[number]
        if task.state in NOT_SUCCEEDED:
            raise TaskFailedError(name, task.state, task.reason)
        return None if task.state is TaskStatus.SKIPPED else self._results.get(number)

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.plan.index)

    def __len__(self) -> int:
        return len(self._state.tasks)

    def __repr__(self) -> str:
        return f"RunResult({self._state.flow!r}, {self.state}, {len(self)} tasks)"
