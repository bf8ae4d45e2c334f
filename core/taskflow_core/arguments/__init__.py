"""How a callable gets its arguments.

The order, for each parameter: explicit `args` and `kwargs`; the context, for a parameter
annotated `Context` or named `ctx` or `context`; the result of the upstream task of that name; the
flow's parameter of that name; for the only required parameter that is left, the result of the
only upstream task; `*args` gets the upstream results in `depends_on` order and `**kwargs` all of
them by name, each only what went nowhere else; the default.

The children of a mapped task are each for one item: before upstream tasks come the names `item` and
`index`, and the only required parameter that is left gets the item, not a result. Where the item
went nowhere else it is all that `*args` gets, or a builtin that does not say what it takes.

What a `functools.partial` brings along by name counts as explicit, behind the task's own `kwargs`.
"""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from taskflow_core.arguments.binder import Binder
from taskflow_core.arguments.binding import (
    Binding,
    Item,
    ParamRef,
    Slot,
    Source,
    Structure,
    UpstreamRef,
)
from taskflow_core.arguments.own import OwnArguments
from taskflow_core.arguments.signatures import as_identifier, shape_of
from taskflow_core.errors import ArgumentsError

__all__ = [
    "Binding",
    "Item",
    "ParamRef",
    "Slot",
    "Source",
    "Structure",
    "UpstreamRef",
    "as_identifier",
    "bind",
]


def bind(  # noqa: PLR0913  what a task says of its call, each by its name
    func: Callable[..., Any],
    *,
    task: str,
    upstream: Sequence[str],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    params: Collection[str] = (),
    mapped: bool = False,
) -> Binding:
    """Decide where each of `func`'s parameters gets its value from.

    Args:
        func: Any callable: function, method, partial, class, object with `__call__`, builtin.
        task: The task's name, for messages.
        upstream: The names of the upstream tasks, in `depends_on` order, each once.
        args: The task's own positional arguments; an `UpstreamRef`, also inside lists, tuples
            and dicts, stands for a result.
        kwargs: The task's own named arguments, likewise.
        params: The names of the flow's parameters.
        mapped: It is called for each item of a list; `fill` is given that.

    Raises:
        ArgumentsError: a parameter stays empty, or an argument has no parameter. It says
            everything that is wrong with the task.
    """
    try:
        shape = shape_of(func)
    except ValueError as error:
        message = f"{task} brings arguments along that {error} does not take"
        raise ArgumentsError(task, message, hint="Correct the partial, or the method.") from None
    if shape is not None and shape.is_spread and not (args or kwargs or mapped):
        return _spread(shape.spread or "", len(upstream))
    own = OwnArguments(task, upstream, args, kwargs or {}, params)
    if shape is None:
        return _in_order(own, len(upstream), mapped=mapped)
    return Binder(task, shape, own, upstream, params, mapped=mapped).bind()


@functools.lru_cache(maxsize=64)
def _spread(name: str, count: int) -> Binding:
    slots = [Slot("upstream", place) for place in range(count)]
    labels = [f"{name}[{place}]" for place in range(count)]
    return Binding.of(slots, (), labels, upstream=count)


def _in_order(own: OwnArguments, upstream: int, *, mapped: bool) -> Binding:
    """Return the binding of a builtin that does not say what it takes."""
    if own.problems:
        raise ArgumentsError.of(own.problems)
    results = [Slot("upstream", n) for n in range(upstream) if n not in own.used]
    item = [] if own.args else [Slot("item")]
    placed = [*own.args, *(item if mapped else results)]
    return Binding.of(placed, own.kwargs.items(), map(str, range(len(placed))), upstream=upstream)
