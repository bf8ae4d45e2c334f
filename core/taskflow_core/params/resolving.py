"""The values a run gets for its flow's parameters."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, cast

from taskflow_core.errors import TaskflowError, suggestion
from taskflow_core.params.conversion import WrongValueError, shown
from taskflow_core.params.declaration import Param, value_of

Origin = Literal["given", "file", "environment", "default"]

ENVIRONMENT_PREFIX = "TASKFLOW_PARAM_"

_NO_VARIABLE = re.compile(r"[^A-Z0-9_]")
_ASSIGNMENT = re.compile(r"\s*([^=]*?)\s*=(.*)", re.DOTALL)


class ParamProblem(NamedTuple):
    """One thing wrong with the values for a run."""

    name: str
    message: str
    hint: str | None = None
    origin: Origin | None = None
    """Where the value came from; None where there is none."""


class ParamsError(TaskflowError):
    """Values that a flow's parameters cannot have. `problems` holds everything wrong."""

    def __init__(self, problems: Iterable[ParamProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in self.problems))
        hints = dict.fromkeys(problem.hint for problem in self.problems if problem.hint)
        self.hint = " ".join(hints) or None


def resolve_params(
    declared: Mapping[str, Param],
    *,
    given: Mapping[str, Any],
    file: Mapping[str, Any],
    environ: Mapping[str, str],
    today: dt.date,
) -> dict[str, Any]:
    """Return a value for each parameter, in the order in which they are declared.

    Args:
        declared: The flow's parameters, each without problems of its own.
        given: By the person who starts the run; goes before everything else.
        file: What the params file holds.
        environ: Where `TASKFLOW_PARAM_<NAME>` is looked up.
        today: What `today` means.

    Raises:
        ParamsError: a value is missing or wrong, or belongs to no parameter.
    """
    problems = [
        *_unknown(declared, given, "given"),
        *_unknown(declared, file, "file"),
    ]
    values: dict[str, Any] = {}
    for name, param in declared.items():
        found = _source(name, param, given, file, environ)
        if found is None:
            problems.append(_missing(name, param))
            continue
        value, origin = found
        try:
            if value is None and param.default is None:
                values[name] = None
            else:
                values[name] = value_of(param, value, today)
        except WrongValueError as error:
            message = f"parameter {name!r}{_from(name, origin)} {error}"
            problems.append(ParamProblem(name, message, error.hint, origin))
    if problems:
        raise ParamsError(problems)
    return values


def environment_name(name: str) -> str:
    """Return the environment variable that sets the parameter `name`."""
    return ENVIRONMENT_PREFIX + _NO_VARIABLE.sub("_", name.upper())


def parse_assignment(text: str) -> tuple[str, str]:
    """Return the name and the value of `name=value`; the value is kept as it is.

    Raises:
        ParamsError: it is not of that form.
    """
    match = _ASSIGNMENT.fullmatch(text)
    if match is None or not match[1]:
        message = f"{shown(text)} gives no parameter a value"
        raise ParamsError([ParamProblem(text, message, "Write NAME=VALUE.", "given")])
    return match[1], match[2]


def params_to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON knows them: dates become ISO text."""
    return {name: _to_json(value) for name, value in values.items()}


def params_from_json(declared: Mapping[str, Param], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that `params_to_json` wrote; those no longer declared are left out.

    Raises:
        ParamsError: the flow takes other values now.
    """
    known = {name: value for name, value in data.items() if name in declared}
    return resolve_params(
        {name: declared[name] for name in known},
        given=known,
        file={},
        environ={},
        today=dt.date.min,  # dates are written out, so it is not used
    )


def _to_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_json(item) for item in cast("Iterable[Any]", value)]
    return value.isoformat() if isinstance(value, dt.date) else value


def _unknown(
    declared: Mapping[str, Param], values: Mapping[str, Any], origin: Origin
) -> Iterable[ParamProblem]:
    for name in values:
        if name not in declared:
            place = " (in the params file)" if origin == "file" else ""
            hint = suggestion(name, declared) or _known(declared)
            message = f"the flow has no parameter {name!r}{place}"
            yield ParamProblem(name, message, hint, origin)


def _known(declared: Mapping[str, Param]) -> str:
    return f"It has {', '.join(declared)}." if declared else "It has no parameters."


def _source(
    name: str,
    param: Param,
    given: Mapping[str, Any],
    file: Mapping[str, Any],
    environ: Mapping[str, str],
) -> tuple[Any, Origin] | None:
    if name in given:
        return given[name], "given"
    if name in file:
        return file[name], "file"
    if environment_name(name) in environ:
        return environ[environment_name(name)], "environment"
    return None if param.required else (param.default, "default")


def _missing(name: str, param: Param) -> ParamProblem:
    message = f"parameter {name!r} has no value" + (f" ({param.help})" if param.help else "")
    return ParamProblem(name, message, f"Give it one: -p {name}=…")


def _from(name: str, origin: Origin) -> str:
    match origin:
        case "file":
            return " (in the params file)"
        case "environment":
            return f" (from {environment_name(name)})"
        case "default":
            return " (by default)"
        case "given":
            return ""
