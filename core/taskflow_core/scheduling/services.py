"""Services: when one is ready, that it ends when nobody needs it, and starts when somebody does."""

from collections.abc import Iterable, Sequence

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.lifetimes import Lifetimes
from taskflow_core.outcomes import Failed, Job, Outcome, Succeeded
from taskflow_core.scheduling.attempts import Attempts
from taskflow_core.scheduling.dependencies import Dependencies
from taskflow_core.scheduling.edges import NOT_NEEDED, is_at_rest
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.timers import Timers
from taskflow_core.state import Attempt, TaskState
from taskflow_core.statuses import (
    NOT_SUCCEEDED,
    SETTLED_TASKS,
    AttemptStatus,
    RunStatus,
    TaskStatus,
)

_TO_COME = frozenset({TaskStatus.READY, TaskStatus.RETRY_WAIT})
"""In these the next attempt of a service is about to start."""
_STARTS_TASKS = frozenset({RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.STALLED})
_FAILED = frozenset(NOT_SUCCEEDED - {TaskStatus.UPSTREAM_FAILED})
"""In these a service has ended badly, by itself or because somebody said so."""
_OVER = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.SKIPPED})
"""In these a task does not run again because a service does."""
ENDED_BY_ITSELF = "it ended by itself while it was needed"
"""Why an attempt has failed that exited with 0."""


