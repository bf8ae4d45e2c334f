"""What keeps a task where it is: breakpoints, holds, and how a paused run goes on step by step."""

from collections import Counter
from collections.abc import Callable, Iterable

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import TaskflowError
from taskflow_core.policies import Stop
from taskflow_core.scheduling.record import Record
from taskflow_core.state import Breakpoint
from taskflow_core.statuses import RunStatus, TaskStatus

Evaluate = Callable[[str, int], object]
"""Returns the value of an expression for the task with that number; raises TaskflowError."""
Continue = Callable[[Instant], None]
"""Does what was about to happen when a task was held."""


class Gates:
    """Holds tasks, and lets them go.

    A breakpoint gates the start of a task or its completion, so nothing that runs is frozen. What
    was let go once does not stop at the same place again.
    """

    def __init__(self, record: Record, evaluate: Evaluate) -> None:
        self._record = record
        self._evaluate = evaluate
        self._reached: Counter[tuple[str, str]] = Counter()
        self._later: dict[int, Continue] = {}
        """What happens to each task that is held at its end, once it is let go."""
        self.allowed: set[int] = set()
        """The tasks that may start although the run is paused."""
        self.allowed_within: set[int] = set()
        """The containers among these whose children may start as well."""

    def allow_within(self, children: Iterable[int]) -> None:
        """Let the children of a container start although the run is paused, and theirs."""
        self.allowed.update(children)
        self.allowed_within.update(children)

    def hold_start(self, number: int, now: Instant) -> bool:
        """Hold a ready task if a person or a breakpoint wants that; say whether it is held."""
        state = self._record.state
        by = state.holds.get(self._record.plan.tasks[number].name)
        if by is not None:
            self._record.task_event(ev.TaskHeld, number, now, f"operator: {by}", None)
            return True
        return self._stops_at("before", number, now)

    def hold_end(self, stop: Stop, number: int, now: Instant, then: Continue) -> None:
        """Do `then`, now or, where a breakpoint holds the task, once it is let go."""
        if self._record.state.breakpoints and self._stops_at(stop, number, now):
            self._later[number] = then
        else:
            then(now)

    def hold_again(self, number: int, then: Continue) -> None:
        """Take up a task that was held at its end when the run was interrupted."""
        self._later[number] = then

    def count_anew(self, task: str, stop: Stop) -> None:
        """Forget how often a place was reached: a breakpoint is set there."""
        self._reached.pop((task, stop), None)

    def forget(self, number: int) -> None:
        """Drop what a held task was about to do; something else happens to it."""
        self._later.pop(number, None)

    def release(self, number: int, now: Instant, by: str) -> bool:
        """Let a held task go on; say whether it has to start now."""
        at_start = self._record.state.tasks[number].held == "before"
        self._record.task_event(ev.TaskReleased, number, now, by)
        if not at_start:
            self._later.pop(number)(now)
        return at_start

    def held_by_breakpoints(self) -> list[int]:
        """Return the tasks that breakpoints hold."""
        holds = self._record.state.holds
        return [
            number for number in self.held() if self._record.plan.tasks[number].name not in holds
        ]

    def held(self) -> list[int]:
        """Return all tasks that are held."""
        state = self._record.state
        if not state.counts[TaskStatus.HELD]:
            return []
        return [n for n, task in enumerate(state.tasks) if task.state is TaskStatus.HELD]

    def _stops_at(self, stop: Stop, number: int, now: Instant) -> bool:
        name = self._record.plan.tasks[number].name
        place = self._record.state.breakpoints.get((name, stop))
        if place is None:
            return False
        reason = self._reason(place, number)
        if reason is None:
            return False
        self._record.task_event(ev.TaskHeld, number, now, reason, stop)
        if self._record.state.state is RunStatus.RUNNING:
            self._record.run_event(ev.RunPaused, now, "breakpoint", "breakpoint")
        return True

    def _reason(self, place: Breakpoint, number: int) -> str | None:
        """Return why the run stops here, or None if it does not."""
        reason = "breakpoint"
        if place.condition is not None:
            try:
                if not self._evaluate(place.condition, number):
                    return None
            except TaskflowError as error:
                reason = f"breakpoint: {error}"
        key = (place.task, place.stop)
        self._reached[key] += 1
        return reason if self._reached[key] >= place.hit else None
