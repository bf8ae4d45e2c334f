"""What a function in a worker process is given, from what the engine's message holds."""

import functools
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import taskflow_core.pickling as pickling
from taskflow_core.arguments import Binding, bind
from taskflow_core.calling import previews
from taskflow_core.context import Context, Lazy, Report, Results, unheard
from taskflow_core.errors import ArgumentsError, TaskFailedError, TaskflowError
from taskflow_core.events import Preview
from taskflow_core.executors.inputs import change
from taskflow_core.executors.protocol import Target, Undo, Work
from taskflow_core.executors.undoing import Known, RollbackCall, by_name, unloadable
from taskflow_core.expressions import Names, TaskValue, has_expressions, render_value
from taskflow_core.params import params_from_json
from taskflow_core.results import key_name, load, store
from taskflow_core.visibility import Entry

if TYPE_CHECKING:
    from taskflow_core.flow_module import TaskInFile

Loaded = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function, and the arguments that are its own."""


class Given(NamedTuple):
    """What an attempt calls, and with what."""

    func: Callable[..., Any]
    args: list[Any]
    kwargs: dict[str, Any]
    context: Context
    shown: dict[str, Preview]
    """Previews of the arguments, by name."""
    binding: Binding = Binding()
    """How a task's own arguments were found."""


def given(work: Work, *, report: Report, is_cancelled: Callable[[], bool]) -> Given:
    """Return what an attempt calls, and with what.

    Args:
        work: The attempt.
        report: Takes what the function says of its progress.
        is_cancelled: Tells `ctx.cancelled`.

    Raises:
        TaskflowError: there is no such function.
        ArgumentsError: the function, as it is now, has a parameter that nothing fills.
        ResultError: an upstream result cannot be had back.
        ExpressionError: an expression among its arguments cannot be evaluated.
    """
    if work.path is not None:
        sys.path[:] = work.path
    loaded = load_target(work, work.target)
    folder = Path(work.results)
    shown = dict(work.ancestors) | dict(work.upstream)
    context = Context(
        run_id=work.run,
        task=work.task,
        attempt=work.attempt,
        results=Results(list(shown), lambda name: load(folder, shown[name])),
        params=params_from_json(work.declared, work.params),
        seen=Lazy(work.seen, lambda entry: _value(folder, entry)),
        report=report if work.undo is None else unheard,
        is_cancelled=is_cancelled,
        tmp=Path(work.tmp),
    )
    if work.undo is not None:
        return _undoing(work, work.undo, loaded[0], context)
    binding, args, kwargs = _filled(work, loaded, context)
    shown_arguments = previews(binding, args, kwargs)
    return Given(loaded[0], args, kwargs, context, shown_arguments, binding)


def _filled(
    work: Work, loaded: Loaded, context: Context
) -> tuple[Binding, list[Any], dict[str, Any]]:
    """Return the arguments of a task's own function, and how they were found."""
    folder = Path(work.results)
    func, args, kwargs = loaded
    item = None if work.item is None else (load(folder, work.item[0]), work.item[1])
    if has_expressions([args, kwargs]):
        names = _names(work, dict(work.ancestors) | dict(work.upstream), context)
        names = names if item is None else names.with_item(*item)
        args, kwargs = tuple(render_value(list(args), names)), render_value(kwargs, names)
    upstream = [name for name, _ in work.upstream]
    binding = bind(
        func,
        task=work.task,
        upstream=upstream,
        args=args,
        kwargs=kwargs,
        params=context.params,
        mapped=item is not None,
    )
    stored = _Stored(folder, [preview for _, preview in work.upstream])
    filled, named = binding.fill(stored, context, context.params, item)
    change(binding, filled, named, {k: load(folder, v) for k, v in work.changes.items()})
    return binding, filled, named


def _undoing(work: Work, undo: Undo, func: Callable[..., Any], context: Context) -> Given:
    """Return what a rollback is given."""
    rollback = RollbackCall(func, work.task)
    known = _known(work, undo, context) if rollback.takes_arguments else Known({})
    if undo.failure is None:
        first = load(Path(work.results), undo.result)
    else:
        first = TaskFailedError(work.task, *undo.failure)
    args, kwargs = rollback.fill(first, context, known)
    return Given(func, args, kwargs, context, {})


def _known(work: Work, undo: Undo, context: Context) -> Known:
    if undo.target is None:
        return Known({}, undo.why)
    try:
        loaded = load_target(work, undo.target)
    except Exception as error:  # noqa: BLE001  a module or a pickle may raise anything
        return Known({}, unloadable(error))
    try:
        binding, args, kwargs = _filled(work, loaded, context)
    except ArgumentsError as error:  # it was edited since
        return Known({}, unloadable(error))
    return Known(by_name(loaded[0], binding, args, kwargs))


def load_target(work: Work, target: Target) -> Loaded:
    """Return a function that an attempt needs, and the arguments that are its own.

    Raises:
        TaskflowError: there is no such function.
    """
    if target.pickled is not None:
        loaded: Loaded = pickling.loads(target.pickled)
        return loaded
    if target.flow_file is not None:
        return _from_flow_file(target, target.task or work.task)
    from taskflow_core.resolve import resolve_function

    return resolve_function(target.dotted or "", target.folder), work.args, work.kwargs


def _from_flow_file(target: Target, name: str) -> Loaded:
    task = _tasks_in(target.flow_file or "", target.flow_name).get(name)
    func = None
    if task is not None:
        func = task.rollback_func if target.is_rollback else task.func
    if task is None or func is None:
        what = "rollback of task" if task is not None and target.is_rollback else "task"
        raise TaskflowError(
            f"{target.flow_file} has no {what} {name!r} any more",
            hint="It was renamed or removed since the run started: start a new run.",
        )
    return func, task.args, task.kwargs


@functools.cache
def _tasks_in(flow_file: str, flow_name: str | None) -> dict[str, "TaskInFile"]:
    """Return the tasks and handlers of a flow file by name; it is executed once in a worker."""
    from taskflow_core.flow_module import code_in, flow_in, load_flow_module

    return code_in(flow_in(load_flow_module(flow_file), flow_name))


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
