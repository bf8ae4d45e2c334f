"""Digests of values: equal for what is equal, in every process, whatever its pickles look like.

Pickles of equal values may differ: by the order of a set, by which texts are one object. So a
value is walked here part by part. Dicts and sets count without their order; an object of any other
class counts by what its pickling would take apart (`__reduce_ex__`), so its own code runs.
"""

import hashlib
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from taskflow_core.errors import TaskflowError
from taskflow_core.importing import OURS

_PROTOCOL = 4
"""Of pickling, when it takes an object apart: the newest that gives bytes as bytes."""
_MOST_WALKS = 1_000
"""How often an object is walked that can be come to on many ways: they may be countless."""
_NAMED = (type, FunctionType, BuiltinFunctionType, MethodType)


class UndigestibleError(TaskflowError):
    """A value cannot be compared with others."""


def digest(*parts: bytes) -> bytes:
    """Return what stands for a sequence of bytes: other parts have another digest."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(struct.pack(">Q", len(part)))
        whole.update(part)
    return whole.digest()


def unmet(code: object) -> None:
    """Take code that a value refers to where nobody wants to know."""


class Digests:
    """Takes digests of values.

    Args:
        meet: Hears of every function and class that a value refers to: these count by name here.
        is_strict: What cannot be taken apart is an error; else it counts by its class alone.
    """

    def __init__(self, meet: Callable[[object], None] = unmet, *, is_strict: bool = True) -> None:
        self._meet = meet
        self._is_strict = is_strict
        self._known: dict[int, tuple[object, bytes]] = {}
        """Digests of objects, which are kept so that their identity is not given to others."""
        self._above: dict[int, int] = {}
        """How deep in the value each object lies that is being walked."""
        self._has_cycle = False
        """What was walked last refers to something that it is part of."""
        self._walks: Counter[int] = Counter()
        """How often each object was walked that is part of a cycle."""

    def of(self, value: object) -> str:
        """Return the digest of a value, in hex.

        Raises:
            UndigestibleError: a part of it cannot be taken apart, or it is nested too deeply.
        """
        try:
            return self._digest(value).hex()
        except RecursionError:
            raise UndigestibleError("it is nested too deeply") from None
        finally:
            self._above.clear()
            self._walks.clear()

    def _digest(self, value: Any) -> bytes:
        atom = _ATOMS.get(type(value))
        if atom is not None:
            return atom(value)
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        depth = self._above.get(id(value))
        if depth is not None:  # it contains itself
            self._has_cycle = True
            return digest(b"above", str(len(self._above) - depth).encode())
        return self._walked(value)

    def _walked(self, value: object) -> bytes:
        outer, self._has_cycle = self._has_cycle, False
        self._above[id(value)] = len(self._above)
        try:
            found = self._taken_apart(value)
        finally:
            del self._above[id(value)]
        if self._has_cycle:  # what it looks like depends on where one comes from
            self._walks[id(value)] += 1
            if self._walks[id(value)] > _MOST_WALKS:
                raise UndigestibleError("it refers to itself in too many ways")
        else:
            self._known[id(value)] = value, found
        self._has_cycle = self._has_cycle or outer
        return found

    def _taken_apart(self, value: Any) -> bytes:
        kind = _class_of(value)
        if kind is list or kind is tuple:
            return digest(kind.__name__.encode(), *map(self._digest, value))
        if kind is dict:
            return digest(b"dict", *sorted(self._pairs(value)))
        if kind is set or kind is frozenset:
            return digest(kind.__name__.encode(), *sorted(map(self._digest, value)))
        return self._named(value) if isinstance(value, _NAMED) else self._other(value)

    def _other(self, value: object) -> bytes:
        if isinstance(value, ModuleType):
            return digest(b"module", value.__name__.encode())
        if is_stand_in(value):
            self._meet(value)
            return digest(b"stand-in", str(getattr(value, "name", "")).encode())
        return self._object(value)

    def _pairs(self, pairs: Mapping[Any, Any]) -> Iterable[bytes]:
        return (digest(self._digest(key), self._digest(value)) for key, value in pairs.items())

    def _named(self, code: Any) -> bytes:
        owner = getattr(code, "__self__", None)
        if owner is not None and not isinstance(owner, ModuleType):  # a method of some object
            func = getattr(code, "__func__", None)
            name = code.__name__.encode() if func is None else self._digest(func)
            return digest(b"method", self._digest(owner), name)
        self._meet(code)
        return digest(b"named", name_of(code).encode())

    def _object(self, value: object) -> bytes:
        self._meet(type(value))
        try:
            reduced: Any = value.__reduce_ex__(_PROTOCOL)
        except RecursionError:
            raise
        except Exception as error:
            if self._is_strict:
                raise UndigestibleError(f"it holds a {_shown(type(value))}: {error}") from error
            return digest(b"kind", name_of(type(value)).encode())
        if isinstance(reduced, str):
            return digest(b"global", name_of(type(value)).encode(), reduced.encode())
        return self._reduced(reduced)

    def _reduced(self, reduced: tuple[Any, ...]) -> bytes:
        padded: tuple[Any, ...] = (*reduced, None, None, None)
        make, args, state, items, pairs = padded[:5]
        parts = [self._digest(make), self._digest(args), self._digest(state)]
        parts += [digest(b"item", self._digest(item)) for item in items or ()]
        parts += [digest(b"pair", self._digest(k), self._digest(v)) for k, v in pairs or ()]
        return digest(b"object", *parts)


def is_stand_in(value: object) -> bool:
    """Say whether something of ours stands for a function of the user's: a task."""
    return callable(value) and type(value).__module__.partition(".")[0] in OURS


def name_of(code: Any) -> str:
    """Return `module.qualified.name` of a function or a class."""
    module = getattr(code, "__module__", None) or "builtins"
    return f"{module}.{getattr(code, '__qualname__', type(code).__qualname__)}"


def _class_of(value: object) -> type[Any]:
    return type(value)


def _shown(kind: type[Any]) -> str:
    name = name_of(kind)
    return name.removeprefix("builtins.")


def _float(value: float) -> bytes:
    return digest(b"float", value.hex().encode())


def _complex(value: complex) -> bytes:
    return digest(b"complex", value.real.hex().encode(), value.imag.hex().encode())


def _int(value: int) -> bytes:
    # In hex: the decimal text of a large number takes time that grows with its square.
    return digest(b"int", f"{value:x}".encode())


def _text(value: str) -> bytes:
    return digest(b"str", value.encode(errors="surrogatepass"))


_ATOMS: dict[Any, Callable[[Any], bytes]] = {
    type(None): lambda _: digest(b"none"),
    bool: lambda value: digest(b"bool", str(value).encode()),
    int: _int,
    float: _float,
    complex: _complex,
    str: _text,
    bytes: lambda value: digest(b"bytes", value),
    bytearray: lambda value: digest(b"bytearray", bytes(value)),
}
