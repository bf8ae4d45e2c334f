"""The life of attempts: starting, being stopped, ending."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, cast

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.outcomes import (
    Cached,
    Crashed,
    Failed,
    Job,
    Outcome,
    Skipped,
    Stop,
    Stopped,
    Succeeded,
)
from taskflow_core.scheduling.dependencies import Dependencies
from taskflow_core.scheduling.edges import STOPPED
from taskflow_core.scheduling.gates import Gates
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.retrying import Chance, Retrying
from taskflow_core.scheduling.timers import Timers
from taskflow_core.state import NOT_READY
from taskflow_core.statuses import AttemptStatus

NO_RESULT: ev.Preview = {"value": None}
"""What a service has as its result."""
Why = Literal["timeout", "deadline", "cancel", "not_ready", "not_needed"]
"""Why an attempt is told to stop: it, or its task in all, took too long; somebody said so; or it
is one of a service that is not ready in time, or that nobody needs any more."""


class Attempts:
    """Starts and ends attempts."""

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
        self._stopping: dict[int, Why] = {}
        """The tasks whose attempt was told to stop, and why."""
        self._stops: list[Stop] = []
        self.retrying = Retrying(record, dependencies, gates, timers, on_failed)

    @property
    def has_stops(self) -> bool:
        """There are orders to stop attempts that nobody has asked for."""
        return bool(self._stops)

    def stops(self) -> list[Stop]:
        """Return the orders to stop attempts given since the last call."""
        stops = self._stops
        self._stops = []
        return stops

    def join(self) -> None:
        """Learn which attempts were told to stop, in a run that is taken over as it is."""
        for number, task in enumerate(self._record.state.tasks):
            why = task.last.stop_reason if task.last is not None and task.last.is_live else None
            if why is not None:
                self._stopping[number] = cast("Why", why)

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
        spec = record.plan.tasks[job.number]
        options = spec.options
        if options.timeout is not None:
            self._timers.set(now.mono + options.timeout, "timeout", job)
        if options.retry.max_elapsed is not None and spec.service is None:
            self._timers.set(self.retrying.deadline(job.number, now), "deadline", job)

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
        elif isinstance(outcome, Cached):
            self._reused(job, outcome, now)
        elif isinstance(outcome, Stopped):
            self._stopped(job, "cancel", outcome, now, chance)
        elif isinstance(outcome, Skipped):
            self._skipped(job, outcome, now)
        elif isinstance(outcome, Failed):
            self._failed(job, outcome, now, chance)
        else:
            self._crashed(job, outcome, now)

    def said(
        self, kind: Callable[..., ev.AttemptEvent], job: Job, now: Instant, *fields: Any
    ) -> None:
        """Record what is said about an attempt, if it is live."""
        if self._record.current(job) is not None:
            self._record.attempt_event(kind, job, now, *fields)

    def timed_out(self, kind: Literal["timeout", "deadline"], job: Job, now: Instant) -> None:
        """Stop an attempt that took too long, unless it is over or being stopped."""
        attempt = self._record.current(job)
        if attempt is not None and attempt.state is AttemptStatus.RUNNING:
            self.stop(job, kind, now)

    def grace_is_over(self, job: Job, now: Instant) -> None:
        """Kill an attempt that was told to stop, unless it is over."""
        attempt = self._record.current(job)
        if attempt is not None and attempt.state is AttemptStatus.STOPPING:
            self.kill(job, now)

    def stop(self, job: Job, why: Why, now: Instant) -> None:
        """Tell a live attempt to stop; after its grace it is killed."""
        self._stopping[job.number] = why
        spec = self._record.plan.tasks[job.number]
        signal = "TERM" if spec.service is None else spec.service.stop
        self._record.attempt_event(ev.AttemptStopping, job, now, signal, _word(why))
        self._stops.append(Stop(job, kill=False))
        self._timers.set(now.mono + spec.options.grace, "kill", job)

    def cancel(self, job: Job, now: Instant) -> None:
        """Stop a live attempt because somebody said so; the second time kill it.

        One that is being stopped because it took too long keeps the rest of its grace.
        """
        attempt = self._record.current(job)
        if job.number not in self._stopping:
            self.stop(job, "cancel", now)
        elif self._stopping[job.number] != "cancel":
            self._stopping[job.number] = "cancel"
        elif attempt is not None and attempt.state is AttemptStatus.STOPPING:
            self.kill(job, now)

    def kill(self, job: Job, now: Instant) -> None:
        """Kill a live attempt."""
        why = self._stopping.setdefault(job.number, "cancel")
        self._record.attempt_event(ev.AttemptStopping, job, now, "KILL", _word(why))
        self._stops.append(Stop(job, kill=True))

    def succeed(self, number: int, now: Instant) -> None:
        """Make the result of a task's last attempt the task's."""
        task = self._record.state.tasks[number]
        how = "cached" if task.last is not None and task.last.is_cached else "executed"
        self._record.task_event(ev.TaskSucceeded, number, now, how, task.result)
        self._dependencies.release(number, now)

    # --- how it ended --------------------------------------------------------------------

    def _succeeded(self, job: Job, outcome: Succeeded, now: Instant) -> None:
        record, result = self._record, outcome.result
        task, seq, at, run = record.state.tasks[job.number], record.state.seq, now.wall, record.run
        if outcome.context:
            for key, value in outcome.context.items():
                record.attempt_event(ev.ContextWritten, job, now, key, value)
            seq = record.state.seq
        record.note_of(
            task,
            ev.AttemptSucceeded(
                seq + 1, at, run, job.task, job.epoch, job.attempt, result, outcome.peak_rss
            ),
        )
        if record.state.breakpoints:
            self._gates.hold_end("after", job.number, now, partial(self.succeed, job.number))
            return
        record.note_of(
            task, ev.TaskSucceeded(seq + 2, at, run, job.task, job.epoch, "executed", result)
        )
        self._dependencies.release(job.number, now)

    def _reused(self, job: Job, outcome: Cached, now: Instant) -> None:
        """End an attempt that an earlier success stands in for."""
        record, written = self._record, outcome.context or {}
        record.attempt_event(ev.CacheChecked, job, now, True, outcome.reason)
        for key, value in written.items():
            record.attempt_event(ev.ContextWritten, job, now, key, value)
        record.attempt_event(ev.AttemptSucceeded, job, now, outcome.result, None)
        self._gates.hold_end("after", job.number, now, partial(self.succeed, job.number))

    def _skipped(self, job: Job, outcome: Skipped, now: Instant) -> None:
        self._record.attempt_event(ev.AttemptSucceeded, job, now, None, None)
        reason = f"by_task: {outcome.reason}" if outcome.reason else "by_task"
        self._record.task_event(ev.TaskSkipped, job.number, now, reason)
        self._dependencies.ended(job.number, now)

    def _failed(self, job: Job, outcome: Failed, now: Instant, chance: Chance) -> None:
        error, code = outcome.error, outcome.exit_code
        self._record.attempt_event(ev.AttemptFailed, job, now, error, outcome.traceback, code)
        retry = self._record.plan.tasks[job.number].options.retry
        asked = outcome.asks_again or outcome.retry_after is not None
        if not outcome.final and (asked or retry.wants(outcome.names, code)):
            self.retrying.try_again(job.number, error, now, chance, outcome.retry_after)
        else:
            self.retrying.give_up(job.number, error, now)

    def _crashed(self, job: Job, outcome: Crashed, now: Instant) -> None:
        self._record.attempt_event(
            ev.AttemptCrashed, job, now, outcome.error, outcome.signal, outcome.exit_code
        )
        self.retrying.crashed(job.number, outcome.error, now)

    def _stopped(self, job: Job, why: Why, outcome: Outcome, now: Instant, chance: Chance) -> None:
        stopped = outcome if isinstance(outcome, Stopped) else Stopped(forced=False)
        evidence = (stopped.forced, stopped.leftovers)
        if why == "cancel":
            self._record.attempt_event(ev.AttemptCancelled, job, now, *evidence)
            self._record.task_event(ev.TaskCancelled, job.number, now, "cancelled")
            self._dependencies.ended(job.number, now)
            return
        if why == "not_needed":
            self._record.attempt_event(ev.AttemptStopped, job, now, *evidence)
            self._record.task_event(ev.TaskSucceeded, job.number, now, STOPPED, NO_RESULT)
            self._dependencies.ended(job.number, now)
            return
        if why == "not_ready":
            self._failed(job, _late(self._record, job), now, chance)
            return
        options = self._record.plan.tasks[job.number].options
        after = options.timeout if why == "timeout" else options.retry.max_elapsed
        self._record.attempt_event(ev.AttemptTimedOut, job, now, after or 0.0, *evidence)
        error = f"timed out: still running after {after or 0.0:g} s"
        if why == "timeout" and options.retry.wants(_TIMEOUT, None):
            self.retrying.try_again(job.number, error, now, chance, None)
        else:
            self.retrying.give_up(job.number, error, now)

    def hold_again(self, number: int) -> None:
        """Take up a task that a breakpoint held at its end when the run was interrupted."""
        task = self._record.state.tasks[number]
        error = (task.last.error if task.last else None) or ""
        match task.held:
            case "after":
                self._gates.hold_again(number, partial(self.succeed, number))
            case "on_retry":
                self._gates.hold_again(number, partial(self.retrying.schedule, number, 0.0))
            case _:
                self._gates.hold_again(number, partial(self.retrying.fail, number, error))


_TIMEOUT = tuple(
    name
    for base in TimeoutError.__mro__[:-1]
    for name in (base.__name__, f"{base.__module__}.{base.__name__}")
)
"""What a timeout is called in `retry_on` and `no_retry_on`: as if the task had raised it."""


def _word(why: Why) -> str:
    return "timeout" if why == "deadline" else why


def _late(record: Record, job: Job) -> Failed:
    """Return how a service failed that was not ready in time."""
    service, task = record.plan.tasks[job.number].service, record.state.tasks[job.number]
    within = service.ready.within if service is not None and service.ready is not None else 0.0
    met = f": {task.reason.removeprefix(NOT_READY)}" if task.reason else ""
    return Failed(error=f"not ready within {within:g} s{met}", names=_TIMEOUT)
