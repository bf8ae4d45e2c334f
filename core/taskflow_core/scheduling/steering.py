"""Requests about where a run goes on and where it stops."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError
from taskflow_core.graph import downstream_of
from taskflow_core.policies import Stop
from taskflow_core.scheduling.parts import BEGUN, ENDING, MOVING, OnParts
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus


class Steering(OnParts):
    """Pausing, stepping, cancelling, holding. Every method may raise RefusedError."""

    def pause(self, now: Instant, *, by: str, reason: str = "operator") -> None:
        """Start nothing new until `resume`. Refused unless the run is running."""
        if self.state.state not in {RunStatus.RUNNING, RunStatus.STALLED}:
            raise RefusedError(f"the run is {self.state.state}: there is nothing to pause")
        self.record.run_event(ev.RunPaused, now, by, reason)

    def resume(self, now: Instant, *, by: str) -> None:
        """Start tasks again, also those that breakpoints hold. Refused unless it stands still."""
        if self.state.state not in {RunStatus.PAUSED, RunStatus.STALLED}:
            raise RefusedError(f"the run is {self.state.state}, not PAUSED")
        self._gates.allowed.clear()
        self._gates.allowed_within.clear()
        self.record.run_event(ev.RunResumed, now, by)
        for number in self._gates.held_by_breakpoints():
            self._let_go(number, now, by)

    def step(self, now: Instant, name: str | None = None, *, by: str) -> str:
        """Let one task go on in a run that is, or is now, paused, and return its name.

        By default it is the first that a breakpoint holds, else the first that is ready.
        """
        candidates = self._ready.in_order(self._gates.held_by_breakpoints())
        candidates += [n for n in self._ready.waiting() if n not in self._gates.allowed]
        if self.state.state not in MOVING or not candidates:
            raise RefusedError("no task is ready to start", hint="Wait until one is, or resume.")
        number = candidates[0] if name is None else self._number(name)
        if number not in candidates:
            raise RefusedError(f"task {name!r} is {self.state.tasks[number].state}, not ready")
        self._note_step(now, by, "step", self._name(number))
        self._allow([number], now, by)
        return self._name(number)

    def step_frontier(self, now: Instant, *, by: str) -> list[str]:
        """Let everything go on that is ready or held by a breakpoint, and return the names."""
        candidates = self._ready.in_order(self._gates.held_by_breakpoints())
        candidates += self._ready.waiting()
        if self.state.state not in MOVING or not candidates:
            raise RefusedError("no task is ready to start", hint="Wait until one is, or resume.")
        self._note_step(now, by, "frontier", None)
        self._allow(candidates, now, by)
        return [self._name(number) for number in candidates]

    def run_to(self, now: Instant, name: str, *, by: str) -> None:
        """Run what the task waits for, and nothing else; the run then stands still before it."""
        number = self._number(name)
        task = self.state.tasks[number]
        if self.state.state not in MOVING or task.state in BEGUN:
            raise RefusedError(f"task {name!r} is {task.state}, so the run cannot stop before it")
        self._note_step(now, by, "to", name)
        needed = downstream_of([number], self._plan.upstream)
        held = [n for n in self._gates.held_by_breakpoints() if n in needed]
        self._gates.allow_within(needed)
        for other in held:
            self._let_go(other, now, by)

    def cancel(self, now: Instant, names: Sequence[str] | None, *, by: str) -> None:
        """Stop the run, or some of its tasks. Asking again kills at once."""
        if self.is_over:
            raise RefusedError(f"the run is {self.state.state}: there is nothing to cancel")
        if names is None:
            self._ending.cancel_run(now, by=by)
            return
        numbers = list(dict.fromkeys(map(self._number, names)))
        states = {self.state.tasks[number].state for number in numbers}
        if states <= SETTLED_TASKS:
            shown = " and ".join(sorted(states))
            raise RefusedError(f"{', '.join(names)}: {shown}, so there is nothing to cancel")
        self._wake_up(now, by)
        self._ending.cancel_tasks(numbers, now, by=by)

    def rollback(
        self, now: Instant, to: str | None = None, *, by: str, skip: Sequence[str] = ()
    ) -> None:
        """Undo the run, or everything from one task on; or go on undoing after something failed.

        Args:
            now: The moment.
            to: The task down to which everything is undone; None means all, or what an unfinished
                rollback was about.
            by: Who asks.
            skip: Tasks that could not be undone and now count as if they were.
        """
        if self.state.state in ENDING:
            raise RefusedError(ENDING[self.state.state], hint="Wait until that has ended.")
        scope = self.state.rollback_scope if to is None else self._name(self._number(to))
        numbers = list(map(self._number, skip))
        for number in numbers:
            if self.state.tasks[number].state is not TaskStatus.ROLLBACK_FAILED:
                raise RefusedError(f"undoing task {self._name(number)!r} has not failed")
        self._ending.roll_back(now, by=by, scope=scope, skip=numbers)

    def set_parallelism(self, now: Instant, most: int, *, by: str) -> None:
        """Let at most `most` tasks run at once from now on; those that run go on."""
        if most < 1:
            raise RefusedError(f"{most} tasks at once is too few", hint="Pause the run instead.")
        self.record.run_event(ev.ParallelismChanged, now, by, most)
        self._ready.resize(most)

    # --- what tasks ask ----------------------------------------------------------------

    def answer(self, now: Instant, name: str, fields: Mapping[str, Any], *, by: str) -> None:
        """Approve what a task asks; refused unless it asks now, and the answer is complete."""
        self._waits.answer(self._number(name), dict(fields), by, now)

    def reject(self, now: Instant, name: str, *, by: str, reason: str | None = None) -> None:
        """Reject what a task asks, so that it fails; refused unless it asks now."""
        self._waits.reject(self._number(name), reason, by, now)

    # --- single tasks -------------------------------------------------------------------

    def hold(self, now: Instant, names: Sequence[str], *, by: str) -> None:
        """Keep tasks from starting, now or once they are ready."""
        for number in map(self._number, names):
            task = self.state.tasks[number]
            if task.state in BEGUN:
                raise RefusedError(f"task {self._name(number)!r} is {task.state}: too late to hold")
        self.record.run_event(ev.ActionRequested, now, by, "hold", list(names))
        for number in map(self._number, names):
            if self.state.tasks[number].state is TaskStatus.READY:
                self._ready.remove(number)
                self.record.task_event(ev.TaskHeld, number, now, f"operator: {by}", None)

    def release(self, now: Instant, names: Sequence[str], *, by: str) -> None:
        """Let tasks go that a person or a breakpoint holds."""
        for number in map(self._number, names):
            name, is_held = self._name(number), self.state.tasks[number].state is TaskStatus.HELD
            if not is_held and name not in self.state.holds:
                raise RefusedError(f"nothing holds task {name!r}")
        self.record.run_event(ev.ActionRequested, now, by, "release", list(names))
        self._wake_up(now, by)
        for number in map(self._number, names):
            self._let_go(number, now, by)

    def set_breakpoint(
        self,
        now: Instant,
        name: str,
        *,
        by: str,
        stop: Stop = "before",
        condition: str | None = None,
        hit: int = 1,
    ) -> None:
        """Stop the run at a task from now on."""
        if hit < 1:
            raise RefusedError(f"hit {hit} does not exist", hint="The first time is hit 1.")
        self._number(name)
        self._gates.count_anew(name, stop)
        self.record.run_event(ev.BreakpointSet, now, by, name, stop, condition, hit)
        is_ready = stop == "before" and self.state.task(name).state is TaskStatus.READY
        if is_ready and self._gates.hold_start(self._number(name), now):
            self._ready.remove(self._number(name))

    def clear_breakpoint(self, now: Instant, name: str, *, by: str, stop: Stop = "before") -> None:
        """Stop there no more; what is held there stays held until it is released."""
        if (name, stop) not in self.state.breakpoints:
            raise RefusedError(f"there is no breakpoint {stop} {name!r}")
        self.record.run_event(ev.BreakpointCleared, now, by, name, stop)

    # --- in detail -----------------------------------------------------------------------

    def _note_step(self, now: Instant, by: str, mode: str, target: str | None) -> None:
        if self.state.state is not RunStatus.PAUSED:
            self.record.run_event(ev.RunPaused, now, by, "step")
        self.record.run_event(ev.StepRequested, now, by, mode, target)

    def _allow(self, numbers: Iterable[int], now: Instant, by: str) -> None:
        for number in numbers:
            self._gates.allowed.add(number)
            self._let_go(number, now, by)
