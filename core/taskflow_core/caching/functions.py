"""What the result of a function depends on: its code, its arguments, and what it can see."""

import platform
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, NamedTuple

from taskflow_core.arguments import Binding, Slot
from taskflow_core.caching.code import code_of
from taskflow_core.caching.digests import Digests, UndigestibleError
from taskflow_core.caching.entry import Component, Components
from taskflow_core.caching.origin import Origin
from taskflow_core.context import Context
from taskflow_core.preview import is_exact, preview

_LONGEST = 40
"""Characters of a value that is shown."""


class Called(NamedTuple):
    """A function that is about to be called, and how its arguments were found."""

    func: Callable[..., Any]
    binding: Binding
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    context: Context | None
    upstream: Mapping[str, Callable[[], Any]]
    """The results of the tasks that it depends on, by name, in order."""
    changed: Collection[str] = ()
    """The arguments that a person changed."""


class CodeBook:
    """Follows the code of functions, each once: a process holds the code that it has loaded.

    Args:
        home: The folder of the flow; None for a flow made in memory.
    """

    def __init__(self, home: str | None) -> None:
        self._origin = Origin(home)
        self._known: weakref.WeakKeyDictionary[Any, dict[str, str]] = weakref.WeakKeyDictionary()

    def of(self, func: Callable[..., Any]) -> dict[str, str]:
        """Return the digests of all code that a function reaches, by name.

        Raises:
            UndigestibleError: it cannot be followed.
        """
        is_plain = isinstance(func, FunctionType) and func.__closure__ is None
        if not is_plain and not isinstance(func, type):  # it may hold something that changes
            return code_of(func, self._origin)
        if func not in self._known:
            self._known[func] = code_of(func, self._origin)
        return self._known[func]


def components_of(called: Called, book: CodeBook, *, counts_upstream: bool) -> Components:
    """Return what the result of a call depends on.

    A function that takes the context can see all results upstream, all that was written to the
    context there, and all parameters: for it they all count.

    Args:
        called: The call.
        book: Follows its code.
        counts_upstream: Results of tasks that it depends on count although it does not take them.

    Raises:
        UndigestibleError: a part of it cannot be compared.
    """
    met: dict[int, Any] = {}
    digests = Digests(lambda code: met.setdefault(id(code), code))
    values = {
        name: component(name, value, digests) for name, value in _values(called, counts_upstream)
    }
    code = {name: Component(digest) for name, digest in book.of(called.func).items()}
    for other in met.values():  # code among the arguments, and the classes of objects
        code.update({name: Component(digest) for name, digest in book.of(other).items()})
    version = f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])}"
    return {"Python": Component(version, version), **code, **values}


def component(name: str, value: object, digests: Digests) -> Component:
    """Return what stands for a value.

    Raises:
        UndigestibleError: it cannot be compared.
    """
    try:
        return Component(digests.of(value), shown(value))
    except UndigestibleError as error:
        raise UndigestibleError(f"{name} cannot be compared: {error}") from error


def shown(value: object) -> str | None:
    """Return a value on one short line; None if that is not possible."""
    text = repr(value) if is_exact(preview(value)) else ""
    return text if 0 < len(text) <= _LONGEST else None


def _values(called: Called, counts_upstream: bool) -> Iterator[tuple[str, object]]:
    names = list(called.upstream)
    taken: dict[str, None] = {}
    for label, slot, value in _arguments(called):
        if slot is not None and slot.source == "upstream" and label not in called.changed:
            place: int = slot.value
            taken[names[place]] = None
            yield result_name(names[place]), value
        elif slot is None or slot.source != "context":
            yield f"argument `{label}`", value
    if called.context is not None:
        yield from _seen(called.context)
    elif counts_upstream:
        for name, get in called.upstream.items():
            if name not in taken:
                yield result_name(name), get()


def _arguments(called: Called) -> Iterator[tuple[str, Slot | None, object]]:
    binding = called.binding
    yield from zip(binding.labels, binding.positional, called.args, strict=True)
    slots = dict(binding.named)
    for name, value in called.kwargs.items():
        yield name, slots.get(name), value


def _seen(context: Context) -> Iterator[tuple[str, object]]:
    for name in context.results:
        yield result_name(name), context.results[name]
    for key in context.seen:
        yield f"context `{key}`", context.seen[key]
    for name, value in context.params.items():
        yield f"parameter `{name}`", value


def result_name(task: str) -> str:
    """Return what messages call the result of a task."""
    return f"the result of `{task}`"
