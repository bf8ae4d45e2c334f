"""Running the handlers of a run, one after another, none for longer than it may."""

import contextvars
import logging
import threading
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from taskflow_core.events import HandlerFinished, HandlerStarted
from taskflow_core.executors.base import Executor
from taskflow_core.handler_place import HandlerPlace
from taskflow_core.handling import due_handlers, moment_of, run_outcome
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stopped
from taskflow_core.results import ResultError
from taskflow_core.specs import TaskOptions
from taskflow_core.state import RunState

Note = Callable[..., None]
"""Records an event about the run before it returns; takes its kind, and its own fields."""

_log = logging.getLogger("taskflow")


class Handlers:
    """Runs what is due after an outcome.

    Args:
        place: Where they work.
        executors: What runs them, by name.
    """

    def __init__(self, place: HandlerPlace, executors: Mapping[str, Executor]) -> None:
        self._place = place
        self._executors = executors
        self.changed = threading.Condition()
        self.force = 0.0
        """0 until somebody asks for the end; then they are to stop; from 2 on to be killed."""
        self._stopped_by = ""
        self._is_at_it = False

    @property
    def are_at_work(self) -> bool:
        """They have been begun, and not all of them have ended."""
        return self._is_at_it

    def are_due(self, state: RunState) -> bool:
        """Say whether there is something to do for the outcome of the run; then it is begun."""
        with self.changed:
            self._is_at_it = bool(due_handlers(state.plan, state.state))
            self.force = 0.0
            return self._is_at_it

    def run(self, state: RunState, note: Note) -> None:
        """Run them, one after another; what goes wrong is noted."""
        try:
            trouble = self._prepare(state)
            for number in due_handlers(state.plan, state.state):
                moment = moment_of(self._place.plan.tasks[number])
                why = trouble or (f"stopped by {self._stopped_by}" if self.force else None)
                if why is None:
                    self._handle(number, state.term, note)
                else:
                    note(HandlerFinished, moment, False, f"not begun: {why}")
        finally:
            with self.changed:
                self._is_at_it = False

    def stop(self, by: str) -> bool:
        """Tell them to stop, or if that was said already kill them; False if none is at it."""
        with self.changed:
            if self._is_at_it:
                self.force += 1
                self._stopped_by = by
                self.changed.notify_all()
            return self._is_at_it

    def forget_code(self) -> None:
        """Load functions afresh from now on."""
        for executor in self._executors.values():
            executor.forget_code()

    def close(self) -> None:
        """Let go of workers."""
        for executor in self._executors.values():
            executor.close()

    def _prepare(self, state: RunState) -> str | None:
        """Write down the outcome for them; return what stands in the way."""
        try:
            self._place.begin(run_outcome(state), state.term)
        except (ResultError, OSError) as error:
            return str(error)
        return None

    def _handle(self, number: int, term: int, note: Note) -> None:
        spec = self._place.plan.tasks[number]
        moment, executor = moment_of(spec), spec.options.executor
        note(HandlerStarted, moment, executor)
        job = Job(number, spec.name, term, 1, executor)
        outcome = _Attempt(self, self._executors[executor], job, spec.options).make()
        error = self._error(outcome, spec.options)
        if error is not None:
            _log.warning("%s of run %s failed: %s", spec.name, self._place.run, error)
        traceback = outcome.traceback if isinstance(outcome, Failed) else None
        left = outcome.leftovers if isinstance(outcome, Stopped) else 0
        note(HandlerFinished, moment, error is None, error, left, traceback)

    def _error(self, outcome: Outcome, options: TaskOptions) -> str | None:
        if isinstance(outcome, Stopped):
            if self.force:
                return f"stopped by {self._stopped_by}"
            return f"timed out: still running after {options.timeout or 0.0:g} s"
        return outcome.error if isinstance(outcome, Failed | Crashed) else None


def _unheard(job: Job, pid: int | None, arguments: dict[str, Any] | None) -> None:
    """Take that a handler has begun: that was noted before."""


class _Attempt:
    """One handler at work, in a thread, and the thread that sees to it that it ends."""

    def __init__(
        self, handlers: Handlers, executor: Executor, job: Job, options: TaskOptions
    ) -> None:
        self._handlers = handlers
        self._executor = executor
        self._job = job
        self._options = options
        self._outcome: Outcome | None = None

    def make(self) -> Outcome:
        """Return how it ended; a thread that does not end is given up."""
        context, name = contextvars.copy_context(), f"taskflow-{self._job.task}"
        threading.Thread(target=context.run, args=(self._run,), name=name, daemon=True).start()
        outcome = self._within(self._options.timeout, force=1)
        if outcome is not None:
            return outcome
        self._executor.stop(self._job, kill=False)
        outcome = self._within(self._options.grace, force=2)
        outcome = outcome or self._executor.stop(self._job, kill=True) or self._within(None, inf)
        # What it says after it was told to stop is not what it would have said.
        return outcome if isinstance(outcome, Stopped) else Stopped(forced=False)

    def _within(self, seconds: float | None, force: float) -> Outcome | None:
        """Wait for its end, for so long, or until somebody asks for it so strongly."""
        with self._handlers.changed:
            self._handlers.changed.wait_for(
                lambda: self._outcome is not None or self._handlers.force >= force, seconds
            )
            return self._outcome

    def _run(self) -> None:
        try:
            outcome = self._executor.run(self._job, _unheard)
        except Exception as error:  # noqa: BLE001  a bug in an executor fails the handler alone
            outcome = Failed(error=f"internal error: {error!r}", final=True)
        with self._handlers.changed:
            self._outcome = outcome
            self._handlers.changed.notify_all()
