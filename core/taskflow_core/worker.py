"""A worker process: makes one attempt after another, each told to it by the engine.

Its descriptors 1 and 2 are the attempt's output pipe while the attempt runs. It holds the code it
has loaded; to run edited code, the engine starts another worker.
"""

import contextlib
import faulthandler
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

import taskflow_core.oom as oom
from taskflow_core.caching.lookup import Lookup
from taskflow_core.calling import call
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.protocol import (
    Begun,
    Progressed,
    Spent,
    Work,
    receive_work,
    send,
)
from taskflow_core.failure import outcome_of
from taskflow_core.folder import remove
from taskflow_core.outcomes import Failed, Outcome, Stopped, Succeeded
from taskflow_core.results import NO_RESULT, ResultError, store
from taskflow_core.surroundings import Surroundings
from taskflow_core.worker_inputs import Given, given, written

if TYPE_CHECKING:
    from taskflow_core.worker_cache import WorkerCheck


class TaskStopped(BaseException):
    """Raised in the task's code when it is told to stop, so that its `finally` blocks run."""


_MAIN = threading.main_thread()
_OURS = str(Path(__file__).parent) + os.sep


class Worker:
    """Makes attempts, one at a time, on the process's main thread."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.is_busy = False
        """An attempt is being made."""
        self._told_to_stop = False
        self._deadline: float | None = None
        """When the attempt's time is over, on the monotonic clock."""
        signal.signal(signal.SIGTERM, self._stop)
        self._surroundings = Surroundings()

    def serve(self) -> None:
        """Make attempts until the engine closes the channel."""
        while (message := receive_work(self._channel)) is not None:
            work, output = message
            with _output_to(output):
                outcome = self._attempt(work)
                is_as_before = self._surroundings.restore()
            remove(Path(work.tmp))
            if not is_as_before or _other_threads():
                send(self._channel, Spent())
            send(self._channel, outcome)

    def _attempt(self, work: Work) -> Outcome:
        try:
            self.is_busy = True
            if self._told_to_stop:
                return Stopped(forced=False)
            return self._run(work)
        except TaskStopped:
            return Stopped(forced=False)
        except BaseException as error:  # noqa: BLE001  SystemExit and the like fail the task
            return outcome_of(error, own_frames=4)
        finally:
            self.is_busy = False

    def _run(self, work: Work) -> Outcome:
        try:
            Path(work.tmp).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._surroundings.enter(work.cwd, work.env)
        except OSError as error:
            return Failed(error=f"cannot run it: {error}", names=("OSError",))
        try:
            inputs = given(work, report=self._report, is_cancelled=lambda: self._told_to_stop)
        except TaskflowError as error:
            hint = f" – {error.hint}" if error.hint else ""
            return Failed(error=f"{error}{hint}", names=(type(error).__name__,), final=True)
        check = None if work.cache is None else self._check(work, work.cache, inputs)
        if check is not None and (stands_in := check.look()) is not None:
            return stands_in
        value = self._called(work, inputs)
        if work.drops_result:
            return Succeeded(NO_RESULT)
        try:
            shown = store(Path(work.results), work.result_name, value)
            outcome = Succeeded(shown, context=written(work, inputs.context))
        except ResultError as error:
            return Failed(error=f"{error} – {error.hint}", names=("ResultError",), final=True)
        return outcome if check is None else check.keep(outcome)

    def _check(self, work: Work, lookup: Lookup, inputs: Given) -> "WorkerCheck":
        from taskflow_core.worker_cache import WorkerCheck  # not light, and rarely needed

        return WorkerCheck(work, lookup, inputs, lambda news: send(self._channel, news))

    def _called(self, work: Work, inputs: Given) -> Any:
        if work.timeout is not None:  # before the engine hears that it begins, and counts too
            self._deadline = time.monotonic() + work.timeout
            # From C, whoever holds the interpreter; only if it has not obeyed by then.
            seconds = min(work.timeout + work.grace / 2, threading.TIMEOUT_MAX)
            faulthandler.dump_traceback_later(seconds, file=2)
        try:
            send(self._channel, Begun(os.getpid(), inputs.shown))
            with self._surroundings.kept():
                return call(inputs.func, inputs.args, inputs.kwargs)
        finally:
            if work.timeout is not None:
                self._deadline = None
                faulthandler.cancel_dump_traceback_later()

    def _report(self, done: float, total: float | None, message: str | None) -> None:
        send(self._channel, Progressed(done, total, message))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._deadline = None
            _show("its time was over here:", frame)
        first = not self._told_to_stop
        self._told_to_stop = True
        if self.is_busy and first:
            raise TaskStopped


@contextlib.contextmanager
def _output_to(output: int) -> Generator[None]:
    """Have all that is printed in the block go to a descriptor, which is closed."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    try:
        yield
    finally:
        _flush()
        _silence()
        if not _has_streams():
            _reopen()


def _other_threads() -> bool:
    """Say whether a task left threads behind that would keep this process from ending."""
    return any(not thread.daemon for thread in threading.enumerate() if thread is not _MAIN)


def _show(what: str, frame: FrameType | None) -> None:
    """Print where the task is; in a signal handler, so past Python's own streams."""
    stack = traceback.extract_stack(frame)
    theirs = [entry for entry in stack[1:] if not entry.filename.startswith(_OURS)]
    text = "".join([f"{what}\n", *traceback.format_list(theirs)])
    with contextlib.suppress(OSError):  # the task may have closed the descriptor
        os.write(2, text.encode(errors="replace"))


_streams: list[TextIO] = []
"""Python's standard streams as they were made here; a task may have put others in their place."""


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, *_streams):
        with contextlib.suppress(Exception):  # the task closed it, or it is something else by now
            stream.flush()


def _has_streams() -> bool:
    return [sys.stdout, sys.stderr] == _streams and not any(s.closed for s in _streams)


def _reopen() -> None:
    """Give Python its standard streams, line by line, whatever became of the old ones."""
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    _streams[:] = sys.stdout, sys.stderr


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if nowhere > 2:  # else the task had closed it, and it is one of the two now
        os.close(nowhere)


def _end_with(channel: socket.socket, worker: Worker) -> None:
    """End this process and its children when the engine's process dies during an attempt."""
    watch = select.poll()
    watch.register(channel.fileno(), 0)
    watch.poll()
    if worker.is_busy:
        os.killpg(0, signal.SIGKILL)


def run(arguments: list[str]) -> None:
    """Serve the engine at the other end of the socket whose descriptor is the argument."""
    descriptor = int(arguments[0])
    channel = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    # Bytecode is trusted by its time in whole seconds: edited code must never lose to it.
    sys.dont_write_bytecode = True
    _silence()
    _reopen()
    faulthandler.enable(sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    oom.offer()
    worker = Worker(channel)
    threading.Thread(target=_end_with, args=(channel, worker), daemon=True).start()
    worker.serve()
