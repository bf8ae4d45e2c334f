"""What a task may know of its run, and tell it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, cast

from taskflow_core.task_log import TaskLog

OFTEN = 0.1
"""Seconds between two reports of progress; those in between are left out."""

Report = Callable[[float, float | None, str | None], None]
"""Takes what a task says of its progress: done, total, message."""


def unheard(done: float, total: float | None, message: str | None) -> None:
    """Take what a task says of its progress where nobody wants to know."""


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


class Lazy(Mapping[str, Any]):
    """Values by name, each had when it is asked for."""

    def __init__(self, stored: Mapping[str, Any], get: Callable[[Any], Any]) -> None:
        self._stored = stored
        self._get = get

    def __getitem__(self, name: str) -> Any:
        return self._get(self._stored[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


class Context(Mapping[str, Any]):
    """Handed to a parameter that is annotated `Context` or named `ctx` or `context`.

    It reads like a dict: `ctx["key"]` is the value that this task or one upstream wrote, or else
    the result of the upstream task of that name. What is written by `ctx["key"] = value` is seen
    by the tasks downstream once this one has succeeded, and by nobody else.
    """

    def __init__(  # noqa: PLR0913  what a task may know
        self,
        *,
        run_id: str,
        task: str,
        attempt: int,
        results: Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        seen: Mapping[str, Any] | None = None,
        report: Report = unheard,
        is_cancelled: Callable[[], bool] = lambda: False,
        tmp: Path | None = None,
    ) -> None:
        self.run_id = run_id
        self.task = task
        self.attempt = attempt
        """From 1."""
        self.results = results
        """Results of the tasks upstream, by name."""
        self.params: Mapping[str, Any] = params or {}
        """The values of the flow's parameters."""
        self.tmp = tmp
        """A folder for this attempt alone, removed after it; None where there is none."""
        self.log = TaskLog(task)
        """A logger; what it says is part of the task's output."""
        self.written: dict[str, Any] = {}
        """What this attempt has written so far."""
        self.seen: Mapping[str, Any] = seen or {}
        """What tasks upstream wrote, as far as this one sees it."""
        self._report = report
        self._reported_at = float("-inf")
        self._is_cancelled = is_cancelled

    def __getitem__(self, key: str) -> Any:
        if key in self.written:
            return self.written[key]
        return self.seen[key] if key in self.seen else self.results[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(cast("object", key), str):
            raise TypeError(f"a context key is a text, not {type(key).__name__}")
        self.written[key] = value

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.written, *self.seen, *self.results]))

    def __len__(self) -> int:
        return len({*self.written, *self.seen, *self.results})

    @property
    def cancelled(self) -> bool:
        """The attempt was told to stop; a task that looks at this can end cleanly."""
        return self._is_cancelled()

    def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Say how far the task is; cheap, as at most ten reports a second are passed on.

        Args:
            done: How much is done, in any unit.
            total: How much there is to do, in the same unit; None if unknown.
            message: What is being done now.
        """
        now = monotonic()
        is_last = total is not None and done >= total
        if is_last or now - self._reported_at >= OFTEN:
            self._reported_at = now
            self._report(float(done), None if total is None else float(total), message)
