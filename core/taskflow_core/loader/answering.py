"""Answers what the loader asks, in a process that may run the flow's code."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from taskflow_core.arguments import bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.errors import ArgumentsError, DefinitionError
from taskflow_core.inlining import AROUND
from taskflow_core.loader.wire import Answer, FindFunctions, Finding, Looked, Request, Wanted
from taskflow_core.resolve import FunctionError, resolve_function
from taskflow_core.rollback_functions import Own, check_rollback_function


def answer(request: Request) -> Answer:
    """Return what there is to say of the functions of a flow, or of the flow of a Python file."""
    if isinstance(request, FindFunctions):
        looker = _Looker(request.folder)
        return Answer(looked=tuple([looker.look(task) for task in request.tasks]))
    from taskflow_core.loader.python_flow import answer_about_flow

    key = request.path if request.flow_name is None else f"{request.path}:{request.flow_name}"
    token = AROUND.set((*request.around, key))
    try:
        return answer_about_flow(request.path, request.flow_name)
    finally:
        AROUND.reset(token)


class _Looker:
    """Looks up functions, each once, and imports no module again that could not be imported."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._known: dict[str, Callable[..., Any] | FunctionError] = {}
        self._failed: dict[str, FunctionError] = {}

    def look(self, task: Wanted) -> Looked:
        """Return what is wrong with a task's functions or arguments, if anything."""
        looked, own = self._look_at_own(task)
        findings = self._look_at_rollback(task, own, is_sound=not looked.findings)
        return msgspec.structs.replace(looked, rollback=findings) if findings else looked

    def _look_at_own(self, task: Wanted) -> tuple[Looked, Own | None]:
        found = None if task.function is None else self._function(task.function)
        if isinstance(found, FunctionError):
            return Looked(findings=_findings(found.slug, [found])), None
        if found is None or not task.bind:
            return Looked(), None
        try:
            return _bound(found, task)
        except ArgumentsError as error:
            return Looked(findings=_findings("bad-arguments", error.problems)), None
        except DefinitionError as error:
            return Looked(findings=_findings("wrong-executor", [error])), None

    def _look_at_rollback(
        self, task: Wanted, own: Own | None, *, is_sound: bool
    ) -> tuple[Finding, ...]:
        """Return what is wrong with the function that undoes a task.

        Args:
            task: The task.
            own: Its own function and how it is called; None for a command.
            is_sound: It is known what arguments the task has.
        """
        found = None if task.rollback is None else self._function(task.rollback)
        if isinstance(found, FunctionError):
            return _findings(found.slug, [found])
        if found is None or not task.bind or not is_sound:
            return ()
        try:
            check_rollback_function(found, task=task.name, own=own)
        except ArgumentsError as error:
            return _findings("bad-arguments", error.problems)
        return ()

    def _function(self, dotted: str) -> Callable[..., Any] | FunctionError:
        return self._known.get(dotted) or self._known.setdefault(dotted, self._find(dotted))

    def _find(self, dotted: str) -> Callable[..., Any] | FunctionError:
        module = dotted.partition(":")[0] if ":" in dotted else dotted.rpartition(".")[0]
        if module in self._failed:
            return self._failed[module]
        try:
            return resolve_function(dotted, self._folder)
        except FunctionError as error:
            if error.slug == "import-failed":
                self._failed[module] = error
            return error


def _bound(func: Callable[..., Any], task: Wanted) -> tuple[Looked, Own]:
    check_executor_fits(task.name, task.executor, func)
    binding = bind(
        func,
        task=task.name,
        upstream=task.upstream,
        args=task.args,
        kwargs=task.kwargs,
        params=task.params,
        mapped=task.mapped,
    )
    slots = [*binding.positional, *[slot for _, slot in binding.named]]
    used = tuple([slot.value for slot in slots if slot.source == "param"])
    return Looked(takes_context=binding.takes_context, params=used), (func, binding)


def _findings(slug: str, errors: Sequence[DefinitionError]) -> tuple[Finding, ...]:
    return tuple([Finding(slug, str(error), error.hint) for error in errors])
