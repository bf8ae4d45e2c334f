"""What evaluating an expression may do: read names, compute, call harmless methods.

Jinja2's sandbox keeps private attributes and changes of lists and mappings out. On top of it, only
methods of plain data can be called, so that a condition never does anything to a task's result,
and only filters that are listed here exist.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import BuiltinMethodType
from typing import Any, cast

from jinja2 import pass_context, pass_environment
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.lexer import TokenStream
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing as nothing

from taskflow_core.expressions.limits import (
    add,
    checked_range,
    joined,
    modulo,
    multiply,
    power,
    replaced,
    rounded,
    size,
    spend,
)
from taskflow_core.expressions.tokens import located_tokens
from taskflow_core.expressions.values import View, contents, missing

_TEXT_METHODS = """
capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit
isidentifier islower isnumeric isspace istitle isupper join lower lstrip partition removeprefix
removesuffix replace rfind rindex rpartition rsplit rstrip split splitlines startswith strip
swapcase title upper"""
_DATE_METHODS = """
date isocalendar isoformat isoweekday replace strftime time timestamp toordinal weekday"""
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT_METHODS.split()),
    bytes: frozenset(("decode", "endswith", "hex", "startswith")),
    int: frozenset(("bit_length",)),
    float: frozenset(("is_integer",)),
    list: frozenset(("count", "index")),
    tuple: frozenset(("count", "index")),
    dict: frozenset(("get", "items", "keys", "values")),
    dt.date: frozenset(_DATE_METHODS.split()),
    dt.time: frozenset(("isoformat", "strftime")),
    dt.timedelta: frozenset(("total_seconds",)),
}
"""What can be called, by the type it belongs to."""

_KEPT_FILTERS = """
abs capitalize count d default dictsort first float groupby int items last length list lower max
min reject rejectattr reverse select selectattr sort string title trim truncate unique upper
urlencode wordcount"""


class MissingError(UndefinedError):
    """Something was used that does not exist."""

    def __init__(self, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.hint = hint


class Missing(StrictUndefined):
    """What stands for a name, key or attribute that does not exist, until it is used."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = nothing,
        name: str | None = None,
        exc: type[Exception] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, cast("Any", exc))
        if hint is None:
            self._undefined_exception = cast("Any", self._error)

    def _error(self, _message: str) -> MissingError:
        obj = None if self._undefined_obj is nothing else self._undefined_obj
        return MissingError(*missing(obj, self._undefined_name))

    def raise_it(self) -> None:
        """Raise what using it in any other way would raise."""
        self._fail_with_undefined_error()


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with places in its tokens and with limits."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self) -> None:
        super().__init__(
            variable_start_string="${{",
            variable_end_string="}}",
            block_start_string="\0{%",
            block_end_string="%}\0",
            comment_start_string="\0{#",
            comment_end_string="#}\0",
            undefined=Missing,
            optimized=False,  # it would compute constants while a file is only being read
            cache_size=0,
        )
        self.globals = {"range": checked_range, "dict": dict}
        self.filters = {name: FILTERS[name] for name in _KEPT_FILTERS.split()} | _OWN_FILTERS
        self.binop_table.update({"+": add, "*": multiply, "**": power, "%": modulo})

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        tokens = self.lexer.wrap(located_tokens(self.lexer, source, state), name, filename)
        return TokenStream(tokens, name, filename)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return cast("Mapping[str, Any]", obj)[attribute]  # before a method of that name
        return super().getattr(obj, attribute)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Missing:  # noqa: ARG002
        return Missing(f"`{attribute}` cannot be used in an expression", exc=SecurityError)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        if isinstance(value, BuiltinMethodType) and value.__name__ in ("format", "format_map"):
            raise SecurityError("`format` is a filter here: '%s' | format(x)")
        return None

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if obj is checked_range or obj is dict:
            return cast("Any", obj(*args, **kwargs))
        if isinstance(obj, Missing):
            obj.raise_it()
        name: str = getattr(obj, "__name__", type(obj).__name__)
        if not isinstance(obj, BuiltinMethodType) or not _is_harmless(obj.__self__, name):
            raise SecurityError(f"`{name}` cannot be called in an expression")
        if isinstance(obj.__self__, str) and name == "join":
            return joined(obj.__self__, *map(list, args), **kwargs)
        if isinstance(obj.__self__, str) and name == "replace":
            return replaced(obj.__self__, *args, **kwargs)
        return obj(*args, **kwargs)

    def call_test(
        self,
        name: str,
        value: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        context: Context | None = None,
        eval_ctx: EvalContext | None = None,
    ) -> Any:
        spend(1 + sum(map(size, args or ())))  # `select` compares each item with them
        return super().call_test(name, value, args, kwargs, context, eval_ctx)


def _is_harmless(owner: object, name: str) -> bool:
    return any(isinstance(owner, kind) and name in names for kind, names in _METHODS.items())


def _format(text: str, *args: Any, **kwargs: Any) -> Any:
    if args and kwargs:
        raise TypeError("`format` takes values in order or by name, not both")
    return modulo(str(text), kwargs or args)


@pass_environment
def _join(
    environment: Sandbox,
    value: Iterable[Any],
    d: str = "",
    attribute: str | int | None = None,
) -> str:
    found = value if attribute is None else map(make_attrgetter(environment, attribute), value)
    return joined(str(d), [str(item) for item in found])


@pass_context
def _map(context: Context, value: Iterable[Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
    environment = context.environment
    match args, kwargs:
        case (str() as name,), {} if not kwargs:
            return (environment.call_filter(name, item, context=context) for item in value)
        case (), {"attribute": attribute} if len(kwargs) == 1:
            read = make_attrgetter(environment, attribute)
            return (read(item) for item in value)
        case _:
            # With more, it could make lists that share large items.
            raise TypeError("`map` takes the name of one filter, or `attribute=`")


@pass_environment
def _sum(environment: Sandbox, value: Iterable[Any], attribute: str | int | None = None) -> Any:
    return sum(value if attribute is None else map(make_attrgetter(environment, attribute), value))


def _replace(text: Any, old: str, new: str, count: int | None = None) -> str:
    return replaced(str(text), old, new, -1 if count is None else count)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, View):
        return contents(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Iterator | range | set | frozenset):
        return list(cast("Iterable[Any]", value))
    if isinstance(value, Missing):
        value.raise_it()
    raise TypeError(f"{type(value).__name__!r} is not JSON")


def _raw(value: Any) -> Any:
    return value


_OWN_FILTERS: dict[str, Callable[..., Any]] = {
    "format": _format,
    "join": _join,
    "map": _map,
    "raw": _raw,
    "replace": _replace,
    "round": rounded,
    "sum": _sum,
    "tojson": _to_json,
}
