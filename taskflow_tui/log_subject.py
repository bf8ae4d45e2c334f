"""What the log pane is about: an attempt of a task, or the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, cast

from taskflow_core.plan import TaskSpec
from taskflow_core.state import Attempt, RunState, TaskState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from taskflow_tui.attempts import Tried, all_tried
from taskflow_tui.formatting import duration, named
from taskflow_tui.stops import held
from taskflow_tui.tallies import Tally
from taskflow_tui.task_definition import definition
from taskflow_tui.task_facts import (
    first_line,
    freshness,
    undone,
    upstreams_missing,
    why_not_run,
)
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.waiting_facts import answer_said, contents, moment_of, one_line, progress_of
from taskflow_tui.waiting_facts import shown as preview_of

Tone = Literal["plain", "label", "muted", "error", "good"]


class Line(NamedTuple):
    """A line of our own, in pieces of text and tone; the text is safe."""

    pieces: tuple[tuple[str, Tone], ...]


class AttemptTab(NamedTuple):
    """One attempt in the pane's title."""

    number: int
    state: AttemptStatus
    chosen: bool
    undoes: bool = False
    """It undid the task; such attempts have numbers of their own."""
    again: bool = False
    """With it the task ran again although it had run: the numbers start anew."""


@dataclass(frozen=True)
class LogSubject:
    """Everything the log pane shows but the output itself."""

    task: str = ""
    """The task's name, safe to show."""
    attempts: tuple[AttemptTab, ...] = ()
    path: Path | None = None
    """The file with the output, which may not exist; None without an attempt."""
    is_live: bool = False
    """More output may come."""
    instead: tuple[Line, ...] = ()
    """Shown where there is no output."""
    after: tuple[Line, ...] = ()
    """Shown below the output: how the attempt ended."""


def text_line(text: str, tone: Tone = "plain") -> Line:
    """Return a line of one piece."""
    return Line(((text, tone),))


def log_subject(
    state: RunState,
    number: int,
    chosen: int | None,
    status: RunStatus,
    path: Path | None,
    tally: Tally | None = None,
) -> LogSubject:
    """Return what to show of task `number`.

    Args:
        state: The run.
        number: The task.
        chosen: The place of the attempt in the task's list; None for the newest.
        status: The run's status, as its reader sees it.
        path: Where that attempt's output is.
        tally: What is known of its children, for a container.
    """
    task = state.tasks[number]
    name = safe_text(state.plan.tasks[number].name)
    tried = all_tried(task)
    if not tried:
        inside = [] if tally is None else [("children", progress_of(tally))]
        facts = [*definition(state.plan, number), *contents(state, number), *inside]
        about, why = _about(facts), _reason(state, number, status)
        is_urgent = task.state is TaskStatus.WAITING
        lines = (why, text_line(""), *about) if is_urgent else (*about, text_line(""), why)
        return LogSubject(name, instead=lines)
    standing = _standing(task)
    place = len(tried) - 1 if chosen is None else chosen
    attempt = tried[place].attempt
    live = attempt.is_live and status is not RunStatus.INTERRUPTED
    return LogSubject(
        name,
        _tabs(tried, place),
        path,
        live,
        instead=(_silence(attempt, status),),
        after=(*_end(tried[place], status), *([text_line(standing, "label")] if standing else ())),
    )


def _tabs(tried: Sequence[Tried], place: int) -> tuple[AttemptTab, ...]:
    epochs = [0, *(attempt.epoch for attempt, _ in tried)]
    return tuple(
        AttemptTab(
            attempt.attempt, attempt.state, index == place, undoes, attempt.epoch > epochs[index]
        )
        for index, (attempt, undoes) in enumerate(tried)
    )


def _about(facts: Sequence[tuple[str, str]]) -> tuple[Line, ...]:
    width = max(9, *(len(label) for label, _ in facts)) if facts else 9
    return tuple(Line(((f"{label:<{width}} ", "label"), (text, "plain"))) for label, text in facts)


