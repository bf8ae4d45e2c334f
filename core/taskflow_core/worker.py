"""A worker process: makes one attempt after another, each told to it by the engine.

Its descriptors 1 and 2 are the attempt's output pipe while the attempt runs. It holds the code it
has loaded; to run edited code, the engine starts another worker.
"""

import contextlib
import faulthandler
import functools
import logging
import os
import select
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import taskflow_core.pickling as pickling
from taskflow_core.arguments import Binding, bind
from taskflow_core.calling import call, previews
from taskflow_core.context import Context, Results
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.protocol import Begun, Target, Work, receive_work, send
from taskflow_core.failure import outcome_of
from taskflow_core.outcomes import Failed, Outcome, Stopped, Succeeded
from taskflow_core.results import ResultError, load, store


class TaskStopped(BaseException):
    """Raised in the task's code when it is told to stop, so that its `finally` blocks run."""


Loaded = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Worker:
    """Makes attempts, one at a time, on the process's main thread."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._environment = dict(os.environ)
        self._home = os.getcwd()  # noqa: PTH109  the string, to go back to
        self.is_busy = False
        """An attempt is being made."""
        self._told_to_stop = False
        signal.signal(signal.SIGTERM, self._stop)

    def serve(self) -> None:
        """Make attempts until the engine closes the channel."""
        while (message := receive_work(self._channel)) is not None:
            work, output = message
            with self._workplace(work, output):
                outcome = self._attempt(work)
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
            return outcome_of(error, own_frames=3)
        finally:
            self.is_busy = False

    def _run(self, work: Work) -> Outcome:
        try:
            func, given, named = _load(work)
            binding = bind(
                func,
                task=work.task,
                upstream=[name for name, _ in work.upstream],
                args=given,
                kwargs=named,
            )
            args, kwargs = self._arguments(work, binding)
        except TaskflowError as error:
            hint = f" – {error.hint}" if error.hint else ""
            return Failed(error=f"{error}{hint}", names=(type(error).__name__,), final=True)
        send(self._channel, Begun(os.getpid(), previews(binding, args, kwargs)))
        value = call(func, args, kwargs)
        try:
            return Succeeded(store(Path(work.results), work.result_name, value))
        except ResultError as error:
            return Failed(error=f"{error} – {error.hint}", names=("ResultError",), final=True)

    def _arguments(self, work: Work, binding: Binding) -> tuple[list[Any], dict[str, Any]]:
        folder = Path(work.results)
        shown = dict(work.ancestors) | dict(work.upstream)
        context = Context(
            run_id=work.run,
            task=work.task,
            attempt=work.attempt,
            results=Results(list(shown), lambda name: load(folder, shown[name])),
            is_cancelled=lambda: self._told_to_stop,
            tmp=Path(work.tmp),
        )
        stored = _Stored(folder, [preview for _, preview in work.upstream])
        return binding.fill(stored, context)

    @contextlib.contextmanager
    def _workplace(self, work: Work, output: int) -> Generator[None]:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.environ.clear()
        os.environ.update({**self._environment, **work.env})
        Path(work.tmp).mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chdir(work.cwd or self._home)
        try:
            yield
        finally:
            _flush()
            _silence()
            if sys.stdout.closed or sys.stderr.closed:
                _reopen()
            os.chdir(self._home)
            shutil.rmtree(work.tmp, ignore_errors=True)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        first = not self._told_to_stop
        self._told_to_stop = True
        if self.is_busy and first:
            raise TaskStopped


class _Stored(list[Any]):
    """Upstream results, each loaded when it is asked for."""

    def __init__(self, folder: Path, shown: list[Any]) -> None:
        super().__init__(shown)
        self._folder = folder

    def __getitem__(self, place: Any) -> Any:
        return load(self._folder, super().__getitem__(place))


def _load(work: Work) -> Loaded:
    """Return the function of an attempt, and the arguments that are its own.

    Raises:
        TaskflowError: there is no such function.
    """
    target = work.target
    if work.path is not None:
        sys.path[:] = work.path
    if target.pickled is not None:
        loaded: Loaded = pickling.loads(target.pickled)
        return loaded
    if target.flow_file is not None:
        return _from_flow_file(target, work.task)
    from taskflow_core.resolve import resolve_function

    return resolve_function(target.dotted or "", target.folder), work.args, work.kwargs


def _from_flow_file(target: Target, name: str) -> Loaded:
    loaded = _tasks_in(target.flow_file or "", target.flow_name).get(name)
    if loaded is None:
        raise TaskflowError(
            f"{target.flow_file} has no task {name!r} any more",
            hint="It was renamed or removed since the run started: start a new run.",
        )
    return loaded


@functools.cache
def _tasks_in(flow_file: str, flow_name: str | None) -> dict[str, Loaded]:
    """Return the functions of a flow file by task; the file is executed once in a worker."""
    from taskflow_core.resolve import flow_in, load_flow_module

    tasks = flow_in(load_flow_module(flow_file), flow_name).tasks
    return {task.name: (task.func, task.args, task.kwargs) for task in tasks if task.func}


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # the task closed it
            stream.flush()


def _reopen() -> None:
    """Give Python its standard streams, line by line, whatever became of the old ones."""
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115


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
    worker = Worker(channel)
    threading.Thread(target=_end_with, args=(channel, worker), daemon=True).start()
    worker.serve()
