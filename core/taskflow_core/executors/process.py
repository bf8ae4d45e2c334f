"""Python functions in processes of their own: long-lived, each killable without the others."""

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import msgspec

from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Began, Workplace
from taskflow_core.executors.inputs import refused
from taskflow_core.executors.pipes import Pipes
from taskflow_core.executors.protocol import (
    Begun,
    Missed,
    NotKept,
    Progressed,
    Spent,
    Work,
    receive,
    send_work,
)
from taskflow_core.executors.work import work_of
from taskflow_core.executors.worker_process import WorkerProcess
from taskflow_core.outcomes import Cached, Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.output import BOTH, OutputFile
from taskflow_core.results import ResultError

DRAIN = 0.25
"""Seconds that output is still read after an attempt has ended, for children that hold its pipe."""


Report = Callable[[int | None, dict[str, Any] | None], None]
"""Called when the worker has begun: its process id, and the arguments."""


class ProcessExecutor:
    """Calls functions in worker processes, each of which has one attempt at a time.

    Args:
        workplace: The run. The callables of a flow made in memory go to the worker by
            cloudpickle; those of a flow file the worker loads itself.
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
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
        except TaskflowError as error:
            names = () if isinstance(error, ResultError) else (type(error).__name__,)
            return msgspec.structs.replace(refused(job, error), names=names)
        except OSError as error:
            return Failed(error=f"no worker process can be started: {error}", names=("OSError",))
        finally:
            with self._lock:
                self._running.pop(job, None)
                self._told.pop(job, None)
            output.close()

    def stop(self, job: Job, *, kill: bool) -> None:
        with self._lock:  # while it is in `_running`, nobody has waited for it
            self._told[job] = kill
            worker = self._running.get(job)
            if worker is not None:
                worker.tell(kill=kill)

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
        work = work_of(self._workplace, job)
        worker = self._worker()
        with self._lock:
            self._running[job] = worker
            told = self._told.get(job)
            if told is not None:
                worker.tell(kill=told)
        try:
            talk = _talk(self._workplace, job, began)
            outcome = _make_attempt(worker, work, talk, output)
        except OSError as error:  # nobody reads on, so it must not go on either
            self._let_go(job)
            worker.discard(self._workplace.cookie(job))
            return Failed(error=f"its output cannot be kept: {error}", names=("OSError",))
        told = self._let_go(job)
        if outcome is not None and told is None and not isinstance(outcome, Stopped):
            self._keep(worker, job)
        else:
            if outcome is None:
                worker.await_death()
            left = worker.discard(self._workplace.cookie(job))
            if told is not None:
                return Stopped(forced=told, leftovers=left)
        if isinstance(outcome, Succeeded | Cached) and not job.undoes:
            self._workplace.results.adopt(job.number, outcome.result)
        return outcome if outcome is not None else worker.crash()

    def _let_go(self, job: Job) -> bool | None:
        """Signal a worker no more; return whether its attempt was told to stop, by force or not."""
        with self._lock:
            self._running.pop(job, None)
            return self._told.get(job)

    def _worker(self) -> WorkerProcess:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            self._count += 1
            number, generation = self._count, self._generation
        return WorkerProcess(self._workplace.run, number, generation)

    def _keep(self, worker: WorkerProcess, job: Job) -> None:
        if worker.is_spent:
            worker.discard(self._workplace.cookie(job))
            return
        with self._lock:
            if worker.generation == self._generation:
                self._idle.append(worker)
                return
        worker.retire()


class _Talk(NamedTuple):
    """Who hears what a worker says before the end."""

    began: Report
    progressed: Callable[[float, float | None, str | None], None]
    missed: Callable[[str], None]
    not_kept: Callable[[str], None]


def _talk(place: Workplace, job: Job, began: Began) -> _Talk:
    heard = (began, place.report, place.missed, place.not_kept)
    return _Talk(*(partial(hear, job) for hear in heard))


def _make_attempt(
    worker: WorkerProcess, work: Work, talk: _Talk, output: OutputFile
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
        outcome = _follow(worker, pipes, talk)
        pipes.drain(DRAIN)
        return outcome
    finally:
        os.close(ours)


def _follow(worker: WorkerProcess, pipes: Pipes, talk: _Talk) -> Outcome | None:
    while True:
        if pipes.wait():
            message = receive(worker.channel)
            if isinstance(message, Spent):
                worker.is_spent = True
            elif isinstance(message, Begun):
                talk.began(message.pid, message.arguments)
            elif isinstance(message, Progressed):
                talk.progressed(message.done, message.total, message.message)
            elif isinstance(message, Missed):
                talk.missed(message.reason)
            elif isinstance(message, NotKept):
                talk.not_kept(message.reason)
            else:
                return message
