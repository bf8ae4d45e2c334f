"""Works out how one callable is called, or everything that is wrong with that."""

import inspect
import itertools
import reprlib
from collections.abc import Collection, Sequence

from taskflow_core.arguments.binding import Binding, Slot
from taskflow_core.arguments.own import OwnArguments
from taskflow_core.arguments.signatures import Shape, by_identifier
from taskflow_core.errors import ArgumentsError, suggestion

_ITEM = ("item", "index")
_SHOWN = 20  # at most this many names in a message


class Binder:
    """Works out one binding, parameter by parameter."""

    def __init__(
        self,
        task: str,
        shape: Shape,
        own: OwnArguments,
        upstream: Sequence[str],
        params: Collection[str],
        *,
        mapped: bool,
    ) -> None:
        self.task = task
        self.shape = shape
        self.args = own.args
        self.kwargs = own.kwargs
        self.used = own.used
        """The upstream tasks whose results have gone somewhere, by place."""
        self.problems = own.problems
        self.upstream = upstream
        self.places = own.places
        self.tasks = by_identifier(upstream)
        self.params = by_identifier(params)
        self.mapped = mapped
        self.slots: dict[str, Slot] = {}

    def bind(self) -> Binding:
        for parameter in self.shape.parameters:
            if (slot := self._find(parameter)) is not None:
                self.slots[parameter.name] = slot
        self._only_one_left()
        rest, extra = self._rest(), self._extra()
        if self.args or self.kwargs or self.empty:
            self._check()
        if self.problems:
            raise ArgumentsError.of(self.problems)
        return self._arrange(rest, extra)

    @property
    def shown(self) -> str:
        return f"{self.task}{self.shape.signature}"

    @property
    def empty(self) -> list[str]:
        required = [p.name for p in self.shape.parameters if p.default is p.empty]
        return [name for name in required if name not in self.slots]

    def _find(self, parameter: inspect.Parameter) -> Slot | None:
        name = parameter.name
        if self.args and parameter.kind is not parameter.KEYWORD_ONLY:
            return self.args.pop(0)
        if parameter.kind is not parameter.POSITIONAL_ONLY and name in self.kwargs:
            return self.kwargs.pop(name)
        return None if name in self.shape.fixed else self._by_name(name)

    def _by_name(self, name: str) -> Slot | None:
        """Return what a parameter gets because it is called so."""
        if name in self.shape.context:
            return Slot("context")
        if self.mapped and name in _ITEM:
            return Slot("item" if name == "item" else "index")
        if name in self.tasks:
            return self._upstream_slot(name, self.tasks[name])
        return self._param_slot(name) if name in self.params else None

    def _upstream_slot(self, name: str, tasks: Sequence[str]) -> Slot:
        self._check_unambiguous(name, tasks)
        place = self.places[tasks[0]]
        self.used.add(place)
        return Slot("upstream", place)

    def _param_slot(self, name: str) -> Slot:
        self._check_unambiguous(name, self.params[name])
        return Slot("param", self.params[name][0])

    @property
    def wants_item(self) -> bool:
        """There is an item, and it went nowhere yet."""
        return self.mapped and all(slot.source != "item" for slot in self.slots.values())

    def _only_one_left(self) -> None:
        if self.wants_item:
            if len(empty := self.empty) == 1:
                self.slots[empty[0]] = Slot("item")
        elif len(self.upstream) == 1 and not self.used and len(empty := self.empty) == 1:
            self.slots[empty[0]] = Slot("upstream", 0)
            self.used.add(0)

    def _rest(self) -> list[Slot]:
        """Return what `*args` gets."""
        if self.shape.spread is None:
            return []
        if self.args:
            given, self.args = self.args, []
            return given
        if self.wants_item:
            return [Slot("item")]
        return [Slot("upstream", n) for n in range(len(self.upstream)) if n not in self.used]

    def _extra(self) -> dict[str, Slot]:
        """Return what `**kwargs` gets; upstream results only where `*args` does not get them."""
        if self.shape.spread_named is None:
            return {}
        taken = {p.name for p in self.shape.parameters if p.kind is not p.POSITIONAL_ONLY}
        extra = {name: slot for name, slot in self.kwargs.items() if name not in taken}
        self.kwargs = {name: slot for name, slot in self.kwargs.items() if name in taken}
        if self.shape.spread is None:
            taken |= extra.keys() | self.shape.fixed
            free = [task for place, task in enumerate(self.upstream) if place not in self.used]
            for name, tasks in by_identifier(free).items():
                if name not in taken:
                    extra[name] = self._upstream_slot(name, tasks)
        return extra

    def _arrange(self, rest: list[Slot], extra: dict[str, Slot]) -> Binding:
        """Return the slots as a call has them: by position up to a gap, by name behind it."""
        placed = [p for p in self.shape.parameters if p.kind is not p.KEYWORD_ONLY]
        # In front of `*args`, and of one that has no name, a default has to be passed along.
        forced = [p for p in placed if p.kind is p.POSITIONAL_ONLY and p.name in self.slots]
        last = placed if rest else placed[: placed.index(forced[-1]) + 1] if forced else []
        for parameter in last:
            self.slots.setdefault(parameter.name, Slot("value", parameter.default))
        filled = itertools.takewhile(lambda p: p.name in self.slots, placed)
        labels = [p.name for p in filled]
        positional = [self.slots.pop(name) for name in labels]
        labels += [f"{self.shape.spread}[{place}]" for place in range(len(rest))]
        named = {**self.slots, **extra}
        return Binding.of([*positional, *rest], named.items(), labels, upstream=len(self.upstream))

    def _check(self) -> None:
        parameters, shown = self.shape.parameters, self.shown
        named = [p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY]
        if empty := self.empty:
            message = f"nothing fills {_quoted(empty)} of {shown}"
            self._refuse(message, self._candidates(empty))
        if twice := [name for name in self.kwargs if name in named]:
            message = f"{shown} is given {_quoted(twice)} twice"
            self._refuse(message, "It is among both args and kwargs.")
        if self.args:
            values = _listed([self._told(slot) for slot in self.args])
            placed = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
            hint = f"By position it takes {_listed(placed) or 'nothing'}."
            self._refuse(f"{shown} takes no argument {values}", hint)
        if unknown := [name for name in self.kwargs if name not in named]:
            hint = _near(unknown, named) or f"By name it takes {_listed(named) or 'nothing'}."
            self._refuse(f"{shown} takes no argument {_quoted(unknown)}", hint)

    def _told(self, slot: Slot) -> str:
        if slot.source == "upstream":
            return f"the result of {self.upstream[slot.value]!r}"
        if slot.source == "param":
            return f"the parameter {slot.value!r}"
        return reprlib.repr(slot.value.whole if slot.source == "structure" else slot.value)

    def _check_unambiguous(self, name: str, meant: Sequence[str]) -> None:
        if len(meant) > 1:
            message = f"{name!r} of {self.shown} could be any of {_quoted(meant)}"
            self._refuse(message, "Rename one of them, or pass it in args or kwargs.")

    def _candidates(self, empty: Sequence[str]) -> str:
        near = _near(empty, [*self.tasks, *self.params, *(_ITEM if self.mapped else ())])
        params = _listed([*itertools.chain(*self.params.values())])
        there = f"Upstream: {_listed(self.upstream) or 'no task'}."
        also = f"Flow parameters: {params}." if params else None
        item = "Of the mapped task: item, index." if self.mapped else None
        advice = "Name the parameter like one of these, or pass it in args or kwargs."
        if not self.upstream and not params and not self.mapped:
            advice = "Pass it in args or kwargs, or depend on a task of that name."
        return " ".join(filter(None, [near, there, also, item, advice]))

    def _refuse(self, message: str, hint: str) -> None:
        self.problems.append(ArgumentsError(self.task, message, hint=hint))


def _near(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return what each of the names may be meant to be."""
    found = [(name, near) for name in names if (near := suggestion(name, known))]
    if len(names) == 1 and found:
        return found[0][1]
    return " ".join(f"For {name!r}: {near}" for name, near in found) or None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _quoted(names: Sequence[str]) -> str:
    return _listed([repr(name) for name in names])
