"""Runs one plan to its end: the public half of what `turns` does."""

import math
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from threading import get_ident
from time import monotonic
from typing import Any, Unpack

import taskflow_core.events as ev
from taskflow_core.actions import Action, Cancel
from taskflow_core.clock import Instant
from taskflow_core.events import Event
from taskflow_core.executors.base import Executor
from taskflow_core.forecast import Forecast, Terms, check, forecast
from taskflow_core.outcomes import Job
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.turns import Ask, TurnKeys, Turns

__all__ = ["Ask", "Engine"]


class Engine(Turns):
    """Runs one plan to its end, in this process.

    Args:
        scheduler: Decides; nobody else may call it from now on.
        executors: By name, for every executor the plan names.
        terms: How the run is carried out, for rehearsals.
        options: What else `Turns` takes.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        executors: Mapping[str, Executor],
        terms: Terms,
        **options: Unpack[TurnKeys],
    ) -> None:
        super().__init__(scheduler, executors, **options)
        self._terms = terms
        self._reviving = threading.Lock()
        """Held by who may begin the run again."""

    def start(self, first: Ask[object] | None = None) -> None:
        """Begin, or go on after the run has settled; returns at once.

        Args:
            first: A request to the scheduler that is part of the first turn.
        """
        term = self._journal.term if self._journal is not None else 1
        with self._lock:
            self._ending = False
            now = self._clock.now()
            self.scheduler.begin(now, owner=os.getpid(), term=term)
            if first is not None:
                first(self.scheduler, now)
            self._finish_turn(now)

    def commit(self) -> None:
        """Record all events decided so far before returning."""
        self._publisher.commit()

    def note(self, event: Event) -> None:
        """Record an event that is nobody's decision, such as `RunCreated`."""
        with self._lock:
            self.scheduler.record.note(event)
            self._publisher.hear_of_events()

    def act(self, action: Action, *, by: str) -> Any:
        """Carry out what a person asks for and return the answer, once it is recorded.

        A run that has settled goes on by it, where that is what the action means; its handlers are
        waited for. To cancel a run whose handlers are at it stops these, and again kills them.

        Raises:
            RefusedError: the run does not allow it; it is left as it was.
        """
        if self._is_for_handlers(action, by):
            return None
        if action.reloads:
            self._forget_code()
        with self._reviving if action.revives else nullcontext():
            return self._act(action, by)

    def _act(self, action: Action, by: str) -> Any:
        ask, answers = action.ask(by), list[Any]()

        def ask_now(scheduler: Scheduler, now: Instant) -> bool:
            if self._ending and action.revives:
                self.check(action)
                return False
            answers.append(ask(scheduler, now))
            return True

        if not self.request(ask_now):
            with self._over:
                self._over.wait_for(lambda: self._ending and not self._threads)
            self.start(lambda scheduler, now: answers.append(ask(scheduler, now)))
        return answers[0]

    @property
    def is_handling(self) -> bool:
        """The run has settled, and its handlers are at work."""
        return self._handlers is not None and self._handlers.are_at_work

    def _is_for_handlers(self, action: Action, by: str) -> bool:
        """Stop the handlers if they are at it and that is what is asked for; say whether so."""
        is_cancel = isinstance(action, Cancel) and action.tasks is None
        return is_cancel and self._handlers is not None and self._handlers.stop(by)

    def _forget_code(self) -> None:
        for executor in self._executors.values():
            executor.forget_code()
        if self._handlers is not None:
            self._handlers.forget_code()

    def check(self, action: Action) -> None:
        """Make sure that the run would not refuse an action.

        Raises:
            RefusedError: it would.
        """
        with self._lock:
            check(self.scheduler.state, action, self._terms, now=self._clock.now())

    def forecast(self, action: Action) -> Forecast:
        """Return what an action would lead to.

        Raises:
            RefusedError: the run would refuse it.
        """
        with self._lock:
            return forecast(self.scheduler.state, action, self._terms, now=self._clock.now())

    def progressed(self, job: Job, done: float, total: float | None, message: str | None) -> None:
        """Record how far an attempt says it is; from any thread."""
        self._said(ev.AttemptProgressed, job, done, total, message)

    def missed(self, job: Job, reason: str) -> None:
        """Record why nothing in the cache stands in for an attempt; from any thread."""
        self._said(ev.CacheChecked, job, False, reason)

    def not_kept(self, job: Job, reason: str) -> None:
        """Record why the success of an attempt is not kept for later runs; from any thread."""
        self._said(ev.CacheNotKept, job, reason)

    def _said(self, kind: Callable[..., ev.AttemptEvent], job: Job, *fields: Any) -> None:
        with self._lock:
            self.scheduler.said(kind, job, self._clock.now(), *fields)
            self._publisher.hear_of_events()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has settled and everybody has heard; False if it took too long.

        Inline tasks are made by a thread that waits here, so they start no earlier.

        Raises:
            KeyboardInterrupt: somebody pressed Ctrl-C. In an inline task this cancels the run, and
                is raised once that has ended.
            RefusedError: an inline task waits for its own run.
        """
        until = math.inf if timeout is None else monotonic() + timeout
        while self._await_seat(until):
            self._work_inline()
        with self._lock:
            interrupt = self._seat.interrupt_of(get_ident())
            if interrupt is not None:
                raise interrupt
            if not self._is_done():
                return False
        self._publisher.flush()
        return True

    def close(self) -> None:
        """Tell everybody the rest, and let go of workers and of the journal, after `wait`."""
        if self.prober is not None:
            self.prober.close()
        self._publisher.close()
        for executor in self._executors.values():
            executor.close()
        if self._handlers is not None:
            self._handlers.close()
        if self._journal is not None:
            self._journal.close()
