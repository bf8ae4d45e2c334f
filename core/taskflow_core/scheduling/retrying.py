"""What follows a failed attempt: another one, or the end of the task."""

from collections.abc import Callable
from functools import partial

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.outcomes import Job
from taskflow_core.scheduling.dependencies import Dependencies
from taskflow_core.scheduling.gates import Gates
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.timers import Timers
from taskflow_core.state import Attempt
from taskflow_core.statuses import AttemptStatus, TaskStatus

Chance = Callable[[], float]
"""Returns a float in [0, 1)."""


class Retrying:
    """Decides whether a task is tried again, and sees to it."""

    def __init__(
        self,
        record: Record,
        dependencies: Dependencies,
        gates: Gates,
        timers: Timers,
        on_failed: Callable[[int, Instant], None],
    ) -> None:
        self._record = record
        self._dependencies = dependencies
        self._gates = gates
        self._timers = timers
        self._on_failed = on_failed
        self._deadlines: dict[tuple[int, int, int], float] = {}
        """By task, epoch and where its budget begins."""
        self.is_over = False
        """Nothing is tried again any more: the run comes to its end."""

    def begin(self) -> None:
        """Start, or go on after a pause in which nobody worked: deadlines are counted afresh."""
        self.is_over = False
        self._deadlines.clear()

    def try_again(
        self, number: int, error: str, now: Instant, chance: Chance, after: float | None
    ) -> None:
        """Schedule another attempt if the policy allows one; else the task has failed.

        Args:
            number: The task.
            error: What went wrong.
            now: The moment.
            chance: For jitter.
            after: Seconds that the task asked to wait itself.
        """
        retry = self._record.plan.tasks[number].options.retry
        spent = self._spent(number, AttemptStatus.FAILED, AttemptStatus.TIMED_OUT)
        if spent > retry.retries:
            self.give_up(number, error, now)
            return
        delay = retry.delay_before(spent + 1, chance) if after is None else after
        if retry.max_elapsed is not None and now.mono + delay > self.deadline(number, now):
            self.give_up(number, error, now)
            return
        self._hold_or_schedule(number, error, delay, now)

    def crashed(self, number: int, error: str, now: Instant) -> None:
        """Try again at once if the policy allows it after a crash; else the task has failed."""
        allowed = self._record.plan.tasks[number].options.retry.crash_retries
        if self._spent(number, AttemptStatus.CRASHED) <= allowed:
            self._hold_or_schedule(number, error, 0.0, now)
        else:
            self.give_up(number, error, now)

    def give_up(self, number: int, reason: str, now: Instant) -> None:
        """Let the task fail, unless a breakpoint holds it before that."""
        self._gates.hold_end("on_failure", number, now, partial(self.fail, number, reason))

    def fail(self, number: int, reason: str, now: Instant) -> None:
        """Let the task fail."""
        self._record.task_event(ev.TaskFailed, number, now, reason)
        self._dependencies.ended(number, now)
        self._on_failed(number, now)

    def schedule(self, number: int, delay: float, now: Instant) -> None:
        """Let the task make its next attempt after `delay` seconds."""
        coming = self._record.coming(number)
        self._record.attempt_event(ev.RetryScheduled, coming, now, now.wall + delay, delay)
        self._timers.set(now.mono + delay, "retry", coming)

    def wait(self, number: int, now: Instant) -> None:
        """Set the timer of a task that was waiting for its next attempt before now."""
        due_at = self._record.state.tasks[number].due_at or now.wall
        wait = max(0.0, due_at - now.wall)
        self._timers.set(now.mono + wait, "retry", self._record.coming(number))

    def due(self, job: Job, now: Instant) -> None:
        """Make the next attempt ready, unless something else happened to the task meanwhile."""
        task = self._record.state.tasks[job.number]
        if task.state is TaskStatus.RETRY_WAIT and self._record.coming(job.number) == job:
            self._dependencies.try_again(job.number, now)

    def deadline(self, number: int, now: Instant) -> float:
        """Return when, on the monotonic clock, the task has to be done with all its attempts."""
        key = self._key(number)
        if key not in self._deadlines:
            starts = (a.started_at for a in self._counted(number) if a.started_at is not None)
            first = next(starts, None)
            if first is None:  # no worker has begun it yet, so its time has not begun either
                return now.mono + self._longest(number)
            worked = self._record.state.worked(first, now.wall)
            self._deadlines[key] = now.mono + self._longest(number) - worked
        return self._deadlines[key]

    def grant(self, number: int, now: Instant) -> None:
        """Give a task that has used up its time all of it again: a person wants another attempt."""
        if self._longest(number) and self.deadline(number, now) <= now.mono:
            self._deadlines[self._key(number)] = now.mono + self._longest(number)

    def _longest(self, number: int) -> float:
        return self._record.plan.tasks[number].options.retry.max_elapsed or 0.0

    def _key(self, number: int) -> tuple[int, int, int]:
        task = self._record.state.tasks[number]
        return number, task.epoch, task.budget_from

    def _hold_or_schedule(self, number: int, error: str, delay: float, now: Instant) -> None:
        if self.is_over:
            self.fail(number, error, now)
        else:
            self._gates.hold_end("on_retry", number, now, partial(self.schedule, number, delay))

    def _spent(self, number: int, *states: AttemptStatus) -> int:
        return sum(attempt.state in states for attempt in self._counted(number))

    def _counted(self, number: int) -> list[Attempt]:
        """Return the attempts that count against the task's budget."""
        task = self._record.state.tasks[number]
        return [a for a in task.attempts[task.budget_from :] if a.epoch == task.epoch]
