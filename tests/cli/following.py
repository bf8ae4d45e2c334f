"""A run that is followed event by event, so that a test can act at the right moment."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tests.cli.command import Command


class Following:
    """Reads the events of one run."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.seen: list[dict[str, Any]] = []
        """Every event so far."""
        self.complaints = ""
        """What was said on standard error, when it has ended."""

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Read on to the next event of that kind and with those fields, and return it."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            self.seen.append(event)
            if event["kind"] == kind and fields.items() <= event.items():
                return dict(event)
        raise AssertionError(f"the run ended without {kind}: {self.seen[-3:]}")

    def code(self) -> int:
        """Read on to the end, and return the exit code."""
        _, self.complaints = self._process.communicate(timeout=30)
        return self._process.returncode

    def interrupt(self, number: int) -> None:
        """Send the command a signal."""
        self._process.send_signal(number)


@contextmanager
def following(taskflow: Command, *words: str) -> Generator[Following]:
    """Start `run --json WORDS` and follow it; a run that is still live at the end is cancelled."""
    process = taskflow.start("run", "--json", *words)
    with process:
        try:
            yield Following(process)
        finally:
            if process.poll() is None:
                taskflow("cancel", "@last")
                process.communicate(timeout=30)
