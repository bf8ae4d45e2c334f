"""A run as plain lines: one for each thing that people care about."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import taskflow_core.events as ev
from taskflow_core.handling import handler_name
from taskflow_core.state import RunState
from taskflow_core.state.counting import counted
from taskflow_core.statuses import TaskStatus
from taskflow_tui.cli import waiting_lines
from taskflow_tui.formatting import count, duration, named
from taskflow_tui.stops import PLACES, held_for
from taskflow_tui.task_facts import changed, why_not_run
from taskflow_tui.terminal_text import safe_text


def event_line(event: ev.Event, state: RunState) -> str | None:
    """Return the line for `event`, None for small steps; `state` has folded it, and maybe more."""
    words = WORDS.get(type(event))
    text = None if words is None else words(event, state)
    if text is None:
        return None
    time = datetime.fromtimestamp(event.at).astimezone().strftime("%H:%M:%S")
    return f"{time} {safe_text(text)}"


def summary_line(state: RunState, status: str) -> str:
    """Return the last line about a run."""
    counts = ", ".join(f"{n} {_word(name)}" for name, n in counted(state).items() if n)
    took = ""
    if state.since is not None and state.ended_at is not None:
        took = f" in {duration(state.ended_at - state.since)}"
    return f"{safe_text(state.flow)} {state.run}: {status}{took} ({counts or 'no tasks'})"


def _word(status: TaskStatus) -> str:
    return status.lower().replace("_", " ")


def _created(event: ev.RunCreated, state: RunState) -> str:
    plan = state.plan  # which may have grown since
    written = range(plan.nesting.written)
    is_mapped = [spec.foreach is not None for spec in plan.tasks]
    tasks = sum(is_mapped[n] or n not in plan.nesting.children for n in written)
    return f"run {event.run} of {event.flow}: {count(tasks, 'task')}"


def _paused(event: ev.RunPaused, _: RunState) -> str:
    whys = {"breakpoint": "at a breakpoint", "task_failed": "because a task failed"}
    why = whys.get(event.reason, f"by {event.by}")
    return f"‖ paused {why}; it goes on with  taskflow-tui continue {event.run}"


def _stalled(event: ev.RunStalled, _: RunState) -> str:
    names = " ".join(event.waiting[:3])
    return (
        f"◔ stalled: {named(event.waiting, 3)} held;"
        f" let it go with  taskflow-tui release {event.run} {names}"
    )


def _cancelled(event: ev.CancelRequested, _: RunState) -> str:
    what = "" if event.scope is None else f": {', '.join(event.scope)}"
    return f"◼ cancelled by {event.by}{what}"


def _settled(event: ev.RunSettled, state: RunState) -> str:
    if event.at == state.ended_at:
        return summary_line(state, event.state)
    # The state knows already of a retry that came later: only the event tells of then.
    counts = ", ".join(f"{n} {name.lower()}" for name, n in event.counts.items())
    return f"{state.flow} {event.run}: {event.state} ({counts or 'no tasks'})"


def _handled(event: ev.HandlerFinished, _: RunState) -> str:
    name = handler_name(event.handler)
    return f"✔ {name}" if event.ok else f"✖ {name} failed: {event.error}"


def _asked(event: ev.ActionRequested, _: RunState) -> str:
    return f"• {event.action} by {event.by}: {', '.join(event.tasks)}"


def _stepped(event: ev.StepRequested, _: RunState) -> str:
    mode = {"frontier": "step of all that is ready", "to": "run to"}.get(event.mode, event.mode)
    return f"• {mode} {event.target or ''}".rstrip() + f" by {event.by}"


def _stop(event: ev.BreakpointSet | ev.BreakpointCleared) -> str:
    return f"breakpoint {PLACES.get(event.stop, event.stop)} {event.target}"


def _started(event: ev.AttemptStarted, state: RunState) -> str:
    allowed = state.plan.tasks[state.number_of(event.task)].options.retry.retries + 1
    tries = f" (attempt {event.attempt}/{max(allowed, event.attempt)})" if allowed > 1 else ""
    return f"▶ {event.task}{tries}"


def _succeeded(event: ev.TaskSucceeded, state: RunState) -> str | None:
    last = state.task(event.task).last
    if event.how == "cached":
        return f"≡ {event.task}  cached: {_why_cached(event, state)}"
    if event.how == "injected" or last is None or last.started_at is None:
        return waiting_lines.succeeded(event, state)
    if event.how == "stopped":
        return f"✔ {event.task}  stopped after {duration(event.at - last.started_at)}"
    return f"✔ {event.task}  {duration(event.at - last.started_at)}"


def _ready(event: ev.AttemptReady, state: RunState) -> str:
    wanted = event.epoch, event.attempt
    attempts = [a for a in state.task(event.task).attempts if (a.epoch, a.attempt) == wanted]
    began = attempts[-1].started_at if attempts else None
    took = "" if began is None else f"  {duration(event.at - began)}"
    return f"• {event.task} is healthy{took}"


def _why_cached(event: ev.TaskSucceeded, state: RunState) -> str:
    attempts = state.task(event.task).attempts
    checks = [a.cache for a in attempts if a.epoch == event.epoch and a.is_cached]
    return "" if not checks or checks[-1] is None else checks[-1].reason


def _checked(event: ev.CacheChecked, _: RunState) -> str | None:
    return None if event.hit else f"• {event.task} has to run: {event.reason}"


def _failed(event: ev.TaskFailed, state: RunState) -> str | None:
    """Say that a task failed that made no attempt: else its last attempt has said so."""
    is_asked = state.plan.tasks[state.number_of(event.task)].approval is not None
    if is_asked and event.reason.startswith("rejected by "):
        return None  # the answer has said so
    has_tried = any(attempt.epoch == event.epoch for attempt in state.task(event.task).attempts)
    return None if has_tried else f"✖ {event.task} failed: {event.reason}"


def _reopened(event: ev.EpochOpened, _: RunState) -> str:
    return f"↻ {event.task} runs again {changed(event.changes)}".rstrip()


def _rolling_back(event: ev.RollbackStarted, _: RunState) -> str:
    down = "" if event.scope is None else f" down to {event.scope}"
    return f"◂ rolling back{down} by {event.by}"


def _undone(event: ev.CompensationSucceeded, state: RunState) -> str | None:
    if event.how != "executed":
        who = event.how.partition(": ")[2]
        return f"◃ {event.task} counts as undone by {who}" if who else None
    wanted = event.epoch, event.attempt
    undo = [a for a in state.task(event.task).undo if (a.epoch, a.attempt) == wanted]
    began = undo[-1].started_at if undo else None
    return f"◃ {event.task} undone  {'' if began is None else duration(event.at - began)}".rstrip()


def _not_undone(event: ev.CompensationFailed, _: RunState) -> str:
    again = "" if event.due_at is None else f"; again in {event.due_at - event.at:.1f} s"
    return f"⊖ undoing {event.task} failed: {event.error}{again}"


def _rolled_back(event: ev.RollbackSettled, _: RunState) -> str:
    if not event.failed and not event.blocked:
        return f"◃ rolled back: {count(len(event.undone), 'task')}"
    left = [f"{named(event.failed, 3)} could not be undone"] if event.failed else []
    left += [f"{named(event.blocked, 3)} not undone"] if event.blocked else []
    return f"⊖ {'; '.join(left)}; go on with  taskflow-tui rollback {event.run}"


WORDS: dict[type[ev.Event], Callable[[Any, RunState], str | None]] = {
    ev.RunCreated: _created,
    ev.RunPaused: _paused,
    ev.RunResumed: lambda event, _: f"▶ resumed by {event.by}",
    ev.RunStalled: _stalled,
    ev.RetryRequested: lambda event, _: f"↻ retry by {event.by}: {', '.join(event.tasks)}",
    ev.ActionRequested: _asked,
    ev.StepRequested: _stepped,
    ev.BreakpointSet: lambda event, _: f"● {_stop(event)} set by {event.by}",
    ev.BreakpointCleared: lambda event, _: f"○ {_stop(event)} cleared by {event.by}",
    ev.ParallelismChanged: lambda event, _: f"• at most {event.max_parallel} at once by {event.by}",
    ev.CancelRequested: _cancelled,
    ev.RunSettled: _settled,
    ev.AttemptStarted: _started,
    ev.CacheChecked: _checked,
    ev.CacheNotKept: lambda event, _: f"! {event.task} is not kept: {event.reason}",
    ev.AttemptReady: _ready,
    ev.AttemptFailed: lambda event, _: f"✖ {event.task} attempt {event.attempt}: {event.error}",
    ev.AttemptTimedOut: lambda event, _: f"✖ {event.task} timed out after {event.after:g} s",
    ev.AttemptCrashed: lambda event, _: f"✖ {event.task} crashed: {event.error}",
    ev.AttemptLost: lambda event, _: f"✖ {event.task} was lost: {event.reason}",
    ev.AttemptCancelled: lambda event, _: f"◼ {event.task} stopped",
    ev.RetryScheduled: lambda event, _: f"↻ {event.task} again in {event.delay:.1f} s",
    ev.TaskHeld: lambda event, _: f"‖ {event.task} {held_for(event.reason, event.breakpoint)}",
    ev.TaskReleased: lambda event, _: f"○ {event.task} released by {event.by}",
    ev.TaskExpanded: waiting_lines.expanded,
    ev.TaskWaiting: waiting_lines.waiting,
    ev.TaskAnswered: waiting_lines.answered,
    ev.TaskRemoved: waiting_lines.removed,
    ev.TaskSucceeded: _succeeded,
    ev.TaskFailed: _failed,
    ev.TaskBlocked: lambda event, _: f"⊘ {event.task} is blocked by {event.by}",
    ev.TaskSkipped: lambda event, _: f"» {event.task} skipped: {why_not_run(event.reason)}",
    ev.EpochOpened: _reopened,
    ev.TaskStale: lambda event, _: f"! {event.task} is stale: {event.because} is run again",
    ev.RollbackStarted: _rolling_back,
    ev.CompensationStarted: lambda event, _: f"◂ undoing {event.task}",
    ev.CompensationSucceeded: _undone,
    ev.CompensationFailed: _not_undone,
    ev.RollbackSettled: _rolled_back,
    ev.HandlerStarted: lambda event, _: f"▶ {handler_name(event.handler)}",
    ev.HandlerFinished: _handled,
    ev.UnknownEvent: lambda event, _: f"? {event.name} {event.fields}",
}
"""For each kind of event that people care about what makes its line."""
