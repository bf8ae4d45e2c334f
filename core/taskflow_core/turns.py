"""The turns of a run: what the threads of the engine do.

State changes only in turns, taken under one lock by whichever thread brings news. The thread that
ended a task takes the turn itself, and its next task with it: no hand-over between threads lies
between a task and its successor. A turn's events are recorded before any process of that turn
starts; turns that start only threads share a commit, at most `publisher.BEAT` seconds later.
"""

import math
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from threading import get_ident
from time import monotonic, perf_counter
from typing import Any, Protocol, TypedDict, TypeVar

from taskflow_core.alarm import Alarm
from taskflow_core.bus import EventBus
from taskflow_core.clock import Clock, Instant, SystemClock
from taskflow_core.crew import Crew, Seat
from taskflow_core.errors import RefusedError
from taskflow_core.events import Event
from taskflow_core.executors.base import Executor
from taskflow_core.handlers import Handlers
from taskflow_core.interrupts import interrupts_held_back
from taskflow_core.lanes import INLINE, PROCESSES, SERVICES, THREADS
from taskflow_core.outcomes import Failed, Job, Outcome, Stopped
from taskflow_core.publisher import Journal, Publisher
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.watch import Watch

T = TypeVar("T")

_works_for: ContextVar["Turns | None"] = ContextVar("taskflow_works_for", default=None)
"""The run whose task runs here: in a thread of a crew, or on behalf of one."""

_COMMITS_FIRST = (PROCESSES, SERVICES)
"""The lanes in which attempts are recorded before they begin."""
Ask = Callable[[Scheduler, Instant], T]
"""A request to the scheduler at a moment; may raise RefusedError."""


class Probing(Protocol):
    """Finds out when attempts of services are ready."""

    def follow(self, jobs: Sequence[Job]) -> None:
        """Probe these attempts from now on and no others; returns at once."""
        ...

    def close(self) -> None:
        """Probe nothing any more."""
        ...


class TurnKeys(TypedDict, total=False):
    """What can be said besides; see `Turns`."""

    journal: Journal | None
    buses: Sequence[EventBus]
    on_commit: Callable[[], None]
    clock: Clock | None
    chance: Callable[[], float]
    handlers: Handlers | None


