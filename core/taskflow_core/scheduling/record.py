"""Writing down what was decided: events, numbered, folded and kept for the engine."""

from collections.abc import Callable
from typing import Any

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.outcomes import Job
from taskflow_core.plan import Plan
from taskflow_core.state import TASK_FOLDS, Attempt, RunState, TaskState
from taskflow_core.statuses import LIVE_ATTEMPTS


class Record:
    """The run so far, and the events that the engine has not fetched yet.

    Every event is folded as soon as it is decided, so that each decision sees the ones before it.
    """

    def __init__(self, plan: Plan, state: RunState, run: str) -> None:
        self.plan = plan
        self.state = state
        self.run = run
        self._events: list[ev.Event] = []
        self._keep = self._events.append
        self.note_of = _noting(state, self._keep)
        """Fold an event, which is about the task given with it, and keep it for the engine."""

    def drain(self) -> list[ev.Event]:
        """Return the events decided since the last call."""
        events = self._events.copy()
        self._events.clear()
        return events

    def note(self, event: ev.Event) -> None:
        """Fold `event` and keep it for the engine."""
        self.state.apply_one(event)
        self._keep(event)

    def run_event(self, kind: Callable[..., ev.Event], now: Instant, *fields: Any) -> None:
        """Note an event about the run."""
        self.note(kind(self.state.seq + 1, now.wall, self.run, *fields))

    def task_event(
        self, kind: Callable[..., ev.TaskEvent], number: int, now: Instant, *fields: Any
    ) -> None:
        """Note an event about a task."""
        name, task = self.plan.tasks[number].name, self.state.tasks[number]
        self.note_of(task, kind(self.state.seq + 1, now.wall, self.run, name, task.epoch, *fields))

    def epoch_event(self, number: int, epoch: int, now: Instant, *fields: Any) -> None:
        """Note that a new epoch of a task begins."""
        name, task = self.plan.tasks[number].name, self.state.tasks[number]
        seq, at = self.state.seq + 1, now.wall
        self.note_of(task, ev.EpochOpened(seq, at, self.run, name, epoch, *fields))

    def undo_event(
        self,
        kind: Callable[..., ev.AttemptEvent],
        number: int,
        attempt: int,
        now: Instant,
        *fields: Any,
    ) -> None:
        """Note an event about a compensation."""
        name, task = self.plan.tasks[number].name, self.state.tasks[number]
        head = (self.state.seq + 1, now.wall, self.run, name, task.epoch, attempt)
        self.note_of(task, kind(*head, *fields))

    def attempt_event(
        self, kind: Callable[..., ev.AttemptEvent], job: Job, now: Instant, *fields: Any
    ) -> None:
        """Note an event about an attempt."""
        head = (self.state.seq + 1, now.wall, self.run, job.task, job.epoch, job.attempt)
        self.note_of(self.state.tasks[job.number], kind(*head, *fields))

    def current(self, job: Job) -> Attempt | None:
        """Return the live attempt that `job` stands for; None if it is over or superseded."""
        attempts = self.state.tasks[job.number].attempts
        if attempts:
            last = attempts[-1]
            is_it = last.attempt == job.attempt and last.epoch == job.epoch
            if is_it and last.state in LIVE_ATTEMPTS:
                return last
        return None

    def job(self, number: int, attempt: Attempt) -> Job:
        """Return the job of a recorded attempt."""
        spec = self.plan.tasks[number]
        return Job(number, spec.name, attempt.epoch, attempt.attempt, spec.options.executor)

    def coming(self, number: int) -> Job:
        """Return the job of the attempt that the task makes next."""
        spec = self.plan.tasks[number]
        task = self.state.tasks[number]
        attempt, attempts = 1, task.attempts
        if attempts and attempts[-1].epoch == task.epoch:
            attempt = attempts[-1].attempt + 1
        return Job(number, spec.name, task.epoch, attempt, spec.options.executor)


def _noting(
    state: RunState, keep: Callable[[ev.Event], None]
) -> Callable[[TaskState, ev.TaskEvent], None]:
    """Return `Record.note_of`; as a closure it takes three quarters of what a method would."""
    folds = TASK_FOLDS

    def note_of(task: TaskState, event: ev.TaskEvent) -> None:
        folds[type(event)](state, event, task)
        state.seq = event.seq
        keep(event)

    return note_of
