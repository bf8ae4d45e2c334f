"""What a task may know about its run."""

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any


class Results(Mapping[str, Any]):
    """The results of the tasks upstream, near and far, by name; loaded when asked for."""

    def __init__(self, names: list[str], get: Callable[[str], Any]) -> None:
        self._names = names
        self._get = get

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            known = ", ".join(self._names) or "none"
            raise KeyError(f"{name!r} is not upstream of this task; upstream: {known}")
        return self._get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Context(Mapping[str, Any]):
    """Handed to a parameter that is annotated `Context` or named `ctx` or `context`.

    It reads like a dict of the results upstream: `ctx["fetch"]` is that of the task `fetch`.
    """

    def __init__(
        self,
        *,
        run_id: str,
        task: str,
        attempt: int,
        results: Mapping[str, Any],
        is_cancelled: Callable[[], bool] = lambda: False,
        tmp: Path | None = None,
    ) -> None:
        self.run_id = run_id
        self.task = task
        self.attempt = attempt
        """From 1."""
        self.results = results
        """Results of the tasks upstream, by name."""
        self.tmp = tmp
        """A folder for this attempt alone, removed after it; None where there is none."""
        self.log = logging.getLogger("taskflow.task")
        """A standard logger; what it says is part of the task's output."""
        self._is_cancelled = is_cancelled

    def __getitem__(self, name: str) -> Any:
        return self.results[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @property
    def cancelled(self) -> bool:
        """The attempt was told to stop; a task that looks at this can end cleanly."""
        return self._is_cancelled()
