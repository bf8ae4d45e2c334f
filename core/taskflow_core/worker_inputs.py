"""What a function in a worker process is given, from what the engine's message holds."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from taskflow_core.arguments import Binding, bind
from taskflow_core.context import Context, Lazy, Report, Results
from taskflow_core.events import Preview
from taskflow_core.executors.inputs import change
from taskflow_core.executors.protocol import Work
from taskflow_core.expressions import Names, TaskValue, has_expressions, render_value
from taskflow_core.params import params_from_json
from taskflow_core.results import key_name, load, store
from taskflow_core.visibility import Entry

Loaded = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function, and the arguments that are its own."""


class Given(NamedTuple):
    """The arguments of an attempt, how they were found, and the context."""

    binding: Binding
    args: list[Any]
    kwargs: dict[str, Any]
    context: Context


def given(work: Work, loaded: Loaded, *, report: Report, is_cancelled: Callable[[], bool]) -> Given:
    """Return what an attempt is given.

    Args:
        work: The attempt.
        loaded: Its function, and the arguments that are its own.
        report: Takes what the function says of its progress.
        is_cancelled: Tells `ctx.cancelled`.

    Raises:
        ArgumentsError: the function, as it is now, has a parameter that nothing fills.
        ResultError: an upstream result cannot be had back.
        ExpressionError: an expression among its arguments cannot be evaluated.
    """
    folder = Path(work.results)
    params = params_from_json(work.declared, work.params)
    shown = dict(work.ancestors) | dict(work.upstream)
    context = Context(
        run_id=work.run,
        task=work.task,
        attempt=work.attempt,
        results=Results(list(shown), lambda name: load(folder, shown[name])),
        params=params,
        seen=Lazy(work.seen, lambda entry: _value(folder, entry)),
        report=report,
        is_cancelled=is_cancelled,
        tmp=Path(work.tmp),
    )
    func, args, kwargs = loaded
    if has_expressions([args, kwargs]):
        names = _names(work, shown, context)
        args, kwargs = tuple(render_value(list(args), names)), render_value(kwargs, names)
    upstream = [name for name, _ in work.upstream]
    binding = bind(func, task=work.task, upstream=upstream, args=args, kwargs=kwargs, params=params)
    stored = _Stored(folder, [preview for _, preview in work.upstream])
    filled, named = binding.fill(stored, context, params)
    change(binding, filled, named, {k: load(folder, v) for k, v in work.changes.items()})
    return Given(binding, filled, named, context)


def written(work: Work, context: Context) -> dict[str, Preview] | None:
    """Store what an attempt wrote to the context and return the previews, by key.

    Raises:
        ResultError: a value cannot be stored.
    """
    stem = work.result_name.removesuffix(".pkl")
    return {
        key: store(Path(work.results), f"{stem}.{key_name(key)}.pkl", value)
        for key, value in context.written.items()
    } or None


def _names(work: Work, shown: dict[str, Preview], context: Context) -> Names:
    folder = Path(work.results)
    tasks = {
        name: TaskValue(partial(load, folder, shown[name]), state=state, attempt=attempt)
        for name, (state, attempt) in work.states.items()
    }
    seen = Lazy(work.seen, lambda entry: _value(folder, entry))
    return Names(params=context.params, env=os.environ, tasks=tasks, ctx=seen)


def _value(folder: Path, entry: Entry) -> Any:
    values = [load(folder, value) for value in entry.values]
    return values if entry.is_list else values[0]


class _Stored(list[Any]):
    """Upstream results, each loaded when it is asked for."""

    def __init__(self, folder: Path, shown: list[Any]) -> None:
        super().__init__(shown)
        self._folder = folder

    def __getitem__(self, place: Any) -> Any:
        return load(self._folder, super().__getitem__(place))
