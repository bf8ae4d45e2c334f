"""Until when services live: which tasks need each of them, and which of that can never work out.

A service lives until every task has ended that depends on it while it runs. One that nobody depends
on like that lives until all other tasks of its flow have ended, but for those that wait for its
end; where there are none, until somebody stops it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from taskflow_core.errors import CycleError, DefinitionError
from taskflow_core.graph import Adjacency, downstream_of, find_cycle, successors_of
from taskflow_core.nesting import Nesting
from taskflow_core.readiness import WHILE_ALIVE, Condition
from taskflow_core.specs import TaskSpec


class EdgeFault(NamedTuple):
    """Something wrong with what a task waits for."""

    slug: str
    task: int
    upstream: int | None
    """The task at the other end of the edge; None where it is about no single edge."""
    error: DefinitionError


class FlowLifetimes:
    """What there is to know about the services of one flow, without those of its sub-flows.

    Args:
        specs: Its tasks.
        needs: For each the tasks it depends on, each once, as places in `specs`.
    """

    def __init__(self, specs: Sequence[TaskSpec], needs: Adjacency) -> None:
        self._specs = specs
        self._needs = needs
        self._said = [_said(spec) for spec in specs]
        self._services = [n for n, spec in enumerate(specs) if spec.service is not None]

    def condition(self, number: int, other: int) -> Condition:
        """Return what has to be so of `other` before a task starts that depends on it."""
        return self._said[number].get(self._specs[other].name) or usual(self._specs[other])

    def keepers(self, service: int) -> list[int]:
        """Return the tasks that keep a service alive, until all of them have ended.

        Empty means that it lives until it is stopped.
        """
        return self._explicit[service] or self._all_others

    def has_dependents(self, service: int) -> bool:
        """Say whether somebody needs a service to run."""
        return bool(self._explicit[service])

    def faults(self, pools: Mapping[str, int]) -> list[EdgeFault]:
        """Return everything that is wrong, in task order; there is no cycle of tasks alone."""
        found = [
            fault
            for number, needed in enumerate(self._needs)
            for other in needed
            if (fault := self._meaningless(number, other)) is not None
        ]
        return found or [*self._circles(), *self._crowded(pools)]

    # --- in detail -----------------------------------------------------------------------

    @cached_property
    def _explicit(self) -> dict[int, list[int]]:
        """For each service the tasks that depend on it while it runs."""
        found: dict[int, list[int]] = {service: [] for service in self._services}
        for number in range(len(self._specs)):
            for service in self._alive(number):
                found[service].append(number)
        return found

    def _alive(self, number: int) -> list[int]:
        """Return the services that a task depends on while they run."""
        return [
            other
            for other in self._needs[number]
            if self._specs[other].service is not None
            and self.condition(number, other) in WHILE_ALIVE
        ]

    @cached_property
    def _all_others(self) -> list[int]:
        """The tasks that keep those services alive that nobody depends on."""
        lonely = [service for service in self._services if not self._explicit[service]]
        after = downstream_of([self._end(n) for n in lonely], successors_of(self._waits))
        return [
            number
            for number in range(len(self._specs))
            if number not in lonely and number not in after and self._end(number) not in after
        ]

    @cached_property
    def _waits(self) -> list[list[int]]:
        """For each task, and behind them for the end of each, what has to be so before.

        A service has two places: the first stands for its being ready. Other tasks have one.
        """
        count = len(self._specs)
        waits: list[list[int]] = [[] for _ in range(2 * count)]
        for number, needed in enumerate(self._needs):
            alive = self._alive(number)
            waits[number] = [other if other in alive else self._end(other) for other in needed]
        for service, keepers in self._explicit.items():
            waits[self._end(service)] = [service, *map(self._end, keepers)]
        return waits

    def _end(self, number: int) -> int:
        """Return the place that stands for the end of a task."""
        is_service = self._specs[number].service is not None
        return number + len(self._specs) if is_service else number

    def _meaningless(self, number: int, other: int) -> EdgeFault | None:
        condition, spec = self.condition(number, other), self._specs[other]
        if condition not in WHILE_ALIVE:
            return None
        name = spec.name
        probe = None if spec.service is None else spec.service.ready
        if spec.service is None:
            message = f"`{condition}` is for services, and {name!r} is none"
            hint = "Give it a `service`, or wait until it has `completed` or `succeeded`."
        elif condition == "healthy" and probe is None:
            message = f"{name!r} has no probe, so nobody can tell when it is healthy"
            hint = "Say how to tell: service: {ready: …}. Or wait until it has `started`."
        elif condition == "log_ready" and (probe is None or probe.log is None):
            message = f"{name!r} has no probe that reads its log"
            hint = "Say which line to look for: service: {ready: {log: …}}."
        else:
            return None
        return self._fault("bad-condition", number, other, DefinitionError(message, hint=hint))

    def _circles(self) -> Iterator[EdgeFault]:
        """Yield an edge to the end of a service that cannot come before the task has ended."""
        cycle = find_cycle(self._waits, successors_of(self._waits)) if self._services else None
        if cycle is None:
            return
        count = len(self._specs)
        place = next((place for place, number in enumerate(cycle) if number >= count), None)
        if place is None:
            return  # of tasks alone
        task, service = cycle[(place + 1) % len(cycle)] % count, cycle[place] - count
        names = ["the end of " * (n >= count) + self._specs[n % count].name for n in cycle]
        error = CycleError(names)
        error.hint = "A service ends once every task has ended that needs it to run."
        yield self._fault("cycle", task, service, error)

    def _crowded(self, pools: Mapping[str, int]) -> Iterator[EdgeFault]:
        """Yield the tasks that could never start: services they need have all slots of a pool."""
        for number, spec in enumerate(self._specs):
            together = [*self._together(number)]
            named = [self._specs[n].options.pool for n in [number, *together]]
            pool = spec.options.pool
            for name in dict.fromkeys(filter(None, [pool, *named])) if together else ():
                if name in pools and named.count(name) > pools[name]:
                    message = (
                        f"task {spec.name!r} and the services it needs take {named.count(name)} "
                        f"slots of the pool {name!r}, which has {pools[name]}"
                    )
                    error = DefinitionError(message, hint="Give the pool more, or take one out.")
                    yield self._fault("crowded-pool", number, None, error)

    def _together(self, number: int) -> set[int]:
        """Return the services that run while a task does, because it needs them."""
        found: set[int] = set()
        stack = [number]
        while stack:
            new = [service for service in self._alive(stack.pop()) if service not in found]
            found.update(new)
            stack += new
        return found

    def _fault(
        self, slug: str, number: int, other: int | None, error: DefinitionError
    ) -> EdgeFault:
        error.task = self._specs[number].name
        return EdgeFault(slug, number, other, error)


class Lifetimes:
    """The same for a whole plan, by the numbers of its tasks; tasks may be added to it.

    Args:
        specs: Its tasks.
        nesting: Which of them are inside of which.
    """

    def __init__(self, specs: Sequence[TaskSpec], nesting: Nesting) -> None:
        self._specs = specs
        self._nesting = nesting
        self._flows: dict[int | None, tuple[list[int], FlowLifetimes, dict[int, int]]] = {}
        """By container: its tasks, what is known of them, and the place of each."""

    @classmethod
    def of(
        cls, specs: Sequence[TaskSpec], templates: Sequence[TaskSpec], nesting: Nesting
    ) -> "Lifetimes | None":
        """Return what there is to know; None if there are no services, and no conditions."""
        return cls(specs, nesting) if has_lifetimes((*specs, *templates)) else None

    def has_conditions(self, number: int) -> bool:
        """Say whether a task waits for something else than that others have succeeded."""
        if self._nesting.is_copy(number):
            return False
        needed = self._nesting.needs[number]
        is_beside = any(self._specs[other].service is not None for other in needed)
        return bool(is_beside or (self._specs[number].conditions and needed))

    def condition(self, number: int, other: int) -> Condition:
        """Return what has to be so of `other` before a task starts that depends on it."""
        spec, name = self._specs[number], self._specs[other].name
        return _said(spec).get(name) or usual(self._specs[other])

    def services(self) -> list[int]:
        """Return all services so far."""
        return [n for n, spec in enumerate(self._specs) if spec.service is not None]

    def keepers(self, service: int) -> list[int]:
        """Return the tasks that keep a service alive; see `FlowLifetimes.keepers`."""
        numbers, flow, place = self._flow(self._nesting.parents[service])
        return [numbers[keeper] for keeper in flow.keepers(place[service])]

    def has_dependents(self, service: int) -> bool:
        """Say whether somebody needs a service to run."""
        _, flow, place = self._flow(self._nesting.parents[service])
        return flow.has_dependents(place[service])

    def needed_alive(self, number: int) -> list[int]:
        """Return the services that a task, or a container around it, needs to run."""
        found: list[int] = []
        at: int | None = number
        while at is not None:
            needed = () if self._nesting.is_copy(at) else self._nesting.needs[at]
            found += [
                other
                for other in needed
                if self._specs[other].service is not None
                and self.condition(at, other) in WHILE_ALIVE
            ]
            at = self._nesting.parents[at]
        return found

    def _flow(self, parent: int | None) -> tuple[list[int], FlowLifetimes, dict[int, int]]:
        known = self._flows.get(parent)
        if known is None:
            parents = self._nesting.parents
            numbers = (
                [n for n, around in enumerate(parents) if around is None]
                if parent is None
                else self._nesting.children[parent]
            )
            place = {number: place for place, number in enumerate(numbers)}
            needs = [[place[other] for other in self._nesting.needs[n]] for n in numbers]
            flow = FlowLifetimes([self._specs[n] for n in numbers], needs)
            known = self._flows[parent] = numbers, flow, place
        return known


def lifetime_problems(
    specs: Sequence[TaskSpec], needs: Adjacency, pools: Mapping[str, int]
) -> list[DefinitionError]:
    """Return everything that is wrong with what the tasks of one flow wait for."""
    return [fault.error for fault in FlowLifetimes(specs, needs).faults(pools)]


def has_lifetimes(specs: Iterable[TaskSpec]) -> bool:
    """Say whether there are services, or conditions, among tasks."""
    return any(spec.service is not None or spec.conditions for spec in specs)


def usual(spec: TaskSpec) -> Condition:
    """Return what is waited for of a task where nothing else is said."""
    if spec.service is None:
        return "succeeded"
    return "started" if spec.service.ready is None else "healthy"


def _said(spec: TaskSpec) -> dict[str, Condition]:
    """Return the conditions that a task names itself, by the task each is about."""
    pairs = zip(spec.depends_on, spec.conditions, strict=False)
    return {name: condition for name, condition in reversed([*pairs]) if condition is not None}
