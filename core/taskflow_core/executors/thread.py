"""Python functions in threads of this process: fast, with results by reference.

A thread cannot be killed. Told to stop, a function that takes the context can see it in
`ctx.cancelled`; any other gets an exception at its next line of Python. One that is still there
after its grace is abandoned: its slot is given to others, and what it returns later is dropped.
While `MOST_ABANDONED` of them are still there, no other attempt begins.
"""

import ctypes
import threading
from collections.abc import Callable
from threading import get_ident
from typing import Any, ClassVar

import msgspec

from taskflow_core.arguments import Binding
from taskflow_core.calling import call
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Began, Workplace
from taskflow_core.executors.inputs import Inputs, inputs_of, refused, success
from taskflow_core.executors.undoing import rollback_call, undo_inputs
from taskflow_core.failure import outcome_of
from taskflow_core.outcomes import Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.output import OutputFile
from taskflow_core.output_router import destination
from taskflow_core.results import ResultError

MOST_ABANDONED = 8
"""How many attempts may hold their threads after they were given up; then none begins any more."""


class ThreadStopped(BaseException):
    """Raised in a task's thread when it is told to stop."""


class _Call(msgspec.Struct, gc=False):
    """One running call, and what has been said to it."""

    job: Job
    thread: int
    watches: bool
    """It can see that it was told to stop."""
    told: bool = False
    is_in_task: bool = False


class ThreadExecutor:
    """Calls functions on the thread that asks."""

    lets_through: ClassVar[tuple[type[BaseException], ...]] = ()
    """What a task may raise that is not its outcome, but the business of who waits for the run."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._code = workplace.code
        self._lock = threading.Lock()
        """Held while an exception is sent to a thread, and while it is taken back."""
        self._running: dict[int, _Call] = {}
        self._told: set[Job] = set()
        self._abandoned: set[Job] = set()
        """Attempts that were given up and still hold their threads."""
        self._of_thread = threading.local()

    def run(self, job: Job, began: Began) -> Outcome:
        del began  # a thread begins when it takes the job
        if self._abandoned and len(self._abandoned) >= MOST_ABANDONED:
            return exhausted("attempts that did not stop still hold their threads")
        try:
            if job.undoes:
                current, func, inputs = self._compensation(job)
            else:
                func, binding = self._code.function(job.number)
                current = _Call(job, get_ident(), binding.takes_context)
                inputs = self._inputs(current, func, binding)
        except TaskflowError as error:
            return refused(job, error)
        running = self._running
        running[job.number] = current
        try:
            if self._told and job in self._told:
                return Stopped(forced=False)
            return self._call(current, func, inputs)
        finally:
            if running.get(job.number) is current:
                del running[job.number]
            if self._told:
                self._told.discard(job)
                self._abandoned.discard(job)

    def stop(self, job: Job, *, kill: bool) -> Outcome | None:
        self._told.add(job)
        current = self._running.get(job.number)
        if current is None or current.job != job:
            return None
        current.told = True
        if kill or not current.watches:
            with self._lock:
                if current.is_in_task:
                    raise_in(current.thread, ThreadStopped)
        return self._abandon(current) if kill else None

    def forget_code(self) -> None:
        self._code.forget()

    def close(self) -> None:
        """Threads belong to the engine."""

    def _abandon(self, current: _Call) -> Stopped:
        self._abandoned.add(current.job)
        if self._running.get(current.job.number) is not current:  # it has just ended after all
            self._abandoned.discard(current.job)
        return Stopped(forced=True, leftovers=1)

    def _compensation(self, job: Job) -> tuple[_Call, Callable[..., Any], Inputs]:
        undo = rollback_call(self._workplace, job)
        current = _Call(job, get_ident(), undo.takes_context)
        inputs = undo_inputs(self._workplace, job, undo, lambda: current.told)
        return current, undo.func, inputs

    def _inputs(self, current: _Call, func: Callable[..., Any], binding: Binding) -> Inputs:
        place, job = self._workplace, current.job
        if binding.is_plain and place.sight.state.is_plain:
            # 0.5 µs, where the rest takes several
            return Inputs(place.results.get_all(place.plan.feeds[job.number]), {})
        return inputs_of(place, job, (func, binding), lambda: current.told)

    def _call(self, current: _Call, func: Callable[..., Any], inputs: Inputs) -> Outcome:
        place, job = self._workplace, current.job
        output = None if place.folder is None else self._output()
        if output is not None:
            output.turn_to(job.key)
        try:
            value = self._guarded(current, func, inputs.args, inputs.kwargs)
            if inputs.context is None and not job.undoes:
                return Succeeded(place.results.put(job.number, job.epoch, job.attempt, value))
            return success(place, job, value, inputs.context)
        except ThreadStopped:
            return Stopped(forced=False)
        except self.lets_through:
            raise
        except ResultError as error:
            return Failed(error=f"{error} – {error.hint}", final=True)
        except BaseException as error:  # noqa: BLE001  SystemExit and the like fail the task
            return outcome_of(error, own_frames=3)
        finally:
            if output is not None:
                output.close()

    def _output(self) -> OutputFile:
        """Return where this thread prints, one attempt after another."""
        output: OutputFile | None = getattr(self._of_thread, "output", None)
        if output is None:
            self._of_thread.output = output = OutputFile(self._workplace.folder)
            destination.set(output)
        return output

    def _guarded(
        self, current: _Call, func: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        current.is_in_task = True
        try:
            return call(func, args, kwargs)
        finally:
            current.is_in_task = False
            if current.told:  # set before `stop` looks whether it may raise: none comes unseen
                with self._lock:
                    raise_in(current.thread, None)


def exhausted(what: str) -> Failed:
    """Return the outcome of an attempt for which there are no threads any more."""
    return Failed(
        error=f"the thread executor is exhausted: {MOST_ABANDONED} {what} – give tasks that may "
        "hang `executor: process`, where they can be killed",
        final=True,
    )


def raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Set, or take back, the exception that a thread finds at its next line of Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )
