"""Calling a task's function: plain, `async`, or a generator of either kind."""

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, cast

from taskflow_core.arguments import Binding
from taskflow_core.errors import DefinitionError
from taskflow_core.preview import preview


def call(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return what `func` returns; a coroutine is run, and a generator's items become a list."""
    value: object = func(*args, **kwargs)
    kind = type(value)
    if kind is GeneratorType:
        return list(cast("Iterator[object]", value))
    if kind is CoroutineType or kind is AsyncGeneratorType:
        return asyncio.run(result_of(value))
    return value


async def result_of(value: object) -> Any:
    """Return what a coroutine returns, or a list of what an async generator yields."""
    if isinstance(value, AsyncGenerator):
        return [item async for item in cast("AsyncGenerator[object, None]", value)]
    return await cast("Awaitable[object]", value)


def is_coroutine_callable(func: object) -> bool:
    """Say whether calling `func` makes a coroutine, or an async generator.

    It does for `async def` functions and methods, objects whose `__call__` is one, and partials
    of them.
    """
    while isinstance(func, functools.partial):
        func = cast("functools.partial[object]", func).func
    if _is_async(func):
        return True
    return not isinstance(func, type) and _is_async(getattr(type(func), "__call__", None))  # noqa: B004


def check_executor_fits(task: str, executor: str, func: object) -> None:
    """Refuse a plain function on the event loop, which it would block for everybody.

    Args:
        task: The task's name.
        executor: What it is to be run by.
        func: Its function.

    Raises:
        DefinitionError: the executor is `async`, and the function is not.
    """
    if executor == "async" and not is_coroutine_callable(func):
        raise DefinitionError(
            f"task {task!r} has the executor 'async', but its function is not `async def`",
            hint="Write it with `async def`, or name the executor 'thread'.",
        )


def previews(binding: Binding, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return previews of the arguments by parameter name, without the context."""
    context = {name for name, slot in binding.named if slot.source == "context"}
    placed = zip(binding.labels, binding.positional, args, strict=True)
    shown = {name: preview(value) for name, slot, value in placed if slot.source != "context"}
    return shown | {name: preview(kwargs[name]) for name in kwargs if name not in context}


def _is_async(func: object) -> bool:
    return inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func)
