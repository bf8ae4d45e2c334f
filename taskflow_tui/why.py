"""Why a task of a run is as it is: the whole story in a few lines."""

import itertools
from collections.abc import Iterator

from taskflow_core.state import RunState, TaskState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from taskflow_tui.formatting import named
from taskflow_tui.task_facts import failure, first_line, looked_up, note
from taskflow_tui.terminal_text import safe_text

_WORDS = {
    TaskStatus.PENDING: "it waits",
    TaskStatus.READY: "it could start",
    TaskStatus.QUEUED: "its worker is starting",
    TaskStatus.RUNNING: "it runs",
    TaskStatus.SUCCEEDED: "it ran and succeeded",
    TaskStatus.FAILED: "it failed",
    TaskStatus.SKIPPED: "it was skipped",
    TaskStatus.CANCELLED: "it was cancelled",
    TaskStatus.ROLLING_BACK: "it is being undone",
    TaskStatus.ROLLED_BACK: "it was undone",
}
"""What is to be said of a task where there is nothing special about it."""


def why(state: RunState, number: int, status: RunStatus, now: float) -> list[str]:
    """Return why a task ran, was reused, waits, was skipped or is blocked; the verdict first.

    Args:
        state: The run.
        number: The task.
        status: The run's status, as its reader sees it.
        now: Unix seconds.
    """
    task = state.tasks[number]
    said = note(state, number, status, now) or _WORDS.get(task.state, "")
    return list(dict.fromkeys([safe_text(said), *_reasons(state, number)]))


def _reasons(state: RunState, number: int) -> Iterator[str]:
    task, spec = state.tasks[number], state.plan.tasks[number]
    if task.state is TaskStatus.UPSTREAM_FAILED:
        yield from _root(state, task)
    if task.state is TaskStatus.SKIPPED and task.reason == "condition":
        yield safe_text(f"its condition is false: {spec.when}")
    if task.epoch:
        yield f"it was run again by request, {_times(task.epoch)}"
    if looked_up(task):
        yield looked_up(task)
    yield from _attempts(task)
    if spec.needs_slot and task.attempts and state.plan.needs[number]:
        yield _after(state, number)


def _attempts(task: TaskState) -> Iterator[str]:
    """Yield why there was more than one attempt."""
    tried = [attempt for attempt in task.attempts if attempt.epoch == task.epoch]
    for before, attempt in itertools.pairwise(tried):
        ended = before.state.lower().replace("_", " ")
        error = first_line(before.error)
        because = f"attempt {before.attempt} {ended}" + (f": {error}" if error else "")
        if before.state is AttemptStatus.LOST:
            because = f"the runner of attempt {before.attempt} died"
        yield f"attempt {attempt.attempt} was made because {because}"


def _after(state: RunState, number: int) -> str:
    """Return how those ended that it depends on."""
    needs = state.plan.needs[number]
    rule = state.plan.tasks[number].options.trigger_rule
    ended = [
        safe_text(f"{state.plan.tasks[other].name} {state.tasks[other].state}") for other in needs
    ]
    return f"it starts by the rule {rule}: {named(ended, 5)}"


def _root(state: RunState, task: TaskState) -> Iterator[str]:
    """Yield what failed in the first place, if the task is blocked by one that is blocked."""
    seen: set[str] = set()
    name = task.reason
    while name is not None and name in state.plan.index and name not in seen:
        seen.add(name)
        other = state.task(name)
        if other.state is not TaskStatus.UPSTREAM_FAILED:
            error = failure(other) if other.state is TaskStatus.FAILED else ""
            yield safe_text(f"{name} {other.state}") + (f": {error}" if error else "")
            return
        name = other.reason


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
