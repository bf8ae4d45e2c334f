"""Tasks as a plan has them: with what their flow says for those that do not say."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from taskflow_core.calling import is_coroutine_callable
from taskflow_core.definition.fitting import SERVICE_EXECUTOR, defaults_for
from taskflow_core.definition.handler_keys import Handling
from taskflow_core.definition.rollback_keys import Undoing
from taskflow_core.definition.task_settings import NO_SETTINGS, Settings, overlaid
from taskflow_core.definition.tasks import Task
from taskflow_core.plan import RollbackSpec, TaskOptions, TaskSpec
from taskflow_core.specs import SLOTLESS

_IN_OPTIONS = frozenset(TaskOptions.__struct_fields__)
_UNDOING = frozenset({"thread", "process", "async", "inline"})
"""What can run functions that undo."""


class _Form(msgspec.Struct, frozen=True):
    """What tasks share that are run alike."""

    options: TaskOptions
    fields: dict[str, Any]
    """Further fields of their `TaskSpec`."""


class Planner:
    """Makes the tasks of one flow into those of a plan; tasks that are run alike share options.

    Args:
        executor: What runs functions that do not say. In place of threads, the event loop runs
            those that are `async def`.
        cwd: The folder tasks run in, and where their own `cwd` is looked for.
        env: Variables for every task.
        defaults: The settings of tasks that do not say otherwise.
    """

    def __init__(
        self,
        *,
        executor: str,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        defaults: Settings = NO_SETTINGS,
    ) -> None:
        self._executor = executor
        self._cwd = cwd
        self._env = env or {}
        self._defaults = defaults
        self._forms: dict[tuple[object, ...], _Form] = {}
        self._default_executor = defaults.get("executor")
        self._natural: dict[int, str] = {}
        """What runs a function if nobody says, by its identity: many tasks may share one."""

    def spec(self, task: Task) -> TaskSpec:
        """Return the task as a plan has it."""
        kind, executor, settings = task.kind, self._executor_of(task), task.settings
        key = (kind, executor, *settings.items()) if settings else (kind, executor)
        if task.is_service:
            key = ("service", *key)
        form = self._forms.get(key) or self._forms.setdefault(key, self._form(task, executor))
        spec = TaskSpec(
            name=task.name,
            kind=kind,
            function=task.function,
            command=task.command,
            script=task.script,
            args=task.args,
            kwargs=task.kwargs,
            depends_on=task.depends_on,
            conditions=task.conditions,
            description=task.description,
            rollback=self._rollback(task.undoing, executor),
            options=form.options,
        )
        if not (form.fields or task.more):
            return spec
        return msgspec.structs.replace(spec, **form.fields, **task.more)

    def handler(self, handling: Handling) -> TaskSpec:
        """Return what is done once a run has ended as a plan has it."""
        return handling.spec(self._executor, env=self._env, cwd=self._cwd)

    def _executor_of(self, task: Task) -> str:
        if task.kind != "function":
            return "shell" if task.kind not in SLOTLESS else TaskOptions().executor
        if task.is_service:
            return SERVICE_EXECUTOR
        chosen = task.settings.get("executor") or self._default_executor
        return chosen or self._natural.get(id(task.func)) or self._natural_of(task.func)

    def _natural_of(self, func: Callable[..., Any] | None) -> str:
        may_wait = self._executor == "thread" and func is not None and is_coroutine_callable(func)
        return self._natural.setdefault(id(func), "async" if may_wait else self._executor)

    def _rollback(self, undoing: Undoing | None, executor: str) -> RollbackSpec | None:
        if undoing is None:
            return None
        return RollbackSpec(
            executor=self._executor_undoing(undoing, executor),
            function=undoing.function,
            command=undoing.command,
            timeout=undoing.timeout,
            grace=undoing.grace,
            retry=undoing.retry,
            env=undoing.env,
        )

    def _executor_undoing(self, undoing: Undoing, executor: str) -> str:
        if undoing.command is not None:
            return "shell"
        func = undoing.func
        is_async = func is not None and is_coroutine_callable(func)
        return executor_undoing(executor, is_async=is_async, otherwise=self._executor)

    def _form(self, task: Task, executor: str) -> _Form:
        defaults = defaults_for(task.kind, self._defaults, is_service=task.is_service)
        settings: dict[str, Any] = {**overlaid(defaults, task.settings), "executor": executor}
        env = {} if task.kind in SLOTLESS else self._env
        settings["env"] = {**env, **self._variables(defaults, task.settings)}
        settings["cwd"] = folder_in(self._cwd, settings.get("cwd"))
        if task.kind != "script":
            settings.pop("shell", None)
        options = {key: value for key, value in settings.items() if key in _IN_OPTIONS}
        fields = {key: value for key, value in settings.items() if key not in _IN_OPTIONS}
        return _Form(TaskOptions(**options), fields)

    def _variables(self, *settings: Settings) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in settings:
            found.update(each.get("env", ()))
        return found


def executor_undoing(executor: str, *, is_async: bool, otherwise: str) -> str:
    """Return what runs the function that undoes a task.

    Args:
        executor: What runs the task.
        is_async: The function is known to be `async def`.
        otherwise: What runs it where the task's own cannot: that of a command, or one that is
            installed.
    """
    if executor == "async" and not is_async:
        return "thread"
    return executor if executor in _UNDOING else otherwise


def folder_in(outer: str | None, inner: str | None) -> str | None:
    """Return `inner`, looked for in `outer`; None stands for the process's own folder."""
    if inner is None or outer is None:
        return inner or outer
    return os.path.join(outer, inner)  # noqa: PTH118  text, as the plan has it
