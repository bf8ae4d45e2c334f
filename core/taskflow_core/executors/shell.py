"""Commands: each a session of its own, its output read by the thread that waits for it."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import get_args

import taskflow_core.oom as oom
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Began, Workplace
from taskflow_core.executors.command_line import command_line, command_of, environment
from taskflow_core.executors.command_result import CommandResultError, command_result
from taskflow_core.executors.exec_failure import MISSING, crlf_script, why_not_run
from taskflow_core.executors.exit_status import killed
from taskflow_core.executors.pipes import Pipes, Tail, end_of
from taskflow_core.folder import remove
from taskflow_core.outcomes import Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.output import STDERR, STDOUT, OutputFile
from taskflow_core.process_tree import ask_to_stop, group_outlives, kill_tree
from taskflow_core.readiness import StopSignal
from taskflow_core.results import NO_RESULT, ResultError

RESULT_LIMIT = 1024 * 1024
"""A command's result is the end of its standard output, at most this many bytes."""
BEAT = 0.05
"""Seconds between looks at whether a command has ended, where the system cannot tell of itself."""
DRAIN = 0.25
"""Seconds that output is still read after a command has ended, for children that hold its pipe."""


_SIGNALS = {name: signal.Signals[f"SIG{name}"] for name in get_args(StopSignal)}


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
        except TaskflowError as error:
            return Failed(error=_with_hint(error), names=(type(error).__name__,), final=True)
        finally:
            with self._lock:
                self._running.pop(job, None)
                self._told.pop(job, None)
            output.close()
            remove(tmp)

    def stop(self, job: Job, *, kill: bool) -> None:
        with self._lock:  # while it is in `_running`, nobody has waited for it
            self._told[job] = kill
            process = self._running.get(job)
            if process is not None:
                self._signal(job, process, kill=kill)

    def forget_code(self) -> None:
        """Commands hold no code."""

    def close(self) -> None:
        """Nothing is kept between commands."""

    def _run(self, job: Job, began: Began, output: OutputFile) -> Outcome:
        line = self._line(job)
        try:
            process = self._spawn(job, line)
        except OSError as error:
            why = why_not_run(error, line, self._workplace.spec(job).options.cwd)
            return Failed(error=f"cannot run it: {why}", names=("OSError",))
        oom.offer(process.pid)
        began(job, process.pid, None)
        with self._lock:
            self._running[job] = process
            told = self._told.get(job)
            if told is not None:
                self._signal(job, process, kill=told)
        text, last, trouble = Tail(RESULT_LIMIT), Tail(2048), None
        with process:
            try:
                _read_to_end(process, output, text, last)
            except OSError as error:  # nobody reads on, so it must not go on either
                trouble = Failed(error=f"its output cannot be kept: {error}", names=("OSError",))
                self._signal(job, process, kill=True)
            told = self._let_go(job, process)
            code = process.wait()
            left = self._clean_up(job, process, told=told)
        if told is not None:
            return Stopped(forced=told, leftovers=left)
        return trouble or self._outcome(job, line, code, text, last)

    def _line(self, job: Job) -> list[str]:
        place = self._workplace
        if not (job.undoes or place.sight.state.is_plain):
            place.sight.entries(job.number)  # a conflict upstream is an error here too
        return command_line(place, job, place.tmp(job) / "script")

    def _spawn(self, job: Job, line: Sequence[str]) -> subprocess.Popen[bytes]:
        place = self._workplace
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=place.spec(job).options.cwd,
            env={**os.environ, **environment(place, job)},
            start_new_session=True,
        )

    def _signal(self, job: Job, process: subprocess.Popen[bytes], *, kill: bool) -> None:
        if kill:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            return
        service = None if job.undoes else self._workplace.spec(job).service
        ask_to_stop(process.pid, signal.SIGTERM if service is None else _SIGNALS[service.stop])

    def _let_go(self, job: Job, process: subprocess.Popen[bytes]) -> bool | None:
        """Signal a command no more once it has ended; return how it was told to stop, if it was."""
        _await_end(process)
        with self._lock:
            del self._running[job]
            return self._told.get(job)

    def _clean_up(self, job: Job, process: subprocess.Popen[bytes], *, told: bool | None) -> int:
        """End what a command left behind; after a stop, make sure that nothing is left."""
        if told is not None or group_outlives(process.pid):
            return kill_tree(process.pid, self._workplace.cookie(job), reaped=True)
        return 0

    def _outcome(self, job: Job, line: list[str], code: int, text: Tail, last: Tail) -> Outcome:
        place = self._workplace
        options = place.spec(job).options
        if code < 0:
            return killed(code)
        if code not in ((0,) if job.undoes else options.success_exit_codes):
            said = [f"exit code {code}", last.text().strip().rpartition("\n")[2]]
            if code == MISSING and isinstance(command_of(place, job), str):
                said.append(crlf_script(line, options.cwd))
            error = ": ".join(filter(None, said))
            return Failed(error=error, exit_code=code, names=("CommandError",))
        if job.undoes:
            return Succeeded(NO_RESULT)
        try:
            result = command_result(options.output, text.text(), place.written(job))
            return Succeeded(place.results.put(*job.key, result))
        except (CommandResultError, ResultError) as error:
            return Failed(error=_with_hint(error), names=(type(error).__name__,), final=True)


def _with_hint(error: TaskflowError) -> str:
    return f"{error} – {error.hint}" if error.hint else str(error)


def _read_to_end(
    process: subprocess.Popen[bytes], output: OutputFile, text: Tail, last: Tail
) -> None:
    """Copy a command's output until the command itself has ended."""
    assert process.stdout is not None
    assert process.stderr is not None
    ended = end_of(process)
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


def _await_end(process: subprocess.Popen[bytes]) -> None:
    """Wait until a command has ended, and leave its number taken: where the system can do that."""
    with contextlib.suppress(AttributeError, ChildProcessError):  # macOS; waited for already
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