class Services:
    """Follows the services of a run."""

    def __init__(
        self,
        record: Record,
        ready: ReadyQueue,
        dependencies: Dependencies,
        attempts: Attempts,
        timers: Timers,
        lifetimes: Lifetimes,
    ) -> None:
        self._record = record
        self._ready = ready
        self._dependencies = dependencies
        self._attempts = attempts
        self._timers = timers
        self._lifetimes = lifetimes
        self._keeper: dict[int, int] = {}
        """For each service where, among those that keep it alive, one was found last."""
        self._taken_back: dict[int, Job] = {}
        """For each service its attempt that was stopped last while somebody needed it."""
        self._numbers: list[int] = []
        self._known = 0
        """How many tasks the plan had when they were listed."""

    # --- turns ---------------------------------------------------------------------------

    def began(self, job: Job, now: Instant) -> None:
        """Let those start that wait for no more than that a service has begun."""
        service = self._record.plan.tasks[job.number].service
        if service is None:
            return
        if service.ready is not None:
            self._timers.set(now.mono + service.ready.within, "ready", job)
        self._decide_behind(job.number, now)

    def ready(self, job: Job, how: str, now: Instant) -> None:
        """Let those start that wait until a service is ready, unless it was, or runs no more."""
        if self._is_starting(job):
            self._record.attempt_event(ev.AttemptReady, job, now, how)
            self._decide_behind(job.number, now)

    def not_ready(self, job: Job, error: str, now: Instant) -> None:
        """Record why a service is not ready yet."""
        if self._is_starting(job):
            self._record.attempt_event(ev.ProbeFailed, job, now, error)

    def late(self, job: Job, now: Instant) -> None:
        """Stop a service that is not ready although its time is over."""
        if self._is_starting(job):
            self._attempts.stop(job, "not_ready", now)

    def judge(self, job: Job, outcome: Outcome) -> Outcome:
        """Return what the outcome of a service means: it must not end while it is needed."""
        if self._record.plan.tasks[job.number].service is None:
            return outcome
        is_early = self._lifetimes.has_dependents(job.number) and self._is_needed(job.number)
        if isinstance(outcome, Succeeded) and is_early:
            return Failed(error=ENDED_BY_ITSELF, exit_code=0, names=("ServiceEnded",))
        return outcome

    def ended(self, job: Job, now: Instant) -> None:
        """Take back what is ready because of a service that has just ended, and look around."""
        if self._record.plan.tasks[job.number].service is not None:
            self._decide_behind(job.number, now)
        self.look(now)

    def look(self, now: Instant) -> None:
        """Stop what nobody needs, and start again what somebody does."""
        tasks = self._record.state.tasks
        for number in self._services():
            task = tasks[number]
            if task.state in SETTLED_TASKS:
                self._wake(number, task, now)
            elif not self._is_needed(number):
                self._send_away(number, task, now)
            elif task.last is not None and task.last.state is AttemptStatus.STOPPING:
                self._take_back(number, task.last, now)

    def probed(self) -> list[Job]:
        """Return the attempts of services that are not ready yet and have a probe."""
        specs, tasks = self._record.plan.tasks, self._record.state.tasks
        return [
            self._record.job(number, last)
            for number in self._services()
            if (last := tasks[number].last) is not None
            and last.state is AttemptStatus.RUNNING
            and last.ready_at is None
            and (service := specs[number].service) is not None
            and service.ready is not None
        ]

    def take_up(self, now: Instant) -> None:
        """Take back what was ready when the run was interrupted: its services run no more."""
        for number in self._services():
            self._decide_behind(number, now)

    # --- what people ask -----------------------------------------------------------------

    def run_again(self, chosen: Sequence[int], now: Instant, by: str) -> list[int]:
        """Start the services again that tasks need which run again; return their numbers.

        Services that run, or that are asked for themselves, are not among them.
        """
        found: dict[int, None] = {}
        stack = [*chosen]
        while stack:
            for number in self._lifetimes.needed_alive(stack.pop()):
                if number not in found and number not in chosen:
                    found[number] = None
                    stack.append(number)
        opened = [number for number in found if self._reopen(number, now, by)]
        self._dependencies.decide_again(opened, now)
        return opened

    def is_wanted(self, number: int, asked: Sequence[int]) -> bool:
        """Say whether a task, if it is a service, would have somebody to run for.

        Args:
            number: The task.
            asked: What else somebody wants to run again.
        """
        if self._record.plan.tasks[number].service is None:
            return True
        tasks, keepers = self._record.state.tasks, self._lifetimes.keepers(number)
        return not keepers or any(n in asked or tasks[n].state not in _OVER for n in keepers)

    # --- in detail -----------------------------------------------------------------------

    def _wake(self, number: int, task: TaskState, now: Instant) -> None:
        """Start a service again that is at rest, if a task waits that needs it."""
        if not is_at_rest(task) or self._record.state.state not in _STARTS_TASKS:
            return
        tasks = self._record.state.tasks
        keepers = self._lifetimes.keepers(number) if self._is_needed(number) else []
        if any(tasks[keeper].state is TaskStatus.PENDING for keeper in keepers):
            self._reopen(number, now, "run")
            self._dependencies.decide_again([number], now)

    def _send_away(self, number: int, task: TaskState, now: Instant) -> None:
        """Stop a service, or do not start it."""
        last = task.last
        if last is not None and last.state in {AttemptStatus.QUEUED, AttemptStatus.RUNNING}:
            self._attempts.stop(self._record.job(number, last), "not_needed", now)
        elif task.state in _TO_COME:
            self._ready.remove(number)
            self._record.task_event(ev.TaskSkipped, number, now, NOT_NEEDED)
            self._dependencies.ended(number, now)

    def _take_back(self, number: int, attempt: Attempt, now: Instant) -> None:
        """Let nothing start any more because of a service that has just been told to stop."""
        job = self._record.job(number, attempt)
        if self._taken_back.get(number) != job:
            self._taken_back[number] = job
            self._decide_behind(number, now)

    def _reopen(self, number: int, now: Instant, by: str) -> bool:
        """Open a new epoch of a service that has ended, unless it is to stay so; say whether."""
        task = self._record.state.tasks[number]
        if not is_at_rest(task) and task.state not in _FAILED:
            return False
        self._record.epoch_event(number, task.epoch + 1, now, by, "needed", {})
        return True

    def _decide_behind(self, number: int, now: Instant) -> None:
        """Decide about the tasks that depend on a service, and those in them that are open."""
        nesting, tasks = self._record.plan.nesting, self._record.state.tasks
        behind = list(nesting.needed_by[number])
        for other in nesting.needed_by[number]:
            if tasks[other].state is TaskStatus.WAITING:
                behind += nesting.within(other)
        self._dependencies.decide_again(behind, now)

    def _is_starting(self, job: Job) -> bool:
        attempt = self._record.current(job)
        is_running = attempt is not None and attempt.state is AttemptStatus.RUNNING
        return is_running and attempt is not None and attempt.ready_at is None

    def _is_needed(self, number: int) -> bool:
        """Say whether some task that keeps a service alive has not ended."""
        tasks, keepers = self._record.state.tasks, self._lifetimes.keepers(number)
        if not keepers:
            return True
        first = self._keeper.get(number, 0)
        for step in range(len(keepers)):
            place = (first + step) % len(keepers)
            if tasks[keepers[place]].state not in SETTLED_TASKS:
                self._keeper[number] = place
                return True
        return False

    def _services(self) -> Iterable[int]:
        """Return all services so far."""
        if self._known != len(self._record.plan.tasks):
            self._known = len(self._record.plan.tasks)
            self._numbers = self._lifetimes.services()
        return self._numbers