class Turns:
    """Carries out what the scheduler decides, turn by turn.

    Args:
        scheduler: Decides; nobody else may call it from now on.
        executors: By name, for every executor the plan names.
        journal: Where events are recorded, if anywhere; closed by `close`.
        buses: Where events go once they are recorded.
        on_commit: Called after events were recorded, from any thread.
        clock: Tells the time.
        chance: Returns a float in [0, 1), for jitter.
        handlers: Run once the run has settled, every time that it does.
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
        handlers: Handlers | None = None,
    ) -> None:
        self.scheduler = scheduler
        """To be called only through `request`."""
        self._executors = executors
        self._handlers = handlers
        self._journal = journal
        self._clock = clock or SystemClock()
        self._chance = chance
        self._lock = threading.RLock()
        self._seat = Seat(self._lock)
        self._crews: list[Crew | Seat] = [
            Crew(lane, self._lock, self._work, shares_interpreter=lane is THREADS)
            for lane in scheduler.lanes
            if lane is not INLINE
        ]
        if INLINE in scheduler.lanes:
            self._crews.append(self._seat)
        self._alarm = Alarm(self._lock, self._clock, self._keep_time)
        self._watch = Watch(self._watched, self._appeared)
        self.prober: Probing | None = None
        """Finds out when services are ready; given once if there are any, before the start."""
        self._over = threading.Condition(self._lock)
        self._threads = 0
        self._ending = False
        self._publisher = Publisher(
            self._fetch, journal, buses, on_commit=on_commit, on_failure=self._cannot_record
        )
        self.failure: Exception | None = None
        """What made recording impossible, and so ended the run early."""

    @property
    def is_over(self) -> bool:
        """The run has settled, or cannot go on."""
        with self._lock:
            return self._ending

    @property
    def is_done(self) -> bool:
        """The run is over, and nothing goes on in its name: its handlers have ended, too."""
        with self._lock:
            return self._is_done()

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

    # --- turns ---------------------------------------------------------------------------

    def _finish_turn(self, now: Instant) -> None:
        """End the run if nothing is left, and wake whom the turn concerns. The lock is held."""
        if self.scheduler.settle(now):
            if self._handlers is not None and not self._ending:
                self._begin_handlers(self._handlers)
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
        if scheduler.may_watch and not self._ending:
            self._watch.begin()
        if self.prober is not None:
            self.prober.follow([] if self._ending else scheduler.probed())

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
        if self._handlers is not None:
            self._handlers.stop("the run, which cannot be recorded")
        for job in live:
            self._executors[job.executor].stop(job, kill=True)

    # --- what follows the outcome --------------------------------------------------------

    def _begin_handlers(self, handlers: Handlers) -> None:
        """Let a thread of its own run what is due after the outcome. The lock is held."""
        if handlers.are_due(self.scheduler.state):
            self._threads += 1
            name, work = "taskflow-handlers", self._run_handlers
            threading.Thread(target=work, args=(handlers,), name=name, daemon=True).start()

    def _run_handlers(self, handlers: Handlers) -> None:
        _works_for.set(self)
        try:
            self._publisher.commit()  # nothing follows from an outcome that is not recorded
            if self.failure is None:
                handlers.run(self.scheduler.state, self._note)
        finally:
            with self._lock:
                self._leave()

    def _note(self, kind: Callable[..., Event], *fields: Any) -> None:
        """Record an event about the run, which nobody has decided."""
        with self._lock:
            self.scheduler.record.run_event(kind, self._clock.now(), *fields)
            self._publisher.hear_of_events()
        self._publisher.commit()

    # --- the threads that make attempts --------------------------------------------------

    def _work(self, crew: Crew | Seat) -> None:
        thread, commits_first = get_ident(), crew.lane in _COMMITS_FIRST
        if crew is not self._seat:  # the thread of the seat is somebody else's
            _works_for.set(self)
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
            except KeyboardInterrupt as error:
                outcome = self._interrupted(thread, error)
            ended = perf_counter()  # before the lock: waiting for it is not work
            with self._lock:
                now = self._clock.now()
                if not self.scheduler.ended(job, outcome, now, self._chance):
                    return  # abandoned: its place is taken
                crew.note_pace(ended - began)
                job = self._take(crew, thread, now, ended)
                if job is None:
                    self._finish_turn(now)
                has_stops = self.scheduler.has_stops  # a failure may cancel the others
                if job is None and not has_stops:
                    job = self._look(crew, thread)
            if has_stops:
                job = self._stop_others(crew, thread, job)

    def _stop_others(self, crew: Crew | Seat, thread: int, job: Job | None) -> Job | None:
        """Tell others to stop before going on with `job`, or with whatever comes."""
        self._stop_what_must_stop()
        if job is not None:
            return job
        with self._lock:
            return self._look(crew, thread)

    def _take(self, crew: Crew | Seat, thread: int, now: Instant, tick: float) -> Job | None:
        """Return the next job for a thread, if there is one for it. The lock is held."""
        if self.failure is not None or not crew.may_take(thread, tick):
            return None
        job = self.scheduler.take(crew.lane, now)
        if job is not None:
            self._tell_others()
        return job

    def _look(self, crew: Crew | Seat, thread: int) -> Job | None:
        """Wait for a job and return it; None to end the thread. The lock is held."""
        try:
            while not self._ending:
                job = self._take(crew, thread, self._clock.now(), perf_counter())
                if job is not None:
                    return job
                if not crew.wait(thread, more=self.scheduler.startable(crew.lane)):
                    break
        except KeyboardInterrupt:
            self._leave()
            raise
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
            has_stops = self.scheduler.has_stops  # nobody needs it any more
        if has_stops:
            self._stop_what_must_stop()

    # --- the thread that waits, and makes the inline tasks -------------------------------

    def _is_done(self) -> bool:
        return self._ending and not self._threads

    def _await_seat(self, until: float) -> bool:
        """Return True once the seat is the calling thread's; False if the run, or time, is over."""
        thread = get_ident()
        with self._over:
            if self._seat.is_held_by(thread) or _works_for.get() is self:
                raise RefusedError("a task cannot wait for the run that it is part of")
            while not self._is_done():
                left = until - monotonic()
                if left <= 0:
                    break
                if self._seat in self._crews and not self._ending and self._seat.sit(thread, until):
                    self._threads += 1
                    return True
                self._over.wait(None if left == math.inf else left)
        return False

    def _work_inline(self) -> None:
        try:
            with interrupts_held_back():
                self._work(self._seat)
        finally:
            with self._lock:
                self._seat.rise(get_ident())
                self._over.notify_all()

    def _interrupted(self, thread: int, error: KeyboardInterrupt) -> Outcome:
        """Cancel the run because of Ctrl-C in an inline task."""
        with self._lock:
            self._seat.interrupt(thread, error)
        with suppress(RefusedError):
            self.request(lambda scheduler, now: scheduler.cancel(now, None, by="interrupt"))
        return Stopped(forced=False)

    # --- time ----------------------------------------------------------------------------

    def _keep_time(self) -> None:
        """Do what is due, until the run has ended: what the alarm's thread does."""
        while not self._ending:
            with self._lock:
                if self.is_over or not self._alarm.wait(self.scheduler.due()):
                    continue
                now = self._clock.now()
                self.scheduler.tick(now)
                self._finish_turn(now)
            self._stop_what_must_stop()
        with self._lock:
            self._alarm.leave()
            self._leave()

    def _watched(self) -> Mapping[int, str]:
        with self._lock:
            return {} if self._ending else self.scheduler.watched()

    def is_ready(self, job: Job, how: str) -> None:
        """Go on since a probe has found a service ready; from any thread."""
        self.request(lambda scheduler, now: scheduler.is_ready(job, how, now))

    def not_ready(self, job: Job, error: str) -> None:
        """Record what a probe has met with; from any thread."""
        self.request(lambda scheduler, now: scheduler.not_ready(job, error, now))

    def _appeared(self, files: Mapping[int, str]) -> None:
        self.request(lambda scheduler, now: scheduler.appeared(files, now))

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
            if self.scheduler.is_live(job):
                now = self._clock.now()
                self.scheduler.ended(job, outcome, now, self._chance)
                self._finish_turn(now)
                self._leave()
                if job.executor == INLINE:  # another waiting thread takes over
                    self._seat.rise()
                    self._over.notify_all()
