"""The loop that carries out what the scheduler decides.

State changes only in turns, taken under one lock by whichever thread brings news. The thread that
ended a task takes the turn itself, and its next task with it: no hand-over between threads lies
between a task and its successor. A turn's events are recorded before any process of that turn
starts; turns that start only threads share a commit, at most `publisher.BEAT` seconds later.
"""

import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from threading import get_ident
from time import perf_counter
from typing import Any, TypeVar

from taskflow_core.alarm import Alarm
from taskflow_core.bus import EventBus
from taskflow_core.clock import Clock, Instant, SystemClock
from taskflow_core.crew import Crew
from taskflow_core.events import Event
from taskflow_core.executors.base import Executor
from taskflow_core.outcomes import Failed, Job, Outcome
from taskflow_core.publisher import Journal, Publisher
from taskflow_core.scheduling.ready import THREADS
from taskflow_core.scheduling.scheduler import Scheduler

T = TypeVar("T")
Ask = Callable[[Scheduler, Instant], T]
"""A request to the scheduler at a moment; may raise RefusedError."""


class Engine:
    """Runs one plan to its end, in this process.

    Args:
        scheduler: Decides; nobody else may call it from now on.
        executors: By name, for every executor the plan names.
        journal: Where events are recorded, if anywhere; closed by `close`.
        buses: Where events go once they are recorded.
        on_commit: Called after events were recorded, from any thread.
        clock: Tells the time.
        chance: Returns a float in [0, 1), for jitter.
    """

    def __init__(  # noqa: PLR0913  its parts, all of them named
        self,
        scheduler: Scheduler,
        executors: Mapping[str, Executor],
        *,
        journal: Journal | None = None,
        buses: Sequence[EventBus] = (),
        on_commit: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,  # noqa: S311  jitter needs no secrecy
    ) -> None:
        self.scheduler = scheduler
        """To be called only through `request`."""
        self._executors = executors
        self._journal = journal
        self._clock = clock or SystemClock()
        self._chance = chance
        self._lock = threading.RLock()
        self._crews = [
            Crew(lane, self._lock, self._work, shares_interpreter=lane is THREADS)
            for lane in scheduler.lanes
        ]
        self._alarm = Alarm(self._lock, self._clock, self._keep_time)
        self._over = threading.Condition(self._lock)
        self._threads = 0
        self._ending = False
        self._publisher = Publisher(
            self._fetch, journal, buses, on_commit=on_commit, on_failure=self._cannot_record
        )
        self.failure: Exception | None = None
        """What made recording impossible, and so ended the run early."""

    # --- running -------------------------------------------------------------------------

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

    @property
    def is_over(self) -> bool:
        """The run has settled, or cannot go on."""
        with self._lock:
            return self._ending

    def request(self, ask: Ask[T]) -> T:
        """Make a request of the scheduler, from any thread, and return its answer once recorded.

        Raises:
            RefusedError: the scheduler said no.
        """
        with self._lock:
            now = self._clock.now()
            answer = ask(self.scheduler, now)
            self._finish_turn(now)
        self._stop_what_must_stop()
        self._publisher.commit()
        return answer

    def retry(self, names: Sequence[str] | None, *, by: str) -> list[str]:
        """Try failed tasks again, with freshly loaded code. See `Scheduler.retry`."""
        for executor in self._executors.values():
            executor.forget_code()

        def ask(scheduler: Scheduler, now: Instant) -> list[str] | None:
            if self._ending:  # a refusal must come before the run is brought back to life
                scheduler.retryable(names)
                return None
            return scheduler.retry(now, names, by=by)

        called = self.request(ask)
        if called is None:
            self.wait()
            again: list[str] = []
            self.start(lambda scheduler, now: again.extend(scheduler.retry(now, names, by=by)))
            return again
        return called

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has settled and everybody has heard; False if it took too long."""
        with self._over:
            if not self._over.wait_for(lambda: self._ending and not self._threads, timeout):
                return False
        self._publisher.flush()
        return True

    def close(self) -> None:
        """Tell everybody the rest, and let go of workers and of the journal, after `wait`."""
        self._publisher.close()
        for executor in self._executors.values():
            executor.close()
        if self._journal is not None:
            self._journal.close()

    # --- turns ---------------------------------------------------------------------------

    def _finish_turn(self, now: Instant) -> None:
        """End the run if nothing is left, and wake whom the turn concerns. The lock is held."""
        if self.scheduler.settle(now):
            self._end()
        self._tell_others()

    def _tell_others(self) -> None:
        scheduler = self.scheduler
        self._publisher.hear_of_events()
        for crew in self._crews:
            if not crew.somebody_looks and scheduler.startable(crew.lane) and crew.call():
                self._threads += 1
        due = scheduler.due()
        if due is not None and not self._ending and self._alarm.set(due):
            self._threads += 1

    def _fetch(self) -> list[Event]:
        with self._lock:
            return self.scheduler.drain()

    def _end(self) -> None:
        self._ending = True
        for crew in self._crews:
            crew.call_all()
        self._alarm.stop()
        self._over.notify_all()

    def _cannot_record(self, error: Exception) -> None:
        """Stop everything: what cannot be recorded must not happen."""
        with self._lock:
            self.failure = error
            live = self.scheduler.live_jobs()
            self._end()
        for job in live:
            self._executors[job.executor].stop(job, kill=True)

    # --- the threads that make attempts --------------------------------------------------

    def _work(self, crew: Crew) -> None:
        thread, commits_first = get_ident(), crew.lane is not THREADS
        with self._lock:
            crew.arrive()
            job = self._look(crew, thread)
        while job is not None:
            began = perf_counter()
            try:
                if commits_first:
                    self._publisher.commit()
                outcome = self._executors[job.executor].run(job, self._began)
            except Exception as error:  # noqa: BLE001  a bug in an executor fails its task alone
                outcome = Failed(error=f"internal error: {error!r}", final=True)
            ended = perf_counter()  # before the lock: waiting for it is not work
            with self._lock:
                now = self._clock.now()
                if not self.scheduler.ended(job, outcome, now, self._chance):
                    return  # abandoned: its place is taken
                crew.note_pace(ended - began)
                job = self._take(crew, thread, now, ended)
                if job is None:
                    self._finish_turn(now)
                    job = self._look(crew, thread)

    def _take(self, crew: Crew, thread: int, now: Instant, tick: float) -> Job | None:
        """Return the next job for a thread, if there is one for it. The lock is held."""
        if self.failure is not None or not crew.may_take(thread, tick):
            return None
        job = self.scheduler.take(crew.lane, now)
        if job is not None:
            self._tell_others()
        return job

    def _look(self, crew: Crew, thread: int) -> Job | None:
        """Wait for a job and return it; None to end the thread. The lock is held."""
        while not self._ending:
            job = self._take(crew, thread, self._clock.now(), perf_counter())
            if job is not None:
                return job
            crew.wait(thread, more=self.scheduler.startable(crew.lane))
        self._leave()
        return None

    def _leave(self) -> None:
        self._threads -= 1
        if not self._threads:
            self._over.notify_all()

    def _began(self, job: Job, pid: int | None, arguments: dict[str, Any] | None) -> None:
        with self._lock:
            now = self._clock.now()
            self.scheduler.began(job, now, pid, arguments)
            self._finish_turn(now)

    # --- time ----------------------------------------------------------------------------

    def _keep_time(self) -> None:
        """Do what is due, until the run has ended: what the alarm's thread does."""
        while not self._ending:
            with self._lock:
                if not self._alarm.wait(self.scheduler.due()):
                    continue
                now = self._clock.now()
                self.scheduler.tick(now)
                self._finish_turn(now)
            self._stop_what_must_stop()
        with self._lock:
            self._alarm.leave()
            self._leave()

    def _stop_what_must_stop(self) -> None:
        with self._lock:
            stops = self.scheduler.stops()
        for stop in stops:
            outcome = self._executors[stop.job.executor].stop(stop.job, kill=stop.kill)
            if outcome is not None:
                self._abandon(stop.job, outcome)

    def _abandon(self, job: Job, outcome: Outcome) -> None:
        """Go on without a thread that does not end; what it returns later is dropped."""
        with self._lock:
            if self.scheduler.record.current(job) is not None:
                now = self._clock.now()
                self.scheduler.ended(job, outcome, now, self._chance)
                self._finish_turn(now)
                self._leave()
