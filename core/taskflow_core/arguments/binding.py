"""How one task's callable is called: for each argument, where its value comes from."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import msgspec

Source = Literal["value", "context", "upstream", "param", "structure", "item", "index"]

Item = tuple[Any, int]
"""One item of what a task is mapped over, and its place, from 0."""

_TUPLE: Any = tuple
_NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


class UpstreamRef(msgspec.Struct, frozen=True):
    """Stands for the result of a task among the arguments of another one."""

    task: str
    """The task's name."""


class ParamRef(msgspec.Struct, frozen=True):
    """Stands for a parameter of the flow among the arguments of a task."""

    name: str
    """The parameter's name."""


class Slot(msgspec.Struct, frozen=True):
    """Where one argument comes from."""

    source: Source
    value: Any = None
    """The value itself; the place of the upstream task in `depends_on`; the name of the flow's
    parameter; or the `Structure`."""


class Structure(msgspec.Struct, frozen=True):
    """A list, a tuple or a dict that upstream results and parameters are put into."""

    whole: list[Any] | tuple[Any, ...] | dict[Any, Any]
    holes: tuple[tuple[Any, Slot], ...]
    """Each index or key to be filled, and with what."""

    def made(self, upstream: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """Return a copy with the values in it; what holds none is not copied."""
        whole: Any = self.whole
        is_tuple = isinstance(self.whole, tuple)
        made: Any = [*whole] if is_tuple else copy.copy(whole)
        for key, slot in self.holes:
            made[key] = _value(slot, upstream, None, params)
        # Not called: a named tuple takes its items one by one.
        return _TUPLE.__new__(type(whole), made) if is_tuple else made

    def places(self, label: str) -> Iterable[tuple[str, int]]:
        """Return the places of the upstream tasks, each with what it is called inside `label`."""
        for key, slot in self.holes:
            yield from _fed(f"{label}[{key!r}]", slot)


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
        placed = [slot.value if slot.source == "upstream" else None for slot in positional]
        return cls(
            positional,
            named,
            labels,
            takes_context=any(slot.source == "context" for _, slot in slots),
            is_plain=not named and placed == list(range(upstream)),
            fed=tuple([found for name, slot in slots for found in _fed(name, slot)]),
        )

    def fill(
        self,
        upstream: Sequence[Any],
        context: Any,
        params: Mapping[str, Any] = _NO_PARAMS,
        item: Item | None = None,
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the named arguments for one call.

        Args:
            upstream: The results of the upstream tasks, in `depends_on` order.
            context: What a parameter for the context gets.
            params: The flow's parameters, all that `bind` was told of.
            item: What a child of a mapped task is for; of every other task None.
        """
        args = [
            upstream[slot.value]
            if slot.source == "upstream"
            else _value(slot, upstream, context, params, item)
            for slot in self.positional
        ]
        if not self.named:
            return args, {}
        return args, {
            name: upstream[slot.value]
            if slot.source == "upstream"
            else _value(slot, upstream, context, params, item)
            for name, slot in self.named
        }


def _value(
    slot: Slot,
    upstream: Sequence[Any],
    context: Any,
    params: Mapping[str, Any],
    item: Item | None = None,
) -> Any:
    match slot.source:
        case "upstream":
            return upstream[slot.value]
        case "value":
            return slot.value
        case "context":
            return context
        case "param":
            return params[slot.value]
        case "structure":
            return slot.value.made(upstream, params)
        case "item" | "index" as which:
            assert item is not None, "only children of mapped tasks are bound to an item"
            return item[which == "index"]


def _fed(label: str, slot: Slot) -> Iterable[tuple[str, int]]:
    if slot.source == "upstream":
        return [(label, slot.value)]
    return slot.value.places(label) if slot.source == "structure" else ()
