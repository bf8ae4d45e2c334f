"""`approve` and `wait` as people write them in Python, checked."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

import taskflow_core.definition.checking as checking
from taskflow_core.errors import DefinitionError
from taskflow_core.expressions import has_expressions
from taskflow_core.moments import HOW, moment
from taskflow_core.params import Param, ParamType, check_param
from taskflow_core.plan import Approval, Wait

_TYPES: tuple[ParamType, ...] = get_args(ParamType)
_ANY_DAY = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)


def approval_of(owner: str, value: object) -> Approval:
    """Return what a question, or a mapping with `prompt` and `fields`, asks a person.

    Args:
        owner: The name of the task.
        value: What it has as `approve`.

    Raises:
        DefinitionError: it is neither, or a field cannot be what it says; so with `wait_of`.
    """
    key = f"approve of task {owner!r}"
    if isinstance(value, str):
        return Approval(checking.text(key, value))
    if not isinstance(value, Mapping):
        raise checking.wrong(key, "a question or a mapping", value)
    said = checking.known(key, cast("object", value), ("prompt", "fields"))
    if "prompt" not in said:
        raise DefinitionError(f"{key} has no prompt", hint="Say what to ask.")
    fields = checking.mapping(f"{key}: fields", said.get("fields", {}))
    return Approval(
        checking.text(f"{key}: prompt", said["prompt"]),
        {name: _field(f"field {name!r} of {key}", name, each) for name, each in fields.items()},
    )


def wait_of(owner: str, value: object) -> Wait:
    """Return what a mapping with `for`, `until` or `file` says of how long to wait.

    Args:
        owner: The name of the task.
        value: What it has as `wait`.
    """
    key = f"wait of task {owner!r}"
    said = checking.known(key, value, tuple(_WAITS))
    if len(said) != 1:
        message = f"{key} needs exactly one of {', '.join(_WAITS)}"
        raise DefinitionError(message, hint="Say once what it waits for.")
    ((name, each),) = said.items()
    return _WAITS[name](f"{key}: {name}", each)


def _field(key: str, name: str, value: object) -> Param:
    if isinstance(value, str):
        param = Param(type=checking.choice(f"the type of {key}", value, _TYPES))
    elif isinstance(value, Param):
        param = value
    else:
        param = _declared(key, value)
    for problem in check_param(name, param):
        raise DefinitionError(f"{key}: {problem.message}", hint=problem.hint)
    return param


def _declared(key: str, value: object) -> Param:
    checking.known(key, value, Param.__struct_fields__)
    fields: dict[str, Any] = dict(checking.mapping(key, value))  # a default may be None
    if "choices" in fields:
        fields["choices"] = checking.texts(f"{key}: choices", fields["choices"])
    kind = fields.get("type", "choice" if "choices" in fields else "str")
    fields["type"] = checking.choice(f"the type of {key}", kind, _TYPES)
    return Param(**fields)


def _length(key: str, value: object) -> Wait:
    if isinstance(value, str) and has_expressions(value):
        return Wait(seconds=checking.text(key, value))
    return Wait(seconds=checking.duration(key, value))


def _until(key: str, value: object) -> Wait:
    if isinstance(value, dt.datetime | dt.time):
        return Wait(until=value.isoformat())
    text = checking.text(key, value)
    if not has_expressions(text):
        try:
            moment(text, _ANY_DAY)
        except ValueError:
            raise DefinitionError(f"{key} is no moment: {text!r}", hint=HOW) from None
    return Wait(until=text)


def _file(key: str, value: object) -> Wait:
    return Wait(file=checking.path(key, value))


_WAITS: Mapping[str, Callable[[str, object], Wait]] = {
    "for": _length,
    "until": _until,
    "file": _file,
}
