"""A task's own arguments: values, and references to results and to parameters in them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from taskflow_core.arguments.binding import ParamRef, Slot, Structure, UpstreamRef
from taskflow_core.errors import ArgumentsError, DefinitionError, suggestion

_ATOMS = frozenset({bool, bytes, float, int, str, type(None)})
_DICT: type[dict[Any, Any]] = dict
_SETS: tuple[type[Any], ...] = (set, frozenset)
_HOLDERS: tuple[type[Any], ...] = (list, tuple, dict, set, frozenset)


class OwnArguments:
    """The `args` and `kwargs` of one task as slots, and what is wrong with them."""

    def __init__(
        self,
        task: str,
        upstream: Sequence[str],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        params: Collection[str] = (),
    ) -> None:
        self.used: set[int] = set()
        """The upstream tasks that are referred to, by place."""
        self.problems: list[DefinitionError] = []
        self._task = task
        self._params = params
        self.places = {name: place for place, name in enumerate(upstream)}
        """The place of each upstream task."""
        self.args = [self._outer(value) for value in args]
        self.kwargs = {name: self._outer(value) for name, value in kwargs.items()}

    def _outer(self, value: Any) -> Slot:
        known = len(self.problems)
        try:
            return self._slot(value)
        except RecursionError:
            del self.problems[known:]  # the same ones over and over, if it holds itself
            message = f"{self._task} is given results nested too deeply, or in what holds itself"
            self._refuse(message, "Make it a task of its own that puts them together.")
            return Slot("value", value)

    def _slot(self, value: Any) -> Slot:
        if type(value) in _ATOMS:
            return Slot("value", value)
        if isinstance(value, UpstreamRef):
            return self._reference(value)
        if isinstance(value, ParamRef):
            return self._parameter(value)
        if not isinstance(value, _HOLDERS) or not _holds_reference(value):
            return Slot("value", value)
        if isinstance(value, _SETS):
            return self._unfit(value)
        return self._structure(value)

    def _structure(self, whole: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> Slot:
        if isinstance(whole, _DICT) and _holds_reference([*whole]):
            return self._unfit(whole)
        items = whole.items() if isinstance(whole, _DICT) else enumerate(whole)
        slots = [(key, self._slot(item)) for key, item in items]
        holes = tuple([(key, slot) for key, slot in slots if slot.source != "value"])
        return Slot("structure", Structure(whole, holes))

    def _reference(self, reference: UpstreamRef) -> Slot:
        place = self.places.get(reference.task)
        if place is None:
            known = ", ".join(self.places) or "nothing"
            self._refuse(
                f"{self._task} is given the result of {reference.task!r}, which is not upstream",
                suggestion(reference.task, self.places) or f"It depends on {known}.",
            )
            return Slot("value", reference)
        self.used.add(place)
        return Slot("upstream", place)

    def _parameter(self, reference: ParamRef) -> Slot:
        if reference.name not in self._params:
            known = f"The flow has {', '.join(self._params) or 'no parameters'}."
            self._refuse(
                f"{self._task} is given the flow's parameter {reference.name!r}, which it has not",
                suggestion(reference.name, self._params) or known,
            )
            return Slot("value", reference)
        return Slot("param", reference.name)

    def _unfit(self, value: Any) -> Slot:
        self._refuse(
            f"{self._task} is given a result as a key, or in a set",
            "Results go into lists, tuples, and the values of dicts.",
        )
        return Slot("value", value)

    def _refuse(self, message: str, hint: str) -> None:
        self.problems.append(ArgumentsError(self._task, message, hint=hint))


def _holds_reference(value: Iterable[Any]) -> bool:
    """Return whether there is a reference anywhere in it, however large and deep it is."""
    seen: set[int] = set()
    left: list[Any] = [value]
    while left:
        holder = left.pop()
        if isinstance(holder, UpstreamRef | ParamRef):
            return True
        if isinstance(holder, _HOLDERS) and id(holder) not in seen:
            seen.add(id(holder))
            items: Iterable[Any] = (
                [*holder, *holder.values()] if isinstance(holder, _DICT) else holder
            )
            if not _ATOMS.issuperset(map(type, items)):
                left.extend(items)
    return False
