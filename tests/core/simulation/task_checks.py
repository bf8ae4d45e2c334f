"""Checks of what happens to tasks."""

import taskflow_core.events as ev
from taskflow_core.graph import downstream_of
from taskflow_core.lanes import WAITS
from taskflow_core.outcomes import Skipped
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.simulation import container_checks
from tests.core.simulation.checks import ALMOST, checks, require
from tests.core.simulation.oracle import may_fail
from tests.core.simulation.shadow import TaskShadow
from tests.core.simulation.witness import Witness

_NEXT = {"after": "TaskSucceeded", "on_failure": "TaskFailed", "on_retry": "RetryScheduled"}
"""What a breakpoint at a task's end holds back."""


@checks(ev.TaskReady)
def _ready(witness: Witness, event: ev.TaskReady, number: int, task: TaskShadow) -> None:
    shadow, spec = witness.shadow, witness.plan.tasks[number]
    require(shadow.state is not RunStatus.CANCELLING, "ready in a cancelled run:", event)
    if task.status is TaskStatus.PENDING:
        require(shadow.verdict(number) == "run", "its trigger rule does not say so:", event)
        require(spec.when in {None, "yes"}, "its condition does not hold:", event)
    else:
        require(event.at >= task.due_at - ALMOST, "retried too early:", event)
    shadow.becomes_ready(task, event.at)
    if event.task in shadow.holds or shadow.stops_at("before", number):
        witness.expect(number, "TaskHeld")


@checks(ev.TaskHeld)
def _held(witness: Witness, event: ev.TaskHeld, number: int, task: TaskShadow) -> None:
    by_hand = event.task in witness.shadow.holds and event.breakpoint is None
    if task.lane == WAITS and event.breakpoint == "after":
        require(witness.shadow.stops_at("after", number), "no breakpoint is there:", event)
    require(by_hand == event.reason.startswith("operator"), "held for a wrong reason:", event)
    task.status = TaskStatus.HELD
    task.held = event.breakpoint or "before"
    if not by_hand and witness.shadow.state is RunStatus.RUNNING:
        witness.expect(None, "RunPaused")


@checks(ev.TaskReleased)
def _released(witness: Witness, event: ev.TaskReleased, number: int, task: TaskShadow) -> None:
    if task.held == "before":
        witness.shadow.becomes_ready(task, event.at)
    else:
        witness.expect(number, _NEXT[task.held or ""])
    task.held = None


@checks(ev.TaskBlocked)
def _blocked(witness: Witness, event: ev.TaskBlocked, number: int, task: TaskShadow) -> None:
    require(witness.shadow.verdict(number) == "block", "blocked without a reason:", event)
    upstream = downstream_of([number], witness.plan.upstream)
    around = witness.plan.nesting.around(number)
    by = witness.plan.index[event.by]
    near = upstream | set(around) | downstream_of(around, witness.plan.upstream)
    require(by in near, "blocked by a stranger:", event)
    witness.settle(task, TaskStatus.UPSTREAM_FAILED)


@checks(ev.TaskUnblocked)
def _unblocked(witness: Witness, event: ev.TaskUnblocked, number: int, task: TaskShadow) -> None:
    at_end = task.status is TaskStatus.HELD and task.held != "before"
    require(not at_end or task.lane == WAITS, "its attempt has ended already:", event)
    task.by_rule = task.was_open = False
    task.status, task.held, task.reopens = TaskStatus.PENDING, None, task.expansion is not None
    witness.has_changed = True


@checks(ev.TaskSucceeded)
def _succeeded(witness: Witness, event: ev.TaskSucceeded, number: int, task: TaskShadow) -> None:
    if event.how == "injected":
        witness.shadow.is_ending = False
    elif task.lane == WAITS:
        container_checks.well_ended(witness, event, number, task)
    else:
        require(task.succeeded, "it has not succeeded:", event)
    witness.settle(task, TaskStatus.SUCCEEDED)


@checks(ev.TaskFailed)
def _failed(witness: Witness, event: ev.TaskFailed, number: int, task: TaskShadow) -> None:
    shadow, spec = witness.shadow, witness.plan.tasks[number]
    if task.status is TaskStatus.PENDING:
        require(spec.when == "broken", "failed without an attempt:", event)
        require(shadow.verdict(number) == "run", "its condition was looked at too early:", event)
    elif task.lane == WAITS and task.status is TaskStatus.WAITING:
        container_checks.badly_ended(witness, event, number, task)
    is_through_children = task.status is TaskStatus.WAITING and task.expansion is not None
    witness.settle(task, TaskStatus.FAILED)
    if is_through_children:
        return  # what failed in it has had its consequences
    if not may_fail(number, witness.plan) and shadow.state is not RunStatus.CANCELLING:
        shadow.is_ending |= witness.plan.on_failure in {"stop", "cancel"}
        shadow.gives_up |= witness.plan.on_failure == "stop"
        witness.must_pause |= witness.plan.on_failure == "pause"


@checks(ev.TaskSkipped)
def _skipped(witness: Witness, event: ev.TaskSkipped, number: int, task: TaskShadow) -> None:
    verdict = witness.shadow.verdict(number)
    if event.reason == "condition":
        require(witness.plan.tasks[number].when == "no", "its condition holds:", event)
        require(verdict == "run", "its condition was looked at too early:", event)
    elif event.reason.startswith("by_task"):
        require(isinstance(witness.delivered, Skipped), "it did not say so:", event)
    elif event.reason.startswith("operator"):
        witness.shadow.is_ending = False
    else:
        require(verdict == "skip", "skipped without a reason:", event)
    witness.settle(task, TaskStatus.SKIPPED)
    task.by_rule = event.reason.startswith(("upstream_skipped", "trigger_rule", "parent_skipped"))


@checks(ev.TaskCancelled)
def _cancelled(witness: Witness, event: ev.TaskCancelled, number: int, task: TaskShadow) -> None:
    asked = task.cancel_asked or witness.shadow.is_ending or task.stopped
    if task.status is TaskStatus.WAITING and task.expansion is not None:
        container_checks.badly_ended(witness, event, number, task)
        asked = True
    statuses = witness.shadow.statuses
    asked |= any(statuses[n] is TaskStatus.CANCELLED for n in witness.plan.nesting.around(number))
    require(asked, "nobody asked for it:", event)
    witness.settle(task, TaskStatus.CANCELLED)


@checks(ev.EpochOpened)
def _epoch(witness: Witness, event: ev.EpochOpened, number: int, task: TaskShadow) -> None:
    require(event.epoch == task.epoch + 1, "epochs are not dense:", event)
    require(task.held != "before", "it has not run:", event)
    task.status, task.epoch, task.attempt, task.held = TaskStatus.PENDING, event.epoch, 0, None
    task.succeeded = task.cancel_asked = task.by_rule = task.was_open = False
    task.forgive()
    task.reopens = event.reason == "children"
    task.expansion = task.expansion if task.reopens else None
    witness.shadow.allowed.discard(number)
    witness.shadow.allowed_within.discard(number)
    witness.shadow.is_ending = witness.shadow.gives_up = False
    witness.has_changed = True
