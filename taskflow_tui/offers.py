"""Which actions make sense now, decided from what is shown alone."""

from collections.abc import Callable
from typing import NamedTuple

from taskflow_core.state import RunState, TaskState
from taskflow_core.state.counting import is_open as is_open_container
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus
from taskflow_tui.stops import breakpoints_at

_UNDOABLE = (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED)
_UNDONE = frozenset({TaskStatus.ROLLING_BACK, TaskStatus.ROLLED_BACK, TaskStatus.ROLLBACK_FAILED})
_AT_WORK = frozenset({TaskStatus.QUEUED, TaskStatus.RUNNING})
_BEGUN = _AT_WORK | {TaskStatus.WAITING}
"""It is too late to stop before these."""
_CANCELLABLE = frozenset(
    {
        RunStatus.CREATED,
        RunStatus.RUNNING,
        RunStatus.PAUSED,
        RunStatus.STALLED,
        RunStatus.ROLLING_BACK,
    }
)
ENDING = frozenset({RunStatus.CANCELLING, RunStatus.ROLLING_BACK})
"""In these a run takes no other course."""


class Spot(NamedTuple):
    """A run or a plan, and the place of the cursor in it."""

    state: RunState
    status: RunStatus
    number: int | None
    """The task under the cursor."""
    is_run: bool
    """It is a run, and not a plan that nobody has started."""

    @property
    def is_live(self) -> bool:
        """Somebody works on it."""
        return self.is_run and self.status.is_live

    @property
    def task(self) -> TaskState | None:
        """The task under the cursor."""
        return None if self.number is None else self.state.tasks[self.number]

    @property
    def name(self) -> str:
        """The name of that task; empty without one."""
        return "" if self.number is None else self.state.plan.tasks[self.number].name


def offers(action: str, spot: Spot) -> bool:
    """Say whether `action`, one of `OFFERS`, makes sense at `spot`."""
    return OFFERS[action](spot)


def _is_standing(spot: Spot) -> bool:
    return spot.is_live and spot.status is RunStatus.PAUSED


def _can_run_to(spot: Spot) -> bool:
    task = spot.task
    return _is_standing(spot) and task is not None and task.state not in SETTLED_TASKS | _BEGUN


def _can_break(spot: Spot) -> bool:
    is_open = spot.is_live and spot.status is not RunStatus.ROLLING_BACK
    return spot.number is not None and (is_open or not spot.is_run)


def _is_held(spot: Spot) -> bool:
    return spot.task is not None and (
        spot.task.state is TaskStatus.HELD or spot.name in spot.state.holds
    )


def _can_hold(spot: Spot) -> bool:
    task = spot.task
    waits = task is not None and task.state not in SETTLED_TASKS | _BEGUN
    is_open = spot.is_live and spot.status is not RunStatus.ROLLING_BACK
    return is_open and waits and not _is_held(spot)


def _can_rerun(spot: Spot) -> bool:
    task, busy = spot.task, spot.status in ENDING
    return spot.is_run and not busy and task is not None and task.state in SETTLED_TASKS


def _can_end(spot: Spot) -> bool:
    task, busy = spot.task, spot.status in ENDING
    done = {TaskStatus.SUCCEEDED, TaskStatus.SKIPPED} | _AT_WORK | _UNDONE
    is_open = spot.number is not None and is_open_container(spot.state, spot.number)
    return spot.is_run and not busy and not is_open and task is not None and task.state not in done


def _can_roll_back(spot: Spot) -> bool:
    counts = spot.state.counts
    left = counts[TaskStatus.ROLLBACK_FAILED] or any(counts[state] for state in _UNDOABLE)
    if not spot.is_run or spot.status in ENDING or not left:
        return False
    return any(spec.rollback is not None for spec in spot.state.plan.tasks)


OFFERS: dict[str, Callable[[Spot], bool]] = {
    "pause": lambda spot: spot.is_live and spot.status is RunStatus.RUNNING,
    "resume": _is_standing,
    "cancel": lambda spot: spot.is_live and spot.status in _CANCELLABLE,
    "kill": lambda spot: spot.is_live and spot.status is RunStatus.CANCELLING,
    "step": _is_standing,
    "wave": _is_standing,
    "run_to": _can_run_to,
    "set_breakpoint": lambda spot: _can_break(spot) and not breakpoints_at(spot.state, spot.name),
    "clear_breakpoint": lambda spot: (
        _can_break(spot) and bool(breakpoints_at(spot.state, spot.name))
    ),
    "hold": _can_hold,
    "release": lambda spot: spot.is_live and _is_held(spot),
    "rerun_from": _can_rerun,
    "end_by_hand": _can_end,
    "roll_back": _can_roll_back,
    "parallelism": lambda spot: spot.is_live,
    "attempt": lambda spot: (
        spot.task is not None and len(spot.task.attempts) + len(spot.task.undo) > 1
    ),
}
"""For each action whether it makes sense somewhere."""
