"""Whether the names that expressions use can have a value where they stand."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from taskflow_core.expressions import Reference, Scope, check
from taskflow_core.expressions.values import mapped
from taskflow_core.graph import Adjacency, successors_of, topological_order

COMPARISONS = 50_000
"""How many names are compared for suggestions in all, so that no flow takes forever."""
_OF_ITEMS = ("item", "index")
_WHERE_ITEMS_ARE = (
    "`item` and `index` can stand in `args`, `kwargs`, `command`, `script`, `env`, `params`, "
    "`approve`, `wait` and `rollback` of the task."
)
_AT_ONCE = 4_096
"""For so many tasks at a time it is found out who is downstream of them."""


class Fault(NamedTuple):
    """One thing wrong with a text."""

    slug: str
    """`bad-expression`, `unsafe-expression`, `misplaced-expression` or `unknown-name`."""
    message: str
    hint: str | None
    offset: int
    """Where in the text, in characters."""


Item = Literal["none", "each", "once"]
"""Whether there are `item` and `index`: the task has no `foreach`; it has one, and the text is
evaluated for each item; or only once, before there are items."""


class Use(NamedTuple):
    """The names that one text uses, and where it stands."""

    references: tuple[Reference, ...]
    task: int | None
    """The task's number; None for what holds for every task."""
    sees_itself: bool = False
    """It is evaluated when the task has run."""
    item: Item = "none"
    in_handler: bool = False
    """It is evaluated when the run has ended, so that it can name all of its tasks, and `run`."""


class Known(NamedTuple):
    """What names there are."""

    params: Collection[str]
    tasks: Sequence[str]
    upstream: Adjacency
    """For each task the tasks it depends on."""
    services: Collection[str] = ()
    """The tasks that have no result."""


def check_names(uses: Sequence[Use], known: Known) -> list[list[Fault]]:
    """Return for each use what is wrong with its names."""
    check_ = _Check(uses, known)
    return [
        [fault for each in use.references if (fault := check_.fault(each, use)) is not None]
        for use in uses
    ]


class _Check:
    """Checks the names of many uses; what takes long in a large flow is done once."""

    def __init__(self, uses: Sequence[Use], known: Known) -> None:
        self._known = known
        self._numbers: dict[str, int] = {}
        self._meant: dict[str, list[str]] = {}
        """The tasks that each mapped name stands for."""
        if any(each.root == "tasks" for use in uses for each in use.references):
            numbered = reversed([*enumerate(known.tasks)])  # the first of two with one name counts
            self._numbers = {name: number for number, name in numbered}
            for name in self._numbers:
                self._meant.setdefault(mapped(name), []).append(name)
        self._all = Scope(params=known.params, tasks=self._numbers)
        self._all_and_item = Scope(params=known.params, tasks=self._numbers, item=True)
        names = self._numbers
        self._ended = Scope(params=known.params, tasks=names, upstream=names, ctx=False, run=True)
        self._comparisons_left = COMPARISONS
        self._far = _far_upstream(self._far_pairs(uses), known.upstream)

    def fault(self, reference: Reference, use: Use) -> Fault | None:
        """Return what is wrong with one name."""
        if reference.root == "tasks" and use.task is None and not use.in_handler:
            message = "what holds for every task cannot name one: some tasks start before it"
            hint = "Put it into the tasks that need it."
            return Fault("unknown-name", message, hint, reference.offset)
        found = check([reference], self._scope(reference, use))
        if not found:
            return self._no_result(reference)
        if reference.root in _OF_ITEMS and use.item == "once":
            name = reference.root
            message = f"`{name}` does not exist here: this is computed once, not for each item"
            return Fault("unknown-name", message, _WHERE_ITEMS_ARE, reference.offset)
        if self._is_itself(reference, use):
            message = "a task cannot use what it has yet to do"
            return Fault("unknown-name", message, None, reference.offset)
        return Fault("unknown-name", *found[0])

    def _no_result(self, reference: Reference) -> Fault | None:
        """Return that a service has no result, if it is asked for one."""
        if len(reference.path) < 2 or reference.path[1] != "result" or not self._known.services:
            return None
        named = [name for name in self._tasks(reference) if name in self._known.services]
        if not named:
            return None
        message = f"{named[0]!r} is a service: it has no result"
        return Fault(
            "unknown-name", message, "Only its `state` can be asked for.", reference.offset
        )

    def _scope(self, reference: Reference, use: Use) -> Scope:
        """Return a scope that has what the name can stand for, and few other names."""
        everything = self._all_and_item if use.item == "each" else self._all
        if use.in_handler:
            everything = self._ended
        if reference.root not in ("tasks", "params") or not reference.path:
            return everything
        if meant := self._tasks(reference):
            return Scope(tasks=meant, upstream=[name for name in meant if self._is_seen(name, use)])
        is_param = mapped(str(reference.path[0])) in self._all.params_by_mapped_name
        if reference.root == "params" and is_param:
            return everything
        self._comparisons_left -= len(self._known.tasks) + len(self._known.params)
        return everything if self._comparisons_left >= 0 else Scope()

    def _tasks(self, reference: Reference) -> list[str]:
        if reference.root != "tasks" or not reference.path:
            return []
        return self._meant.get(mapped(str(reference.path[0])), [])

    def _is_itself(self, reference: Reference, use: Use) -> bool:
        meant = self._tasks(reference)
        return not use.sees_itself and len(meant) == 1 and self._numbers[meant[0]] == use.task

    def _is_seen(self, name: str, use: Use) -> bool:
        number, task = self._numbers[name], use.task
        if use.in_handler:
            return True
        if task is None or number == task:
            return use.sees_itself
        return number in self._known.upstream[task] or (task, number) in self._far

    def _far_pairs(self, uses: Iterable[Use]) -> set[tuple[int, int]]:
        """Return each task with those it names that it does not depend on directly."""
        return {
            (use.task, number)
            for use in uses
            if use.task is not None
            for reference in use.references
            for number in map(self._numbers.__getitem__, self._tasks(reference))
            if number not in self._known.upstream[use.task]
        }


def _far_upstream(pairs: set[tuple[int, int]], upstream: Adjacency) -> set[tuple[int, int]]:
    """Return those pairs whose second task is upstream of the first, or on a cycle."""
    if not pairs:
        return pairs
    order = topological_order(upstream, successors_of(upstream))
    unordered = set(range(len(upstream))) - set(order)
    targets = sorted({target for _, target in pairs})
    found = {pair for pair in pairs if not unordered.isdisjoint(pair)}
    for start in range(0, len(targets), _AT_ONCE):
        bits = {
            target: 1 << place for place, target in enumerate(targets[start : start + _AT_ONCE])
        }
        seen = _seen(bits, order, upstream)
        found |= {pair for pair in pairs if pair[1] in bits and seen[pair[0]] & bits[pair[1]]}
    return found


def _seen(bits: dict[int, int], order: Sequence[int], upstream: Adjacency) -> list[int]:
    """Return for each task the bits of those that are upstream of it."""
    seen = [0] * len(upstream)
    for number in order:
        for other in upstream[number]:
            seen[number] |= seen[other] | bits.get(other, 0)
    return seen
