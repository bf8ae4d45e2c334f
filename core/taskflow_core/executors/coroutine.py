"""Coroutines, all of them on one event loop of this process, each cancellable by itself.

A coroutine that is told to stop is cancelled. One that swallows this is cancelled once more after
its grace, and then given up: what it returns later is dropped. One that blocks the loop past its
kill is left alone with it: others begin on a fresh loop, and those that were under way go on once
the old one comes round again. One that blocks the loop for long is told so in its output.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from taskflow_core.calling import check_executor_fits, result_of
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Began, Workplace
from taskflow_core.executors.coroutine_attempt import CoroutineAttempt, Kill, News, Returned
from taskflow_core.executors.inputs import Inputs, inputs_of, refused, success
from taskflow_core.executors.lag_probe import LagProbe
from taskflow_core.executors.loop_thread import LoopThread
from taskflow_core.executors.thread import MOST_ABANDONED, ThreadStopped, exhausted
from taskflow_core.executors.undoing import rollback_call, undo_inputs
from taskflow_core.failure import outcome_of
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Stopped
from taskflow_core.results import ResultError

PATIENCE = 0.5
"""Seconds that a coroutine has to end once it is killed."""
HOPE = 30.0
"""Seconds that others wait for a loop that was given up, before they count as crashed."""
CLOSING = 1.0
"""Seconds that the loop has to end after the run."""

_log = logging.getLogger("taskflow")


class CoroutineExecutor:
    """Runs coroutine functions, each on behalf of a thread that waits for it.

    Args:
        workplace: The run.
        hope: Seconds that others wait for a loop that one of them blocks past its kill.
    """

    def __init__(self, workplace: Workplace, *, hope: float = HOPE) -> None:
        self._workplace = workplace
        self._hope = hope
        self._lock = threading.Lock()
        """Held to decide on which loop an attempt begins."""
        self._loop: LoopThread | None = None
        self._given_up: list[LoopThread] = []
        self._probes: list[LagProbe] = []
        """One for each loop, the newest one last."""
        self._running: dict[int, CoroutineAttempt] = {}
        self._told: set[Job] = set()

    def run(self, job: Job, began: Began) -> Outcome:
        del began  # an attempt in this process begins when it is taken
        attempt = CoroutineAttempt(job, self._workplace)
        self._running[job.number] = attempt
        try:
            return self._run(attempt)
        finally:
            del self._running[job.number]
            self._told.discard(job)
            attempt.output.close()

    def stop(self, job: Job, *, kill: bool) -> None:
        self._told.add(job)
        attempt = self._running.get(job.number)
        if attempt is None or attempt.job != job:
            return
        attempt.told = True
        if kill:
            attempt.news.put(Kill())
        elif attempt.loop is not None:
            attempt.loop.call(_cancel, attempt)

    def forget_code(self) -> None:
        self._workplace.code.forget()

    def close(self) -> None:
        for probe in self._probes:
            probe.end()
        loops = self._given_up if self._loop is None else [self._loop, *self._given_up]
        for loop in loops:
            loop.end(CLOSING if loop is self._loop else 0.0)
        self._loop = None
        self._given_up, self._probes = [], []

    # --- on the thread that waits --------------------------------------------------------

    def _run(self, attempt: CoroutineAttempt) -> Outcome:
        job = attempt.job
        try:
            func, inputs = self._called(attempt)
        except TaskflowError as error:
            return refused(job, error)
        if job in self._told:
            return Stopped(forced=False)
        attempt.make = lambda: func(*inputs.args, **inputs.kwargs)
        attempt.given = inputs.context
        self._send(attempt)
        news = attempt.news.get()
        return self._killed(attempt) if isinstance(news, Kill) else self._ended(attempt, news)

    def _called(self, attempt: CoroutineAttempt) -> tuple[Callable[..., Any], Inputs]:
        """Return what an attempt calls, and with what.

        Raises:
            TaskflowError: it cannot be had.
        """
        job, place = attempt.job, self._workplace
        if job.undoes:
            undo = rollback_call(place, job)
            check_executor_fits(f"rollback of {job.task}", job.executor, undo.func)
            return undo.func, undo_inputs(place, job, undo, lambda: attempt.told)
        func, binding = place.code.function(job.number)
        check_executor_fits(job.task, job.executor, func)
        return func, inputs_of(place, job, (func, binding), lambda: attempt.told)

    def _ended(self, attempt: CoroutineAttempt, news: Returned | Outcome) -> Outcome:
        if isinstance(news, Stopped):
            return msgspec.structs.replace(news, leftovers=attempt.left())
        if not isinstance(news, Returned):
            return news
        try:
            return success(self._workplace, attempt.job, news.value, attempt.given)
        except ResultError as error:
            return Failed(error=f"{error} – {error.hint}", final=True)

    def _send(self, attempt: CoroutineAttempt) -> None:
        """Have an attempt begin on the loop of now."""
        with self._lock:
            loop = attempt.loop = self._open_loop()
        if loop is None:
            attempt.news.put(exhausted("event loops are blocked by coroutines that did not stop"))
        else:
            loop.call(self._begin, attempt, loop)

    def _open_loop(self) -> LoopThread | None:
        """Return the loop of now; None if too many are blocked. The lock is held."""
        if self._loop is None:
            if len(self._given_up) >= MOST_ABANDONED:
                return None
            self._loop = LoopThread()
            self._probes.append(LagProbe(self._loop, self._is_used, self._tell_of_block))
        self._probes[-1].wake()
        return self._loop

    def _is_used(self) -> bool:
        return bool(self._running)

    # --- killing -------------------------------------------------------------------------

    def _killed(self, attempt: CoroutineAttempt) -> Stopped:
        """End what did not stop, and say what is left of it."""
        loop = attempt.loop
        if loop is None:  # it never began
            return Stopped(forced=False)
        loop.call(_cancel, attempt)
        if attempt.ends(PATIENCE):
            return Stopped(forced=True, leftovers=attempt.left())
        if loop.answers(PATIENCE):
            return Stopped(forced=True, leftovers=1 + attempt.left())
        return self._unblock(attempt, loop)

    def _unblock(self, attempt: CoroutineAttempt, loop: LoopThread) -> Stopped:
        blocker = self._blocker(loop) or attempt
        if blocker is attempt:
            attempt.show_block(loop)
            loop.interrupt()
            if attempt.ends(PATIENCE):
                loop.take_back()
                return Stopped(forced=True, leftovers=attempt.left())
        self._give_up(loop, blocker)
        return Stopped(forced=True, leftovers=int(attempt.has_begun))

    def _blocker(self, loop: LoopThread) -> CoroutineAttempt | None:
        """Return the attempt whose coroutine the loop is in; None if it is in no such one."""
        current = asyncio.current_task(loop.loop)
        return None if current is None else self._attempt_of(current)

    def _attempt_of(self, task: asyncio.Task[Any]) -> CoroutineAttempt | None:
        """Return the attempt that a task of asyncio is; None if it is something else."""
        running = tuple(self._running.values())
        return next((attempt for attempt in running if attempt.task is task), None)

    def _tell_of_block(self, loop: LoopThread, task: asyncio.Task[Any]) -> None:
        """Say that a coroutine blocks a loop, in its output or, if it is a child, in the log."""
        attempt = self._attempt_of(task)
        if attempt is not None:
            attempt.show_block(loop)
        else:
            _log.warning("%s blocks the event loop here:\n%s", task.get_name(), loop.place())

    def _give_up(self, loop: LoopThread, blocker: CoroutineAttempt) -> None:
        """Use a fresh loop from now on, also for what has not begun on the old one."""
        with self._lock:
            if self._loop is not loop:
                return  # it was given up already
            self._loop = None
            self._given_up.append(loop)
            others = [other for other in tuple(self._running.values()) if other.loop is loop]
            waiting = [other for other in others if not other.has_begun]
            for other in waiting:
                other.loop = None
        _log.warning("task %s blocks the event loop; others begin on another", blocker.job.task)
        for other in waiting:
            if other.told:
                other.news.put(Stopped(forced=False))
            else:
                self._send(other)
        threading.Thread(
            target=self._hope_for, args=(loop, blocker), name="taskflow-hope", daemon=True
        ).start()

    def _hope_for(self, loop: LoopThread, blocker: CoroutineAttempt) -> None:
        """End what is under way on a loop, unless it comes round in time."""
        if loop.answers(self._hope):
            return
        error = f"its event loop was given up: task {blocker.job.task!r} blocks it"
        for other in tuple(self._running.values()):
            if other.loop is loop and other is not blocker:
                other.news.put(Crashed(error=error))

    # --- on the loop ---------------------------------------------------------------------

    def _begin(self, attempt: CoroutineAttempt, loop: LoopThread) -> None:
        task = loop.loop.create_task(self._outcome(attempt, loop), context=attempt.context)
        attempt.task = task
        task.add_done_callback(lambda task: self._note(attempt, loop, task))
        if attempt.told:
            task.cancel()

    async def _outcome(self, attempt: CoroutineAttempt, loop: LoopThread) -> News:
        """Return how the coroutine ends; nothing that it raises reaches the loop."""
        with self._lock:
            if attempt.loop is not loop:
                return Stopped(forced=False)  # it was sent to another loop
            attempt.has_begun = True
        try:
            return Returned(await result_of(attempt.make()))
        except ThreadStopped:
            return Stopped(forced=True)
        except asyncio.CancelledError as error:
            return Stopped(forced=False) if attempt.told else outcome_of(error, own_frames=2)
        except BaseException as error:  # noqa: BLE001  SystemExit and the like fail the task
            return outcome_of(error, own_frames=2)

    def _note(self, attempt: CoroutineAttempt, loop: LoopThread, task: asyncio.Task[News]) -> None:
        if attempt.loop is loop:
            attempt.news.put(Stopped(forced=False) if task.cancelled() else task.result())


def _cancel(attempt: CoroutineAttempt) -> None:
    if attempt.task is not None:
        attempt.task.cancel()
