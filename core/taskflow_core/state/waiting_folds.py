"""How the events of tasks that wait without a slot change their state."""

import taskflow_core.events as ev
from taskflow_core.state.model import Expansion, RunState, TaskState, Waiting, folds, require
from taskflow_core.statuses import TaskStatus

_MAY_OPEN = frozenset({TaskStatus.READY, TaskStatus.PENDING})
"""A task opens once it is ready, or again because one of its children runs again."""


@folds(ev.TaskExpanded)
def _expanded(state: RunState, event: ev.TaskExpanded, task: TaskState) -> None:
    require(task.state in _MAY_OPEN, event)
    state.move(task, TaskStatus.WAITING, "children")
    task.expansion = Expansion(event.children, event.items, event.params)
    number = state.number_of(event.task)
    if state.plan.tasks[number].foreach is not None:
        state.grow(number, event.children)


@folds(ev.TaskWaiting)
def _waiting(state: RunState, event: ev.TaskWaiting, task: TaskState) -> None:
    require(task.state is TaskStatus.READY, event)
    state.move(task, TaskStatus.WAITING, event.for_)
    task.waiting = Waiting(event.for_, event.until, event.about)


@folds(ev.TaskAnswered)
def _answered(_: RunState, event: ev.TaskAnswered, task: TaskState) -> None:
    require(task.state is TaskStatus.WAITING, event)
    if event.approved:
        task.result = {"value": event.fields}


@folds(ev.TaskRemoved)
def _removed(state: RunState, event: ev.TaskRemoved, task: TaskState) -> None:
    require(task.last is None or not task.last.is_live, event)
    state.move(task, TaskStatus.SKIPPED, "removed")
    task.held = task.due_at = None
