"""Checks of what happens to tasks that need no slot: containers, approvals and the like."""

import taskflow_core.events as ev
from taskflow_core.statuses import SETTLED_TASKS, TaskStatus
from tests.core.simulation.checks import ALMOST, checks, require
from tests.core.simulation.shadow import TaskShadow
from tests.core.simulation.witness import Witness

_WELL = {TaskStatus.SUCCEEDED, TaskStatus.SKIPPED}


@checks(ev.TaskExpanded)
def _expanded(witness: Witness, event: ev.TaskExpanded, number: int, task: TaskShadow) -> None:
    shadow, is_again = witness.shadow, task.status is TaskStatus.PENDING
    require(not is_again or task.reopens, "opened without being ready:", event)
    require(is_again or shadow.may_start(number), "opened while the run stands:", event)
    if is_again:
        require(event.children == task.expansion, "opened with other children:", event)
    if witness.plan.tasks[number].foreach is not None:
        shadow.grow(number, event.children)
    task.status, task.expansion, task.reopens = TaskStatus.WAITING, event.children, False
    task.was_open = True
    shadow.allowed.discard(number)
    if number in shadow.allowed_within and not is_again:
        inside = witness.plan.nesting.children.get(number, [])
        shadow.allowed.update(inside)
        shadow.allowed_within.update(inside)
    witness.has_changed = True


@checks(ev.TaskWaiting)
def _waiting(witness: Witness, event: ev.TaskWaiting, number: int, task: TaskShadow) -> None:
    require(witness.shadow.may_start(number), "it waits while the run stands:", event)
    task.status, task.due_at = TaskStatus.WAITING, event.until or 0.0
    witness.shadow.allowed.discard(number)


@checks(ev.TaskAnswered)
def _answered(witness: Witness, event: ev.TaskAnswered, number: int, task: TaskShadow) -> None:
    del task
    require(witness.plan.tasks[number].kind == "approve", "it asks nothing:", event)
    witness.answers.add(number)


@checks(ev.TaskRemoved)
def _removed(witness: Witness, event: ev.TaskRemoved, number: int, task: TaskShadow) -> None:
    parent = witness.plan.nesting.parents[number]
    require(parent is not None, "it is no child:", event)
    require(number not in witness.shadow.children(parent or 0), "it takes part:", event)
    witness.settle(task, TaskStatus.SKIPPED)


def well_ended(witness: Witness, event: ev.TaskSucceeded, number: int, task: TaskShadow) -> None:
    """Check that a task without a slot has what it waited for."""
    if task.status is TaskStatus.WAITING:
        require(not witness.shadow.stops_at("after", number), "a breakpoint is there:", event)
    spec = witness.plan.tasks[number]
    if spec.has_children:
        require(not _bad(witness, number), "not all of it went well:", event)
        require(_have_ended(witness, number), "not all of it has ended:", event)
    elif spec.kind == "approve":
        require(number in witness.answers, "nobody answered:", event)
    elif spec.wait is not None and spec.wait.file is None:
        require(event.at >= task.due_at - ALMOST, "it is too early:", event)


def badly_ended(
    witness: Witness, event: ev.TaskFailed | ev.TaskCancelled, number: int, task: TaskShadow
) -> None:
    """Check that a task without a slot could not go well."""
    if task.expansion is not None:
        require(bool(_bad(witness, number)), "all of it went well:", event)
        require(_have_ended(witness, number), "not all of it has ended:", event)
    elif number not in witness.answers:
        limit = witness.plan.tasks[number].options.timeout
        require(limit is not None and event.at >= task.due_at - ALMOST, "it has time:", event)


def _bad(witness: Witness, number: int) -> list[int]:
    tasks, specs = witness.shadow.tasks, witness.plan.tasks
    return [
        child
        for child in witness.shadow.children(number)
        if tasks[child].status not in _WELL
        and not (tasks[child].status is TaskStatus.FAILED and specs[child].options.allow_failure)
    ]


def _have_ended(witness: Witness, number: int) -> bool:
    tasks = witness.shadow.tasks
    return all(tasks[child].status in SETTLED_TASKS for child in witness.shadow.children(number))
