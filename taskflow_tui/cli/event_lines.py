"""A run as plain lines: one for each thing that people care about."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import taskflow_core.events as ev
from taskflow_core.state import RunState
from taskflow_tui.formatting import count, duration
from taskflow_tui.terminal_text import safe_text


def event_line(event: ev.Event, state: RunState) -> str | None:
    """Return the line for `event`, which `state` has just folded; None for small steps."""
    words = _WORDS.get(type(event))
    if words is None:
        return None
    text = words(event, state)
    time = datetime.fromtimestamp(event.at).astimezone().strftime("%H:%M:%S")
    return f"{time} {safe_text(text)}"


def summary_line(state: RunState, status: str) -> str:
    """Return the last line about a run."""
    counts = ", ".join(f"{n} {name.lower()}" for name, n in state.counts.items() if n)
    took = ""
    if state.since is not None and state.ended_at is not None:
        took = f" in {duration(state.ended_at - state.since)}"
    return f"{safe_text(state.flow)} {state.run}: {status}{took} ({counts or 'no tasks'})"


def _started(event: ev.AttemptStarted, state: RunState) -> str:
    allowed = state.plan.tasks[state.number_of(event.task)].options.retry.retries + 1
    tries = f" (attempt {event.attempt}/{max(allowed, event.attempt)})" if allowed > 1 else ""
    return f"▶ {event.task}{tries}"


def _succeeded(event: ev.TaskSucceeded, state: RunState) -> str:
    last = state.task(event.task).last
    took = "" if last is None or last.started_at is None else duration(event.at - last.started_at)
    return f"✔ {event.task}  {took}"


def _created(event: ev.RunCreated, state: RunState) -> str:
    return f"run {event.run} of {event.flow}: {count(len(state.tasks), 'task')}"


def _settled(event: ev.RunSettled, state: RunState) -> str:
    if event.at == state.ended_at:
        return summary_line(state, event.state)
    # The state knows already of a retry that came later: only the event tells of then.
    counts = ", ".join(f"{n} {name.lower()}" for name, n in event.counts.items())
    return f"{state.flow} {event.run}: {event.state} ({counts or 'no tasks'})"


_WORDS: dict[type[ev.Event], Callable[[Any, RunState], str]] = {
    ev.RunCreated: _created,
    ev.RunPaused: lambda event, _: f"‖ paused by {event.by}",
    ev.RunResumed: lambda event, _: f"▶ resumed by {event.by}",
    ev.RetryRequested: lambda event, _: f"↻ retry by {event.by}: {', '.join(event.tasks)}",
    ev.CancelRequested: lambda event, _: f"◼ cancelled by {event.by}",
    ev.RunSettled: _settled,
    ev.AttemptStarted: _started,
    ev.AttemptFailed: lambda event, _: f"✖ {event.task} attempt {event.attempt}: {event.error}",
    ev.AttemptTimedOut: lambda event, _: f"✖ {event.task} timed out after {event.after:g} s",
    ev.AttemptCrashed: lambda event, _: f"✖ {event.task} crashed: {event.error}",
    ev.AttemptLost: lambda event, _: f"✖ {event.task} was lost: {event.reason}",
    ev.RetryScheduled: lambda event, _: f"↻ {event.task} again in {event.delay:.1f} s",
    ev.TaskSucceeded: _succeeded,
    ev.TaskBlocked: lambda event, _: f"⊘ {event.task} is blocked by {event.by}",
    ev.TaskSkipped: lambda event, _: f"» {event.task} skipped: {event.reason}",
    ev.AttemptCancelled: lambda event, _: f"◼ {event.task} stopped",
}
