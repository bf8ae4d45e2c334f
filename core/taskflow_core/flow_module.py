"""A Python flow file as a module, and the flow in it."""

import importlib.util
import keyword
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeGuard

from taskflow_core.errors import DefinitionError, suggestion
from taskflow_core.importing import (
    OURS,
    FreshLoader,
    import_lock,
    place_of,
    put_first,
    told,
    user_traceback,
)

_WITH_FLOW = re.compile(r"(.+\.py):([^:/]+)", re.DOTALL)
PREFIX = "flow_"
"""Put before the name of a flow file that cannot be a module's name as it is."""


class TaskInFile(Protocol):
    """A task of a Python flow file, as those see it who call its function."""

    @property
    def name(self) -> str: ...
    @property
    def func(self) -> Callable[..., Any] | None: ...
    @property
    def args(self) -> tuple[Any, ...]: ...
    @property
    def kwargs(self) -> dict[str, Any]: ...

    @property
    def rollback_func(self) -> Callable[..., Any] | None: ...

    @property
    def subflow(self) -> object: ...


class FlowInFile(Protocol):
    """A `taskflow_core.Flow`. That class is above this module: to start a run it needs all else."""

    @property
    def tasks(self) -> Sequence[TaskInFile]: ...
    @property
    def handlers(self) -> Sequence[TaskInFile]: ...


class FlowModuleError(DefinitionError):
    """A Python flow file that cannot be executed, or does not have the flow that is asked for."""

    def __init__(
        self,
        slug: str,
        message: str,
        *,
        hint: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.slug = slug
        """`python-error` or `unknown-flow`."""
        self.line = line
        """Where in the file it went wrong, from 1; None where that cannot be said."""
        self.column = column
        """In characters, from 1."""


def split_path(path: str) -> tuple[str, str | None]:
    """Return the file and, of `flow.py:name`, the name."""
    match = _WITH_FLOW.fullmatch(path)
    return (match[1], match[2]) if match and not os.path.lexists(path) else (path, None)


def load_flow_module(path: str) -> ModuleType:
    """Execute a Python flow file and return it as a module named after it.

    The file is read afresh on every call, its folder becomes the first place where modules are
    looked for, and the module is registered, so that objects of its classes can be pickled here
    and unpickled in another process that has loaded the same file.

    Raises:
        FlowModuleError: the file cannot be compiled, or raised an exception.
    """
    name = module_name(path)
    loader = FreshLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise FlowModuleError("python-error", f"{path!r} cannot be loaded")
    with import_lock:
        put_first(str(Path(path).parent))
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise _python_error(path, error) from error
    return module


def module_name(path: str) -> str:
    """Return what the module of a flow file is called: its stem, if that can name a module."""
    stem = Path(path).stem
    good = stem.isidentifier() and not keyword.iskeyword(stem)
    if good and stem not in sys.stdlib_module_names and stem not in OURS:
        return stem
    return PREFIX + re.sub(r"\W", "_", stem)


def flow_in(module: ModuleType, name: str | None) -> FlowInFile:
    """Return the flow of a module: the one called `name`, else its only one, else `flow`.

    Raises:
        FlowModuleError: there is none, or several and none of them is meant.
    """
    flows = _flows(module)
    if name is None and len({id(flow) for flow in flows.values()}) == 1:
        return next(iter(flows.values()))
    if flow := flows.get(name or "flow"):
        return flow
    if not flows:
        hint = "Write `flow = Flow(…)` at its top level."
        raise FlowModuleError("unknown-flow", "the file makes no Flow", hint=hint)
    known = ", ".join(sorted(flows))
    message = (
        f"the file has several flows: {known}" if name is None else f"no flow is called {name!r}"
    )
    near = None if name is None else suggestion(name, flows)
    hint = near or f"Write FILE.py:NAME with one of {known}."
    raise FlowModuleError("unknown-flow", message, hint=hint)


def name_in(module: ModuleType, flow: FlowInFile) -> str:
    """Return what a flow of a module is called there."""
    return next(name for name, value in vars(module).items() if value is flow)


def tasks_in(flow: FlowInFile) -> dict[str, TaskInFile]:
    """Return the tasks of a flow by name, and those of the flows made inside of it as `sub/child`.

    Those of other flow files are not among them.
    """
    found: dict[str, TaskInFile] = {}
    for task in flow.tasks:
        found[task.name] = task
        if _is_flow(task.subflow):
            inner = tasks_in(task.subflow)
            found.update({f"{task.name}/{name}": each for name, each in inner.items()})
    return found


def code_in(flow: FlowInFile) -> dict[str, TaskInFile]:
    """Return what `tasks_in` does, and the handlers of the flow."""
    return tasks_in(flow) | {handler.name: handler for handler in flow.handlers}


def _is_flow(value: object) -> TypeGuard[FlowInFile]:
    kind = _kind()
    return kind is not None and isinstance(value, kind)


def _kind() -> type[FlowInFile] | None:
    # Not imported: it is above this module, and a file that makes a flow has imported it.
    return getattr(sys.modules.get("taskflow_core.definition.flows"), "Flow", None)


def _flows(module: ModuleType) -> dict[str, FlowInFile]:
    return {name: value for name, value in vars(module).items() if _is_flow(value)}


def _python_error(path: str, error: BaseException) -> FlowModuleError:
    place = place_of(error, path)
    line, column = (None, None) if place is None else (place.line, place.column)
    hint = user_traceback(error)
    return FlowModuleError("python-error", told(error), line=line, column=column, hint=hint)
