"""Checks of what happens to the run, and of what people ask for."""

import taskflow_core.events as ev
from taskflow_core.graph import downstream_of
from taskflow_core.lanes import INLINE
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus
from tests.core.simulation import oracle
from tests.core.simulation.checks import ALMOST, checks, require
from tests.core.simulation.witness import Witness

_BUSY = {TaskStatus.READY, TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.RETRY_WAIT}


@checks(ev.RunStarted)
def _started(witness: Witness, event: ev.RunStarted) -> None:
    shadow = witness.shadow
    if shadow.state is RunStatus.CREATED:
        shadow.started_at = event.at
    else:
        shadow.idle += event.at - shadow.last_sign
    shadow.last_sign = event.at
    if shadow.state is RunStatus.CANCELLING:
        shadow.still_cancelled_by = shadow.by
    shadow.state, shadow.by = RunStatus.RUNNING, None
    shadow.is_ending = shadow.gives_up = False
    shadow.allowed.clear()
    shadow.allowed_within.clear()
    for number, task in enumerate(shadow.tasks):
        if task.first_start is not None:  # what was granted lasts no longer than the runner
            task.deadline = shadow.deadline_of(number)


@checks(ev.RunPaused)
def _paused(witness: Witness, event: ev.RunPaused) -> None:
    witness.shadow.state, witness.shadow.by = RunStatus.PAUSED, event.by


@checks(ev.RunResumed)
def _resumed(witness: Witness, event: ev.RunResumed) -> None:
    witness.shadow.state, witness.shadow.by = RunStatus.RUNNING, None
    witness.shadow.allowed.clear()
    witness.shadow.allowed_within.clear()


@checks(ev.RunStalled)
def _stalled(witness: Witness, event: ev.RunStalled) -> None:
    statuses = witness.shadow.statuses
    names = [spec.name for spec in witness.plan.tasks]
    held = [names[n] for n, status in enumerate(statuses) if status is TaskStatus.HELD]
    require(event.waiting == held, "others are held:", event)
    require(not _BUSY & set(statuses), "something can go on:", event)
    for number, status in enumerate(statuses):
        is_open = witness.shadow.tasks[number].expansion is not None
        require(status is not TaskStatus.WAITING or is_open, "something waits by itself:", event)
    witness.shadow.state = RunStatus.STALLED


@checks(ev.RunSettled)
def _settled(witness: Witness, event: ev.RunSettled) -> None:
    shadow, statuses = witness.shadow, witness.shadow.statuses
    require(set(statuses) <= SETTLED_TASKS, "something is not settled:", event)
    by = shadow.by if shadow.state is RunStatus.CANCELLING else None
    tasks = enumerate(shadow.tasks)
    opened = {n: task.expansion for n, task in tasks if task.expansion is not None}
    right = oracle.outcome(witness.plan, statuses, by, opened)
    require(event.state == right, f"the outcome is {right}:", event)
    counts = {status.value: statuses.count(status) for status in set(statuses)}
    require(event.counts == counts, "the counts are wrong:", event)
    shadow.state, shadow.last_sign = RunStatus(event.state), event.at


@checks(ev.CancelRequested)
def _cancel(witness: Witness, event: ev.CancelRequested) -> None:
    shadow = witness.shadow
    if event.by == "run_timeout" and shadow.still_cancelled_by != event.by:
        used = shadow.worked(event.at) - shadow.started_at
        limit = witness.plan.timeout or 0.0
        require(used >= limit - ALMOST, "the run has time left:", event)
    if event.scope is None and shadow.state is not RunStatus.CANCELLING:
        shadow.state, shadow.by = RunStatus.CANCELLING, event.by  # the first one decides
    names = witness.plan.index if event.scope is None else event.scope
    numbers = list(map(witness.plan.number_of, names))
    for number in [*numbers, *(n for c in numbers for n in witness.plan.nesting.within(c))]:
        shadow.tasks[number].cancel_asked = True
        witness.asked_again.add(number)


@checks(ev.RetryRequested)
def _retry(witness: Witness, event: ev.RetryRequested) -> None:
    shadow = witness.shadow
    for number in map(witness.plan.number_of, event.tasks):
        task = shadow.tasks[number]
        require(task.live is None, "retried while an attempt is live:", event)
        wrong = {TaskStatus.SUCCEEDED, TaskStatus.READY, TaskStatus.PENDING, TaskStatus.SKIPPED}
        require(task.status not in wrong, "there is nothing to retry:", event)
        task.status, task.held = TaskStatus.PENDING, None
        task.succeeded = task.cancel_asked = task.stopped = False
        shadow.allowed.discard(number)
        shadow.allowed_within.discard(number)
        if event.fresh:
            task.forgive()
        elif shadow.time_left(number, event.at) < ALMOST:  # a person wants it: a new deadline
            longest = witness.plan.tasks[number].options.retry.max_elapsed or 0.0
            task.deadline = shadow.worked(event.at) + longest
    shadow.is_ending = shadow.gives_up = False
    witness.has_changed = True


@checks(ev.ActionRequested)
def _action(witness: Witness, event: ev.ActionRequested) -> None:
    if event.action == "hold":
        witness.shadow.holds.update(event.tasks)
    elif event.action == "release":
        witness.shadow.holds.difference_update(event.tasks)


@checks(ev.StepRequested)
def _step(witness: Witness, event: ev.StepRequested) -> None:
    shadow, names = witness.shadow, [spec.name for spec in witness.plan.tasks]
    if event.target is not None:
        number = witness.plan.index[event.target]
        before = downstream_of([number], witness.plan.upstream)
        shadow.allowed.update(before if event.mode == "to" else [number])
        if event.mode == "to":
            shadow.allowed_within.update(before)
        return
    for number, task in enumerate(shadow.tasks):
        by_breakpoint = task.status is TaskStatus.HELD and names[number] not in shadow.holds
        if task.status is TaskStatus.READY or by_breakpoint:
            shadow.allowed.add(number)


@checks(ev.BreakpointSet)
def _breakpoint_set(witness: Witness, event: ev.BreakpointSet) -> None:
    shadow, number = witness.shadow, witness.plan.index[event.target]
    shadow.breakpoints[event.target, event.stop] = (event.condition, event.hit)
    shadow.reached.pop((event.target, event.stop), None)
    is_there = event.stop == "before" and shadow.tasks[number].status is TaskStatus.READY
    if is_there and shadow.stops_at("before", number):
        witness.expect(number, "TaskHeld")


@checks(ev.BreakpointCleared)
def _breakpoint_cleared(witness: Witness, event: ev.BreakpointCleared) -> None:
    del witness.shadow.breakpoints[event.target, event.stop]


@checks(ev.ParallelismChanged)
def _parallelism(witness: Witness, event: ev.ParallelismChanged) -> None:
    witness.shadow.total = event.max_parallel
    most = dict.fromkeys(witness.shadow.slots, event.max_parallel)
    witness.shadow.slots = most | {INLINE: 1}  # one thread waits for the run, whatever is said
