"""What a worker process has to be told to make an attempt."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

import taskflow_core.pickling as pickling
from taskflow_core.caching.lookup import Lookup
from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.executors.base import Workplace
from taskflow_core.executors.cache_lookups import lookup_of, needs_check
from taskflow_core.executors.inputs import variables_of
from taskflow_core.executors.protocol import Target, Undo, Work
from taskflow_core.executors.undoing import rollback_call, unloadable
from taskflow_core.outcomes import Job
from taskflow_core.params import params_to_json
from taskflow_core.results import NO_RESULT, ResultError, result_name, store
from taskflow_core.visibility import Entry


def work_of(place: Workplace, job: Job) -> Work:
    """Return the message that has a worker make an attempt.

    The callables of a flow made in memory are in it; those of a flow file the worker loads.

    Raises:
        TaskflowError: something that the attempt needs cannot be sent.
    """
    spec = place.spec(job)
    undo = _undo(place, job) if job.undoes else None
    target = _target(place, job) if undo is None else _rollback_target(place, job)
    own = target if undo is None else undo.target
    limits = spec.rollback if undo is not None and spec.rollback is not None else spec.options
    templated = place.plan.is_templated(job.number)
    sees_all = spec.takes_context or templated or job.undoes
    has_own = own is None or _is_pickled(own)  # its arguments come with the function
    return Work(
        run=place.run,
        task=job.task,
        attempt=job.attempt,
        target=target,
        args=() if has_own else spec.args,
        kwargs={} if has_own else spec.kwargs,
        upstream=_stored(place, job, place.plan.feeds[job.number]),
        ancestors=_stored(place, job, _ancestors(place, job)) if sees_all else [],
        item=_item(place, job),
        params=params_to_json(place.sight.params(job.number)),
        declared=place.sight.declared(job.number),
        seen=_seen(place, job),
        changes=place.sight.changes(job.number),
        states=_states(place, job) if templated else {},
        results=str(place.results.folder),
        result_name=result_name(*job.key),
        env=variables_of(place, job),
        cwd=spec.options.cwd,
        tmp=str(place.tmp(job)),
        timeout=limits.timeout,
        grace=limits.grace,
        path=sys.path if _is_pickled(target) or _is_pickled(own) else None,
        cache=_lookup(place, job),
        drops_result=job.undoes or place.drops_results,
        undo=undo,
    )


def _lookup(place: Workplace, job: Job) -> Lookup | None:
    if place.cache is None or not needs_check(place, job):
        return None
    return lookup_of(place, job, place.cache)


def _target(place: Workplace, job: Job) -> Target:
    plan, spec = place.plan, place.spec(job)
    func = place.func(job)
    if func is not None:
        return Target(pickled=_pickled(func, spec.args, spec.kwargs))
    home = plan.home(job.number)
    if spec.function is not None:
        return Target(dotted=spec.function, folder=home.folder)
    return Target(flow_file=home.source, flow_name=home.flow_name, task=home.task)


def _rollback_target(place: Workplace, job: Job) -> Target:
    plan, rollback = place.plan, place.spec(job).rollback
    home = plan.home(job.number)
    if rollback is not None and rollback.function is not None:
        return Target(dotted=rollback.function, folder=home.folder)
    if place.functions is not None:
        return Target(pickled=_pickled(rollback_call(place, job).func, (), {}))
    return Target(flow_file=home.source, flow_name=home.flow_name, task=home.task, is_rollback=True)


def _undo(place: Workplace, job: Job) -> Undo:
    target, why = None, None
    if place.spec(job).kind == "function":
        try:
            target = _target(place, job)
        except TaskflowError as error:  # its rollback may do without arguments
            why = unloadable(error)
    failure = place.sight.failure(job.number)
    result = place.results.shared(job.number) if failure is None else NO_RESULT
    return Undo(target=target, why=why, result=result, failure=failure)


def _is_pickled(target: Target | None) -> bool:
    return target is not None and target.pickled is not None


def _stored(place: Workplace, job: Job, numbers: Iterable[int]) -> list[tuple[str, Preview]]:
    return [(place.sight.local_name(n), _shared(place, job, n)) for n in numbers]


def _shared(place: Workplace, job: Job, number: int) -> Preview:
    try:
        return place.results.shared(number)
    except ResultError:
        if not job.undoes:
            raise
        return place.results.previews[number]  # missed only by a rollback that asks for it


def _seen(place: Workplace, job: Job) -> dict[str, Entry]:
    share = place.results.shared_written
    return {
        key: msgspec.structs.replace(entry, values=tuple(map(share, entry.values)))
        for key, entry in place.sight.entries(job.number).items()
    }


def _states(place: Workplace, job: Job) -> dict[str, tuple[str, int]]:
    sight = place.sight
    return {sight.local_name(n): sight.task_facts(n) for n in sight.ancestors(job.number)}


def _ancestors(place: Workplace, job: Job) -> list[int]:
    near = set(place.plan.feeds[job.number])
    return [number for number in place.sight.ancestors(job.number) if number not in near]


def _item(place: Workplace, job: Job) -> tuple[Preview, int] | None:
    item = place.sight.item(job.number)
    if item is None:
        return None
    return store(place.results.folder, f"{job.number}.{job.epoch}.item.pkl", item[0]), item[1]


def _pickled(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    try:
        return pickling.dumps((func, args, kwargs))
    except Exception as error:
        raise TaskflowError(
            f"its function and arguments cannot be sent to a process: {error} – "
            "give it plain data, or the executor thread"
        ) from error
