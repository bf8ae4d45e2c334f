"""The parameters of a function as those of a flow."""

import datetime as dt
import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from taskflow_core.params import ItemType, Param

_TYPES: dict[object, ItemType] = {
    bool: "bool",
    dt.date: "date",
    float: "float",
    int: "int",
    Path: "path",
    str: "str",
}


def params_of_function(func: Callable[..., object]) -> dict[str, Param]:
    """Return a parameter for each one of `func`: its annotation says the type, else its default.

    A default may be a `Param`. Without default and annotation it is text that must be given.
    """
    parameters = inspect.signature(func).parameters
    hints = _annotations(func)
    return {name: _param(each, hints.get(name)) for name, each in parameters.items()}


def _param(parameter: inspect.Parameter, annotation: object) -> Param:
    default: object = parameter.default
    fields = {} if isinstance(default, Param) else _fields(annotation)
    if default is parameter.empty:
        return Param(**fields)
    return Param(**fields, default=default) if fields else Param.infer(default)


def _fields(annotation: object) -> dict[str, Any]:
    """Return the fields of the parameter that an annotation describes; none if it is foreign."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        wanted = [part for part in parts if part is not type(None)]
        return _fields(wanted[0]) if len(wanted) == 1 else {}
    if origin is typing.Annotated:
        return _fields(parts[0])
    if origin is Literal and all(isinstance(part, str) for part in parts):
        return {"type": "choice", "choices": parts}
    if annotation is list:
        return {"type": "list"}
    if origin is list and parts[0] in _TYPES:
        return {"type": "list", "items": _TYPES[parts[0]]}
    is_known = isinstance(annotation, type) and annotation in _TYPES
    return {"type": _TYPES[annotation]} if is_known else {}


def _annotations(func: Callable[..., object]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(func, include_extras=True)
    except Exception:  # noqa: BLE001  one that cannot be evaluated here says nothing
        return {}
