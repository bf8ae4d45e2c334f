"""Known mistakes, to be put into the scheduler: each has to be noticed, or the checks miss things.

Each is what somebody could write by accident: a line forgotten, a comparison off by one.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from taskflow_core import lanes, outcomes
from taskflow_core.scheduling import (
    arrivals,
    attempts,
    containers,
    dependencies,
    ending,
    gates,
    inside,
    ready,
    record,
    requests,
    retrying,
    rules,
    scheduler,
    waits,
)
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus

Apply = Callable[["Patches"], None]
BUGS: dict[str, Apply] = {}
"""By name, which says what the scheduler does wrong."""

_INHERITED = object()
"""Stands for what a class does not have itself."""


class Patches:
    """Replaces parts of the scheduler, and puts them back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, object]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Replace a part."""
        own: dict[str, object] = owner.__dict__
        self._before.append((owner, name, own.get(name, _INHERITED)))
        setattr(owner, name, value)

    def wrap(self, owner: Any, name: str, around: Callable[..., Any]) -> None:
        """Replace a method with one that gets the original as its first argument."""
        original = getattr(owner, name)

        def wrapped(*args: Any, **named: Any) -> Any:
            return around(original, *args, **named)

        self.set(owner, name, wrapped)

    def undo(self) -> None:
        """Put everything back."""
        for owner, name, value in reversed(self._before):
            if value is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


@contextmanager
def planted(name: str) -> Generator[None]:
    """Have a bug in the scheduler."""
    patches = Patches()
    try:
        BUGS[name](patches)
        yield
    finally:
        patches.undo()


def _nothing(*_: Any) -> None:
    """Do nothing, in place of something."""


def _yes(*_: Any) -> bool:
    return True


def _after_all(original: Any, *args: Any) -> bool:
    original(*args)
    return True


def _no_failure(*_: Any) -> tuple[None, bool]:
    return None, False


def _none(*_: Any) -> list[int]:
    return []


def _allow_alone(self: Any, children: Any) -> None:
    self.allowed.update(children)


def _bug(apply: Apply) -> Apply:
    BUGS[apply.__name__.strip("_")] = apply
    return apply


# --- slots and order ---------------------------------------------------------------------


@_bug
def _forgets_to_give_back_a_slot(patches: Patches) -> None:
    patches.set(ready.ReadyQueue, "give_back", _nothing)


@_bug
def _does_not_count_pools(patches: Patches) -> None:
    def init(original: Any, self: Any, *args: Any) -> None:
        original(self, *args)
        for queue in self._queue_of:
            queue.slots = queue.slots[:2]  # the lane's and the run's

    patches.wrap(ready.ReadyQueue, "__init__", init)


@_bug
def _ignores_lower_parallelism(patches: Patches) -> None:
    patches.set(ready.ReadyQueue, "resize", _nothing)


@_bug
def _ignores_priority(patches: Patches) -> None:
    def init(original: Any, self: Any, plan: Any, *args: Any) -> None:
        original(self, plan, *args)
        self._by_rank = self._rank = list(range(len(plan.tasks)))

    patches.wrap(ready.ReadyQueue, "__init__", init)


@_bug
def _goes_by_the_file_in_the_order_fifo(patches: Patches) -> None:
    patches.set(arrivals.ArrivalQueue, "push", ready.ReadyQueue.push)


@_bug
def _forgets_who_was_ready_before_the_last_start(patches: Patches) -> None:
    patches.set(arrivals.ArrivalQueue, "take", ready.ReadyQueue.take)


@_bug
def _starts_released_tasks_twice(patches: Patches) -> None:
    def let_go(original: Any, self: Any, number: int, *args: Any) -> None:
        original(self, number, *args)
        if self.state.tasks[number].state is TaskStatus.READY:
            self._ready.push(number)

    patches.wrap(requests.Requests, "_let_go", let_go)


# --- outcomes ----------------------------------------------------------------------------


@_bug
def _accepts_outcomes_of_attempts_that_are_over(patches: Patches) -> None:
    def ended(original: Any, self: Any, job: Any, outcome: Any, now: Any, chance: Any) -> bool:
        is_new = original(self, job, outcome, now, chance)
        task = self.state.tasks[job.number]
        failed = task.state is TaskStatus.FAILED
        if not is_new and failed and isinstance(outcome, outcomes.Succeeded):
            self._attempts.succeed(job.number, now)
        return bool(is_new)

    patches.wrap(scheduler.Scheduler, "ended", ended)


@_bug
def _gives_back_a_slot_for_every_late_outcome(patches: Patches) -> None:
    def ended(original: Any, self: Any, job: Any, *args: Any) -> bool:
        is_new = original(self, job, *args)
        if not is_new:
            self._ready.give_back(job.number)
        return bool(is_new)

    patches.wrap(scheduler.Scheduler, "ended", ended)


@_bug
def _counts_success_after_a_timeout(patches: Patches) -> None:
    def end(original: Any, self: Any, job: Any, outcome: Any, *args: Any) -> None:
        if isinstance(outcome, outcomes.Succeeded):
            self._stopping.pop(job.number, None)
        original(self, job, outcome, *args)

    patches.wrap(attempts.Attempts, "end", end)


@_bug
def _does_not_kill_what_ignores_a_stop(patches: Patches) -> None:
    patches.set(attempts.Attempts, "grace_is_over", _nothing)


# --- retries -----------------------------------------------------------------------------


@_bug
def _tries_once_more_than_allowed(patches: Patches) -> None:
    def spent(original: Any, *args: Any) -> int:
        return int(original(*args)) - 1

    patches.wrap(retrying.Retrying, "_spent", spent)


@_bug
def _retries_crashes_from_the_same_budget(patches: Patches) -> None:
    def spent(original: Any, self: Any, number: int, *states: Any) -> int:
        return int(original(self, number, *states, "CRASHED"))

    patches.wrap(retrying.Retrying, "_spent", spent)


@_bug
def _numbers_attempts_on_across_epochs(patches: Patches) -> None:
    def coming(self: Any, number: int) -> Any:
        spec, task = self.plan.tasks[number], self.state.tasks[number]
        attempt = task.attempts[-1].attempt + 1 if task.attempts else 1
        return outcomes.Job(number, spec.name, task.epoch, attempt, spec.options.executor)

    patches.set(record.Record, "coming", coming)


@_bug
def _settles_while_a_retry_waits(patches: Patches) -> None:
    patches.set(ending, "SETTLED_TASKS", SETTLED_TASKS | {TaskStatus.RETRY_WAIT})


# --- what is upstream --------------------------------------------------------------------


@_bug
def _treats_a_skip_as_success(patches: Patches) -> None:
    def kind(original: Any, self: Any, number: int) -> int:
        found = original(self, number)
        return rules.SUCCEEDED if found == rules.SKIPPED else int(found)

    patches.wrap(dependencies.Dependencies, "_kind", kind)


@_bug
def _does_not_block_beyond_the_next_task(patches: Patches) -> None:
    def settle(original: Any, self: Any, ended: Any, now: Any) -> None:
        decide = self._decide

        def decide_alone(number: int, at: Any) -> bool:
            decide(number, at)
            return False

        self._decide = decide_alone
        original(self, ended, now)
        del self._decide

    patches.wrap(dependencies.Dependencies, "_settle", settle)


@_bug
def _forgets_grandchildren_when_a_task_runs_again(patches: Patches) -> None:
    def children(starts: Any, successors: Any) -> set[int]:
        return {other for number in starts for other in successors[number]}

    patches.set(dependencies, "downstream_of", children)


# --- pauses, breakpoints, cancels --------------------------------------------------------


@_bug
def _starts_processes_in_a_paused_run(patches: Patches) -> None:
    def take(original: Any, self: Any, lane: str, now: Any) -> Any:
        if lane is lanes.PROCESSES and self.state.state is RunStatus.PAUSED:
            self._gates.allowed.update(self._ready.waiting())
        return original(self, lane, now)

    def startable(original: Any, self: Any, lane: str) -> bool:
        is_free = lane is lanes.PROCESSES and self._ready.startable(lane)
        return bool(original(self, lane) or is_free)

    patches.wrap(scheduler.Scheduler, "take", take)
    patches.wrap(scheduler.Scheduler, "startable", startable)


@_bug
def _runs_the_task_to_stop_at(patches: Patches) -> None:
    def run_to(original: Any, self: Any, now: Any, name: str, *, by: str) -> None:
        original(self, now, name, by=by)
        self._gates.allowed.add(self._number(name))

    patches.wrap(requests.Requests, "run_to", run_to)


@_bug
def _stops_again_where_it_was_let_go(patches: Patches) -> None:
    def release(original: Any, self: Any, number: int, now: Any, by: str) -> bool:
        return original(self, number, now, by) and not self.hold_start(number, now)

    patches.wrap(gates.Gates, "release", release)


@_bug
def _cancels_no_task_that_waits_for_a_retry(patches: Patches) -> None:
    def cancel(original: Any, self: Any, number: int, *args: Any) -> bool:
        waits = self._record.state.tasks[number].state is TaskStatus.RETRY_WAIT
        return not waits and bool(original(self, number, *args))

    patches.wrap(ending.Ending, "_cancel_waiting", cancel)


@_bug
def _starts_one_more_after_the_failure_that_stops_the_run(patches: Patches) -> None:
    def stop(original: Any, self: Any, now: Any) -> None:
        first, cancel = self._ready.waiting()[:1], self._cancel_waiting

        def cancel_others(number: int, *args: Any) -> bool:
            return number not in first and bool(cancel(number, *args))

        self._cancel_waiting = cancel_others
        original(self, now)
        del self._cancel_waiting
        for number in first:
            self._ready.push(number)

    patches.wrap(ending.Ending, "stop_starting", stop)


@_bug
def _ends_a_cancelled_run_as_failed(patches: Patches) -> None:
    patches.set(ending, "ON_FAILURE", "ann")


# --- containers and waiting --------------------------------------------------------------


@_bug
def _opens_containers_while_the_run_stands(patches: Patches) -> None:
    def next_wait(self: Any) -> int | None:
        number: int | None = self._ready.take(lanes.WAITS)
        return number

    patches.set(scheduler.Scheduler, "_next_wait", next_wait)


@_bug
def _starts_children_before_their_container(patches: Patches) -> None:
    patches.set(inside.Inside, "may_start", _yes)


@_bug
def _ends_a_container_with_its_first_child(patches: Patches) -> None:
    patches.wrap(inside.Inside, "one_less", _after_all)


@_bug
def _takes_a_container_for_well_in_which_something_failed(patches: Patches) -> None:
    patches.set(containers.Containers, "_failure", _no_failure)


@_bug
def _lets_all_children_of_a_container_run_at_once(patches: Patches) -> None:
    def limit(original: Any, self: Any, container: int) -> Any:
        slots = original(self, container)
        slots.free = slots.size = 99
        return slots

    patches.wrap(ready.ReadyQueue, "_limit", limit)


@_bug
def _leaves_a_container_closed_whose_child_is_retried(patches: Patches) -> None:
    patches.set(containers.Containers, "open_again", _none)


@_bug
def _hears_the_timer_of_an_earlier_wait(patches: Patches) -> None:
    def wake(original: Any, self: Any, job: Any, now: Any) -> None:
        self._due[job.number] = now.mono
        original(self, job, now)

    patches.wrap(waits.Waits, "wake", wake)


@_bug
def _forgets_that_the_children_of_what_was_run_to_may_start(patches: Patches) -> None:
    patches.set(gates.Gates, "allow_within", _allow_alone)
