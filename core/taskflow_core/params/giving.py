"""The values that one flow gives to the parameters of another, before anything runs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from taskflow_core.errors import suggestion
from taskflow_core.params.declaration import Param, refusal_of


class GivenProblem(NamedTuple):
    """One thing wrong with the values that a sub-flow is given."""

    kind: Literal["unknown", "missing", "wrong"]
    name: str
    """The parameter's."""
    message: str
    hint: str | None


def given_problems(
    declared: Mapping[str, Param],
    given: Mapping[str, Any],
    is_open: Callable[[Any], bool],
    broken: Collection[str] = (),
) -> Iterator[GivenProblem]:
    """Yield everything that is wrong with the values a sub-flow is given.

    Args:
        declared: Its parameters.
        given: The values.
        is_open: Says that a value is computed when the flow runs, so that nothing is known of it.
        broken: The names of parameters that cannot be what they say; nothing is said of these.
    """
    for name, value in given.items():
        if name not in declared and name not in broken:
            hint = suggestion(name, declared) or _known(declared)
            yield GivenProblem("unknown", name, f"the sub-flow has no parameter {name!r}", hint)
        elif name in declared and not is_open(value):
            yield from _wrong(name, declared[name], value)
    for name, param in declared.items():
        if param.required and name not in given:
            about = f" ({param.help})" if param.help else ""
            message = f"parameter {name!r} of the sub-flow has no value{about}"
            yield GivenProblem("missing", name, message, f"Give it one: params: {{ {name}: … }}.")


def _wrong(name: str, param: Param, value: Any) -> Iterator[GivenProblem]:
    if value is None and param.default is None:
        return
    error = refusal_of(param, value)
    if error is not None:
        message = f"parameter {name!r} of the sub-flow {error}"
        yield GivenProblem("wrong", name, message, error.hint)


def _known(declared: Mapping[str, Param]) -> str:
    return f"It has {', '.join(declared)}." if declared else "It has none."
