"""What the loader and its helper process tell each other, as JSON."""

from collections.abc import Callable
from typing import Any

import msgspec

from taskflow_core.errors import Problem
from taskflow_core.plan import Plan


class Wanted(msgspec.Struct, frozen=True):
    """A task whose functions are to be looked up."""

    name: str
    function: str | None
    """None for a command."""
    rollback: str | None = None
    """The function that undoes it."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    upstream: tuple[str, ...] = ()
    """The tasks it depends on, each once."""
    params: tuple[str, ...] = ()
    """The parameters of the flow."""
    executor: str = "process"
    """What runs it."""
    mapped: bool = False
    """It has a `foreach`."""
    bind: bool = True
    """Check the arguments, too: not for a task that is wrong in itself."""


class FindFunctions(msgspec.Struct, frozen=True, tag=True):
    """A request: look up these functions."""

    folder: str
    tasks: tuple[Wanted, ...]


class LoadFlow(msgspec.Struct, frozen=True, tag=True):
    """A request: execute a Python flow file."""

    path: str
    flow_name: str | None = None
    around: tuple[str, ...] = ()
    """The flow files that it is read for; absolute."""


Request = FindFunctions | LoadFlow


class Finding(msgspec.Struct, frozen=True):
    """Something wrong; the place is known only in a Python file."""

    slug: str
    message: str
    hint: str | None = None
    line: int | None = None
    column: int | None = None


class Looked(msgspec.Struct, frozen=True):
    """What became of one task."""

    takes_context: bool = False
    params: tuple[str, ...] = ()
    """The parameters of the flow that its function gets by their names."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with its function or its arguments."""
    rollback: tuple[Finding, ...] = ()
    """What is wrong with the function that undoes it."""


class Answer(msgspec.Struct, frozen=True):
    """What the helper found: one `Looked` for each task wanted, or a plan, or what is wrong."""

    looked: tuple[Looked, ...] = ()
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What is wrong with the files of sub-flows."""


Ask = Callable[[Request], Answer]
"""Asks a process that may run the flow's code."""
