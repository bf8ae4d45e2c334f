"""What tasks print, as lines that say whose they are."""

from pathlib import Path
from typing import IO

import taskflow_core.events as ev
from taskflow_core.handling import handler_name
from taskflow_core.runs import RunReader
from taskflow_tui.attempts import Tried, output_of
from taskflow_tui.terminal_text import ansi, log_line, visible

_ENDS = (
    ev.AttemptSucceeded,
    ev.AttemptStopped,
    ev.AttemptFailed,
    ev.AttemptTimedOut,
    ev.AttemptCancelled,
    ev.AttemptCrashed,
    ev.AttemptLost,
    ev.CompensationSucceeded,
    ev.CompensationFailed,
)


class OutputLines:
    """Follows the output of every attempt that runs, whole lines at a time."""

    def __init__(self, reader: RunReader) -> None:
        self._reader = reader
        self._open: dict[str, tuple[Path, int]] = {}

    def print_new(self, file: IO[str], *, of: ev.Event | None = None) -> None:
        """Print what has come since the last call: of the task that `of` is about, or of all."""
        if of is None:
            for task in tuple(self._open):
                self._print(task, file, to_end=False)
        elif isinstance(of, ev.HandlerStarted):
            self._open[handler_name(of.handler)] = self._reader.handler_output(of.handler), 0
        elif isinstance(of, ev.HandlerFinished):
            self._close(handler_name(of.handler), file)
        elif isinstance(of, ev.AttemptStarted | ev.CompensationStarted):
            self._open[of.task] = output_of(self._reader, of.task, self._tried(of)), 0
        elif isinstance(of, _ENDS):
            self._close(of.task, file)

    def _close(self, task: str, file: IO[str]) -> None:
        if task in self._open:
            self._print(task, file, to_end=True)
            del self._open[task]

    def _tried(self, event: ev.AttemptStarted | ev.CompensationStarted) -> Tried:
        task, undoes = (
            self._reader.state.task(event.task),
            isinstance(event, ev.CompensationStarted),
        )
        wanted = event.epoch, event.attempt
        attempts = task.undo if undoes else task.attempts
        return Tried(next(a for a in attempts if (a.epoch, a.attempt) == wanted), undoes)

    def _print(self, task: str, file: IO[str], *, to_end: bool) -> None:
        path, offset = self._open[task]
        try:
            with path.open("rb") as output:
                output.seek(offset)
                data = output.read()
        except FileNotFoundError:
            return
        if not to_end:
            data = data[: data.rfind(b"\n") + 1]
        self._open[task] = path, offset + len(data)
        show = ansi if file.isatty() else visible
        for line in data.splitlines():
            print(f"         {task} │ {show(log_line(line))}", file=file)
