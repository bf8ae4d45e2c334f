"""What a flow says about how it is run, checked."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

import taskflow_core.definition.checking as checking
from taskflow_core.definition.handler_keys import Handling, handlings_of
from taskflow_core.definition.task_settings import NO_SETTINGS, Settings, settings_of
from taskflow_core.errors import DefinitionError, suggestion
from taskflow_core.params import Param, check_param
from taskflow_core.policies import OnFailure, Order


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a flow."""

    description: str | None = None
    env: dict[str, str] = {}
    max_parallel: int | None = None
    pools: dict[str, int] = {}
    timeout: float | None = None
    on_failure: OnFailure = "finish"
    order: Order = "critical"
    handlers: tuple[Handling, ...] = ()
    defaults: Settings = NO_SETTINGS
    """The settings of tasks that do not say otherwise."""
    cwd: str | None = None


def flow_settings_of(keys: Mapping[str, object], *, owner: str) -> FlowSettings:
    """Return what a flow says; keys that are None were not given.

    Args:
        keys: Any of `keys.FlowKeys`.
        owner: The flow, for messages.

    Raises:
        DefinitionError: a value is not what it should be.
        TypeError: there is no such key.
    """
    read: dict[str, Any] = {}
    for key, value in keys.items():
        reader = _READERS.get(key)
        if reader is None:
            near = suggestion(key, _READERS)
            raise TypeError(f"{owner}: there is no key {key!r}" + (f". {near}" if near else ""))
        if value is not None:
            try:
                read[key] = reader(key, value)
            except DefinitionError as error:
                raise DefinitionError(f"{owner}: {error}", hint=error.hint) from None
    return FlowSettings(**read)


def params_of(params: Mapping[str, object], *, owner: str) -> dict[str, Param]:
    """Return the declared parameters; a value that is no `Param` is the default of one.

    Args:
        params: By name.
        owner: The flow, for messages.

    Raises:
        DefinitionError: one cannot be what it says.
    """
    found: dict[str, Param] = {}
    for name, value in params.items():
        try:
            found[name] = Param.infer(value)
        except DefinitionError as error:
            message = f"parameter {name!r} of {owner}: {error}"
            raise DefinitionError(message, hint=error.hint) from None
        for problem in check_param(name, found[name]):
            message = f"parameter {name!r} of {owner}: {problem.message}"
            raise DefinitionError(message, hint=problem.hint)
    return found


def _pools(key: str, value: object) -> dict[str, int]:
    return {
        checking.text(f"a name in {key}", name): checking.count(f"{key} {name}", slots)
        for name, slots in checking.mapping(key, value).items()
    }


def _on_failure(key: str, value: object) -> OnFailure:
    return checking.choice(key, value, get_args(OnFailure))


def _order(key: str, value: object) -> Order:
    return checking.choice(key, value, get_args(Order))


def _defaults(key: str, value: object) -> Settings:
    return settings_of(checking.mapping(key, value), owner=key)


_READERS: dict[str, Callable[[str, object], Any]] = {
    "description": checking.text,
    "env": checking.environment,
    "max_parallel": checking.count,
    "pools": _pools,
    "timeout": checking.positive_duration,
    "on_failure": _on_failure,
    "order": _order,
    "handlers": handlings_of,
    "defaults": _defaults,
    "cwd": checking.path,
}
