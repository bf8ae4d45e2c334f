"""Python functions in processes of their own: long-lived, each killable without the others."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import taskflow_core.pickling as pickling
from taskflow_core.executors.base import Began, Workplace
from taskflow_core.executors.pipes import Pipes
from taskflow_core.executors.protocol import Begun, Target, Work, receive, send_work
from taskflow_core.graph import downstream_of
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.output import BOTH, OutputFile
from taskflow_core.plan import Functions
from taskflow_core.process_tree import COOKIE, ask_to_stop, kill_tree
from taskflow_core.programs import python_command
from taskflow_core.results import ResultError, result_name

DRAIN = 0.25
"""Seconds that output is still read after an attempt has ended, for children that hold its pipe."""
FAREWELL = 1.0
"""Seconds that an idle worker has to exit by itself."""


Report = Callable[[int | None, dict[str, Any] | None], None]
"""Called when the worker has begun: its process id, and the arguments."""


class WorkerProcess:
    """One worker: a process in a session of its own, and the socket to it."""

    def __init__(self, run: str, number: int, generation: int) -> None:
        self.generation = generation
        """Which loading of the code it has."""
        self.cookie = f"{run}/worker-{number}"
        self.channel, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [*python_command("taskflow_core.worker"), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "TASKFLOW_RUN_ID": run, COOKIE: self.cookie},
                start_new_session=True,
            )

    def discard(self, *cookies: str) -> int:
        """Kill it, all that it started and all that carries one of `cookies`.

        Returns:
            How many processes are left.
        """
        self.channel.close()
        left = kill_tree(self.process.pid, self.cookie, *cookies)
        self.process.wait()
        return left

    def retire(self) -> None:
        """Let an idle worker end by itself, soon."""
        self.channel.close()
        try:
            self.process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self.discard()


class ProcessExecutor:
    """Calls functions in worker processes, each of which has one attempt at a time.

    Args:
        workplace: The run.
        functions: The callables of a flow made in memory; they go to the worker by cloudpickle.
            None for a flow file, whose functions the worker loads itself.
    """

    def __init__(self, workplace: Workplace, functions: Functions | None = None) -> None:
        self._workplace = workplace
        self._functions = functions
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._running: dict[Job, WorkerProcess] = {}
        self._told: dict[Job, bool] = {}
        """The attempts that were told to stop; True if they are to be killed."""
        self._generation = 0
        self._count = 0

    def run(self, job: Job, began: Began) -> Outcome:
        output = self._workplace.output(job)
        try:
            return self._run(job, began, output)
        except ResultError as error:
            return Failed(error=f"an upstream result is missing: {error}", final=True)
        except OSError as error:
            return Failed(error=f"no worker process can be started: {error}", names=("OSError",))
        finally:
            with self._lock:
                self._running.pop(job, None)
                self._told.pop(job, None)
            output.close()

    def stop(self, job: Job, *, kill: bool) -> None:
        with self._lock:
            self._told[job] = kill
            worker = self._running.get(job)
        if worker is not None:
            _signal(worker, kill=kill)

    def forget_code(self) -> None:
        with self._lock:
            self._generation += 1
            old, self._idle = self._idle, []
        for worker in old:
            worker.channel.close()
        for worker in old:
            worker.retire()

    def close(self) -> None:
        self.forget_code()

    def _run(self, job: Job, began: Began, output: OutputFile) -> Outcome:
        work = self._work(job)
        worker = self._worker()
        with self._lock:
            self._running[job] = worker
            told = self._told.get(job)
        if told is not None:
            _signal(worker, kill=told)
        try:
            outcome = _make_attempt(worker, work, partial(began, job), output)
        except OSError as error:  # nobody reads on, so it must not go on either
            worker.discard(self._workplace.cookie(job))
            return Failed(error=f"its output cannot be kept: {error}", names=("OSError",))
        with self._lock:
            told = self._told.get(job)
        if outcome is not None and told is None and not isinstance(outcome, Stopped):
            self._keep(worker)
        else:
            _await_death(worker, certain=outcome is None)
            left = worker.discard(self._workplace.cookie(job))
            if told is not None:
                return Stopped(forced=told, leftovers=left)
        if isinstance(outcome, Succeeded):
            self._workplace.results.adopt(job.number, outcome.result)
        return outcome if outcome is not None else _crashed(worker)

    def _worker(self) -> WorkerProcess:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            self._count += 1
            number, generation = self._count, self._generation
        return WorkerProcess(self._workplace.run, number, generation)

    def _keep(self, worker: WorkerProcess) -> None:
        with self._lock:
            if worker.generation == self._generation:
                self._idle.append(worker)
                return
        worker.retire()

    def _work(self, job: Job) -> Work:
        place, spec = self._workplace, self._workplace.spec(job)
        upstream = place.plan.upstream[job.number]
        target = self._target(job)
        in_memory = target.pickled is not None
        return Work(
            run=place.run,
            task=job.task,
            attempt=job.attempt,
            target=target,
            args=() if in_memory else spec.args,
            kwargs={} if in_memory else spec.kwargs,
            upstream=self._stored(upstream),
            ancestors=self._stored(self._ancestors(job)) if spec.takes_context else [],
            results=str(place.results.folder),
            result_name=result_name(*job.key),
            env=place.environment(job),
            cwd=spec.options.cwd,
            tmp=str(place.tmp(job)),
            path=sys.path if in_memory else None,
        )

    def _target(self, job: Job) -> Target:
        plan, spec = self._workplace.plan, self._workplace.spec(job)
        func = self._functions[job.number] if self._functions is not None else None
        if func is not None:
            return Target(pickled=pickling.dumps((func, spec.args, spec.kwargs)))
        if spec.function is not None:
            return Target(dotted=spec.function, folder=spec.options.cwd)
        return Target(flow_file=plan.source, flow_name=plan.flow_name)

    def _stored(self, numbers: list[int] | tuple[int, ...]) -> list[tuple[str, object]]:
        tasks, results = self._workplace.plan.tasks, self._workplace.results
        return [(tasks[number].name, results.shared(number)) for number in numbers]

    def _ancestors(self, job: Job) -> list[int]:
        upstream = self._workplace.plan.upstream
        return sorted(downstream_of([job.number], upstream) - set(upstream[job.number]))


def _make_attempt(
    worker: WorkerProcess, work: Work, began: Report, output: OutputFile
) -> Outcome | None:
    """Return how the attempt ended; None if the worker died first."""
    ours, theirs = os.pipe()
    try:
        try:
            send_work(worker.channel, work, theirs)
        except OSError:  # it is dead already: what killed it comes out below
            return None
        finally:
            os.close(theirs)
        pipes = Pipes(output, worker.channel.fileno())
        pipes.add(ours, BOTH)
        outcome = _follow(worker, pipes, began)
        pipes.drain(DRAIN)
        return outcome
    finally:
        os.close(ours)


def _follow(worker: WorkerProcess, pipes: Pipes, began: Report) -> Outcome | None:
    while True:
        if pipes.wait():
            message = receive(worker.channel)
            if not isinstance(message, Begun):
                return message
            began(message.pid, message.arguments)


def _await_death(worker: WorkerProcess, *, certain: bool) -> None:
    """Let a worker that is dying end by its own cause, which is then what is reported."""
    if certain:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(FAREWELL)


def _crashed(worker: WorkerProcess) -> Crashed:
    code = worker.process.wait()
    if code >= 0:
        return Crashed(error=f"its process exited with code {code}", exit_code=code)
    name = signal.Signals(-code).name
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return Crashed(error=f"its process was killed by {name}{hint}", signal=name, exit_code=code)


def _signal(worker: WorkerProcess, *, kill: bool) -> None:
    if kill:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.process.pid, signal.SIGKILL)
    else:
        ask_to_stop(worker.process.pid)
