"""How a callable gets its arguments.

The order, for each parameter: explicit `args` and `kwargs`; the context, for a parameter
annotated `Context` or named `ctx` or `context`; the result of the upstream task of that name; the
flow's parameter of that name; for the only required parameter that is left, the result of the
only upstream task; `*args` gets the upstream results in `depends_on` order and `**kwargs` all of
them by name, each only what went nowhere else; the default.

What a `functools.partial` brings along by name counts as explicit, behind the task's own `kwargs`.
"""

import functools
import inspect
import itertools
import reprlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from taskflow_core.arguments.binding import Binding, ParamRef, Slot, Source, Structure, UpstreamRef
from taskflow_core.arguments.own import OwnArguments
from taskflow_core.arguments.signatures import Shape, as_identifier, by_identifier, shape_of
from taskflow_core.errors import ArgumentsError, suggestion

__all__ = [
    "Binding",
    "ParamRef",
    "Slot",
    "Source",
    "Structure",
    "UpstreamRef",
    "as_identifier",
    "bind",
]

_SHOWN = 20  # at most this many names in a message


def bind(
    func: Callable[..., Any],
    *,
    task: str,
    upstream: Sequence[str],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    params: Collection[str] = (),
) -> Binding:
    """Decide where each of `func`'s parameters gets its value from.

    Args:
        func: Any callable: function, method, partial, class, object with `__call__`, builtin.
        task: The task's name, for messages.
        upstream: The names of the upstream tasks, in `depends_on` order, each once.
        args: The task's own positional arguments; an `UpstreamRef`, also inside lists, tuples
            and dicts, stands for a result.
        kwargs: The task's own named arguments, likewise.
        params: The names of the flow's parameters.

    Raises:
        ArgumentsError: a parameter stays empty, or an argument has no parameter. It says
            everything that is wrong with the task.
    """
    try:
        shape = shape_of(func)
    except ValueError as error:
        message = f"{task} brings arguments along that {error} does not take"
        raise ArgumentsError(task, message, hint="Correct the partial, or the method.") from None
    if shape is not None and shape.is_spread and not args and not kwargs:
        return _spread(shape.spread or "", len(upstream))
    own = OwnArguments(task, upstream, args, kwargs or {}, params)
    if shape is None:
        return _in_order(own, len(upstream))
    return _Binder(task, shape, own, upstream, params).bind()


@functools.lru_cache(maxsize=64)
def _spread(name: str, count: int) -> Binding:
    slots = [Slot("upstream", place) for place in range(count)]
    labels = [f"{name}[{place}]" for place in range(count)]
    return Binding.of(slots, (), labels, upstream=count)


def _in_order(own: OwnArguments, upstream: int) -> Binding:
    """Return the binding of a builtin that does not say what it takes."""
    if own.problems:
        raise ArgumentsError.of(own.problems)
    placed = [*own.args, *[Slot("upstream", n) for n in range(upstream) if n not in own.used]]
    return Binding.of(placed, own.kwargs.items(), map(str, range(len(placed))), upstream=upstream)


class _Binder:
    """Works out one binding, parameter by parameter."""

    def __init__(
        self,
        task: str,
        shape: Shape,
        own: OwnArguments,
        upstream: Sequence[str],
        params: Collection[str],
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
        self.slots: dict[str, Slot] = {}

    def bind(self) -> Binding:
        for parameter in self.shape.parameters:
            if (slot := self._find(parameter)) is not None:
                self.slots[parameter.name] = slot
        self._only_upstream()
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
        if name in self.shape.fixed:
            return None
        if name in self.shape.context:
            return Slot("context")
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

    def _only_upstream(self) -> None:
        if len(self.upstream) == 1 and not self.used and len(empty := self.empty) == 1:
            self.slots[empty[0]] = Slot("upstream", 0)
            self.used.add(0)

    def _rest(self) -> list[Slot]:
        """Return what `*args` gets."""
        if self.shape.spread is None:
            return []
        if self.args:
            given, self.args = self.args, []
            return given
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
        near = _near(empty, [*self.tasks, *self.params])
        params = _listed([*itertools.chain(*self.params.values())])
        there = f"Upstream: {_listed(self.upstream) or 'no task'}."
        also = f"Flow parameters: {params}." if params else None
        advice = "Name the parameter like one of these, or pass it in args or kwargs."
        if not self.upstream and not params:
            advice = "Pass it in args or kwargs, or depend on a task of that name."
        return " ".join(filter(None, [near, there, also, advice]))

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
