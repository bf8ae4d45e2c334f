"""The helper process: runs the code of a trusted flow, so that nothing else has to.

The request comes on standard input, the answer goes as one line to the file descriptor that the
first argument names. What the flow's code prints goes elsewhere.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from taskflow_core.arguments import bind
from taskflow_core.calling import check_executor_fits
from taskflow_core.errors import ArgumentsError, DefinitionError
from taskflow_core.inlining import AROUND
from taskflow_core.loader.wire import Answer, FindFunctions, Finding, Looked, Request, Wanted
from taskflow_core.resolve import FunctionError, resolve_function
from taskflow_core.rollback_functions import Own, check_rollback_function


def run(arguments: Sequence[str]) -> None:
    """Answer one request and leave at once: no exit handler of the flow's code runs."""
    answers = int(arguments[0])
    os.set_inheritable(answers, False)
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    with open(answers, "wb", buffering=0) as stream:
        stream.write(msgspec.json.encode(_answer(request)) + b"\n")
    os._exit(0)


def _answer(request: Request) -> Answer:
    if isinstance(request, FindFunctions):
        os.chdir(request.folder)
        looker = _Looker(request.folder)
        return Answer(looked=tuple([looker.look(task) for task in request.tasks]))
    os.chdir(Path(request.path).parent)
    from taskflow_core.loader.python_flow import answer_about_flow

    AROUND.set((*request.around, request.path))
    return answer_about_flow(request.path, request.flow_name)


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
