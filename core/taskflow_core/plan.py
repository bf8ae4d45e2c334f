"""What a run will do, with every default filled in: a flow turned into numbers.

A plan is plain data. It is what `RunCreated` records, what a runner process is given, and what
the scheduler works on; tasks are numbers in it, and names stay at the edges.
"""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal

import msgspec

from taskflow_core.errors import CycleError, DefinitionError, DuplicateTaskError, UnknownTaskError
from taskflow_core.graph import find_cycle, longest_paths, successors_of, topological_order
from taskflow_core.policies import NO_RETRY, RetryPolicy
from taskflow_core.preview import preview

ExecutorName = str
"""`thread`, `process` or `shell`."""

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


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One task of a plan."""

    name: str
    kind: Literal["function", "command"] = "function"
    function: str | None = None
    """A dotted name; None where the function lives in the flow's Python file, or in memory."""
    command: str | tuple[str, ...] | None = None
    """A line for `sh -c`, or a program and its arguments."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    depends_on: tuple[str, ...] = ()
    description: str | None = None
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
        found: list[DefinitionError] = [*self._clashes(), *self._unknown()]
        if not found and 0 in self.longest:
            cycle = find_cycle(self.upstream, self.downstream) or []
            found.append(CycleError([self.tasks[number].name for number in cycle]))
        return found

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
    def packed(self) -> bytes:
        """The plan as msgpack; arguments that it does not know become previews."""
        return msgspec.msgpack.encode(self, enc_hook=preview)

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

    def _clashes(self) -> list[DefinitionError]:
        if len(set(map(str.casefold, self.index))) == len(self.tasks):
            return []
        first: dict[str, str] = {}
        found: list[DefinitionError] = []
        for spec in self.tasks:
            other = first.setdefault(spec.name.casefold(), spec.name)
            if other is not spec.name:
                found.append(DuplicateTaskError(spec.name, other=other))
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


def _read(decode: Callable[..., Plan], data: bytes | msgspec.Raw) -> Plan:
    try:
        return decode(data, type=Plan)
    except msgspec.DecodeError as error:
        raise DefinitionError(f"not a plan: {error}") from error


Functions = Sequence[Callable[..., Any] | None]
"""For each task its function in memory; None for commands and for functions named by a string."""
