"""`service` as people write it in Python, checked."""

from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

import taskflow_core.definition.checking as checking
from taskflow_core.definition.task_bodies import command_of
from taskflow_core.errors import DefinitionError
from taskflow_core.expressions import has_expressions
from taskflow_core.readiness import (
    Address,
    Probe,
    Service,
    StopSignal,
    Way,
    http_address,
    log_pattern,
    tcp_address,
)

WAYS: tuple[Way, ...] = get_args(Way)
STOP_SIGNALS: tuple[StopSignal, ...] = get_args(StopSignal)


def service_of(owner: str, value: object) -> Service:
    """Return what True, or a mapping with `ready` and `stop`, says of a service.

    Args:
        owner: The name of the task.
        value: What it has as `service`.

    Raises:
        DefinitionError: it is neither, or a field is not what it should be.
    """
    key = f"service of task {owner!r}"
    if value is True:
        return Service()
    if not isinstance(value, Mapping):
        raise checking.wrong(key, "True or a mapping", value, hint="Write {'ready': …}.")
    value = cast("object", value)
    said = checking.known(key, value, ("ready", "stop"))
    stop = checking.choice(f"{key}: stop", said.get("stop", "TERM"), STOP_SIGNALS)
    return Service(
        ready=_probe(f"{key}: ready", said["ready"]) if "ready" in said else None, stop=stop
    )


def _probe(key: str, value: object) -> Probe:
    said = checking.known(key, value, tuple(_READERS))
    if len(said.keys() & set(WAYS)) != 1:
        message = f"{key} needs exactly one of {', '.join(WAYS)}"
        raise DefinitionError(message, hint="Say once how to find out.")
    read: dict[str, Any] = {
        name: _READERS[name](f"{key}: {name}", each) for name, each in said.items()
    }
    return Probe(**read)


def _tcp(key: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _address(key, value, tcp_address)


def _http(key: str, value: object) -> str:
    return _address(key, value, http_address)


def _address(key: str, value: object, read: Callable[[str], Address]) -> str:
    text = checking.text(key, value)
    if not has_expressions(text):
        try:
            read(text)
        except ValueError as error:
            raise DefinitionError(f"{key} is {error}") from None
    return text


def _log(key: str, value: object) -> str:
    text = checking.text(key, value)
    try:
        log_pattern(text)
    except ValueError as error:
        raise DefinitionError(f"{key} is {error}") from None
    return text


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "command": command_of,
    "tcp": _tcp,
    "http": _http,
    "log": _log,
    "every": checking.positive_duration,
    "timeout": checking.positive_duration,
    "within": checking.positive_duration,
}
PROBE_KEYS = tuple(_READERS)
"""What a probe may say."""
