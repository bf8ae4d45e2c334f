"""A Python engine for task flows: define, run, watch, retry.

Names are loaded when they are first used, so importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskflow_core._version import __version__

if TYPE_CHECKING:
    from taskflow_core.bus import EventBus, Subscription
    from taskflow_core.context import Context
    from taskflow_core.errors import Fail, Retry, Skip, TaskflowError
    from taskflow_core.events import Event
    from taskflow_core.flow import Flow, Task, task
    from taskflow_core.policies import RetryPolicy
    from taskflow_core.session import RunHandle, RunResult

_HOME = {
    "Context": "context",
    "Event": "events",
    "EventBus": "bus",
    "Fail": "errors",
    "Flow": "flow",
    "Retry": "errors",
    "RetryPolicy": "policies",
    "RunHandle": "session",
    "RunResult": "session",
    "Skip": "errors",
    "Subscription": "bus",
    "Task": "flow",
    "TaskflowError": "errors",
    "task": "flow",
}

__all__ = [
    "Context",
    "Event",
    "EventBus",
    "Fail",
    "Flow",
    "Retry",
    "RetryPolicy",
    "RunHandle",
    "RunResult",
    "Skip",
    "Subscription",
    "Task",
    "TaskflowError",
    "__version__",
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
