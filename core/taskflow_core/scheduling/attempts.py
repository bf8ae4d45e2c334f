"""The life of attempts: starting, ending, trying again, being stopped."""

from collections.abc import Callable
from typing import Any, Literal

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Skipped, Stop, Stopped, Succeeded
from taskflow_core.scheduling.dependencies import Dependencies
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.timers import Timers
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus

Chance = Callable[[], float]
"""Returns a float in [0, 1)."""

_TIMEOUT = ("TimeoutError", "builtins.TimeoutError")
"""What a timeout is called in `retry_on` and `no_retry_on`."""


class Attempts:
    """Starts and ends attempts, and decides what a failure leads to."""

    def __init__(self, record: Record, dependencies: Dependencies) -> None:
        self._record = record
        self._dependencies = dependencies
        self._stopping: dict[int, Literal["timeout", "cancel"]] = {}
        """The tasks whose attempt was told to stop, and why."""
        self._stops: list[Stop] = []
        self.timers = Timers()

    def stops(self) -> list[Stop]:
        """Return the orders to stop attempts given since the last call."""
        stops = self._stops
        self._stops = []
        return stops

    def start(
        self, job: Job, now: Instant, pid: int | None, arguments: dict[str, Any] | None
    ) -> None:
        """Record that a worker has begun `job`; its timeout counts from here."""
        record, state = self._record, self._record.state
        record.note_of(
            state.tasks[job.number],
            ev.AttemptStarted(
                state.seq + 1, now.wall, record.run, job.task, job.epoch, job.attempt,
                job.executor, pid, arguments,
            )
        )  # fmt: skip
        timeout = record.plan.tasks[job.number].options.timeout
        if timeout is not None:
            self.timers.set(now.mono + timeout, "timeout", job)

    def end(self, job: Job, outcome: Outcome, now: Instant, chance: Chance) -> None:
        """Record how a live attempt ended, and decide what follows.

        One that was told to stop counts as stopped, whatever it managed to say in the end.
        """
        if not self._stopping and type(outcome) is Succeeded:  # nearly always: first and fast
            self._succeeded(job, outcome, now)
            return
        why = self._stopping.pop(job.number, None)
        if why is not None:
            self._stopped(job, why, outcome, now, chance)
        elif isinstance(outcome, Succeeded):
            self._succeeded(job, outcome, now)
        elif isinstance(outcome, Stopped):
            self._stopped(job, "cancel", outcome, now, chance)
        elif isinstance(outcome, Skipped):
            self._skipped(job, outcome, now)
        elif isinstance(outcome, Failed):
            self._failed(job, outcome, now, chance)
        else:
            self._crashed(job, outcome, now)

    def tick(self, now: Instant) -> None:
        """Do what is due."""
        while timer := self.timers.pop_due(now.mono):
            attempt = self._record.current(timer.job)
            if timer.kind == "retry":
                self._retry_due(timer.job, now)
            elif timer.kind == "timeout":
                if attempt is not None and attempt.state is AttemptStatus.RUNNING:
                    self.stop(timer.job, "timeout", now)
            elif attempt is not None and attempt.state is AttemptStatus.STOPPING:
                self.kill(timer.job, now)

    def stop(self, job: Job, why: Literal["timeout", "cancel"], now: Instant) -> None:
        """Tell a live attempt to stop; after its grace it is killed."""
        self._stopping[job.number] = why
        self._record.attempt_event(ev.AttemptStopping, job, now, "TERM", why)
        self._stops.append(Stop(job, kill=False))
        grace = self._record.plan.tasks[job.number].options.grace
        self.timers.set(now.mono + grace, "kill", job)

    def kill(self, job: Job, now: Instant) -> None:
        """Kill a live attempt."""
        why = self._stopping.setdefault(job.number, "cancel")
        self._record.attempt_event(ev.AttemptStopping, job, now, "KILL", why)
        self._stops.append(Stop(job, kill=True))

    def wait_for_retry(self, number: int, now: Instant) -> None:
        """Set the timer of a task that was waiting for its next attempt before now."""
        due_at = self._record.state.tasks[number].due_at or now.wall
        wait = max(0.0, due_at - now.wall)
        self.timers.set(now.mono + wait, "retry", self._record.coming(number))

    # --- how it ended --------------------------------------------------------------------

    def _succeeded(self, job: Job, outcome: Succeeded, now: Instant) -> None:
        record, result = self._record, outcome.result
        task, seq, at, run = record.state.tasks[job.number], record.state.seq, now.wall, record.run
        record.note_of(
            task,
            ev.AttemptSucceeded(
                seq + 1, at, run, job.task, job.epoch, job.attempt, result, outcome.peak_rss
            ),
        )
        record.note_of(
            task, ev.TaskSucceeded(seq + 2, at, run, job.task, job.epoch, "executed", result)
        )
        self._dependencies.release(job.number, now)

    def _skipped(self, job: Job, outcome: Skipped, now: Instant) -> None:
        self._record.attempt_event(ev.AttemptSucceeded, job, now, None, None)
        reason = f"by_task: {outcome.reason}" if outcome.reason else "by_task"
        self._dependencies.skip(job.number, reason, now)

    def _failed(self, job: Job, outcome: Failed, now: Instant, chance: Chance) -> None:
        error, code = outcome.error, outcome.exit_code
        self._record.attempt_event(ev.AttemptFailed, job, now, error, outcome.traceback, code)
        retry = self._record.plan.tasks[job.number].options.retry
        asked = outcome.retry_after is not None
        if not outcome.final and (asked or retry.wants(outcome.names, code)):
            self._try_again(job, error, now, chance, outcome.retry_after)
        else:
            self._give_up(job, error, now)

    def _crashed(self, job: Job, outcome: Crashed, now: Instant) -> None:
        self._record.attempt_event(
            ev.AttemptCrashed, job, now, outcome.error, outcome.signal, outcome.exit_code
        )
        allowed = self._record.plan.tasks[job.number].options.retry.crash_retries
        if self._spent(job.number, AttemptStatus.CRASHED) <= allowed:
            self._schedule(job, 0.0, now)
        else:
            self._give_up(job, outcome.error, now)

    def _stopped(self, job: Job, why: str, outcome: Outcome, now: Instant, chance: Chance) -> None:
        stopped = outcome if isinstance(outcome, Stopped) else Stopped(forced=False)
        evidence = (stopped.forced, stopped.leftovers)
        if why == "cancel":
            self._record.attempt_event(ev.AttemptCancelled, job, now, *evidence)
            self._record.task_event(ev.TaskCancelled, job.number, now, "cancelled")
            self._dependencies.block(job.number, now)
            return
        options = self._record.plan.tasks[job.number].options
        after = options.timeout or 0.0
        self._record.attempt_event(ev.AttemptTimedOut, job, now, after, *evidence)
        error = f"timed out: still running after {after:g} s"
        cancelling = self._record.state.state is RunStatus.CANCELLING
        if options.retry.wants(_TIMEOUT, None) and not cancelling:
            self._try_again(job, error, now, chance, None)
        else:
            self._give_up(job, error, now)

    # --- what follows --------------------------------------------------------------------

    def _try_again(
        self, job: Job, error: str, now: Instant, chance: Chance, after: float | None
    ) -> None:
        retry = self._record.plan.tasks[job.number].options.retry
        spent = self._spent(job.number, AttemptStatus.FAILED, AttemptStatus.TIMED_OUT)
        if spent > retry.retries:
            self._give_up(job, error, now)
            return
        delay = retry.delay_before(spent + 1, chance) if after is None else after
        if retry.max_elapsed is not None:
            first = self._record.state.tasks[job.number].attempts[0].started_at or now.wall
            if now.wall + delay - first > retry.max_elapsed:
                self._give_up(job, error, now)
                return
        self._schedule(job, delay, now)

    def _schedule(self, job: Job, delay: float, now: Instant) -> None:
        coming = self._record.coming(job.number)
        self._record.attempt_event(ev.RetryScheduled, coming, now, now.wall + delay, delay)
        self.timers.set(now.mono + delay, "retry", coming)

    def _give_up(self, job: Job, reason: str, now: Instant) -> None:
        self._record.task_event(ev.TaskFailed, job.number, now, reason)
        self._dependencies.block(job.number, now)

    def _retry_due(self, job: Job, now: Instant) -> None:
        task = self._record.state.tasks[job.number]
        if task.state is TaskStatus.RETRY_WAIT and self._record.coming(job.number) == job:
            self._dependencies.make_ready(job.number, now)

    def _spent(self, number: int, *states: AttemptStatus) -> int:
        task = self._record.state.tasks[number]
        return sum(a.state in states for a in task.attempts if a.epoch == task.epoch)
