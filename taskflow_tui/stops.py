"""Where a run stops and what is held there, in words."""

from collections.abc import Sequence

from taskflow_core.policies import Stop
from taskflow_core.state import Breakpoint, RunState, TaskState
from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_tui.terminal_text import safe_text

PLACES: dict[str, str] = {
    "before": "before",
    "after": "after",
    "on_failure": "on failure",
    "on_retry": "on retry",
}
"""How the places of a breakpoint are called."""
_BREAKPOINT = "breakpoint"


def breakpoints_at(state: RunState, task: str) -> list[Breakpoint]:
    """Return the breakpoints at the task of that name."""
    return [place for (name, _), place in state.breakpoints.items() if name == task]


def places_of(state: RunState, task: str) -> list[Stop]:
    """Return where the breakpoints at the task of that name are."""
    return [place.stop for place in breakpoints_at(state, task)]


def held(task: TaskState) -> str:
    """Return why a task that is held is: `held: breakpoint before`, `held by ann`."""
    return held_for(task.reason or "", task.held)


def held_for(reason: str, stop: str | None) -> str:
    """Return why a task is held, from what `TaskHeld` says: its reason and its breakpoint."""
    if not reason.startswith(_BREAKPOINT):
        return f"held by {safe_text(_who(reason))}"
    place = f"held: breakpoint {PLACES.get(stop or '', 'before')}"
    wrong = reason.partition(": ")[2]
    return f"{place}; its condition: {safe_text(wrong)}" if wrong else place


def standstill(state: RunState, status: RunStatus) -> str:
    """Return where a run stands still and why, for its header; empty if it does not."""
    if status is RunStatus.STALLED:
        return safe_text(state.reason or "")
    if status is not RunStatus.PAUSED:
        return ""
    if at := _held_at_breakpoints(state):
        more = f" +{len(at) - 1}" if len(at) > 1 else ""
        return f"{at[0]}{more} (breakpoint)"
    if state.reason in {_BREAKPOINT, "step"}:
        return f"after a {state.reason}"
    if state.reason == "task_failed":
        return "a task failed"
    return f"by {safe_text(state.asked_by)}" if state.asked_by else ""


def questions_open(status: RunStatus, asking: Sequence[str]) -> str:
    """Return which tasks of a live run wait for a person; empty if none does."""
    if not asking or not status.is_live:
        return ""
    more = f" +{len(asking) - 1}" if len(asking) > 1 else ""
    return f"{safe_text(asking[0])}{more} asks you"


def _held_at_breakpoints(state: RunState) -> list[str]:
    """Return `before join` for every task that a breakpoint holds, in the order of the flow."""
    if not state.counts[TaskStatus.HELD]:
        return []
    return [
        f"{PLACES.get(task.held or '', 'before')} {safe_text(spec.name)}"
        for spec, task in zip(state.plan.tasks, state.tasks, strict=True)
        if task.state is TaskStatus.HELD and (task.reason or "").startswith(_BREAKPOINT)
    ]


def _who(reason: str) -> str:
    return reason.partition(": ")[2] or "a person"
