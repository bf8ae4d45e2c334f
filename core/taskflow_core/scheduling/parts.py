"""What the halves of a scheduler share: its parts, and small words for them."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import taskflow_core.events as ev
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError, suggestion
from taskflow_core.scheduling.attempts import Attempts
from taskflow_core.scheduling.containers import Containers
from taskflow_core.scheduling.dependencies import Dependencies
from taskflow_core.scheduling.ending import Ending
from taskflow_core.scheduling.gates import Gates
from taskflow_core.scheduling.ready import ReadyQueue
from taskflow_core.scheduling.record import Record
from taskflow_core.scheduling.services import Services
from taskflow_core.scheduling.waits import Waits
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus

MOVING = frozenset({RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.STALLED})
"""In these a run starts tasks, or may be told to."""
ENDING = {
    RunStatus.CANCELLING: "the run is being cancelled",
    RunStatus.ROLLING_BACK: "the run is being rolled back",
}
"""In these nothing is run again: the run has to come to its end first."""
AT_WORK = frozenset({TaskStatus.QUEUED, TaskStatus.RUNNING})
BEGUN = SETTLED_TASKS | AT_WORK | {TaskStatus.WAITING}
"""In these it is too late to keep a task from starting."""

Adopt = Callable[[int, ev.Preview], None]
"""Hears of the result that a person gave to a task; None when its result is void."""


class Parts(NamedTuple):
    """What a scheduler is made of."""

    record: Record
    ready: ReadyQueue
    dependencies: Dependencies
    gates: Gates
    attempts: Attempts
    ending: Ending
    containers: Containers
    waits: Waits
    services: Services | None
    """None where there are no services, and no conditions on edges."""
    adopt: Adopt


class OnParts:
    """Something that works with the parts of a scheduler."""

    def __init__(self, parts: Parts) -> None:
        self.record = parts.record
        self.state = parts.record.state
        self._plan = parts.record.plan
        self._ready = parts.ready
        self._dependencies = parts.dependencies
        self._gates = parts.gates
        self._attempts = parts.attempts
        self._ending = parts.ending
        self._containers = parts.containers
        self._waits = parts.waits
        self._services = parts.services
        self._adopt = parts.adopt

    @property
    def is_over(self) -> bool:
        """The run has settled."""
        return self.state.state.is_settled

    def _name(self, number: int) -> str:
        return self._plan.tasks[number].name

    def _names(self, numbers: Iterable[int]) -> list[str]:
        return [self._plan.tasks[number].name for number in numbers]

    def _number(self, name: str) -> int:
        number = self._plan.index.get(name)
        if number is None:
            raise RefusedError(
                f"the run has no task {name!r}", hint=suggestion(name, self._plan.index)
            )
        return number

    def _is_open(self, number: int) -> bool:
        """Say whether a task waits for its children."""
        task = self.state.tasks[number]
        return task.state is TaskStatus.WAITING and task.expansion is not None

    def _let_go(self, number: int, now: Instant, by: str) -> None:
        """Release a task if it is held: letting another one go may have ended it."""
        is_held = self.state.tasks[number].state is TaskStatus.HELD
        if is_held and self._gates.release(number, now, by):
            self._ready.push(number)

    def _forget(self, numbers: Iterable[int]) -> None:
        """Drop what was about to happen to tasks, and that they may start in a paused run."""
        for number in numbers:
            self._gates.forget(number)
            self._gates.allowed.discard(number)
            self._gates.allowed_within.discard(number)

    def _wake_up(self, now: Instant, by: str) -> None:
        if self.state.state is RunStatus.STALLED:
            self.record.run_event(ev.RunResumed, now, by)
