"""A run in a process of its own: what a run started from the app or the command line lives in.

It is given FOLDER READY REQUEST and owns the run in FOLDER from start to end. On the descriptor
READY it writes one line of JSON once the run is recorded as started, or what stands in the way.
REQUEST, JSON such as `{"do": "retry", "by": "app", "tasks": null}`, is what brings a settled or
interrupted run back to life; `null` for a new one.
"""

import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from taskflow_core.actions import Cancel, Retry, Rollback, read_action
from taskflow_core.assembly import Parts, assemble, check_executors, created
from taskflow_core.clock import Instant
from taskflow_core.control import ControlServer, Request
from taskflow_core.engine import Ask, Engine
from taskflow_core.errors import HandlersAtWorkError, JournalError, RefusedError, TaskflowError
from taskflow_core.executors.base import FRESH, CachePlace
from taskflow_core.flow_code import FileCode
from taskflow_core.folder import Ownership, RunFolder, cache_folder
from taskflow_core.handling import handler_plan
from taskflow_core.journal.sqlite import JournalReader, SqliteJournal
from taskflow_core.output_router import routed_output
from taskflow_core.plan import Plan
from taskflow_core.process_tree import sweep
from taskflow_core.results import ResultStore
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus


class Runner:
    """Owns one run, answers for it, and ends with it.

    Raises:
        RunOwnedError: another living process owns the run.
        JournalError: the record cannot be opened.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._ownership = Ownership(folder)
        request = json.loads(folder.request.read_text())
        self._by = str(request["by"])
        self._max_parallel: int | None = request["max_parallel"]
        self._params: dict[str, Any] = request.get("params") or {}
        self._refusal = FRESH if request.get("fresh") else None
        self._actions = [read_action(fields) for fields in request.get("actions") or ()]
        self.plan = Plan.from_json(json.dumps(request["plan"]).encode())
        check_executors(self.plan)
        self._idle = threading.Condition()
        self._asked = 0
        """Requests that are being carried out."""
        self._has_ended = False
        self._journal = SqliteJournal(folder.journal, owner=os.getpid())
        self._state = self._recall()
        self._is_new = not self._state.seq
        if not self._is_new:
            self._max_parallel = self._state.max_parallel  # people may have changed it
            sweep(folder.run)
        self._engine = self._assemble()
        self._server = ControlServer(folder.path, folder.run, self._handle)

    def start(self, request: Request | None) -> list[object]:
        """Begin, or bring the run back to life with a request; returns the answer to it.

        Raises:
            RefusedError: the run does not allow it; it is left as it was.
        """
        answers: list[object] = []
        if self._is_new:
            self._note_creation()
        first = self._revival(request)
        self._engine.start(lambda scheduler, now: answers.append(first(scheduler, now)))
        self._engine.commit()
        return answers

    def _revival(self, request: Request | None) -> Ask[object]:
        """Return what to ask first, after making sure that it will not be refused."""
        if request is None:
            return self._first_actions
        action = read_action(request)
        if self._state.state is RunStatus.ROLLING_BACK and isinstance(action, Rollback):
            return _nothing  # it was interrupted: just go on
        if not self._state.state.is_settled and action == Retry():
            failed = {TaskStatus.FAILED, TaskStatus.CANCELLED}
            if not any(self._state.counts[status] for status in failed):
                return _nothing  # it was interrupted, and nothing has failed: just go on
        self._engine.check(action)
        return action.ask(_by(request))

    def _note_creation(self) -> None:
        run, slots, params = self._folder.run, self._max_parallel, self._params
        self._engine.note(created(self.plan, run, max_parallel=slots, by=self._by, params=params))

    def _first_actions(self, scheduler: Scheduler, now: Instant) -> None:
        for action in self._actions if self._is_new else ():
            action.ask(self._by)(scheduler, now)

    def run(self) -> None:
        """Wait for the end of the run.

        Raises:
            JournalError: it could not be recorded, and was stopped.
        """
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # from an inline task: it is its outcome
                self._engine.wait()
            with self._idle:
                self._idle.wait_for(lambda: not self._asked)
                self._has_ended = self._engine.is_done
                if self._has_ended:
                    break
        self._server.close()
        self._engine.close()
        sweep(self._folder.run)
        self._folder.clear_tmp()
        self._ownership.close()
        if self._engine.failure is not None:
            raise self._engine.failure

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Stop the run because this process was told to end by a signal."""
        del number, frame
        threading.Thread(target=self._cancel).start()  # a handler must not wait for a lock

    def _cancel(self) -> None:
        with contextlib.suppress(RefusedError):
            self._engine.act(Cancel(), by="signal")

    def _recall(self) -> RunState:
        reader = JournalReader(self._folder.journal)
        events = reader.read()
        reader.close()
        state = RunState(None if events else self.plan)
        state.apply(events)
        self.plan = state.plan
        return state

    def _assemble(self) -> Engine:
        folder, plan = self._folder, self.plan
        return assemble(
            Parts(
                run=folder.run,
                state=self._state,
                results=ResultStore(folder.results, len(plan.tasks), keep=False),
                tmp=folder.tmp,
                code=FileCode(plan),
                handlers=(FileCode(handler_plan(plan)), None) if plan.handlers else None,
                folder=folder.path,
                cache=CachePlace(cache_folder(folder.path.parent.parent), self._refusal),
                journal=self._journal,
                max_parallel=self._max_parallel or plan.max_parallel,
                on_commit=lambda: self._server.tick(self._state.seq),
            )
        )

    def _handle(self, request: Request) -> object:
        action = read_action(request)
        with self._idle:
            if self._has_ended:
                raise RefusedError("the run has just ended", hint="Ask again.")
            if action.revives and self._engine.is_handling:  # nobody else would be answered
                hint = f"Wait for them, or stop them: taskflow-tui cancel {self._folder.run}"
                raise HandlersAtWorkError("the run's handlers are at work", hint=hint)
            self._asked += 1
        try:
            return self._engine.act(action, by=_by(request))
        finally:
            with self._idle:
                self._asked -= 1
                self._idle.notify_all()


def _nothing(_: Scheduler, __: Instant) -> None:
    """Ask for nothing."""


def _by(request: Request) -> str:
    return str(request.get("by"))


def _tell(descriptor: int, message: dict[str, Any]) -> None:
    """Say the first word; whoever asked for the run may be gone, or have heard it already."""
    with contextlib.suppress(OSError), os.fdopen(descriptor, "w") as ready:
        ready.write(json.dumps(message) + "\n")


def main(folder: Path, ready: int, request: Request | None) -> int:
    """Own the run in `folder` until it ends; return the exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    try:
        runner = Runner(RunFolder(folder))
        signal.signal(signal.SIGTERM, runner.hear)
        with routed_output(echo=False):
            answers = runner.start(request)
            _tell(ready, {"ok": answers[0]})
            runner.run()
    except TaskflowError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  goes to runner.log
        _tell(ready, {"error": str(error), "hint": error.hint, "kind": type(error).__name__})
        return error.exit_code if isinstance(error, JournalError) else 2
    return 0


def run(arguments: list[str]) -> None:
    """Be a runner; never returns. A thread that could not be stopped does not hold it up."""
    folder, ready, request = arguments
    code = main(Path(folder), int(ready), json.loads(request))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
