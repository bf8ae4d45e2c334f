"""The decisions of a run: what starts, and when it is over; and what people ask of it.

The engine calls it under one lock, a turn at a time, and carries out what it decides.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError
from taskflow_core.outcomes import Job, Outcome, Stop
from taskflow_core.plan import Plan
from taskflow_core.scheduling.attempts import Attempts, Chance
from taskflow_core.scheduling.dependencies import Dependencies
from taskflow_core.scheduling.ready import THREADS, ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.state import RunState
from taskflow_core.statuses import (
    NOT_SUCCEEDED,
    SETTLED_TASKS,
    AttemptStatus,
    RunStatus,
    TaskStatus,
)

# Looking up a member on its Enum takes 70 ns in Python 3.11, and this is the hot path.
_PENDING = TaskStatus.PENDING
_RUNNING = TaskStatus.RUNNING
_RUN_RUNNING = RunStatus.RUNNING

Describe = Callable[[int], dict[str, Any] | None]
"""Previews the arguments of the task with that number."""


class Scheduler:
    """Decides what a run does next, given what happened.

    Args:
        plan: What to do.
        state: What is so already; folded into from here on, and by nobody else.
        run: The run's id.
        slots: How many tasks may run at once in each lane.
        total: How many tasks may run at once in all.
        describe: Previews arguments of tasks that start within this process.
    """

    def __init__(
        self,
        plan: Plan,
        state: RunState,
        *,
        run: str,
        slots: dict[str, int],
        total: int | None = None,
        describe: Describe = lambda _: None,
    ) -> None:
        self._plan = plan
        self._describe = describe
        self.state = state
        self.record = Record(plan, state, run)
        self._ready = ReadyQueue(plan, slots, total)
        self._dependencies = Dependencies(self.record, self._ready)
        self._attempts = Attempts(self.record, self._dependencies)
        self._timers = self._attempts.timers
        self.lanes = self._ready.lanes
        """The lanes that the plan's tasks run in."""

    # --- what the engine asks ------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """The run has settled."""
        return self.state.state.is_settled

    def due(self) -> float | None:
        """Return when, on the monotonic clock, `tick` has something to do."""
        return self._timers.next_at()

    def startable(self, lane: str) -> bool:
        """Say whether a task of `lane` could start now."""
        return self.state.state is _RUN_RUNNING and self._ready.startable(lane)

    def drain(self) -> list[ev.Event]:
        """Return the events decided since the last call."""
        return self.record.drain()

    def stops(self) -> list[Stop]:
        """Return the orders to stop attempts given since the last call."""
        return self._attempts.stops()

    def live_jobs(self) -> list[Job]:
        """Return the attempts that have not ended."""
        lasts = ((number, task.last) for number, task in enumerate(self.state.tasks))
        return [self.record.job(number, last) for number, last in lasts if last and last.is_live]

    # --- turns ---------------------------------------------------------------------------

    def begin(self, now: Instant, *, owner: int, term: int) -> None:
        """Start the run, or go on with one that was interrupted or has settled."""
        self.record.run_event(ev.RunStarted, now, owner, term)
        waiting = self._dependencies.waiting
        for number, task in enumerate(self.state.tasks):
            if task.attempts and task.attempts[-1].is_live:
                job = self.record.job(number, task.attempts[-1])
                self.record.attempt_event(ev.AttemptLost, job, now, "its runner is gone")
            if task.state is _PENDING:
                if not waiting[number]:
                    self._dependencies.make_ready(number, now)
            elif task.state is TaskStatus.READY:
                self._ready.push(number)
            elif task.state is TaskStatus.RETRY_WAIT:
                self._attempts.wait_for_retry(number, now)

    def take(self, lane: str, now: Instant) -> Job | None:
        """Start the next task of `lane` that may start, or return None."""
        if self.state.state is not _RUN_RUNNING:
            return None
        number = self._ready.take(lane)
        if number is None:
            return None
        job = self.record.coming(number)
        if lane is THREADS:
            self._attempts.start(job, now, None, self._describe(number))
        else:
            self.record.attempt_event(ev.AttemptQueued, job, now, job.executor)
        return job

    def began(
        self, job: Job, now: Instant, pid: int | None, arguments: dict[str, Any] | None
    ) -> None:
        """Record that a worker has begun `job`."""
        attempt = self.record.current(job)
        if attempt is not None and attempt.state is AttemptStatus.QUEUED:
            self._attempts.start(job, now, pid, arguments)

    def ended(self, job: Job, outcome: Outcome, now: Instant, chance: Chance) -> bool:
        """Record how `job` ended, and decide what follows.

        Returns:
            False if the outcome is stale: the attempt was over already, and nothing changes.
        """
        if self.record.current(job) is None:
            return False
        self._ready.give_back(job.number)
        self._attempts.end(job, outcome, now, chance)
        return True

    def tick(self, now: Instant) -> None:
        """Do what is due: retries, timeouts, kills."""
        self._attempts.tick(now)

    def settle(self, now: Instant) -> bool:
        """End the run if nothing is left to do; say whether it is over."""
        counts = self.state.counts
        if counts[_PENDING] or counts[_RUNNING]:
            return False
        settled = sum(counts[status] for status in SETTLED_TASKS)
        if settled == len(self.state.tasks) and not self.is_over:
            shown = {status.value: n for status, n in counts.items() if n}
            self.record.run_event(ev.RunSettled, now, *self._outcome(), shown)
            return True
        return self.is_over

    # --- requests ------------------------------------------------------------------------

    def pause(self, now: Instant, *, by: str, reason: str = "operator") -> None:
        """Start nothing new until `resume`.

        Raises:
            RefusedError: the run is not running.
        """
        if self.state.state is not _RUN_RUNNING:
            raise RefusedError(f"the run is {self.state.state}: there is nothing to pause")
        self.record.run_event(ev.RunPaused, now, by, reason)

    def resume(self, now: Instant, *, by: str) -> None:
        """Start tasks again.

        Raises:
            RefusedError: the run is not paused.
        """
        if self.state.state is not RunStatus.PAUSED:
            raise RefusedError(f"the run is {self.state.state}, not PAUSED")
        self.record.run_event(ev.RunResumed, now, by)

    def retry(self, now: Instant, names: Iterable[str] | None, *, by: str) -> list[str]:
        """Try failed or cancelled tasks again, and let what they blocked wait for them.

        Args:
            now: The moment.
            names: Which tasks; None means all that failed or were cancelled.
            by: Who asks.

        Returns:
            The names of the tasks that will be tried again.

        Raises:
            RefusedError: a task cannot be retried, or there is none.
        """
        chosen = self.retryable(names)
        called = [self._plan.tasks[number].name for number in chosen]
        self.record.run_event(ev.RetryRequested, now, by, called)
        self._dependencies.reopen(chosen, now)
        return called

    def retryable(self, names: Iterable[str] | None) -> list[int]:
        """Return the tasks that `retry` would try again, by number.

        Raises:
            RefusedError: a task cannot be retried, or there is none.
        """
        if self.state.state is RunStatus.CANCELLING:
            raise RefusedError("the run is being cancelled", hint="Retry once it has ended.")
        chosen = self._failed() if names is None else [self._retryable(name) for name in names]
        if not chosen:
            raise RefusedError("no task has failed", hint="There is nothing to retry.")
        return chosen

    def cancel(self, now: Instant, names: Sequence[str] | None, *, by: str) -> None:
        """Stop the run, or some of its tasks. Asking again kills at once.

        Raises:
            RefusedError: it has ended already, or there is no such task.
        """
        if self.is_over:
            raise RefusedError(f"the run is {self.state.state}: there is nothing to cancel")
        numbers = self._numbers(names)
        scope = None if names is None else list(names)
        self.record.run_event(ev.CancelRequested, now, by, scope, None)
        if names is None:
            self._ready.clear()
        for number in numbers:
            self._cancel_one(number, now, "run_stopped" if names is None else "cancelled")

    # --- in detail -----------------------------------------------------------------------

    def _cancel_one(self, number: int, now: Instant, reason: str) -> None:
        task = self.state.tasks[number]
        last = task.last
        if last is not None and last.is_live:
            job = self.record.job(number, last)
            if last.state in {AttemptStatus.QUEUED, AttemptStatus.RUNNING}:
                self._attempts.stop(job, "cancel", now)
            elif last.state is AttemptStatus.STOPPING:
                self._attempts.kill(job, now)
        elif task.state not in SETTLED_TASKS:
            if task.state is TaskStatus.READY:
                self._ready.remove(number)
            self.record.task_event(ev.TaskCancelled, number, now, reason)
            self._dependencies.block(number, now)

    def _numbers(self, names: Sequence[str] | None) -> Iterable[int]:
        if names is not None:
            return [self._plan.number_of(name) for name in names]
        # Dependents first, so that they end as cancelled and not as blocked.
        return reversed(self._plan.order)

    def _failed(self) -> list[int]:
        wanted = {TaskStatus.FAILED, TaskStatus.CANCELLED}
        return [n for n, task in enumerate(self.state.tasks) if task.state in wanted]

    def _retryable(self, name: str) -> int:
        number = self._plan.number_of(name)
        task = self.state.tasks[number]
        if task.state is TaskStatus.UPSTREAM_FAILED:
            raise RefusedError(
                f"task {name!r} did not fail itself: {task.reason!r} did",
                hint=f"Retry {task.reason!r}; {name!r} follows by itself.",
            )
        if task.state not in NOT_SUCCEEDED:
            raise RefusedError(
                f"task {name!r} is {task.state}", hint="Only a task that failed can be retried."
            )
        return number

    def _outcome(self) -> tuple[str, str | None]:
        counts = self.state.counts
        if self.state.state is RunStatus.CANCELLING:
            return RunStatus.CANCELLED.value, self.state.reason
        if any(counts[status] for status in NOT_SUCCEEDED):
            failed = counts[TaskStatus.FAILED] + counts[TaskStatus.CANCELLED]
            return RunStatus.FAILED.value, f"{failed} task{'s' if failed != 1 else ''} failed"
        return RunStatus.SUCCEEDED.value, None
