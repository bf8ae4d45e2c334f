"""Tasks that wait for a person, a moment or a file: they begin by themselves and hold no slot."""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError, TaskflowError
from taskflow_core.outcomes import Job
from taskflow_core.scheduling.dependencies import Dependencies
from taskflow_core.scheduling.gates import Gates
from taskflow_core.scheduling.openings import Openings
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.timers import Timers
from taskflow_core.state import TaskState
from taskflow_core.statuses import TaskStatus

LOOK_AGAIN = 60.0
"""Seconds after which the calendar is looked at again: its clock may be put forward or back."""


class Waits:
    """Begins and ends the tasks that wait."""

    def __init__(  # noqa: PLR0913  its parts, all of them named
        self,
        record: Record,
        dependencies: Dependencies,
        gates: Gates,
        timers: Timers,
        openings: Openings,
        on_failed: Callable[[int, Instant], None],
        adopt: Callable[[int, ev.Preview], None],
    ) -> None:
        self._record = record
        self._dependencies = dependencies
        self._gates = gates
        self._timers = timers
        self._openings = openings
        self._on_failed = on_failed
        self._adopt = adopt
        self._due: dict[int, float] = {}
        """When the newest timer of each task rings: an older one may be that of an earlier wait."""

    def begin(self, number: int, now: Instant) -> None:
        """Let a ready task wait for what it is about."""
        try:
            what, until, about = self._subject(number, now)
        except TaskflowError as error:
            self.fail(number, f"{self._record.plan.tasks[number].kind}: {error}", now)
            return
        self._record.task_event(ev.TaskWaiting, number, now, what, until, about)
        self.go_on(number, now)

    def go_on(self, number: int, now: Instant) -> None:
        """Set the timer of a task that waits, also one that did before the run was taken up."""
        waiting = self._task(number).waiting
        if waiting is not None and waiting.until is not None:
            left = max(0.0, waiting.until - now.wall)
            wait = min(left, LOOK_AGAIN) if self._goes_by_calendar(number) else left
            self._due[number] = now.mono + wait
            self._timers.set(self._due[number], "wake", self._key(number))

    def wake(self, job: Job, now: Instant) -> None:
        """Do what is due: the moment has come, or it was waited for too long."""
        task, waiting = self._task(job.number), self._task(job.number).waiting
        is_due = task.state is TaskStatus.WAITING and now.mono >= self._due.get(job.number, inf)
        if not is_due or waiting is None or waiting.until is None:
            return
        if self._goes_by_calendar(job.number) and waiting.until > now.wall:
            self.go_on(job.number, now)
        elif waiting.what == "moment":
            self.succeed(job.number, now)
        else:
            timeout = self._record.plan.tasks[job.number].options.timeout or 0.0
            self.fail(job.number, f"timed out: still waiting after {timeout:g} s", now)

    def watched(self) -> dict[int, str]:
        """Return the files that tasks wait for, by the number of the task."""
        tasks = self._record.state.tasks
        if not self._record.state.counts[TaskStatus.WAITING]:
            return {}
        return {
            number: task.waiting.about
            for number, task in enumerate(tasks)
            if task.state is TaskStatus.WAITING
            and task.waiting is not None
            and task.waiting.what == "file"
        }

    def appeared(self, number: int, path: str, now: Instant) -> None:
        """Go on with a task whose file is there, unless it waits for that no more."""
        if self.watched().get(number) == path:
            self.succeed(number, now)

    def answer(self, number: int, fields: dict[str, Any], by: str, now: Instant) -> None:
        """Approve what a task asks.

        Raises:
            RefusedError: it asks nothing now, or a field is missing or wrong.
        """
        self._require_asked(number)
        try:
            said = self._openings.answer(number, fields)
        except TaskflowError as error:
            raise RefusedError(str(error), hint=error.hint) from error
        self._record.task_event(ev.TaskAnswered, number, now, by, True, said, None)
        self.succeed(number, now)

    def reject(self, number: int, reason: str | None, by: str, now: Instant) -> None:
        """Reject what a task asks: it fails.

        Raises:
            RefusedError: it asks nothing now.
        """
        self._require_asked(number)
        self._record.task_event(ev.TaskAnswered, number, now, by, False, {}, reason)
        self.fail(number, f"rejected by {by}" + (f": {reason}" if reason else ""), now)

    def succeed(self, number: int, now: Instant) -> None:
        """End the waiting well, unless a breakpoint holds the task before that."""
        self._gates.hold_end("after", number, now, partial(self.conclude, number))

    def conclude(self, number: int, now: Instant) -> None:
        """Record that a task has what it waited for: the answer, the file's path, or nothing."""
        task = self._task(number)
        is_file = task.waiting is not None and task.waiting.what == "file"
        result = {"value": task.waiting.about} if is_file and task.waiting else task.result
        self._adopt(number, result or {"value": None})
        self._record.task_event(ev.TaskSucceeded, number, now, "executed", result)
        self._dependencies.ended(number, now)

    def fail(self, number: int, reason: str, now: Instant) -> None:
        """End the waiting badly."""
        self._record.task_event(ev.TaskFailed, number, now, reason)
        self._dependencies.ended(number, now)
        self._on_failed(number, now)

    def _subject(self, number: int, now: Instant) -> tuple[str, float | None, str]:
        """Return what a task waits for, until when, and what about it."""
        spec = self._record.plan.tasks[number]
        timeout = spec.options.timeout
        gives_up = None if timeout is None else now.wall + timeout
        if spec.approval is not None:
            return "approval", gives_up, self._openings.question(number)
        if spec.wait is not None and spec.wait.file is not None:
            return "file", gives_up, self._openings.path(number)
        return "moment", self._openings.moment(number, now.wall), ""

    def _require_asked(self, number: int) -> None:
        task, name = self._task(number), self._record.plan.tasks[number].name
        if task.state is not TaskStatus.WAITING or task.reason != "approval":
            raise RefusedError(f"task {name!r} is {task.state}: it asks nothing now")

    def _goes_by_calendar(self, number: int) -> bool:
        wait = self._record.plan.tasks[number].wait
        return wait is not None and wait.until is not None

    def _key(self, number: int) -> Job:
        spec, epoch = self._record.plan.tasks[number], self._task(number).epoch
        return Job(number, spec.name, epoch, 0, spec.kind)

    def _task(self, number: int) -> TaskState:
        return self._record.state.tasks[number]
