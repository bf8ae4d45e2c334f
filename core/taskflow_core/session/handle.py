"""A run that goes on in this process, and all that can be asked of it."""

import contextlib
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, Self

from taskflow_core.actions import (
    Action,
    Answer,
    Break,
    Cancel,
    Hold,
    Parallelism,
    Pause,
    Reject,
    Release,
    Rerun,
    Resume,
    Retry,
    Rollback,
    Skip,
    Step,
    Succeed,
    Unbreak,
)
from taskflow_core.bus import EventBus, Subscriber, Subscription
from taskflow_core.bus.filter import Names
from taskflow_core.bus.log import KEPT
from taskflow_core.engine import Engine
from taskflow_core.errors import RefusedError
from taskflow_core.forecast import Forecast
from taskflow_core.params import params_to_json
from taskflow_core.policies import Stop
from taskflow_core.results import ResultStore
from taskflow_core.session.result import RunResult
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus


class RunHandle:
    """A run that goes on in this process. Every method may be called from any thread.

    Close it, or use it in a `with` block, to let go of worker processes and of the journal; it
    is closed by itself when nothing refers to it any more.
    """

    def __init__(
        self, engine: Engine, state: RunState, results: ResultStore, bus: EventBus
    ) -> None:
        self._engine = engine
        self._state = state
        self._results = results
        self._bus = bus
        self.run_id = state.run
        self.close = weakref.finalize(self, _end, engine)
        """Let go of everything; what still runs is cancelled first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def state(self) -> RunStatus:
        """What the run is doing now."""
        return self._state.state

    def subscribe(
        self,
        callback: Subscriber,
        *,
        kinds: Names | None = None,
        tasks: Names | None = None,
        after: int | None = 0,
        queue: int = KEPT,
    ) -> Subscription:
        """Call `callback` with the run's events numbered above `after`: past ones, then new ones.

        Works while the run goes on, and when it is over or closed. See `EventBus.subscribe`.

        Raises:
            DefinitionError: there is no such kind of event, or no room in the queue.
        """
        return self._bus.subscribe(callback, kinds=kinds, tasks=tasks, after=after, queue=queue)

    def act(self, action: Action) -> Any:
        """Carry out an action of `actions`, and return its answer once it is recorded.

        Raises:
            RefusedError: the run does not allow it.
        """
        return self._engine.act(action, by="python")

    def plan(self, action: Action) -> Forecast:
        """Return what an action would lead to: what runs, what is reused, how long it takes.

        Raises:
            RefusedError: the run would not allow it.
        """
        return self._engine.forecast(action)

    def pause(self) -> None:
        """Start nothing new until `resume`; RefusedError if the run is not running."""
        self.act(Pause())

    def resume(self) -> None:
        """Start tasks again, also those that breakpoints hold; RefusedError if it runs."""
        self.act(Resume())

    def step(self, task: str | None = None) -> list[str]:
        """Let one task go on in a run that is, or is now, paused, and return its name in a list.

        Args:
            task: Which; by default the first that a breakpoint holds, else the first that is
                ready.

        Raises:
            RefusedError: it, or no task, is ready to start.
        """
        return list(self.act(Step(task=task)))

    def step_frontier(self) -> list[str]:
        """Let all tasks go on that are ready, and return their names; else as `step`."""
        return list(self.act(Step(mode="frontier")))

    def run_to(self, task: str) -> None:
        """Run what `task` waits for and nothing else; RefusedError if it is too late for that."""
        self.act(Step(mode="to", task=task))

    def cancel(self, *tasks: str) -> None:
        """Stop the run, or the named tasks; asking again kills. RefusedError if it is over."""
        self.act(Cancel(tasks=tasks or None))

    def retry(self, *tasks: str, fresh: bool = False) -> list[str]:
        """Try failed tasks again, all of them or the named ones, and return their names.

        Args:
            tasks: Their names. One that has succeeded runs again alone.
            fresh: Their retry budgets begin anew.

        Raises:
            RefusedError: one cannot be retried, or none has failed.
        """
        return list(self.act(Retry(tasks=tasks or None, fresh=fresh)))

    def rerun(
        self, *tasks: str, from_here: bool = False, kwargs: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Run tasks again that have ended, and return the names of all that run again.

        Args:
            tasks: Their names.
            from_here: Everything downstream runs again too; else it is marked as stale.
            kwargs: Named arguments that differ from now on.

        Raises:
            RefusedError: one is running, or has not run yet.
            ResultError: a value in `kwargs` cannot be pickled.
        """
        changes = {name: self._results.keep(value) for name, value in (kwargs or {}).items()}
        return list(self.act(Rerun(tasks=tasks, from_here=from_here, changes=changes)))

    def skip(self, *tasks: str) -> None:
        """End tasks as skipped; RefusedError if one runs or has succeeded."""
        self.act(Skip(tasks=tasks))

    def succeed(self, task: str, value: Any = None) -> None:
        """End a task as if it had returned `value`; RefusedError if it runs or has succeeded."""
        self.act(Succeed(task=task, result=self._results.keep(value)))

    def rollback(self, to: str | None = None, *, skip: Iterable[str] = ()) -> None:
        """Undo what the run did, by the rollbacks of its tasks; or go on undoing.

        Args:
            to: The task down to which everything is undone; by default all.
            skip: Tasks that could not be undone and now count as if they were.

        Raises:
            RefusedError: the run is being cancelled or rolled back.
        """
        self.act(Rollback(to=to, skip=tuple(skip)))

    def answer(self, task: str, **fields: Any) -> None:
        """Approve what a task asks; `fields` are what its answer has to say.

        Raises:
            RefusedError: it asks nothing now, or a field is missing or wrong.
        """
        self.act(Answer(task=task, fields=params_to_json(fields)))

    def reject(self, task: str, reason: str | None = None) -> None:
        """Reject what a task asks, so that it fails; RefusedError if it asks nothing now."""
        self.act(Reject(task=task, reason=reason))

    def hold(self, *tasks: str) -> None:
        """Keep tasks from starting until `release`; RefusedError if one has started."""
        self.act(Hold(tasks=tasks))

    def release(self, *tasks: str) -> None:
        """Let tasks go that are held; RefusedError if nothing holds one."""
        self.act(Release(tasks=tasks))

    def set_breakpoint(
        self, task: str, stop: Stop = "before", *, when: str | None = None, hit: int = 1
    ) -> None:
        """Stop the run at a task: it is held, and the run paused.

        Args:
            task: Its name.
            stop: `before` it starts, `after` it succeeded and before anybody sees the result,
                `on_failure` or `on_retry`.
            when: An expression; the run stops only where it is true.
            hit: The run stops from this time on that the place is reached; from 1.
        """
        self.act(Break(task=task, stop=stop, condition=when, hit=hit))

    def clear_breakpoint(self, task: str, stop: Stop = "before") -> None:
        """Stop there no more; RefusedError if there is no such breakpoint."""
        self.act(Unbreak(task=task, stop=stop))

    def set_max_parallel(self, most: int) -> None:
        """Let at most `most` tasks run at once from now on."""
        self.act(Parallelism(max_parallel=most))

    def wait(self, timeout: float | None = None) -> RunResult:
        """Wait for the end of the run and return its results.

        Raises:
            TimeoutError: it did not end within `timeout` seconds; it goes on.
            JournalError: it could not be recorded, and was stopped.
        """
        if not self._engine.wait(timeout):
            raise TimeoutError(f"run {self.run_id} is still {self.state} after {timeout} s")
        if self._engine.failure is not None:
            raise self._engine.failure
        return RunResult(self._state, self._results)


def _end(engine: Engine) -> None:
    if not engine.is_done:
        with contextlib.suppress(RefusedError):
            engine.act(Cancel(), by="python")
        engine.wait()
    engine.close()
