"""What `run` and `attach` say of containers, and of tasks that wait without a slot."""

import taskflow_core.events as ev
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus
from taskflow_tui.answers import answer_command
from taskflow_tui.formatting import clock_time, count
from taskflow_tui.waiting_facts import one_line, shown


def expanded(event: ev.TaskExpanded, state: RunState) -> str:
    """Return what a mapped task or a sub-flow became."""
    number = state.number_of(event.task)
    if state.plan.tasks[number].foreach is not None:
        return f"▾ {event.task}: {count(event.children, 'item')}"
    told = ", ".join(f"{name}={shown(value)}" for name, value in event.params.items())
    return f"▾ {event.task}: {count(event.children, 'task')}" + (f"  {told}" if told else "")


def waiting(event: ev.TaskWaiting, state: RunState) -> str:
    """Return what a task waits for, and of a question the command that answers it."""
    until = "" if event.until is None else clock_time(event.until)
    gives_up = f", until {until}" if until else ""
    match event.for_:
        case "approval":
            spec = state.plan.tasks[state.number_of(event.task)]
            command = answer_command(event.run, spec)
            return f"◔ {event.task} asks: {one_line(event.about)}  answer with  {command}"
        case "file":
            return f"◔ {event.task} waits for {event.about}{gives_up}"
        case _:
            return f"◔ {event.task} waits{gives_up}"


def answered(event: ev.TaskAnswered, _: RunState) -> str:
    """Return who answered, and what."""
    if not event.approved:
        return f"✖ {event.task} rejected by {event.by}" + (
            f": {event.reason}" if event.reason else ""
        )
    said = ", ".join(f"{name}={shown(value)}" for name, value in event.fields.items())
    return f"✔ {event.task} approved by {event.by}" + (f": {said}" if said else "")


def removed(event: ev.TaskRemoved, _: RunState) -> str:
    """Return why a child of a mapped task is no more."""
    mapped = event.task.rpartition("[")[0]
    return f"» {event.task} removed: {mapped} has fewer items now"


def succeeded(event: ev.TaskSucceeded, state: RunState) -> str | None:
    """Return how a task ended well that made no attempt; None where another line has said it."""
    number = state.number_of(event.task)
    spec, expansion = state.plan.tasks[number], state.tasks[number].expansion
    if event.how == "injected":
        return f"✔ {event.task}  injected"
    if spec.has_children:
        total = expansion.children if expansion is not None else 0
        return f"✔ {event.task}  {total - _not_well(state, number, total):,} of {total:,}"
    return None if spec.approval is not None else f"✔ {event.task}"


def _not_well(state: RunState, number: int, total: int) -> int:
    inside = state.plan.nesting.children.get(number, [])[:total]
    return sum(state.tasks[child].state is not TaskStatus.SUCCEEDED for child in inside)
