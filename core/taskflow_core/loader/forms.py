"""What tasks share that are run alike: the same object, so that large plans stay small."""

import os
from typing import Any

from taskflow_core.definition.fitting import defaults_for
from taskflow_core.definition.task_settings import NO_SETTINGS, Settings, overlaid
from taskflow_core.plan import TaskOptions
from taskflow_core.specs import SLOTLESS

_IN_OPTIONS = frozenset(TaskOptions.__struct_fields__)


class Forms:
    """Completes what tasks say with what their flow says.

    Args:
        folder: Where tasks run, and where their own `cwd` is looked for.
        env: Variables for every task.
        defaults: The settings of tasks that do not say otherwise.
    """

    def __init__(self, folder: str, env: dict[str, str], defaults: Settings = NO_SETTINGS) -> None:
        self._folder = folder
        self._env = env
        self._defaults = {key: value for key, value in defaults.items() if key != "env"}
        self._env_with_defaults = {**env, **dict(defaults.get("env", ()))}
        self._shared: dict[frozenset[tuple[str, Any]], TaskOptions] = {}

    def complete(
        self, kind: str, own: Settings, *, is_service: bool = False
    ) -> tuple[TaskOptions, dict[str, Any]]:
        """Return a task's options, and further fields of its `TaskSpec`.

        Args:
            kind: Of the task.
            own: What the task itself says.
            is_service: It is one.
        """
        defaults = defaults_for(kind, self._defaults, is_service=is_service)
        settings = overlaid(defaults, own)
        if kind in SLOTLESS:
            settings["executor"] = TaskOptions().executor
        elif kind != "function":
            settings["executor"] = "shell"
        if kind != "script":
            settings.pop("shell", None)
        said = {key: value for key, value in settings.items() if key in _IN_OPTIONS}
        runs = kind not in SLOTLESS
        key = frozenset([*said.items(), ("runs", runs)])
        if key not in self._shared:
            self._shared[key] = self._options(said, self._env_with_defaults if runs else {})
        rest = {key: value for key, value in settings.items() if key not in _IN_OPTIONS}
        return self._shared[key], rest

    def _options(self, said: dict[str, Any], env: dict[str, str]) -> TaskOptions:
        fields: dict[str, Any] = {"executor": "process", **said}
        fields["env"] = {**env, **dict(said.get("env", ()))}
        if "cwd" in said:
            fields["cwd"] = os.path.join(self._folder, said["cwd"])  # noqa: PTH118  text
        else:
            fields["cwd"] = self._folder
        return TaskOptions(**fields)
