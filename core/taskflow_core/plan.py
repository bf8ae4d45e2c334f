"""What a run will do, with every default filled in: a flow turned into numbers.

A plan is plain data. It is what `RunCreated` records, what a runner process is given, and what
the scheduler works on; tasks are numbers in it, and names stay at the edges.
"""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

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
from taskflow_core.layout import Kind, Layout
from taskflow_core.lifetimes import Lifetimes, lifetime_problems
from taskflow_core.nesting import Nesting
from taskflow_core.params import Param
from taskflow_core.policies import OnFailure, Order
from taskflow_core.preview import preview
from taskflow_core.specs import (
    DEFAULT_GRACE,
    SLOTLESS,
    Approval,
    BreakpointSpec,
    CacheSpec,
    ExecutorName,
    ForEach,
    RollbackSpec,
    SubFlow,
    TaskOptions,
    TaskSpec,
    Wait,
)
from taskflow_core.written import Home, Written

__all__ = [
    "DEFAULT_GRACE",
    "Approval",
    "BreakpointSpec",
    "CacheSpec",
    "ExecutorName",
    "ForEach",
    "Functions",
    "Home",
    "Plan",
    "RollbackSpec",
    "SubFlow",
    "TaskOptions",
    "TaskSpec",
    "Wait",
]


