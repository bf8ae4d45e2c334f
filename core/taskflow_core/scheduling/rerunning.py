"""Requests that change what a task came to: another attempt, a new epoch, an outcome by hand."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError
from taskflow_core.graph import downstream_of
from taskflow_core.scheduling.parts import AT_WORK, ENDING, OnParts
from taskflow_core.statuses import RETRYABLE, SETTLED_TASKS, TaskStatus


class Rerunning(OnParts):
    """Running again, skipping, giving results. Every method may raise RefusedError."""

    def retry(
        self, now: Instant, names: Iterable[str] | None, *, by: str, fresh: bool = False
    ) -> list[str]:
        """Make the next attempt of tasks that did not succeed, and free what they blocked.

        A named task that has succeeded runs again alone, as `rerun` does.

        Args:
            now: The moment.
            names: Which tasks; None means all that failed or were cancelled.
            by: Who asks.
            fresh: Their retry budgets begin anew; by default what was spent stays spent.

        Returns:
            The names of the tasks that run again.
        """
        names = None if names is None else list(names)
        chosen = self.retryable(names)
        done = [n for n in chosen if self.state.tasks[n].state is TaskStatus.SUCCEEDED]
        failed = [n for n in chosen if self.state.tasks[n].state in RETRYABLE]
        self._wake_up(now, by)
        self._attempts.retrying.is_over = False
        if failed:
            self._forget(failed)
            self.record.run_event(ev.RetryRequested, now, by, self._names(failed), fresh)
        for number in failed:
            self._attempts.retrying.grant(number, now)
        self._open_epochs(done, now, by, "retry", {})
        self._reopen(chosen, now, by)
        return self._names(chosen)

    def retryable(self, names: Iterable[str] | None) -> list[int]:
        """Return the tasks that `retry` would run again, by number."""
        if self.state.state in ENDING:
            raise RefusedError(ENDING[self.state.state], hint="Retry once it has ended.")
        failed = self._failed()
        chosen = self._wanted(failed) if names is None else []
        for name in names or ():
            number = self._retryable(name)
            inside = self._plan.nesting.within(number)
            mine = [child for child in failed if child in inside]
            chosen += mine or self._with_inside(number)
        self._require_wanted(chosen or failed)
        if not chosen:
            raise RefusedError("no task has failed", hint="There is nothing to retry.")
        for number in chosen:
            self._require_opened(number, chosen)
        return list(dict.fromkeys(chosen))

    def rerun(
        self,
        now: Instant,
        names: Sequence[str],
        *,
        by: str,
        from_here: bool = False,
        changes: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Run tasks again that have ended, in a new epoch, and return the names of all that do.

        Args:
            now: The moment.
            names: The tasks.
            by: Who asks.
            from_here: Everything downstream runs again too; else it is marked as stale.
            changes: Previews of arguments of the named tasks that differ from now on.
        """
        chosen = self.rerunnable(names, from_here=from_here)
        changed = {self._number(name): dict(changes or {}) for name in names}
        self._wake_up(now, by)
        self._attempts.retrying.is_over = False
        self.record.run_event(ev.ActionRequested, now, by, "rerun", list(names))
        self._open_epochs(chosen, now, by, "from_here" if from_here else "rerun", changed)
        self._reopen(chosen, now, by)
        return self._names(chosen)

    def rerunnable(self, names: Sequence[str], *, from_here: bool = False) -> list[int]:
        """Return the tasks that `rerun` would run again, by number."""
        if self.state.state in ENDING:
            raise RefusedError(ENDING[self.state.state], hint="Run them once it has ended.")
        named = [self._number(name) for name in names]
        behind = downstream_of(named, self._plan.downstream) if from_here else set[int]()
        behind -= {n for name in named for n in self._plan.nesting.around(name)}
        behind |= {child for n in [*named, *behind] for child in self._plan.nesting.within(n)}
        tasks = self.state.tasks
        for number in [*named, *behind]:
            if tasks[number].state in AT_WORK or self._is_open(number):
                raise RefusedError(
                    f"task {self._name(number)!r} is running", hint="Cancel it first."
                )
        for number in named:
            if not self._has_run(number):
                raise RefusedError(f"task {self._name(number)!r} has not run yet")
            self._require_opened(number, named)
            self._require_part(number, named)
        again = set(filter(self._has_run, [*named, *behind]))
        self._require_wanted(sorted(again))
        return [number for number in self._plan.order if number in again]

    # --- outcomes by hand ---------------------------------------------------------------

    def skip(self, now: Instant, names: Sequence[str], *, by: str) -> None:
        """End tasks as skipped that do not run and have not succeeded."""
        self._end_by_hand(now, names, by, "skip")
        for number in map(self._number, names):
            self.record.task_event(ev.TaskSkipped, number, now, f"operator: {by}")
        self._after_hand([*map(self._number, names)], now, by)

    def succeed(self, now: Instant, name: str, result: ev.Preview, *, by: str) -> None:
        """End a task as if it had returned what `result` previews; the caller stores the value."""
        self._end_by_hand(now, [name], by, "succeed")
        number = self._number(name)
        self._adopt(number, result)
        self.record.task_event(ev.TaskSucceeded, number, now, "injected", result)
        self._after_hand([number], now, by)

    # --- in detail -----------------------------------------------------------------------

    def _reopen(self, chosen: Sequence[int], now: Instant, by: str) -> None:
        """Let tasks that run again start, in their containers, and free what they blocked."""
        if self._services is not None:
            self._services.run_again(chosen, now, by)
        around = self._containers.open_again(chosen, now, by)
        for number in around:
            self._adopt(number, None)
        self._dependencies.reopen([*chosen, *around], now)

    def _after_hand(self, numbers: list[int], now: Instant, by: str) -> None:
        """Go on behind tasks that a person has ended, and in and around their containers."""
        nesting = self._plan.nesting
        outermost = [n for n in numbers if not set(nesting.around(n)) & set(numbers)]
        self._reopen(outermost, now, by)
        if self._plan.nesting.is_nested:
            for number in numbers:
                self._dependencies.end_blocked_inside(number, now)
            self._containers.close_all(now)

    def _require_opened(self, number: int, also: Sequence[int]) -> None:
        """Refuse a task in a container that was never opened, unless that runs again also."""
        for around in self._plan.nesting.around(number):
            if self.state.tasks[around].expansion is None and around not in also:
                raise RefusedError(
                    f"task {self._name(number)!r} is part of {self._name(around)!r}, "
                    "which has not run yet",
                    hint=f"Run {self._name(around)!r} again.",
                )

    def _require_part(self, number: int, also: Sequence[int]) -> None:
        """Refuse what the newest list of a mapped task has no item for, unless that runs again."""
        around = self._plan.nesting.around(number)
        if not self.state.is_part(number) and not set(around) & set(also):
            raise RefusedError(
                f"task {self._name(number)!r} is not part of the run any more: "
                "the list has become shorter",
                hint=f"Run {self._name(around[-1])!r} again.",
            )

    def _has_run(self, number: int) -> bool:
        """Say whether a task has ended, or is held at its end."""
        task = self.state.tasks[number]
        return task.state in SETTLED_TASKS or task.held not in {None, "before"}

    def _end_by_hand(self, now: Instant, names: Sequence[str], by: str, action: str) -> None:
        """Check that a person may end these tasks, and take them from where they wait."""
        if self.state.state in ENDING:
            raise RefusedError(ENDING[self.state.state], hint="Wait until that has ended.")
        if self.is_over:
            raise RefusedError(f"the run is {self.state.state}: tasks can only be run again")
        for number in map(self._number, names):
            task = self.state.tasks[number]
            if task.state in AT_WORK or self._is_open(number):
                raise RefusedError(
                    f"task {self._name(number)!r} is running", hint="Cancel it first."
                )
            if task.state is TaskStatus.SUCCEEDED:
                raise RefusedError(f"task {self._name(number)!r} has succeeded already")
        self.record.run_event(ev.ActionRequested, now, by, action, list(names))
        for number in map(self._number, names):
            self._ready.remove(number)
        self._forget(map(self._number, names))
        self._wake_up(now, by)

    def _open_epochs(
        self,
        numbers: Sequence[int],
        now: Instant,
        by: str,
        reason: str,
        changes: Mapping[int, dict[str, Any]],
    ) -> None:
        """Begin a new epoch of tasks, and mark as stale what was made from their results."""
        self._forget(numbers)
        for number in numbers:
            epoch = self.state.tasks[number].epoch + 1
            self.record.epoch_event(number, epoch, now, by, reason, changes.get(number, {}))
            self._adopt(number, None)
        for number, because in sorted(self._made_from(numbers).items()):
            task = self.state.tasks[number]
            is_service = self._plan.tasks[number].service is not None
            if task.state is TaskStatus.SUCCEEDED and task.stale is None and not is_service:
                self.record.task_event(ev.TaskStale, number, now, self._name(because))

    def _made_from(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return for each task downstream of `numbers` which of them it is downstream of."""
        source = {number: number for number in numbers}
        for number in self._plan.order if numbers else ():
            if number in source:
                for other in self._plan.downstream[number]:
                    source.setdefault(other, source[number])
        return {number: source[number] for number in source.keys() - set(numbers)}

    def _wanted(self, numbers: list[int]) -> list[int]:
        """Return tasks without the services among them that would run for nobody."""
        services = self._services
        if services is None:
            return numbers
        return [number for number in numbers if services.is_wanted(number, numbers)]

    def _require_wanted(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if self._services is not None and not self._services.is_wanted(number, numbers):
                raise RefusedError(
                    f"service {self._name(number)!r} would run for nobody: what needs it has ended",
                    hint="Run a task again that needs it: the service starts with it.",
                )

    def _failed(self) -> list[int]:
        wanted = {TaskStatus.FAILED, TaskStatus.CANCELLED}
        return [
            number
            for number, task in enumerate(self.state.tasks)
            if (task.state in wanted and task.expansion is None) or task.held == "on_failure"
        ]

    def _with_inside(self, number: int) -> list[int]:
        """Return a task, and those inside of it that have run if it is a container that has."""
        inside = self._plan.nesting.within(number)
        return [number, *filter(self._has_run, inside)]

    def _retryable(self, name: str) -> int:
        number = self._number(name)
        task = self.state.tasks[number]
        if task.state is TaskStatus.UPSTREAM_FAILED:
            raise RefusedError(
                f"task {name!r} did not fail itself: {task.reason!r} did",
                hint=f"Retry {task.reason!r}; {name!r} follows by itself.",
            )
        if task.held in {"before", "after"} or task.state not in {*RETRYABLE, TaskStatus.SUCCEEDED}:
            raise RefusedError(
                f"task {name!r} is {task.state}", hint="Only a task that has ended can be retried."
            )
        return number
