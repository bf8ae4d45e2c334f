"""Commands: each a session of its own, its output read by the thread that waits for it."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence

from taskflow_core.executors.base import Began, Workplace
from taskflow_core.executors.pipes import Pipes
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.output import STDERR, STDOUT, OutputFile
from taskflow_core.preview import preview
from taskflow_core.process_tree import ask_to_stop, group_exists, kill_tree
from taskflow_core.results import ResultError

RESULT_LIMIT = 1024 * 1024
"""A command's result is the end of its standard output, at most this many bytes."""
BEAT = 0.05
"""Seconds between looks at whether a command has ended, where the system cannot tell of itself."""
DRAIN = 0.25
"""Seconds that output is still read after a command has ended, for children that hold its pipe."""


class ShellExecutor:
    """Runs a command line with `sh -c`, or a list as it is. The result is its standard output."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._lock = threading.Lock()
        self._running: dict[Job, subprocess.Popen[bytes]] = {}
        self._told: dict[Job, bool] = {}
        """The attempts that were told to stop; True if they are to be killed."""

    def run(self, job: Job, began: Began) -> Outcome:
        output = self._workplace.output(job)
        tmp = self._workplace.tmp(job)
        try:
            tmp.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._run(job, began, output)
        except OSError as error:
            return Failed(error=f"cannot run it: {error}", names=("OSError",))
        finally:
            with self._lock:
                self._running.pop(job, None)
                self._told.pop(job, None)
            output.close()
            shutil.rmtree(tmp, ignore_errors=True)

    def stop(self, job: Job, *, kill: bool) -> None:
        with self._lock:
            self._told[job] = kill
            process = self._running.get(job)
        if process is not None:
            _signal(process, kill=kill)

    def forget_code(self) -> None:
        """Commands hold no code."""

    def close(self) -> None:
        """Nothing is kept between commands."""

    def _run(self, job: Job, began: Began, output: OutputFile) -> Outcome:
        process = self._spawn(job)
        with self._lock:
            self._running[job] = process
            told = self._told.get(job)
        began(job, process.pid, None)
        if told is not None:
            _signal(process, kill=told)
        text, last, trouble = _Tail(RESULT_LIMIT), _Tail(2048), None
        with process:
            try:
                _read_to_end(process, output, text, last)
            except OSError as error:  # nobody reads on, so it must not go on either
                trouble = Failed(error=f"its output cannot be kept: {error}", names=("OSError",))
                _signal(process, kill=True)
            code = process.wait()
            left = self._clean_up(job, process)
        told = self._told.get(job)
        if told is not None:
            return Stopped(forced=told, leftovers=left)
        return trouble or self._outcome(job, code, text, last)

    def _spawn(self, job: Job) -> subprocess.Popen[bytes]:
        spec = self._workplace.spec(job)
        command = spec.command or ()
        line: Sequence[str] = ["sh", "-c", command] if isinstance(command, str) else command
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=spec.options.cwd,
            env={**os.environ, **self._workplace.environment(job)},
            start_new_session=True,
        )

    def _clean_up(self, job: Job, process: subprocess.Popen[bytes]) -> int:
        """End what a command left behind; after a stop, make sure that nothing is left."""
        if job in self._told or group_exists(process.pid):
            return kill_tree(process.pid, self._workplace.cookie(job))
        return 0

    def _outcome(self, job: Job, code: int, text: "_Tail", last: "_Tail") -> Outcome:
        if code < 0:
            name = signal.Signals(-code).name
            return Crashed(error=f"killed by {name}", signal=name, exit_code=code)
        if code > 0:
            line = last.text().strip().rpartition("\n")[2]
            error = f"exit code {code}: {line}" if line else f"exit code {code}"
            return Failed(error=error, exit_code=code, names=("CommandError",))
        result = text.text().rstrip("\n")
        try:
            shown = self._workplace.results.put(*job.key, result)
        except ResultError as error:
            return Failed(error=str(error), final=True)
        return Succeeded(shown if shown is not None else preview(result))


def _read_to_end(
    process: subprocess.Popen[bytes], output: OutputFile, text: "_Tail", last: "_Tail"
) -> None:
    """Copy a command's output until the command itself has ended."""
    assert process.stdout is not None
    assert process.stderr is not None
    ended = _end_of(process)
    try:
        pipes = Pipes(output, ended)
        pipes.add(process.stdout.fileno(), STDOUT, text.add)
        pipes.add(process.stderr.fileno(), STDERR, last.add)
        while pipes.is_open and not pipes.wait(BEAT if ended is None else None):
            if ended is None and process.poll() is not None:
                break
        pipes.drain(DRAIN)
    finally:
        if ended is not None:
            os.close(ended)


def _end_of(process: subprocess.Popen[bytes]) -> int | None:
    """Return a descriptor that becomes readable when the process ends; None where there is none."""
    try:
        return os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # macOS, or a very old Linux
        return None


def _signal(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    if kill:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        ask_to_stop(process.pid)


class _Tail:
    """Keeps the end of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > 2 * self._limit:
            del self._data[: -self._limit]

    def text(self) -> str:
        return bytes(self._data[-self._limit :]).decode(errors="replace")
