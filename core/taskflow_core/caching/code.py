"""What a function does, as digests by name: its own code, and all code of the user's it reaches.

Looked at are the functions, classes and constants that it names, that these name, and so on, as
long as they are the user's: not of the standard library, not of an installed package. Of those
counts the version. A module that is imported inside a function counts as a whole. Comments and the
layout of the source count for nothing.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import resolve_name
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from taskflow_core.caching.digests import (
    Digests,
    UndigestibleError,
    digest,
    is_stand_in,
    name_of,
)
from taskflow_core.caching.origin import Origin, module_code
from taskflow_core.caching.reach import Import, Use, reached

_WRAPPERS = ("__wrapped__", "__func__", "func", "fget", "fset", "fdel")
"""Where objects that stand for functions keep them."""
_NO_MEANING = frozenset({
    "__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__annotate__",
    "__annotate_func__", "__annotations_cache__", "__firstlineno__", "__static_attributes__",
    "__abstractmethods__", "__parameters__", "__orig_bases__", "__qualname__",
})  # fmt: skip
"""What a class has besides what its body says."""
_NOTHING = object()


def code_of(func: Callable[..., Any], origin: Origin) -> dict[str, str]:
    """Return the digests of all code that `func` reaches, by name.

    Raises:
        UndigestibleError: it is nested too deeply to be followed.
    """
    walk = _Walk(origin)
    try:
        walk.meet(func)
        return walk.finish()
    except RecursionError:
        raise UndigestibleError("its code is nested too deeply to be followed") from None


class _Walk:
    """Follows code from name to name."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._digests = Digests(self.meet, is_strict=False)
        self._met: dict[int, object] = {}
        self._waiting: list[object] = []
        self._found: dict[str, set[bytes]] = {}
        """Two functions may go by one name, such as `<lambda>`."""

    def meet(self, code: object) -> None:
        """Note code that has to be followed, each once."""
        if id(code) not in self._met:
            self._met[id(code)] = code
            self._waiting.append(code)

    def finish(self) -> dict[str, str]:
        """Follow all that was met and return the digests."""
        while self._waiting:
            self._follow(self._waiting.pop())
        return {name: digest(*sorted(parts)).hex() for name, parts in self._found.items()}

    def _note(self, name: str, part: bytes) -> None:
        self._found.setdefault(name, set()).add(part)

    # --- kinds of code -------------------------------------------------------------------

    def _follow(self, code: Any) -> None:
        if isinstance(code, MethodType):
            self._note(f"the object of `{name_of(code)}`", self._value(code.__self__))
            self.meet(code.__func__)
        elif isinstance(code, partial):
            self._note("what the partial brings along", self._value([code.args, code.keywords]))
            self.meet(code.func)
        elif isinstance(code, FunctionType):
            self._function(code)
        elif isinstance(code, type):
            self._class(code)
        elif not isinstance(code, _BUILT_IN):
            self._object(code)

    def _function(self, func: FunctionType) -> None:
        if not self._origin.is_own(func.__module__, func.__code__.co_filename):
            self._outside(func.__module__)
            return
        given = [func.__defaults__, func.__kwdefaults__]
        cells = [self._cell(cell) for cell in func.__closure__ or ()]
        body = self._code(func.__code__)
        self._note(f"the code of `{name_of(func)}`", digest(body, self._value(given), *cells))
        for use in dict.fromkeys(reached(func.__code__)):
            if isinstance(use, Use):
                self._use(use, func.__globals__, name_of(func))
            else:
                self._import(use, func.__globals__)
        self._unwrap(func)

    def _code(self, code: CodeType) -> bytes:
        """Return the digest of compiled code, without where it is written."""
        names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
        counts = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags]
        constants = [
            self._code(one) if isinstance(one, CodeType) else self._value(one)
            for one in code.co_consts
        ]
        table = code.co_exceptiontable
        return digest(code.co_code, table, self._value([names, counts]), *constants)

    def _cell(self, cell: Any) -> bytes:
        try:
            return self._value(cell.cell_contents)
        except ValueError:  # nothing is in it yet
            return b""

    def _class(self, kind: type[Any]) -> None:
        if not self._is_own(kind.__module__):
            self._outside(kind.__module__)
            return
        parts: list[bytes] = [self._value(list(kind.__mro__[1:]))]
        for name, value in sorted(vars(kind).items()):
            if name not in _NO_MEANING:
                parts += [name.encode(), self._value(value)]
                self._unwrap(value)
        self._note(f"the code of `{name_of(kind)}`", digest(*parts))

    def _object(self, value: object) -> None:
        """Note an object that can be called, and what it calls."""
        self._unwrap(value)
        if not is_stand_in(value):
            self._note(f"the object `{name_of(type(value))}`", self._value(value))

    def _unwrap(self, value: object) -> None:
        """Meet the functions that an object stands for, such as a property."""
        for name in _WRAPPERS:
            inner = getattr(value, name, None)
            if callable(inner):
                self.meet(inner)

    # --- what code names -----------------------------------------------------------------

    def _use(self, use: Use, known: dict[str, Any], by: str) -> None:
        value = known.get(use.name, _NOTHING)
        if value is _NOTHING or value is os.environ:
            return  # a builtin, or not there
        name = f"{known.get('__name__', by)}.{use.name}"
        attributes = list(use.attributes)
        while isinstance(value, ModuleType) and self._is_own(value.__name__):
            if not attributes:
                self._whole(value.__name__)
                return
            name = f"{value.__name__}.{attributes[0]}"
            value = getattr(value, attributes.pop(0), _NOTHING)
        if isinstance(value, ModuleType):
            self._outside(value.__name__)
        elif value is not _NOTHING and not self._is_code(value):
            self._note(f"`{name}`", self._value(value))

    def _is_code(self, value: object) -> bool:
        """Meet what can be called, and say so."""
        if callable(value):
            self.meet(value)
        return callable(value)

    def _import(self, found: Import, known: dict[str, Any]) -> None:
        name = found.name
        if found.level:
            package = known.get("__package__") or ""
            try:
                name = resolve_name("." * found.level + name, package)
            except ImportError:
                return
        for each in [name, *(f"{name}.{inner}" for inner in found.names)]:
            self._whole(each)

    def _whole(self, module: str) -> None:
        """Note all of a module, as it is in its file, and of those of the user's it imports."""
        label = f"the module `{module}`"
        if label in self._found:
            return
        path = self._origin.find(module)
        if path is None or not self._origin.is_own(module, path):
            return
        code = module_code(path)
        self._note(label, b"" if code is None else self._code(code))
        package = module if os.path.basename(path) == "__init__.py" else module.rpartition(".")[0]  # noqa: PTH119
        for use in dict.fromkeys(reached(code)) if code is not None else ():
            if isinstance(use, Import):
                self._import(use, {"__package__": package})

    def _outside(self, module: str | None) -> None:
        """Note the version of an installed package."""
        top = (module or "").partition(".")[0]
        version = getattr(sys.modules.get(top), "__version__", None)
        if isinstance(version, str) and top not in sys.stdlib_module_names:
            self._note(f"the version of `{top}`", version.encode())

    def _is_own(self, module: str) -> bool:
        return self._origin.is_own(module, getattr(sys.modules.get(module), "__file__", None))

    def _value(self, value: object) -> bytes:
        return self._digests.of(value).encode()


_BUILT_IN = (
    BuiltinFunctionType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
"""What is written in C."""
