"""What a function that is called in this process is given, and what it leaves behind."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, overload

from taskflow_core.arguments import Binding, bind
from taskflow_core.context import Context, Results, unheard
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Workplace
from taskflow_core.expressions import Template, has_expressions, render_value
from taskflow_core.outcomes import Failed, Job, Succeeded
from taskflow_core.results import NO_RESULT, ResultError, load


class Inputs(NamedTuple):
    """The arguments of an attempt, and the context it was given, if it takes one."""

    args: list[Any]
    kwargs: dict[str, Any]
    context: Context | None = None


def inputs_of(
    place: Workplace,
    job: Job,
    code: tuple[Callable[..., Any], Binding],
    is_cancelled: Callable[[], bool],
) -> Inputs:
    """Return what an attempt is given.

    Args:
        place: The run.
        job: The attempt.
        code: Its function, and how that is called.
        is_cancelled: Tells `ctx.cancelled`.

    Raises:
        ResultError: an upstream result cannot be had back.
        ContextConflictError: two tasks upstream wrote one context key differently.
        ExpressionError: an expression among its arguments cannot be evaluated.
    """
    func, binding = code
    seen = place.sight.context(job.number)
    if place.plan.is_templated(job.number):
        binding = _rendered(place, job, func)
    context = context_of(place, job, seen, is_cancelled) if binding.takes_context else None
    args, kwargs = binding.fill(
        _Upstream(place, job.number),
        context,
        place.sight.params(job.number),
        place.sight.item(job.number),
    )
    changes = place.sight.changes(job.number)
    if changes:
        change(
            binding, args, kwargs, {k: load(place.results.folder, v) for k, v in changes.items()}
        )
    return Inputs(args, kwargs, context)


def variables_of(place: Workplace, job: Job) -> dict[str, str]:
    """Return the variables of an attempt besides those of this process, expressions evaluated.

    Raises:
        ExpressionError: an expression in one cannot be evaluated.
    """
    found, declared = place.environment(job), place.declared_environment(job)
    if not has_expressions(declared):
        return found
    names = place.sight.names(job.number, declared)
    return {
        name: Template.parse(text).render_text(names) if has_expressions(text) else text
        for name, text in found.items()
    }


def change(
    binding: Binding, args: list[Any], kwargs: dict[str, Any], changes: Mapping[str, Any]
) -> None:
    """Put the values that a person changed among the arguments, by the parameters' names."""
    for name, value in changes.items():
        if name in binding.labels:
            args[binding.labels.index(name)] = value
        else:
            kwargs[name] = value


def success(place: Workplace, job: Job, value: object, context: Context | None) -> Succeeded:
    """Store what an attempt returned and wrote, and return its outcome.

    What a compensation returns and writes is dropped.

    Raises:
        ResultError: something cannot be stored.
    """
    if job.undoes:
        return Succeeded(NO_RESULT)
    shown = place.results.put(job.number, job.epoch, job.attempt, value)
    if context is None or not context.written:
        return Succeeded(shown)
    put = partial(place.results.put_written, job.number, job.epoch, job.attempt)
    return Succeeded(shown, context={key: put(key, v) for key, v in context.written.items()})


def refused(job: Job, error: TaskflowError) -> Failed:
    """Return the outcome of an attempt that cannot be given what it needs."""
    hint = f" – {error.hint}" if job.undoes and error.hint else ""
    if isinstance(error, ResultError):
        which = "a result that its rollback needs" if job.undoes else "an upstream result"
        return Failed(error=f"{which} is missing: {error}{hint}", final=True)
    return Failed(error=f"{error}{hint}", final=True)


def _rendered(place: Workplace, job: Job, func: Callable[..., Any]) -> Binding:
    """Return the binding with the expressions among the task's own arguments evaluated."""
    spec, names = place.spec(job), place.sight.names(job.number)
    return bind(
        func,
        task=spec.name,
        upstream=[place.sight.local_name(n) for n in place.plan.feeds[job.number]],
        args=render_value(list(spec.args), names),
        kwargs=render_value(spec.kwargs, names),
        params=place.sight.declared(job.number),
        mapped=place.plan.nesting.is_copy(job.number),
    )


def context_of(
    place: Workplace, job: Job, seen: Mapping[str, Any], is_cancelled: Callable[[], bool]
) -> Context:
    """Return the context for an attempt; of the progress of a compensation nobody hears.

    Args:
        place: The run.
        job: The attempt.
        seen: What it sees of what others wrote, by key.
        is_cancelled: Tells `ctx.cancelled`.
    """
    numbers = {place.sight.local_name(n): n for n in place.sight.ancestors(job.number)}
    return Context(
        run_id=place.run,
        task=job.task,
        attempt=job.attempt,
        results=Results(list(numbers), lambda name: place.results.get(numbers[name])),
        params=place.sight.params(job.number),
        seen=seen,
        report=unheard if job.undoes else partial(place.report, job),
        is_cancelled=is_cancelled,
    )


class _Upstream(Sequence[Any]):
    """The results of a task's upstream tasks, each had when it is asked for."""

    def __init__(self, place: Workplace, number: int) -> None:
        self._results = place.results
        self._numbers = place.plan.feeds[number]

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self._results.get(number) for number in self._numbers[place]]
        return self._results.get(self._numbers[place])

    def __len__(self) -> int:
        return len(self._numbers)
