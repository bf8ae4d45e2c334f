"""Reads the sample flow files with nothing but PyYAML, and refuses keys that they must not use."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

SAMPLES = Path(__file__).parents[2] / "sample_flows"


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One task as written."""

    name: str
    description: str = ""
    function: str | None = None
    command: str | None = None
    flow: str | None = None
    approve: dict[str, Any] | None = None
    wait: dict[str, Any] | None = None
    foreach: str | None = None
    inputs: str | None = None
    outputs: str | None = None
    params: dict[str, Any] = {}
    max_parallel: int | None = None
    service: dict[str, Any] | None = None
    edges: list[str | dict[str, str]] = msgspec.field(default=[], name="depends_on")
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    retry: dict[str, Any] | int = 0
    timeout: str | float | None = None
    grace: str | float | None = None
    env: dict[str, str] = {}
    executor: str | None = None

    @property
    def depends_on(self) -> list[str]:
        """The names of the tasks that it depends on."""
        return [edge if isinstance(edge, str) else edge["task"] for edge in self.edges]


class FlowFile(msgspec.Struct, forbid_unknown_fields=True):
    """A flow file as written."""

    tasks: list[Entry]
    name: str = ""
    description: str = ""
    params: dict[str, Any] = {}
    env: dict[str, str] = {}
    max_parallel: int | None = None

    def task(self, name: str) -> Entry:
        """Return the task called `name`."""
        return next(entry for entry in self.tasks if entry.name == name)

    def downstream(self, name: str) -> set[str]:
        """Return the names of all tasks that need `name`; upstream tasks are written first."""
        found = {name}
        for entry in self.tasks:
            if found.intersection(entry.depends_on):
                found.add(entry.name)
        return found - {name}


def read(path: Path) -> FlowFile:
    """Return what the flow file says; JSON is YAML too."""
    text = path.read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), FlowFile)