class Plan(msgspec.Struct, kw_only=True, omit_defaults=True, dict=True):
    """Everything a run will do. Build one with `Plan.of`, which checks it."""

    name: str
    tasks: list[TaskSpec]
    """Those of sub-flows among them, each after its container; and, as a run goes on, the children
    of mapped tasks."""
    templates: list[TaskSpec] = []
    """The tasks of sub-flows that are mapped, of which each copy gets its own: with `region[]/`
    in their names where a copy has `region[0]/`."""
    description: str | None = None
    source: str | None = None
    """The flow file it came from, absolute; None for a flow made in memory."""
    flow_name: str | None = None
    """Which flow of a Python file."""
    max_parallel: int | None = None
    on_failure: OnFailure = "finish"
    ready_order: Order = "critical"
    """Which of several ready tasks of equal priority starts first."""
    timeout: float | None = None
    """Seconds the run may take."""
    pools: dict[str, int] = {}
    """How many slots each pool has."""
    params: dict[str, Param] = {}
    """What the flow can be told, by name."""
    handlers: list[TaskSpec] = []
    """What is done once a run's outcome is decided: see `handling`."""

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
        elif not found and self.lifetimes is not None:
            flows = self.written.flows(self.params)
            found += [p for f in flows for p in lifetime_problems(f.specs, f.upstream, self.pools)]
        return found

    @property
    def folder(self) -> str | None:
        """The folder of the flow file, where its modules are looked for first."""
        return None if self.source is None else str(Path(self.source).parent)

    def home(self, number: int) -> Home:
        """Return where the code of a task is."""
        return self.written.home(self.nesting.codes[number], self.source, self.flow_name)

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of each task, by name."""
        return {spec.name: number for number, spec in enumerate(self.tasks)}

    @cached_property
    def nesting(self) -> Nesting:
        """Which tasks are inside of which, and all edges."""
        return Nesting(self.tasks, self.templates, self.index)

    @cached_property
    def written(self) -> Written:
        """The tasks that the flow was written with, and the templates, as `codes` numbers them."""
        return Written(self.tasks, self.nesting.written, self.templates, self.index)

    @cached_property
    def needs(self) -> list[tuple[int, ...]]:
        """For each task the tasks it names in `depends_on`, each once, in that order."""
        return self.nesting.needs

    @cached_property
    def feeds(self) -> list[tuple[int, ...]]:
        """For each task those of `needs` that have a result: services have none."""
        return self.nesting.feeds

    @cached_property
    def lifetimes(self) -> Lifetimes | None:
        """Until when its services live; None if it has no services, and no conditions on edges."""
        return Lifetimes.of(self.tasks, self.templates, self.nesting)

    @cached_property
    def upstream(self) -> list[tuple[int, ...]]:
        """For each task those that end before it: what it needs, through containers as well.

        A container has its children there: it comes after them.
        """
        return self.nesting.upstream

    @cached_property
    def downstream(self) -> list[list[int]]:
        """For each task the tasks that come after it; the reverse of `upstream`."""
        return self.nesting.downstream

    @cached_property
    def is_dynamic(self) -> bool:
        """Tasks are added as it runs."""
        return any(spec.foreach is not None for spec in [*self.tasks, *self.templates])

    @cached_property
    def order(self) -> list[int]:
        """The tasks so that each comes after those it depends on; shorter if there is a cycle."""
        return topological_order(self.upstream, self.downstream)

    @cached_property
    def opening_order(self) -> list[int]:
        """The tasks so that each comes after those it needs, and after its container."""
        nesting = self.nesting
        if not nesting.is_nested:
            return self.order
        parents = nesting.parents
        before = [
            (parent,)
            if parent is not None and nesting.is_copy(number)
            else nesting.needs[number] + (() if parent is None else (parent,))
            for number, parent in enumerate(parents)
        ]
        return topological_order(before, successors_of(before))

    @cached_property
    def longest(self) -> list[int]:
        """For each task the length of its longest way to an end, in tasks."""
        return longest_paths(self.upstream, self.downstream)

    @cached_property
    def layout(self) -> Layout:
        """What the scheduler needs to know of it; of the tasks that the flow was written with."""
        is_critical = self.ready_order == "critical"
        return self.layout_by(self.longest if is_critical else [1] * len(self.tasks))

    @cached_property
    def executors(self) -> frozenset[str]:
        """The names of all executors that its tasks, and what undoes them, are run by."""
        specs = [*self.tasks, *self.templates]
        working = {spec.options.executor for spec in specs if spec.kind not in SLOTLESS}
        return frozenset(working | {s.rollback.executor for s in specs if s.rollback is not None})

    def layout_by(self, longest: Sequence[float]) -> Layout:
        """Return that for other lengths of the ways to the end, such as in seconds."""
        options = [spec.options for spec in self.tasks]
        return Layout.of(
            [self.kind(number) for number in range(len(options))]
            if self.nesting.is_nested or not all(spec.is_plain for spec in self.tasks)
            else [(one.executor, one.pool, ()) for one in options],
            [one.trigger_rule for one in options],
            [one.priority for one in options],
            longest,
            self.needs,
        )

    def kind(self, number: int) -> Kind:
        """Return what a task takes slots of."""
        return self.tasks[number].takes(self.nesting.limits(number))

    @cached_property
    def is_conditional(self) -> bool:
        """Some task has a condition."""
        return any(spec.when is not None for spec in [*self.tasks, *self.templates])

    @cached_property
    def checked_by(self) -> frozenset[str]:
        """The executors of tasks of which it is looked up whether they have to run."""
        specs = [*self.tasks, *self.templates]
        return frozenset({spec.options.executor for spec in specs if spec.is_checked})

    @cached_property
    def is_stopped(self) -> bool:
        """Some task has a breakpoint of its own."""
        return any(spec.breakpoints for spec in self.tasks)

    def is_templated(self, number: int) -> bool:
        """Say whether there are expressions among the arguments of a task."""
        return bool(self._templated) and self.nesting.codes[number] in self._templated

    @cached_property
    def _templated(self) -> frozenset[int]:
        """The tasks with expressions among their arguments, as their code is numbered."""
        written = enumerate(self.written)
        return frozenset(code for code, spec in written if self.computes_arguments(spec))

    def computes_arguments(self, spec: TaskSpec) -> bool:
        """Say whether there are expressions among the arguments of a task, or of a template.

        Raises:
            DefinitionError: an argument is nested too deeply.
        """
        try:
            return bool(spec.args or spec.kwargs) and has_expressions([spec.args, spec.kwargs])
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

    def in_order(self, order: Order | None) -> "Plan":
        """Return the plan whose ready tasks start in that order; None leaves it as it is."""
        if order is None or order == self.ready_order:
            return self
        return msgspec.structs.replace(self, ready_order=order)

    def own(self) -> "Plan":
        """Return the plan for one run, which may add tasks to it."""
        if not self.is_dynamic:
            return self
        mine = msgspec.structs.replace(self, tasks=list(self.tasks))
        mine.index = dict(self.index)
        mine.nesting = self.nesting.copy(mine.tasks, mine.index)
        mine.layout = self.layout
        for known in ("packed", "hash"):
            if known in self.__dict__:
                setattr(mine, known, self.__dict__[known])
        return mine

    def grow(self, number: int, count: int) -> list[int]:
        """Let a mapped task have at least `count` children, and return all tasks that are new.

        They are appended, so no task changes its number.
        """
        new = self.nesting.grow(number, count)
        for outdated in ("order", "opening_order", "longest"):
            if outdated in self.__dict__:
                delattr(self, outdated)
        return new

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
