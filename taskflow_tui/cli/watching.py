"""Following a run from the command line, until it ends or the person leaves."""

import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import IO

import click

from taskflow_core import runs
from taskflow_core.control import ControlClient
from taskflow_core.errors import RefusedError, RunError
from taskflow_core.events import Event, as_json
from taskflow_core.handling import handler_name, pending_handlers
from taskflow_core.runs import RunReader
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_tui.answers import answer_command
from taskflow_tui.cli.event_lines import event_line, summary_line
from taskflow_tui.cli.options import json_option, run_argument, state_option
from taskflow_tui.cli.task_output import OutputLines
from taskflow_tui.handlers import CUT_OFF
from taskflow_tui.tallies import Tallies
from taskflow_tui.terminal_text import safe_text

BEAT = 0.05
"""Seconds between looks at the journal when no tick comes."""

EXIT_CODES = {
    RunStatus.SUCCEEDED: 0,
    RunStatus.PARTIAL: 0,
    RunStatus.FAILED: 1,
    RunStatus.CANCELLED: 1,
    RunStatus.ROLLED_BACK: 4,
    RunStatus.ROLLBACK_FAILED: 5,
}
"""What a command that followed a run to its end exits with."""
HANGUP, PIPE, CANNOT_WRITE = 129, 141, 74


@click.command("attach")
@run_argument
@json_option
@state_option
def attach_command(ref: str, as_json: bool, state_dir: Path | None) -> int:
    """Follow a run as plain lines until it ends; closing the terminal lets it go on.

    Example: taskflow-tui attach @last
    """
    return follow(ref, as_json=as_json, state_dir=state_dir)


def follow(
    ref: str, *, as_json: bool, state_dir: Path | None, waits_for_people: bool = True
) -> int:
    """Print a run as it goes on, and return the exit code that its end stands for.

    Args:
        ref: The run.
        as_json: Print its events as JSON.
        state_dir: Where runs are kept.
        waits_for_people: Go on when nothing happens any more before a person does something;
            else leave the run alone then, and return 1.
    """
    reader = runs.open_run(ref, state_dir)
    reader.close()
    try:
        follower = _Follower(reader.run, as_json=as_json, state_dir=state_dir)
        return follower.follow(waits_for_people=waits_for_people)
    except OSError as error:  # nobody reads on, or the disk that takes it is full
        return _stop_printing(reader.run, error)


def _stop_printing(run: str, error: OSError) -> int:
    """Give up on standard output; the run does not depend on it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    why = "nobody reads this any more" if isinstance(error, BrokenPipeError) else error.strerror
    print(f"taskflow-tui: {why}; follow the run with  taskflow-tui attach {run}", file=sys.stderr)
    return PIPE if isinstance(error, BrokenPipeError) else CANNOT_WRITE


class _Follower:
    """Prints one run, and passes on what the person's signals mean."""

    def __init__(self, run: str, *, as_json: bool, state_dir: Path | None) -> None:
        self._run = run
        self._as_json = as_json
        self._state_dir = state_dir
        self._reader = runs.RunReader(runs.folder_of(run, state_dir))
        self._output = OutputLines(self._reader)
        self._interrupts = 0
        self._asked = 0
        self._ended_by: int | None = None

    def follow(self, *, waits_for_people: bool) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hear)
        client = _connect(self._run, self._state_dir)
        while True:
            is_over = self._reader.is_over  # before the last look, so that nothing is missed
            self._print(self._reader.poll())
            if is_over and self._reader.is_over:
                return self._end()
            if self._ended_by == signal.SIGHUP or self._interrupts > 2:
                return HANGUP if self._ended_by == signal.SIGHUP else 130
            if not waits_for_people and needs_person(self._reader.state):
                print(_left_waiting(self._reader.state), file=sys.stderr)
                return 1
            self._pass_on(client)
            if client is None:
                client = _connect(self._run, self._state_dir)
            if client is not None:
                client.wait_for_tick(BEAT)

    def _hear(self, number: int, _: FrameType | None) -> None:
        self._ended_by = number
        if number != signal.SIGHUP:
            self._interrupts += 1

    def _pass_on(self, client: ControlClient | None) -> None:
        if self._asked >= self._interrupts or client is None:
            return
        self._asked = self._interrupts
        words = "stopping; again to kill, a third time to leave" if self._asked == 1 else "killing"
        print(f"taskflow-tui: {words}", file=sys.stderr)
        try:
            client.ask("cancel", by="cli")
        except RefusedError:
            return
        except RunError:
            return

    def _print(self, events: Iterable[Event]) -> None:
        for event in events:
            if self._as_json:
                line: str | None = json.dumps(as_json(event))
            else:
                line = event_line(event, self._reader.state)
                self._output.print_new(sys.stdout, of=event)
            if line is not None:
                _say(line, sys.stdout)
        if not self._as_json:
            self._output.print_new(sys.stdout)
        sys.stdout.flush()

    def _end(self) -> int:
        status = self._reader.status
        if status is RunStatus.INTERRUPTED:
            print(f"taskflow-tui: {summary_line(self._reader.state, status)}", file=sys.stderr)
            print(_last_words(self._reader), file=sys.stderr)
            return 1
        for handler in map(handler_name, pending_handlers(self._reader.state)):
            print(f"taskflow-tui: {handler} was {CUT_OFF}", file=sys.stderr)
        if self._ended_by is not None and status is RunStatus.CANCELLED:
            return 128 + self._ended_by
        return EXIT_CODES[status]


def needs_person(state: RunState) -> bool:
    """Say whether nothing more happens in a run before a person does something."""
    counts = state.counts
    if counts[TaskStatus.RUNNING] or counts[TaskStatus.QUEUED]:
        return False
    if state.state in {RunStatus.PAUSED, RunStatus.STALLED}:
        return True
    if state.state is not RunStatus.RUNNING or not counts[TaskStatus.WAITING]:
        return False
    if counts[TaskStatus.READY] or counts[TaskStatus.RETRY_WAIT]:
        return False
    what = {t.waiting.what for t in state.tasks if t.waiting and t.state is TaskStatus.WAITING}
    return what == {"approval"}


def _left_waiting(state: RunState) -> str:
    asking = [answer_command(state.run, state.plan.tasks[n]) for n in Tallies(state).asking]
    lines = [f"  {safe_text(command)}" for command in asking]
    lines.append(f"  taskflow-tui attach {state.run}  follows it")
    why = (
        "a person is needed, and --no-wait was given: the run goes on waiting without this command"
    )
    return "\n".join([f"taskflow-tui: {why}", *lines])


def _connect(run: str, state_dir: Path | None) -> ControlClient | None:
    try:
        return runs.attach(run, state_dir)
    except RunError:
        return None


def _last_words(reader: RunReader) -> str:
    text = reader.folder.runner_log.read_text(errors="replace").strip()
    said = f" It said: {text.splitlines()[-1]}" if text else ""
    return f"  The process that ran it died.{said}"


def _say(line: str, file: IO[str]) -> None:
    print(line, file=file)
