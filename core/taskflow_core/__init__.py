"""A Python engine for task flows: define, run, watch, retry.

Names are loaded when they are first used, so importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskflow_core._version import __version__

if TYPE_CHECKING:
    from taskflow_core.bus import EventBus, Subscription
    from taskflow_core.context import Context
    from taskflow_core.definition.flow_functions import flow
    from taskflow_core.definition.flows import Flow
    from taskflow_core.definition.tasks import Task, task
    from taskflow_core.errors import Fail, Retry, Skip, TaskflowError
    from taskflow_core.events import Event
    from taskflow_core.handling import RunOutcome
    from taskflow_core.params import Param
    from taskflow_core.policies import RetryPolicy
    from taskflow_core.session.handle import RunHandle
    from taskflow_core.session.result import RunResult

_HOME = {
    "Context": "context",
    "Event": "events",
    "EventBus": "bus",
    "Fail": "errors",
    "Flow": "definition.flows",
    "Param": "params",
    "Retry": "errors",
    "RetryPolicy": "policies",
    "RunHandle": "session.handle",
    "RunOutcome": "handling",
    "RunResult": "session.result",
    "Skip": "errors",
    "Subscription": "bus",
    "Task": "definition.tasks",
    "TaskflowError": "errors",
    "flow": "definition.flow_functions",
    "task": "definition.tasks",
}

__all__ = [
    "Context",
    "Event",
    "EventBus",
    "Fail",
    "Flow",
    "Param",
    "Retry",
    "RetryPolicy",
    "RunHandle",
    "RunOutcome",
    "RunResult",
    "Skip",
    "Subscription",
    "Task",
    "TaskflowError",
    "__version__",
    "flow",
    "task",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
