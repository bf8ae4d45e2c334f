"""Running the command of a probe: for so long as it may take, and nothing of it is left."""

import os
import subprocess
import threading
import time

from taskflow_core.executors.base import Workplace
from taskflow_core.executors.command_line import environment
from taskflow_core.executors.pipes import Pipes, Tail, end_of
from taskflow_core.outcomes import Job
from taskflow_core.output import BOTH, OutputFile
from taskflow_core.process_tree import COOKIE, group_outlives, kill_tree

BEAT = 0.1
"""Seconds between two looks at whether nobody wants to know any more."""
_KEPT = 2048
"""Bytes at the end of what it prints that its last line is looked for in."""


class ProbeCommand:
    """The command of a probe, with the folder and the environment of the task.

    Args:
        place: The run.
        job: The attempt that it is about.
        line: The program and its arguments.
    """

    def __init__(self, place: Workplace, job: Job, line: list[str]) -> None:
        self._line = line
        self._cwd = place.spec(job).options.cwd
        # What is left of the attempt is found by its cookie, and must not be found here.
        self._cookie = f"{place.cookie(job)}.probe"
        self._env = {**os.environ, **environment(place, job), COOKIE: self._cookie}

    def why_not(self, deadline: float, over: threading.Event) -> str | None:
        """Return what it says if it does not exit with 0; None if it does.

        Args:
            deadline: When, on the monotonic clock, it is too late.
            over: Set once nobody wants to know any more.
        """
        try:
            process = subprocess.Popen(
                self._line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._cwd,
                env=self._env,
                start_new_session=True,
            )
        except OSError as error:
            return f"cannot run it: {error}"
        with process:
            said = Tail(_KEPT)
            if not _follow(process, said, deadline, over):
                kill_tree(process.pid, self._cookie)
                process.wait()
                return _with("no answer in time", said)
            code = process.wait()
            if group_outlives(process.pid):
                kill_tree(process.pid, self._cookie, reaped=True)
        return _with(f"exit code {code}", said) if code else None


def _follow(
    process: subprocess.Popen[bytes], said: Tail, deadline: float, over: threading.Event
) -> bool:
    """Read what a command prints until it has ended; False if that takes too long."""
    assert process.stdout is not None
    ended = end_of(process)
    try:
        pipes = Pipes(OutputFile(None), ended)
        pipes.add(process.stdout.fileno(), BOTH, said.add)
        while process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0 or over.is_set():
                return False
            pipes.wait(min(left, BEAT if pipes.is_open or ended is not None else BEAT / 10))
        pipes.drain(0.0)
        return True
    finally:
        if ended is not None:
            os.close(ended)


def _with(what: str, said: Tail) -> str:
    last = said.text().strip().rpartition("\n")[2]
    return f"{what}: {last}" if last else what
