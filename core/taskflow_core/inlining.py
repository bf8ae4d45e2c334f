"""Putting flows into flows: the tasks of a sub-flow become tasks of the flow that has it.

How they are called, and where those of a mapped sub-flow go, is said in `nesting`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from taskflow_core.errors import DefinitionError
from taskflow_core.nesting import COPY
from taskflow_core.specs import SubFlow, TaskOptions, TaskSpec

DEEPEST = 16
"""So many flows may be inside of each other."""
MOST_TASKS = 1_000_000
"""So many tasks a flow may have with those of its sub-flows."""

AROUND: ContextVar[tuple[str, ...]] = ContextVar("taskflow_around", default=())
"""The flow files that are being read, each for the one before it; absolute."""

T = TypeVar("T")


class Body(NamedTuple, Generic[T]):
    """The tasks of a flow with those of its sub-flows, as a plan has them."""

    tasks: list[TaskSpec]
    templates: list[TaskSpec]
    pools: dict[str, int]
    made_from: list[T]
    """What each of `tasks`, and then each of `templates`, was made from."""

    @property
    def size(self) -> int:
        """How many tasks it has, templates included."""
        return len(self.made_from)


def inlined(
    specs: Sequence[TaskSpec],
    made_from: Sequence[T],
    pools: Mapping[str, int],
    inner: Mapping[int, Body[T]],
) -> Body[T]:
    """Return the tasks of a flow, those of its sub-flows among them.

    Args:
        specs: The flow's own tasks.
        made_from: What each of them was made from.
        pools: The flow's own pools.
        inner: What each sub-flow consists of, by its place in `specs`.
    """
    into: _Into[T] = _Into(dict(pools))
    for number, (spec, origin) in enumerate(zip(specs, made_from, strict=True)):
        into.tasks.append((spec, origin))
        if number in inner:
            into.put(spec, inner[number])
    pairs = [*into.tasks, *into.templates]
    return Body(
        [spec for spec, _ in into.tasks],
        [spec for spec, _ in into.templates],
        into.pools,
        [origin for _, origin in pairs],
    )


class _Into(Generic[T]):
    """A flow that sub-flows are put into, one after the other."""

    def __init__(self, pools: dict[str, int]) -> None:
        self.tasks: list[tuple[TaskSpec, T]] = []
        self.templates: list[tuple[TaskSpec, T]] = []
        self.pools = pools

    def put(self, container: TaskSpec, body: Body[T]) -> None:
        """Put the tasks of a sub-flow behind their container, or among the templates."""
        outer = container.name if container.foreach is None else container.name + COPY
        placed = zip(_placed(body, outer, container.name), body.made_from, strict=True)
        for place, pair in enumerate(placed):
            is_task = place < len(body.tasks) and container.foreach is None
            (self.tasks if is_task else self.templates).append(pair)
        self.pools.update({f"{container.name}/{pool}": slots for pool, slots in body.pools.items()})


def _placed(body: Body[T], outer: str, container: str) -> Iterator[TaskSpec]:
    """Yield the tasks of a sub-flow, and its templates, as the outer flow has them."""
    options: dict[int, TaskOptions] = {}
    """Those that name a pool, with its name out there; tasks that shared them still do."""
    for spec in (*body.tasks, *body.templates):
        own = spec.options
        if own.pool is not None and id(own) not in options:
            options[id(own)] = msgspec.structs.replace(own, pool=f"{container}/{own.pool}")
        yield msgspec.structs.replace(
            spec,
            name=f"{outer}/{spec.name}",
            parent=outer if spec.parent is None else f"{outer}/{spec.parent}",
            depends_on=tuple([f"{outer}/{name}" for name in spec.depends_on]),
            options=options.get(id(own), own),
        )


def container(spec: TaskSpec, subflow: SubFlow) -> TaskSpec:
    """Return a task that is a sub-flow; it limits its tasks as the sub-flow does, if it says not.

    A mapped one stands for all copies, of which each has the sub-flow's own limit.
    """
    limit = spec.max_parallel
    if limit is None and spec.foreach is None:
        limit = subflow.max_parallel
    return msgspec.structs.replace(spec, subflow=subflow, max_parallel=limit)


class NestingError(DefinitionError):
    """Flows that are inside of each other, or inside of too many."""

    def __init__(self, slug: str, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.slug = slug
        """`flow-cycle`, `too-nested` or `too-many-tasks`."""


def check_may_enter(file: str, around: Sequence[str]) -> None:
    """Refuse to read a flow file inside of itself, or of too many others.

    Args:
        file: Absolute.
        around: Those that it would be read for, from the outside in.

    Raises:
        NestingError: it is among them, or they are too many.
    """
    if file in around:
        cycle = [*around[around.index(file) :], file]
        names = [os.path.relpath(each, Path(file).parent) for each in cycle]
        raise cycle_of_flows(names)
    check_depth(len(around) + 1)


def check_depth(depth: int) -> None:
    """Refuse more flows inside of each other than `DEEPEST`."""
    if depth > DEEPEST:
        message = f"flows are inside of each other more than {DEEPEST} deep"
        raise NestingError("too-nested", message, hint="Put some of them side by side.")


def check_count(tasks: int) -> None:
    """Refuse more tasks than `MOST_TASKS`."""
    if tasks > MOST_TASKS:
        message = f"with its sub-flows the flow has {tasks:,} tasks; at most {MOST_TASKS:,} are run"
        raise NestingError("too-many-tasks", message, hint="Use `foreach` for what is repeated.")


def cycle_of_flows(names: Sequence[str]) -> NestingError:
    """Return the error for flows of which each is a part of the one before it, in a circle."""
    message = f"the flows form a cycle: {' → '.join(names)}"
    return NestingError("flow-cycle", message, hint="A flow cannot be a part of itself.")
