"""What a simulated run leaves behind."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from taskflow_core.events import Event, as_json
from taskflow_core.state import RunState, TaskState
from taskflow_core.statuses import RunStatus


class Scheduled(NamedTuple):
    """When an attempt ran, in seconds since the start of the run."""

    task: str
    start: float
    end: float | None
    """None if it still ran when the simulation ended."""
    attempt: int = 1
    """Counts from 1 in its epoch."""
    epoch: int = 0


class SimulatedRun:
    """How a run went that no task was really part of.

    Args:
        run_state: What its events add up to.
        events: All of them, in order.
        schedule: Its attempts, in the order in which they started.
        makespan: Seconds from its start to the last thing that happened.
    """

    def __init__(
        self,
        run_state: RunState,
        events: Sequence[Event],
        schedule: Sequence[Scheduled],
        makespan: float,
    ) -> None:
        self.run_state = run_state
        """What its events add up to."""
        self.events = events
        """All that happened, in order."""
        self.schedule = schedule
        """Its attempts, in the order in which they started."""
        self.makespan = makespan
        """Seconds from its start to the last thing that happened."""

    def __repr__(self) -> str:
        return f"SimulatedRun({self.state}, {self.makespan:g} s, {len(self.schedule)} attempts)"

    @property
    def state(self) -> RunStatus:
        """How the run ended; PAUSED, STALLED or RUNNING if it waits for somebody."""
        return self.run_state.state

    @property
    def tasks(self) -> dict[str, TaskState]:
        """Each task's state and attempts, by name."""
        specs, states = self.run_state.plan.tasks, self.run_state.tasks
        return {spec.name: task for spec, task in zip(specs, states, strict=True)}

    @property
    def order(self) -> list[str]:
        """The tasks that started, by their first start."""
        return list(dict.fromkeys(scheduled.task for scheduled in self.schedule))

    def log(self) -> str:
        """Return the events as `run --json` prints them, a line each."""
        encode = msgspec.json.encode
        return "".join(f"{encode(as_json(event)).decode()}\n" for event in self.events)
