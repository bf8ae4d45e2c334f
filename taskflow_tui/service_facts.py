"""What there is to say about services, and about what is waited for of them, in words."""

from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import HEALTHY, NOT_READY, RunState, TaskState, is_so
from taskflow_core.statuses import TaskStatus
from taskflow_tui.formatting import duration
from taskflow_tui.terminal_text import safe_text

STOPPED = "stopped: nobody needed it any more"


def standing(spec: TaskSpec, task: TaskState) -> str:
    """Return whether a service that runs is ready, and why not; empty for what is no service."""
    if spec.service is None or task.state is not TaskStatus.RUNNING:
        return ""
    if task.reason == HEALTHY:
        return HEALTHY
    met = (task.reason or "").removeprefix(NOT_READY)
    if spec.service.ready is None:
        return ""
    return safe_text(f"starting: {spec.service.ready}" + (f" – {met}" if met else ""))


def serving(spec: TaskSpec) -> list[tuple[str, str]]:
    """Return what a flow says of a service, as pairs of a label and a text."""
    if spec.service is None:
        return []
    probe = spec.service.ready
    ready = "as soon as it runs" if probe is None else safe_text(str(probe))
    within = "" if probe is None else f", within {duration(probe.within)}"
    return [("service", f"ready {ready}{within}"), ("stopped by", spec.service.stop)]


def needed(plan: Plan, number: int, other: int) -> str:
    """Return the name of a task that another needs, with what has to be so if that is special."""
    name = safe_text(plan.tasks[other].name)
    if plan.lifetimes is None:
        return name
    condition = plan.lifetimes.condition(number, other)
    return name if condition == "succeeded" else f"{name} {condition.replace('_', ' ')}"


def is_there(state: RunState, number: int, other: int) -> bool:
    """Say whether a task has what it waits for at another one, as far as states tell."""
    task, plan = state.tasks[other], state.plan
    if plan.lifetimes is not None and is_so(plan.lifetimes.condition(number, other), task):
        return True
    return task.state in {TaskStatus.SUCCEEDED, TaskStatus.SKIPPED}
