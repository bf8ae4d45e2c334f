"""How a callable gets its arguments.

The order, for each parameter: explicit `args` and `kwargs`; the context, for a parameter
annotated `Context` or named `ctx` or `context`; the result of the upstream task of that name;
for the only required parameter that is left, the result of the only upstream task; `*args` gets
the upstream results in `depends_on` order and `**kwargs` all of them by name; the default.
"""

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from taskflow_core.errors import ArgumentsError, suggestion

Source = Literal["value", "context", "upstream"]

CONTEXT_NAMES = ("ctx", "context")
CONTEXT_TYPE = "Context"


class Slot(msgspec.Struct, frozen=True):
    """Where one argument comes from."""

    source: Source
    value: Any = None
    """The value itself, or the place of the upstream task in `depends_on`."""


class Binding(msgspec.Struct, frozen=True):
    """How to call one task's callable, decided before anything runs."""

    positional: tuple[Slot, ...] = ()
    named: tuple[tuple[str, Slot], ...] = ()
    labels: tuple[str, ...] = ()
    """What the positional arguments are called, for display."""
    takes_context: bool = False
    """The callable asks for the context."""
    is_plain: bool = False
    """It is called with the upstream results as they are, and with nothing else."""
    fed: tuple[tuple[str, int], ...] = ()
    """The parameters that upstream results fill, each with its place in `depends_on`."""

    @classmethod
    def of(
        cls,
        positional: Iterable[Slot],
        named: Iterable[tuple[str, Slot]],
        labels: Iterable[str],
        *,
        upstream: int,
    ) -> "Binding":
        """Return the binding with what follows from its slots; `upstream` is the tasks' number."""
        positional, named, labels = tuple(positional), tuple(named), tuple(labels)
        slots = [*zip(labels, positional, strict=True), *named]
        in_order = tuple(Slot("upstream", place) for place in range(upstream))
        return cls(
            positional,
            named,
            labels,
            takes_context=any(slot.source == "context" for _, slot in slots),
            is_plain=not named and positional == in_order,
            fed=tuple((name, slot.value) for name, slot in slots if slot.source == "upstream"),
        )

    def fill(self, upstream: Sequence[Any], context: Any) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the named arguments for one call.

        Args:
            upstream: The results of the upstream tasks, in `depends_on` order.
            context: What a parameter for the context gets.
        """
        args = [
            upstream[slot.value] if slot.source == "upstream" else _value(slot, context)
            for slot in self.positional
        ]
        if not self.named:
            return args, {}
        return args, {
            name: upstream[slot.value] if slot.source == "upstream" else _value(slot, context)
            for name, slot in self.named
        }


def bind(
    func: Callable[..., Any],
    *,
    task: str,
    upstream: Sequence[str],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
) -> Binding:
    """Decide where each of `func`'s parameters gets its value from.

    Args:
        func: Any callable: function, method, partial, class, object with `__call__`, builtin.
        task: The task's name, for messages.
        upstream: The names of the upstream tasks, in `depends_on` order.
        args: The task's own positional arguments.
        kwargs: The task's own named arguments.

    Raises:
        ArgumentsError: a parameter stays empty, or an argument has no parameter.
    """
    try:
        signature, alone = _known_shape(func)
    except TypeError:  # unhashable
        signature, alone = _shape(func)
    if signature is None:
        placed = [Slot("value", value) for value in args]
        placed += [Slot("upstream", place) for place in range(len(upstream))]
        labels = map(str, range(len(placed)))
        return Binding.of(placed, _given(kwargs or {}), labels, upstream=len(upstream))
    if alone is not None and not args and not kwargs:
        return _spread(alone, len(upstream))
    return _Binder(task, signature, upstream, args, dict(kwargs or {})).bind()


def _shape(func: Callable[..., Any]) -> tuple[inspect.Signature | None, str | None]:
    """Return the signature, and the name of `*args` if there is no other parameter."""
    try:
        signature = inspect.signature(func)
    except (TypeError, ValueError):  # a builtin that does not say what it takes
        return None, None
    parameters = list(signature.parameters.values())
    is_alone = len(parameters) == 1 and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
    return signature, parameters[0].name if is_alone else None


_known_shape = functools.lru_cache(maxsize=256)(_shape)


@functools.lru_cache(maxsize=64)
def _spread(name: str, count: int) -> Binding:
    slots = [Slot("upstream", place) for place in range(count)]
    labels = [f"{name}[{place}]" for place in range(count)]
    return Binding.of(slots, (), labels, upstream=count)


def _given(kwargs: Mapping[str, Any]) -> tuple[tuple[str, Slot], ...]:
    return tuple((name, Slot("value", value)) for name, value in kwargs.items())


def _value(slot: Slot, context: Any) -> Any:
    return context if slot.source == "context" else slot.value


def as_identifier(name: str) -> str:
    """Return `name` as a parameter may spell it: `-`, `.` and spaces become `_`."""
    return name.replace("-", "_").replace(".", "_").replace(" ", "_")


class _Binder:
    """Works out one binding, parameter by parameter."""

    def __init__(
        self,
        task: str,
        signature: inspect.Signature,
        upstream: Sequence[str],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> None:
        self.task = task
        self.signature = signature
        self.upstream = upstream
        self.places = {as_identifier(name): place for place, name in enumerate(upstream)}
        self.args = list(args)
        self.kwargs = kwargs
        kinds = {parameter.kind: parameter for parameter in signature.parameters.values()}
        self.spread = kinds.get(inspect.Parameter.VAR_POSITIONAL)
        self.spread_named = kinds.get(inspect.Parameter.VAR_KEYWORD)
        self.parameters = [
            parameter
            for parameter in signature.parameters.values()
            if parameter not in (self.spread, self.spread_named)
        ]
        self.slots: dict[str, Slot] = {}

    def bind(self) -> Binding:
        for parameter in self.parameters:
            if (slot := self._find(parameter)) is not None:
                self.slots[parameter.name] = slot
        self._only_upstream()
        rest, extra = self._rest(), self._extra()
        self._check()
        return self._arrange(rest, extra)

    @property
    def empty(self) -> list[inspect.Parameter]:
        return [p for p in self.parameters if p.name not in self.slots and p.default is p.empty]

    @property
    def used(self) -> set[int]:
        return {slot.value for slot in self.slots.values() if slot.source == "upstream"}

    def _find(self, parameter: inspect.Parameter) -> Slot | None:
        if self.args and parameter.kind is not parameter.KEYWORD_ONLY:
            return Slot("value", self.args.pop(0))
        positional_only = parameter.kind is parameter.POSITIONAL_ONLY
        if not positional_only and parameter.name in self.kwargs:
            return Slot("value", self.kwargs.pop(parameter.name))
        if _wants_context(parameter):
            return Slot("context")
        if (place := self.places.get(parameter.name)) is not None:
            self._check_unambiguous(parameter.name)
            return Slot("upstream", place)
        return None

    def _only_upstream(self) -> None:
        if len(self.empty) == 1 and len(self.upstream) == 1 and not self.used:
            self.slots[self.empty[0].name] = Slot("upstream", 0)

    def _rest(self) -> list[Slot]:
        """Return what `*args` gets."""
        if self.spread is None:
            return []
        if self.args:
            values, self.args = self.args, []
            return [Slot("value", value) for value in values]
        places = range(len(self.upstream))
        return [Slot("upstream", place) for place in places if place not in self.used]

    def _extra(self) -> dict[str, Slot]:
        """Return what `**kwargs` gets; upstream results only where `*args` does not get them."""
        if self.spread_named is None:
            return {}
        taken = {p.name for p in self.parameters if p.kind is not p.POSITIONAL_ONLY}
        given = {name: value for name, value in self.kwargs.items() if name not in taken}
        self.kwargs = {name: self.kwargs[name] for name in self.kwargs if name in taken}
        extra = {name: Slot("value", value) for name, value in given.items()}
        if self.spread is None:
            for name, place in self.places.items():
                if name not in taken and name not in extra:
                    extra[name] = Slot("upstream", place)
        return extra

    def _arrange(self, rest: list[Slot], extra: dict[str, Slot]) -> Binding:
        """Return the slots as a call has them: by position up to a gap, by name behind it."""
        placed = [p for p in self.parameters if p.kind is not p.KEYWORD_ONLY]
        # In front of `*args`, and of one that has no name, a default has to be passed along.
        forced = [p for p in placed if p.kind is p.POSITIONAL_ONLY and p.name in self.slots]
        last = placed if rest else placed[: placed.index(forced[-1]) + 1] if forced else []
        for parameter in last:
            self.slots.setdefault(parameter.name, Slot("value", parameter.default))
        filled = list(itertools.takewhile(lambda p: p.name in self.slots, placed))
        labels = [p.name for p in filled]
        positional = [self.slots.pop(name) for name in labels]
        if self.spread is not None:
            labels += [f"{self.spread.name}[{place}]" for place in range(len(rest))]
        named = {**self.slots, **extra}
        placed_slots = [*positional, *rest]
        return Binding.of(placed_slots, named.items(), labels, upstream=len(self.upstream))

    def _check_unambiguous(self, name: str) -> None:
        clashing = [other for other in self.upstream if as_identifier(other) == name]
        if len(clashing) > 1:
            raise ArgumentsError(
                self.task,
                f"parameter {name!r} of {self.task}{self.signature} could be any of {clashing}",
                hint="Rename one of the tasks.",
            )

    def _check(self) -> None:
        if self.empty:
            names = ", ".join(repr(parameter.name) for parameter in self.empty)
            raise ArgumentsError(
                self.task,
                f"nothing fills {names} of {self.task}{self.signature}",
                hint=self._candidates(self.empty[0].name),
            )
        twice = [name for name in self.kwargs if name in self.slots]
        if twice:
            message = f"{self.task}{self.signature} is given {twice[0]!r} twice"
            raise ArgumentsError(self.task, message, hint="It is among both args and kwargs.")
        if self.kwargs or self.args:
            extra = ", ".join([*map(repr, self.kwargs), *map(repr, self.args)])
            raise ArgumentsError(
                self.task,
                f"{self.task}{self.signature} takes no argument {extra}",
                hint=suggestion(next(iter(self.kwargs), ""), self.signature.parameters),
            )

    def _candidates(self, name: str) -> str:
        if near := suggestion(name, self.places):
            return f"{near} Name the parameter like an upstream task, or pass it in kwargs."
        known = ", ".join(self.upstream) or "no upstream task"
        return f"There is {known}. Name the parameter like one, or pass it in args or kwargs."


def _wants_context(parameter: inspect.Parameter) -> bool:
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return parameter.name in CONTEXT_NAMES
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return parameter.name in CONTEXT_NAMES or name.rpartition(".")[2] == CONTEXT_TYPE
