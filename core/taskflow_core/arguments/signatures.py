"""What a callable takes, whatever kind of callable it is."""

import ast
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import msgspec

CONTEXT_NAMES = ("ctx", "context")
CONTEXT_TYPE = ("taskflow_core.context", "Context")
"""The module and the name of the class that stands for the context."""

_PLACE_IN_NAME = str.maketrans("-. ", "___")
_WRAPPERS = ("Annotated", "Optional", "Union")
_UNKNOWN = object()

Namespaces = tuple[Mapping[str, Any], ...]


class Shape(msgspec.Struct, frozen=True):
    """What a callable takes."""

    signature: inspect.Signature
    parameters: tuple[inspect.Parameter, ...]
    """All of them but `*args` and `**kwargs`."""
    spread: str | None
    """The name of `*args`."""
    spread_named: str | None
    """The name of `**kwargs`."""
    context: frozenset[str]
    """The parameters that ask for the context."""
    fixed: frozenset[str]
    """The named arguments that a `functools.partial` brings along."""
    is_spread: bool
    """`*args` is all it takes."""


def shape_of(func: Callable[..., Any]) -> Shape | None:
    """Return what `func` takes, or None if it is a builtin that does not say.

    Raises:
        ValueError: it brings arguments along that the function inside it does not take.
    """
    try:
        return _known_shape(func)
    except TypeError:  # unhashable
        return _shape(func)


def as_identifier(name: str) -> str:
    """Return `name` as a parameter may spell it: `-`, `.` and spaces become `_`."""
    return name.translate(_PLACE_IN_NAME)


def by_identifier(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the names by what a parameter calls them; several may share one spelling."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(as_identifier(name), []).append(name)
    return found


def _shape(func: Callable[..., Any]) -> Shape | None:
    try:
        signature = inspect.signature(func)
    except (TypeError, ValueError):
        _check_inside(func)
        return None
    spreads = {p.kind: p.name for p in signature.parameters.values() if p.kind in _SPREADS}
    parameters = tuple(p for p in signature.parameters.values() if p.kind not in _SPREADS)
    namespaces = _namespaces(func)
    return Shape(
        signature,
        parameters,
        spreads.get(inspect.Parameter.VAR_POSITIONAL),
        spreads.get(inspect.Parameter.VAR_KEYWORD),
        frozenset(p.name for p in parameters if _wants_context(p, namespaces)),
        _fixed(func),
        is_spread=not parameters and [*spreads] == [inspect.Parameter.VAR_POSITIONAL],
    )


_known_shape = functools.lru_cache(maxsize=256)(_shape)
_SPREADS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _check_inside(func: Callable[..., Any]) -> None:
    """Raise ValueError if it is the function inside `func` that says what it takes."""
    inside = getattr(func, "func" if isinstance(func, functools.partial) else "__func__", None)
    if callable(inside) and (shape := shape_of(inside)) is not None:
        name = getattr(inside, "__name__", type(inside).__name__)
        raise ValueError(f"{name}{shape.signature}")


def _fixed(func: Callable[..., Any]) -> frozenset[str]:
    found: set[str] = set()
    while isinstance(func, functools.partial):
        found.update(func.keywords)
        func = func.func
    return frozenset(found)


def _wants_context(parameter: inspect.Parameter, namespaces: Namespaces) -> bool:
    return parameter.name in CONTEXT_NAMES or _is_context(parameter.annotation, namespaces)


def _is_context(annotation: object, namespaces: Namespaces) -> bool:
    """Return whether the context is what is annotated, or one of the things that may come."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        return _says_context(annotation, namespaces)
    if isinstance(annotation, type):
        return (annotation.__module__, annotation.__qualname__) == CONTEXT_TYPE
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _is_context(parts[0], namespaces)
    unions = (typing.Union, types.UnionType)
    return origin in unions and any(_is_context(part, namespaces) for part in parts)


def _says_context(text: str, namespaces: Namespaces) -> bool:
    try:
        parsed = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return _names_context(parsed.body, namespaces)


def _names_context(node: ast.expr, namespaces: Namespaces) -> bool:
    """Return whether an annotation that is a string means the context.

    It is read, not evaluated: one unknown name in it, such as one that is imported for type
    checkers only, would spoil the rest.
    """
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _names_context(left, namespaces) or _names_context(right, namespaces)
        case ast.Constant(value=str(text)):
            return _says_context(text, namespaces)
        case ast.Subscript(value=wrapper, slice=inner):
            return _wraps_context(ast.unparse(wrapper).rpartition(".")[2], inner, namespaces)
        case ast.Name() | ast.Attribute():
            dotted = ast.unparse(node)
            found = _look_up(dotted.split("."), namespaces)
            if found is _UNKNOWN:  # only what it is called is known
                return dotted == "Context" or (
                    dotted.startswith("taskflow_core.") and dotted.endswith(".Context")
                )
            return not isinstance(found, str) and _is_context(found, namespaces)
        case _:
            return False


def _wraps_context(wrapper: str, inner: ast.expr, namespaces: Namespaces) -> bool:
    if wrapper not in _WRAPPERS:
        return False
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    first = parts[:1] if wrapper == "Annotated" else parts
    return any(_names_context(part, namespaces) for part in first)


def _look_up(parts: list[str], namespaces: Namespaces) -> object:
    found: object = next((names[parts[0]] for names in namespaces if parts[0] in names), _UNKNOWN)
    for part in parts[1:]:
        try:
            found = _UNKNOWN if found is _UNKNOWN else getattr(found, part)
        except Exception:  # noqa: BLE001  a module may load what it has when asked, and fail
            return _UNKNOWN
    return found


def _namespaces(func: Callable[..., Any]) -> Namespaces:
    """Return where the names in annotations are looked up: next to the code, then its module."""
    inside: Any = func
    while isinstance(inside, functools.partial):
        inside = inside.func
    inside = inspect.unwrap(inside)
    if isinstance(inside, type):
        made_by = [getattr(inside, name) for name in ("__new__", "__init__")]
        code = [type(inside).__call__, *made_by]
    else:
        code = [inside, type(inside).__call__]
    module = sys.modules.get(getattr(inside, "__module__", None) or "")
    return (*map(_globals, code), {} if module is None else vars(module))


def _globals(code: object) -> Mapping[str, Any]:
    names: object = getattr(inspect.unwrap(cast("Any", code)), "__globals__", None)
    return cast("dict[str, Any]", names) if isinstance(names, dict) else {}
