"""The tasks of Python flow files, for those who call their functions."""

from taskflow_core.errors import TaskflowError
from taskflow_core.flow_module import TaskInFile, code_in, flow_in, load_flow_module
from taskflow_core.plan import Home


class FileTasks:
    """Finds tasks in flow files; each file is executed once for each of its flows."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], dict[str, TaskInFile]] = {}
        """By file and flow, and by name."""

    def task(self, home: Home) -> TaskInFile:
        """Return a task.

        Raises:
            TaskflowError: the file cannot be executed, or has no such task.
        """
        key = home.source or "", home.flow_name
        if key not in self._known:
            self._known[key] = code_in(flow_in(load_flow_module(key[0]), home.flow_name))
        found = self._known[key].get(home.task)
        if found is None:
            raise TaskflowError(f"{home.source} has no task {home.task!r} any more")
        return found

    def forget(self) -> None:
        """Execute the files again when they are needed next."""
        self._known.clear()
