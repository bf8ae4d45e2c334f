"""Which keys say nothing about a kind of task, and why."""

from collections.abc import Collection, Mapping

from taskflow_core.definition.task_settings import Settings
from taskflow_core.errors import DefinitionError
from taskflow_core.specs import SLOTLESS

_OF_COMMANDS = "that is for commands and scripts"
_OF_SCRIPTS = "that is for scripts"
_OF_SUB_FLOWS = "that is for sub-flows"
_NO_FUNCTION = "it has its arguments in it"
_OWN_PROCESS = "it is a process of its own"
_NOTHING_RUNS = "nothing is run"
_NOTHING_DONE = "there is nothing to undo"
_ITS_TASKS = "its tasks have their own"

_OF_WORK = "that is for commands, scripts and functions"

_SUB_FLOW = {
    "service": _OF_WORK,
    "args": "it gets its values by `params`",
    "kwargs": "it gets its values by `params`",
    "env": f"{_ITS_TASKS}; pass a value by `params`",
    "timeout": _ITS_TASKS,
    "rollback": "what its tasks did is undone by their own",
    "rollback_on": "what its tasks did is undone by their own",
    **dict.fromkeys(
        ("cwd", "executor", "grace", "output", "pool", "retry", "shell", "success_exit_codes"),
        _ITS_TASKS,
    ),
    **dict.fromkeys(("cache", "inputs", "outputs"), _ITS_TASKS),
}
_WAITING = {
    "service": _OF_WORK,
    "params": _OF_SUB_FLOWS,
    "max_parallel": "it holds no slot",
    "pool": "it holds no slot",
    "rollback": _NOTHING_DONE,
    "rollback_on": _NOTHING_DONE,
    **dict.fromkeys(("args", "env", "executor", "grace", "kwargs", "output"), _NOTHING_RUNS),
    **dict.fromkeys(("retry", "shell", "success_exit_codes"), _NOTHING_RUNS),
    **dict.fromkeys(("cache", "inputs", "outputs"), _NOTHING_RUNS),
}
MEANINGLESS: dict[str, dict[str, str]] = {
    "function": {
        "shell": _OF_SCRIPTS,
        "output": _OF_COMMANDS,
        "success_exit_codes": _OF_COMMANDS,
        "params": f"{_OF_SUB_FLOWS}; a function's arguments go into `kwargs`",
    },
    "command": {
        "executor": _OWN_PROCESS,
        "args": _NO_FUNCTION,
        "kwargs": _NO_FUNCTION,
        "shell": "that is for scripts; `sh` runs a command line",
        "params": _OF_SUB_FLOWS,
    },
    "script": {
        "executor": _OWN_PROCESS,
        "args": _NO_FUNCTION,
        "kwargs": _NO_FUNCTION,
        "params": _OF_SUB_FLOWS,
    },
    "flow": _SUB_FLOW,
    "approve": {**_WAITING, "cwd": _NOTHING_RUNS},
    "wait": _WAITING,
}
"""By kind of task: keys, and why they do not go with it."""

WITH_SERVICE = {
    "foreach": "each copy would need dependents of its own; map a sub-flow that has it in it",
    "output": "it has no result",
    **dict.fromkeys(("cache", "inputs", "outputs"), "an earlier one stands in for nothing"),
}
"""Keys that do not go with `service`, and why."""
SERVICE_EXECUTOR = "process"
"""What runs a function that is a service."""
NO_SERVICE = "only what runs in a process of its own can be stopped for sure"
"""Why a service cannot have another executor."""


def check_fits(owner: str, kind: str, said: Mapping[str, object]) -> None:
    """Refuse a task, made in Python, that has keys which say nothing about its kind.

    Args:
        owner: The task, for messages.
        kind: What it does.
        said: Everything else it says, by key.

    Raises:
        DefinitionError: it has such keys.
    """
    unfit = MEANINGLESS[kind]
    executor = said.get("executor")
    if executor == "shell" and kind == "function":
        raise DefinitionError(f"{owner} is a function, which the shell cannot run")
    for key in said:
        if key in unfit and not (key == "executor" and executor == "shell"):
            raise DefinitionError(f"{owner} has {key}: {unfit[key]}", hint="Drop it.")
    for key in WITH_SERVICE if "service" in said else ():
        if key in said:
            raise DefinitionError(f"{owner} is a service and has {key}: {WITH_SERVICE[key]}")
    if "service" in said and kind == "function" and executor not in {None, SERVICE_EXECUTOR}:
        message = f"{owner} is a service and has executor {executor!r}: {NO_SERVICE}"
        raise DefinitionError(message, hint=f"Use {SERVICE_EXECUTOR!r}.")
    if "max_parallel" in said and not may_limit(kind, said):
        raise DefinitionError(f"{owner} has max_parallel: {LIMITS}", hint=LIMIT_HINT)


LIMITS = "that is for tasks with `foreach` or `flow`"
LIMIT_HINT = "A single task runs once; `pool` limits several tasks together."


def may_limit(kind: str, keys: Collection[str]) -> bool:
    """Say whether a task with these keys has others inside, whose number can be limited."""
    return kind == "flow" or "foreach" in keys


def defaults_for(kind: str, defaults: Settings, *, is_service: bool = False) -> Settings:
    """Return which of a flow's `defaults` are for a kind of task.

    How long an attempt may take says nothing of how long a person has, or of how long a service is
    needed, so `timeout` is not for tasks that wait, nor for services.
    """
    if is_service:
        own = {"timeout", "executor", *WITH_SERVICE}
        return {key: value for key, value in defaults.items() if key not in own}
    if kind not in SLOTLESS:
        return defaults
    unfit = MEANINGLESS[kind]
    return {key: value for key, value in defaults.items() if key not in unfit and key != "timeout"}
