"""Python functions in threads of this process: fast, with results by reference.

A thread cannot be killed. Told to stop, a function that takes the context can see it in
`ctx.cancelled`; any other gets an exception at its next line of Python. One that is still there
after its grace is abandoned: its slot is given to others, and what it returns later is dropped.
"""

import ctypes
import threading
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any, Protocol, overload

import msgspec

from taskflow_core.arguments import Binding
from taskflow_core.calling import call
from taskflow_core.context import Context, Results
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Began, Workplace
from taskflow_core.failure import outcome_of
from taskflow_core.graph import downstream_of
from taskflow_core.outcomes import Failed, Job, Outcome, Stopped, Succeeded
from taskflow_core.output import OutputFile
from taskflow_core.output_router import destination
from taskflow_core.results import ResultError


class ThreadStopped(BaseException):
    """Raised in a task's thread when it is told to stop."""


class Code(Protocol):
    """Where the functions of a plan come from."""

    def function(self, number: int) -> tuple[Callable[..., Any], Binding]:
        """Return a task's callable and how to call it.

        Raises:
            TaskflowError: there is none.
        """
        ...

    def forget(self) -> None:
        """Load functions afresh from now on."""
        ...


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

    def __init__(self, workplace: Workplace, code: Code) -> None:
        self._workplace = workplace
        self._code = code
        self._lock = threading.Lock()
        """Held while an exception is sent to a thread, and while it is taken back."""
        self._running: dict[int, _Call] = {}
        self._told: set[Job] = set()
        self._of_thread = threading.local()

    def run(self, job: Job, began: Began) -> Outcome:
        del began  # a thread begins when it takes the job
        try:
            func, binding = self._code.function(job.number)
            current = _Call(job, get_ident(), binding.takes_context)
            args, kwargs = self._arguments(current, binding)
        except ResultError as error:
            return Failed(error=f"an upstream result is missing: {error}", final=True)
        except TaskflowError as error:
            return Failed(error=str(error), final=True)
        running = self._running
        running[job.number] = current
        try:
            if self._told and job in self._told:
                return Stopped(forced=False)
            return self._call(current, func, args, kwargs)
        finally:
            if running.get(job.number) is current:
                del running[job.number]
            if self._told:
                self._told.discard(job)

    def stop(self, job: Job, *, kill: bool) -> Outcome | None:
        self._told.add(job)
        current = self._running.get(job.number)
        if current is None or current.job != job:
            return None
        current.told = True
        if kill or not current.watches:
            with self._lock:
                if current.is_in_task:
                    _raise_in(current.thread, ThreadStopped)
        return Stopped(forced=True, leftovers=1) if kill else None

    def forget_code(self) -> None:
        self._code.forget()

    def close(self) -> None:
        """Threads belong to the engine."""

    def _arguments(self, current: _Call, binding: Binding) -> tuple[list[Any], dict[str, Any]]:
        place, number = self._workplace, current.job.number
        if binding.is_plain:  # 0.5 µs, where `fill` takes 1.5 for three results
            return place.results.get_all(place.plan.upstream[number]), {}
        context = self._context(current.job, current) if binding.takes_context else None
        return binding.fill(_Upstream(place, number), context)

    def _call(
        self, current: _Call, func: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> Outcome:
        place, job = self._workplace, current.job
        output = None if place.folder is None else self._output()
        if output is not None:
            output.turn_to((job.number, job.epoch, job.attempt))
        try:
            value = self._guarded(current, func, args, kwargs)
            return Succeeded(place.results.put(job.number, job.epoch, job.attempt, value))
        except ThreadStopped:
            return Stopped(forced=False)
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
                    _raise_in(current.thread, None)

    def _context(self, job: Job, current: _Call) -> Context:
        place, plan = self._workplace, self._workplace.plan
        numbers = {
            plan.tasks[number].name: number
            for number in sorted(downstream_of([job.number], plan.upstream))
        }
        return Context(
            run_id=place.run,
            task=job.task,
            attempt=job.attempt,
            results=Results(list(numbers), lambda name: place.results.get(numbers[name])),
            is_cancelled=lambda: current.told,
        )


class _Upstream(Sequence[Any]):
    """The results of a task's upstream tasks, each had when it is asked for."""

    def __init__(self, place: Workplace, number: int) -> None:
        self._results = place.results
        self._numbers = place.plan.upstream[number]

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self._results.get(number) for number in self._numbers[place]]
        return self._results.get(self._numbers[place])

    def __len__(self) -> int:
        return len(self._numbers)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Set, or take back, the exception that a thread finds at its next line of Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )
