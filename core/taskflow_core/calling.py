"""Calling a task's function: plain, `async`, or a generator."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from types import CoroutineType, GeneratorType
from typing import Any, cast

from taskflow_core.arguments import Binding
from taskflow_core.preview import preview


def call(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return what `func` returns; a coroutine is run, and a generator's items become a list."""
    value: object = func(*args, **kwargs)
    kind = type(value)
    if kind is GeneratorType:
        return list(cast("Iterator[object]", value))
    if kind is CoroutineType:
        return asyncio.run(cast("Coroutine[object, None, object]", value))
    return value


def previews(binding: Binding, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return previews of the arguments by parameter name, without the context."""
    context = {name for name, slot in binding.named if slot.source == "context"}
    placed = zip(binding.labels, binding.positional, args, strict=True)
    shown = {name: preview(value) for name, slot, value in placed if slot.source != "context"}
    return shown | {name: preview(kwargs[name]) for name in kwargs if name not in context}
