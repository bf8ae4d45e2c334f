"""Running flows that are cached, and seeing what came of looking things up."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taskflow_core import Flow, RunResult, Task
from taskflow_core.state import CacheCheck


def run(*tasks: Task, **options: Any) -> RunResult:
    """Run tasks as a flow that is the same every time."""
    return Flow("cached", tasks).run(**options)


def check(results: RunResult, name: str = "t") -> CacheCheck:
    """Return what came of looking up whether a task had to run."""
    found = results.tasks[name].cache
    assert found is not None, "nobody looked"
    return found


def missed(results: RunResult, name: str = "t") -> str:
    """Return why a task had to run."""
    found = check(results, name)
    assert not found.hit, found.reason
    assert results.tasks[name].reason == "executed"
    return found.reason


def hit(results: RunResult, name: str = "t") -> bool:
    """Say whether an earlier success stood in for a task."""
    found = results.tasks[name]
    assert (found.reason == "cached") is check(results, name).hit
    return found.reason == "cached"


def entries(state: Path) -> list[Path]:
    """Return the files of all entries."""
    return sorted((state / "cache").glob("*/*.entry"))


def payloads(state: Path) -> list[Path]:
    """Return the files of all results that are not part of their entries."""
    return sorted((state / "cache").glob("*/*.pkl"))


class Tally:
    """Counts how often a function is called, in whatever process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> None:
        with self.path.open("a") as file:
            file.write("x")

    @property
    def count(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


def module(folder: Path, name: str, source: str) -> Path:
    """Write a Python file."""
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(source))
    return path


Make = Callable[[], Task]
