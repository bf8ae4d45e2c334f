"""A run in this process: started, watched and asked from Python."""

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

from taskflow_core.assembly import Parts, assemble, check_executors, created
from taskflow_core.bus import EventBus
from taskflow_core.engine import Engine
from taskflow_core.errors import RefusedError, TaskFailedError
from taskflow_core.folder import Ownership, RunFolder, new_run_id, state_directory
from taskflow_core.garbage import collection_paused
from taskflow_core.journal.sqlite import SqliteJournal
from taskflow_core.memory_code import MemoryCode
from taskflow_core.output_router import routed_output
from taskflow_core.results import ResultStore
from taskflow_core.state import RunState, TaskState
from taskflow_core.statuses import NOT_SUCCEEDED, RunStatus, TaskStatus

Journaling: TypeAlias = bool | str | Path | None
"""None or False records nothing; True records in the state directory; a path is another such."""


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


class RunHandle:
    """A run that goes on in this process. Every method may be called from any thread.

    Close it, or use it in a `with` block, to let go of worker processes and of the journal; it
    is closed by itself when nothing refers to it any more.
    """

    def __init__(self, engine: Engine, state: RunState, results: ResultStore) -> None:
        self._engine = engine
        self._state = state
        self._results = results
        self.run_id = state.run
        self.close = weakref.finalize(self, _end, engine)
        """Let go of everything; what still runs is cancelled first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def state(self) -> RunStatus:
        """What the run is doing now."""
        return self._state.state

    def pause(self) -> None:
        """Start nothing new until `resume`; RefusedError if the run is not running."""
        self._engine.request(lambda scheduler, now: scheduler.pause(now, by="python"))

    def resume(self) -> None:
        """Start tasks again; RefusedError if the run is not paused."""
        self._engine.request(lambda scheduler, now: scheduler.resume(now, by="python"))

    def cancel(self, *tasks: str) -> None:
        """Stop the run, or the named tasks; asking again kills. RefusedError if it is over."""
        names = tasks or None
        self._engine.request(lambda scheduler, now: scheduler.cancel(now, names, by="python"))

    def retry(self, *tasks: str) -> list[str]:
        """Try failed tasks again, all of them or the named ones, and return their names.

        Raises:
            RefusedError: one cannot be retried, or none has failed.
        """
        return self._engine.retry(tasks or None, by="python")

    def wait(self, timeout: float | None = None) -> RunResult:
        """Wait for the end of the run and return its results.

        Raises:
            TimeoutError: it did not end within `timeout` seconds; it goes on.
            JournalError: it could not be recorded, and was stopped.
        """
        if not self._engine.wait(timeout):
            raise TimeoutError(f"run {self.run_id} is still {self.state} after {timeout} s")
        if self._engine.failure is not None:
            raise self._engine.failure
        return RunResult(self._state, self._results)


def begin(
    code: MemoryCode,
    *,
    buses: Sequence[EventBus],
    journal: Journaling,
    max_parallel: int | None,
) -> RunHandle:
    """Start a run in this process and return at once. See `Flow.start`."""
    with collection_paused():
        engine, state, results = _prepared(code, buses, journal, max_parallel)
    engine.start()
    return RunHandle(engine, state, results)


def _prepared(
    code: MemoryCode,
    buses: Sequence[EventBus],
    journal: Journaling,
    max_parallel: int | None,
) -> tuple[Engine, RunState, ResultStore]:
    plan = code.plan
    check_executors(plan)
    state = RunState(plan)
    run = new_run_id()
    slots = max_parallel or plan.max_parallel
    place = _Place(journal, run)
    results = ResultStore(place.results, len(plan.tasks), keep=True)
    if place.folder is None:
        weakref.finalize(results, shutil.rmtree, place.home, ignore_errors=True)
    parts = Parts(
        plan=plan,
        run=run,
        state=state,
        results=results,
        tmp=place.home / "tmp",
        code=code,
        functions=code.functions,
        folder=None if place.folder is None else place.folder.path,
        journal=place.journal,
        buses=buses,
        max_parallel=slots,
        describe=code.describer(state),
    )
    engine = assemble(parts)
    engine.note(created(plan, run, max_parallel=slots, by="python"))
    return engine, state, results


class _Place:
    """Where a run of this process keeps its things: a run folder, or a temporary one."""

    def __init__(self, journal: Journaling, run: str) -> None:
        self.folder: RunFolder | None = None
        self.journal: _OwnJournal | None = None
        if journal is None or journal is False:
            self.home = Path(tempfile.mkdtemp(prefix="taskflow-"))
            self.results = self.home
            return
        state = state_directory(None if journal is True else Path(journal))
        self.folder = RunFolder.create(state, run)
        self.folder.write_request({"by": "python"})
        self.journal = _OwnJournal(self.folder)
        self.home = self.folder.path
        self.results = self.folder.results


class _OwnJournal(SqliteJournal):
    """The journal of a run that this process owns as long as the journal is open."""

    def __init__(self, folder: RunFolder) -> None:
        self._ownership = Ownership(folder)
        self._routing = contextlib.ExitStack()
        self._routing.enter_context(routed_output(echo=True))
        super().__init__(folder.journal, owner=os.getpid())

    def close(self) -> None:
        super().close()
        self._routing.close()
        self._ownership.close()


def _end(engine: Engine) -> None:
    if not engine.is_over:
        with contextlib.suppress(RefusedError):
            engine.request(lambda scheduler, now: scheduler.cancel(now, None, by="python"))
        engine.wait()
    engine.close()
