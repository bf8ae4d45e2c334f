"""What a run will do, with every default filled in: a flow turned into numbers.

A plan is plain data. It is what `RunCreated` records, what a runner process is given, and what
the scheduler works on; tasks are numbers in it, and names stay at the edges.
"""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from taskflow_core.errors import (
    CycleError,
    DefinitionError,
    DuplicateTaskError,
    UnknownPoolError,
    UnknownTaskError,
)
from taskflow_core.expressions import has_expressions
from taskflow_core.graph import find_cycle, longest_paths, successors_of, topological_order
from taskflow_core.layout import Layout
from taskflow_core.params import Param
from taskflow_core.policies import (
    NO_RETRY,
    Merge,
    OnFailure,
    Output,
    RetryPolicy,
    RollbackOn,
    Stop,
    TriggerRule,
)
from taskflow_core.preview import preview

ExecutorName = str
"""`thread`, `process`, `async`, `shell`, `inline`, or one that another package brings."""

DEFAULT_GRACE = 10.0
"""Seconds between the soft signal and the kill."""


class TaskOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a task is run; shared between the tasks that are run alike."""

    executor: ExecutorName = "thread"
    retry: RetryPolicy = NO_RETRY
    timeout: float | None = None
    """Seconds one attempt may take."""
    grace: float = DEFAULT_GRACE
    env: dict[str, str] = {}
    cwd: str | None = None
    """The folder it runs in; None means the process's own."""
    trigger_rule: TriggerRule = "all_success"
    allow_failure: bool = False
    """Its failure counts as success for those behind it and for the run."""
    pool: str | None = None
    """The pool that it needs a slot of."""
    priority: int = 0
    """Of ready tasks, those with a higher one start first."""
    merge: Merge | None = None
    rollback_on: RollbackOn = "success"
    success_exit_codes: tuple[int, ...] = (0,)
    output: Output = "text"


class RollbackSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How what a task did is undone: a function or a command."""

    executor: ExecutorName
    function: str | None = None
    """A dotted name; None where the function lives in the flow's Python file, or in memory."""
    command: str | tuple[str, ...] | None = None
    timeout: float | None = None
    """Seconds one attempt may take."""
    grace: float = DEFAULT_GRACE
    retry: RetryPolicy = NO_RETRY
    env: dict[str, str] = {}


class BreakpointSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A breakpoint that is part of the flow."""

    stop: Stop = "before"
    condition: str | None = None
    """An expression; it stops only where this is true."""
    hit: int = 1
    """It stops from this time on that it is reached; from 1."""


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One task of a plan."""

    name: str
    kind: Literal["function", "command", "script"] = "function"
    function: str | None = None
    """A dotted name; None where the function lives in the flow's Python file, or in memory."""
    command: str | tuple[str, ...] | None = None
    """A line for `sh -c`, or a program and its arguments."""
    script: str | None = None
    """Several lines, for `shell`."""
    shell: tuple[str, ...] = ()
    """What runs the script; `{file}` stands for the file it is in. Empty means `sh -eu`."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    depends_on: tuple[str, ...] = ()
    description: str | None = None
    when: str | None = None
    """An expression; where it is false, the task is skipped."""
    breakpoints: tuple[BreakpointSpec, ...] = ()
    rollback: RollbackSpec | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    takes_context: bool = False
    """Its function asks for the context, so it may read results from further upstream."""
    options: TaskOptions = TaskOptions()


class Plan(msgspec.Struct, kw_only=True, omit_defaults=True, dict=True):
    """Everything a run will do. Build one with `Plan.of`, which checks it."""

    name: str
    tasks: list[TaskSpec]
    description: str | None = None
    source: str | None = None
    """The flow file it came from, absolute; None for a flow made in memory."""
    flow_name: str | None = None
    """Which flow of a Python file."""
    max_parallel: int | None = None
    on_failure: OnFailure = "finish"
    timeout: float | None = None
    """Seconds the run may take."""
    pools: dict[str, int] = {}
    """How many slots each pool has."""
    params: dict[str, Param] = {}
    """What the flow can be told, by name."""

    @classmethod
    def of(cls, *, name: str, tasks: Sequence[TaskSpec], **fields: Any) -> "Plan":
        """Return a checked plan.

        Raises:
            DuplicateTaskError: two names are the same, or differ only by case.
            UnknownTaskError: a dependency names no task.
            CycleError: tasks wait for each other.
        """
        plan = cls(name=name, tasks=list(tasks), **fields)
        problems = plan.problems()
        if problems:
            raise problems[0]
        return plan

    def problems(self) -> list[DefinitionError]:
        """Return everything that is wrong with the graph, in task order."""
        found: list[DefinitionError] = [*self._clashes(), *self._unknown(), *self._no_pool()]
        if not found and 0 in self.longest:
            cycle = find_cycle(self.upstream, self.downstream) or []
            found.append(CycleError([self.tasks[number].name for number in cycle]))
        return found

    @property
    def folder(self) -> str | None:
        """The folder of the flow file, where its modules are looked for first."""
        return None if self.source is None else str(Path(self.source).parent)

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of each task, by name."""
        return {spec.name: number for number, spec in enumerate(self.tasks)}

    @cached_property
    def upstream(self) -> list[tuple[int, ...]]:
        """For each task the tasks it depends on, each once, in the order it names them."""
        number_of = self.index.__getitem__
        return [tuple(dict.fromkeys(map(number_of, task.depends_on))) for task in self.tasks]

    @cached_property
    def downstream(self) -> list[list[int]]:
        """For each task the tasks that depend on it."""
        return successors_of(self.upstream)

    @cached_property
    def order(self) -> list[int]:
        """The tasks so that each comes after those it depends on; shorter if there is a cycle."""
        return topological_order(self.upstream, self.downstream)

    @cached_property
    def longest(self) -> list[int]:
        """For each task the length of its longest way to an end, in tasks."""
        return longest_paths(self.upstream, self.downstream)

    @cached_property
    def layout(self) -> Layout:
        """What the scheduler needs to know of it."""
        return self.layout_by(self.longest)

    def layout_by(self, longest: Sequence[float]) -> Layout:
        """Return that for other lengths of the ways to the end, such as in seconds."""
        options = [spec.options for spec in self.tasks]
        return Layout.of(
            [(one.executor, one.pool) for one in options],
            [one.trigger_rule for one in options],
            [one.priority for one in options],
            longest,
            self.upstream,
        )

    @cached_property
    def is_conditional(self) -> bool:
        """Some task has a condition."""
        return any(spec.when is not None for spec in self.tasks)

    @cached_property
    def is_stopped(self) -> bool:
        """Some task has a breakpoint of its own."""
        return any(spec.breakpoints for spec in self.tasks)

    @cached_property
    def templated(self) -> frozenset[int]:
        """The tasks with expressions among their arguments."""
        try:
            return frozenset(
                number
                for number, spec in enumerate(self.tasks)
                if (spec.args or spec.kwargs) and has_expressions([spec.args, spec.kwargs])
            )
        except RecursionError:
            raise self._too_deep() from None

    @cached_property
    def packed(self) -> bytes:
        """The plan as msgpack; arguments that it does not know become previews.

        Raises:
            DefinitionError: an argument is nested too deeply.
        """
        try:
            return msgspec.msgpack.encode(self, enc_hook=preview)
        except RecursionError:
            raise self._too_deep() from None

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the packed plan, in hex: equal plans have equal hashes."""
        return hashlib.sha256(self.packed).hexdigest()

    def number_of(self, name: str) -> int:
        """Return the number of the task called `name`.

        Raises:
            UnknownTaskError: there is none.
        """
        try:
            return self.index[name]
        except KeyError:
            raise UnknownTaskError(name, needed_by="the request", known=self.index) from None

    def to_json(self) -> bytes:
        """Return the plan as JSON; arguments that JSON does not know become previews."""
        return msgspec.json.encode(self, enc_hook=preview)

    @staticmethod
    def unpack(data: bytes | msgspec.Raw) -> "Plan":
        """Return the plan that `packed` was made from.

        Raises:
            DefinitionError: the data is not a plan.
        """
        return _read(msgspec.msgpack.decode, data)

    @staticmethod
    def from_json(data: bytes) -> "Plan":
        """Return the plan that `to_json` wrote.

        Raises:
            DefinitionError: the data is not a plan.
        """
        return _read(msgspec.json.decode, data)

    def _too_deep(self) -> DefinitionError:
        return DefinitionError(
            f"an argument of a task of {self.name!r} is nested too deeply, or contains itself",
            hint="Pass plain data, or a path to it.",
        )

    def _clashes(self) -> list[DefinitionError]:
        if len(set(map(str.casefold, self.index))) == len(self.tasks):
            return []
        first: dict[str, int] = {}
        found: list[DefinitionError] = []
        for number, spec in enumerate(self.tasks):
            other = first.setdefault(spec.name.casefold(), number)
            if other != number:
                found.append(DuplicateTaskError(spec.name, other=self.tasks[other].name))
        return found

    def _unknown(self) -> list[DefinitionError]:
        with contextlib.suppress(KeyError):
            _ = self.upstream  # needed anyway, and it fails where a name is unknown
            return []
        known = self.index
        return [
            UnknownTaskError(name, needed_by=spec.name, known=known)
            for spec in self.tasks
            for name in spec.depends_on
            if name not in known
        ]

    def _no_pool(self) -> list[DefinitionError]:
        if {spec.options.pool for spec in self.tasks} <= {None, *self.pools}:
            return []
        named = ((spec.name, spec.options.pool) for spec in self.tasks)
        return [
            UnknownPoolError(name, pool, known=self.pools)
            for name, pool in named
            if pool is not None and pool not in self.pools
        ]


def _read(decode: Callable[..., Plan], data: bytes | msgspec.Raw) -> Plan:
    try:
        return decode(data, type=Plan)
    except msgspec.DecodeError as error:
        raise DefinitionError(f"not a plan: {error}") from error


Functions = Sequence[Callable[..., Any] | None]
"""For each task its function in memory; None for commands and for functions named by a string."""