def _reason(state: RunState, number: int, status: RunStatus) -> Line:
    """Say why the task has no attempt."""
    task = state.tasks[number]
    if status is RunStatus.CREATED:
        return text_line("Not started.", "muted")
    match task.state:
        case TaskStatus.UPSTREAM_FAILED | TaskStatus.FAILED:
            return text_line(_badly(task), "error")
        case TaskStatus.SKIPPED | TaskStatus.CANCELLED:
            word = "Skipped" if task.state is TaskStatus.SKIPPED else "Cancelled"
            why = why_not_run(task.reason) or "no reason given"
            return text_line(f"{word}: {why}.", "muted")
        case TaskStatus.PENDING:
            missing = named(upstreams_missing(state, number), 6)
            return text_line(f"Waiting for {missing}." if missing else "Waiting.", "muted")
        case TaskStatus.WAITING | TaskStatus.HELD | TaskStatus.SUCCEEDED | TaskStatus.ROLLED_BACK:
            return text_line(_without_work(state.plan.tasks[number], task, status), "muted")
        case _:
            until = "the run goes on" if status is RunStatus.PAUSED else "a slot is free"
            return text_line(f"Ready: it starts when {until}.", "muted")


def _badly(task: TaskState) -> str:
    """Return why a task ended badly that made no attempt."""
    if task.state is TaskStatus.FAILED:
        return f"Failed: {first_line(task.reason)}."
    return f"Will not run: {safe_text(task.reason or 'a task upstream')} did not succeed."


def _without_work(spec: TaskSpec, task: TaskState, status: RunStatus) -> str:
    """Return how a task stands that made no attempt, and need not have made one."""
    if task.state is TaskStatus.WAITING:
        return _waiting(task, status)
    said = answer_said(spec, task)
    told = f"{said[:1].upper()}{said[1:]}." if said else _standing(task)
    return told or "Nothing had to run."


def _waiting(task: TaskState, status: RunStatus) -> str:
    """Return what a task waits for, with the moment and not the time left, which runs."""
    if status is RunStatus.INTERRUPTED:
        return "Cut off: the runner died."
    if task.waiting is None:
        return "It ends when all its children have ended."
    when, about = moment_of(task), one_line(task.waiting.about)
    gives_up = f" It gives up at {when}." if when else ""
    match task.waiting.what:
        case "approval":
            return f"It asks: {about} Press a to answer.{gives_up}"
        case "file":
            return f"Waiting for {about} to be there.{gives_up}"
        case _:
            return f"It goes on at {when}."


def _standing(task: TaskState) -> str:
    """Return what there is to know of a task besides how its attempts went; often nothing."""
    said = held(task) if task.state is TaskStatus.HELD else freshness(task) or _undone(task)
    said = said or _result(task)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _result(task: TaskState) -> str:
    """Return what there is to say of the result of a task that made no attempt."""
    shown = task.result if task.state is TaskStatus.SUCCEEDED and not task.attempts else None
    value = cast("dict[str, object]", shown).get("value") if isinstance(shown, dict) else None
    return "" if value is None else f"its result is {preview_of(value)}"


def _undone(task: TaskState) -> str:
    """Return how a task was undone that nothing had to run for."""
    return "" if task.undo else undone(task, RunStatus.ROLLED_BACK, 0.0)


def _silence(attempt: Attempt, status: RunStatus) -> Line:
    if attempt.is_cached:
        return text_line("It did not have to run.", "muted")
    if attempt.state is AttemptStatus.QUEUED:
        return text_line("Its worker is starting.", "muted")
    if attempt.is_live and status is not RunStatus.INTERRUPTED:
        return text_line("No output yet.", "muted")
    return text_line("It printed nothing.", "muted")


def _end(tried: Tried, status: RunStatus) -> tuple[Line, ...]:
    attempt, undoes = tried
    if attempt.is_live:
        if status is RunStatus.INTERRUPTED:
            return (_rule("cut off: the runner died", "error"),)
        return ()
    if attempt.is_cached:
        return (_rule("reused from the cache", "good"),)
    took = ""
    if attempt.started_at is not None and attempt.ended_at is not None:
        took = f" after {duration(attempt.ended_at - attempt.started_at)}"
    good = attempt.state is AttemptStatus.SUCCEEDED
    word = attempt.state.lower().replace("_", " ")
    error = first_line(attempt.error)
    what = "undoing it: attempt" if undoes else "attempt"
    lines = [_rule(f"{what} {attempt.attempt} {word}{took}", "good" if good else "error")]
    if error:
        lines.append(text_line(error, "error"))
    if attempt.leftovers:
        lines.append(text_line(f"{attempt.leftovers} processes or threads outlived it", "error"))
    trace = (attempt.traceback or "").strip("\n")
    lines += [text_line(safe_text(row), "muted") for row in trace.splitlines()]
    return tuple(lines)


def _rule(text: str, tone: Tone) -> Line:
    return Line((("── ", "label"), (text, tone), (" ──", "label")))
