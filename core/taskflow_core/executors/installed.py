"""Executors that other packages bring along.

A package names a factory in the group `taskflow.executors` of its entry points:

    [project.entry-points."taskflow.executors"]
    remote = "my_package:RemoteExecutor"

Tasks then say `executor: remote`. The factory is called once a run, with the `Workplace`, and
returns an `Executor`. Its attribute `lane` says which slots the attempts take: `threads`, the
default, or `processes`, for what is as heavy as a process. One in the lane `processes` calls
`began` when an attempt begins. Installed packages are searched only for names that are not built
in.
"""

import functools
from typing import TYPE_CHECKING, Protocol, cast

from taskflow_core.errors import DefinitionError
from taskflow_core.executors.base import Executor, Workplace
from taskflow_core.lanes import LANE_OF, PROCESSES, THREADS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "taskflow.executors"
"""The group of entry points in which executors are found."""


class ExecutorError(DefinitionError):
    """An executor that no package brings along, or that cannot be loaded."""


class Factory(Protocol):
    """What an entry point leads to: makes the executor of one run."""

    def __call__(self, workplace: Workplace, /) -> Executor:
        """Return an executor that works for the run of `workplace`."""
        ...


def executor_names() -> list[str]:
    """Return the names of all executors, built in and installed."""
    return [*LANE_OF, *sorted(_found().keys() - LANE_OF.keys())]


def lane_of(name: str) -> str:
    """Return the lane of an executor, built in or installed.

    Raises:
        ExecutorError: there is no such executor, or its package is broken.
    """
    return LANE_OF.get(name) or _installed(name)[1]


def installed_factory(name: str) -> Factory:
    """Return what makes the executor called `name`, of another package.

    Raises:
        ExecutorError: there is no such executor, or its package is broken.
    """
    return _installed(name)[0]


@functools.cache
def _installed(name: str) -> tuple[Factory, str]:
    """Return an installed executor's factory and lane; only success is remembered."""
    entry = _found().get(name)
    if entry is None:
        raise ExecutorError(
            f"there is no executor {name!r}", hint=f"There are: {', '.join(executor_names())}."
        )
    try:
        factory: object = entry.load()
    except Exception as error:
        raise _broken(entry, f"{type(error).__name__}: {error}") from error
    lane = getattr(factory, "lane", THREADS)
    if not callable(factory):
        raise _broken(entry, f"{entry.value} is not callable")
    if lane not in {THREADS, PROCESSES}:
        raise _broken(entry, f"its lane is {lane!r}, not {THREADS!r} or {PROCESSES!r}")
    return cast("Factory", factory), THREADS if lane == THREADS else PROCESSES


def _found() -> "dict[str, EntryPoint]":
    from importlib.metadata import entry_points  # rarely needed

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _broken(entry: "EntryPoint", what: str) -> ExecutorError:
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module
    return ExecutorError(
        f"the executor {entry.name!r} of the package {package} cannot be loaded: {what}",
        hint=f"Repair or remove {package}.",
    )
