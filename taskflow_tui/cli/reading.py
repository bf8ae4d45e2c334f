"""Commands that only look: `ls`, `show`, `logs`."""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from taskflow_core import runs
from taskflow_core.errors import RunNotFoundError, suggestion
from taskflow_core.runs import RunReader, RunSummary
from taskflow_core.state import TaskState
from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_tui.attempts import Tried, all_tried, output_of
from taskflow_tui.cli.options import json_option, run_argument, state_option
from taskflow_tui.formatting import ago, duration
from taskflow_tui.stops import held, standstill
from taskflow_tui.task_facts import freshness, undone, why_not_run
from taskflow_tui.terminal_text import ansi, log_line, safe_text


@click.command("ls")
@json_option
@state_option
def ls_command(as_json: bool, state_dir: Path | None) -> None:
    """List the runs, newest first.

    Example: taskflow-tui ls
    """
    summaries = runs.list_runs(state_dir)
    if as_json:
        print(json.dumps([_summary(summary) for summary in summaries], indent=2))
        return
    for summary in summaries:
        print(_summary_line(summary))


@click.command("show")
@run_argument
@json_option
@state_option
def show_command(ref: str, as_json: bool, state_dir: Path | None) -> None:
    """Show the state of a run, task by task.

    Example: taskflow-tui show @last
    """
    reader = runs.open_run(ref, state_dir)
    if as_json:
        print(json.dumps(_run(reader), indent=2))
    else:
        _print_run(reader)


@click.command("logs")
@run_argument
@click.argument("task")
@click.option("--attempt", type=click.IntRange(min=1), help="Which attempt, instead of the last.")
@click.option("--rollback", is_flag=True, help="What undoing it printed.")
@state_option
def logs_command(
    ref: str, task: str, attempt: int | None, rollback: bool, state_dir: Path | None
) -> None:
    """Print what a task printed: sanitised on a terminal, as it was into a pipe.

    Example: taskflow-tui logs @last fetch
    """
    reader = runs.open_run(ref, state_dir)
    path = output_of(reader, task, _tried(reader, task, attempt, undoes=rollback))
    if not path.exists():
        return
    with path.open("rb") as output:
        if sys.stdout.isatty():
            for line in output:
                print(ansi(log_line(line.rstrip(b"\r\n"))))
        else:
            shutil.copyfileobj(output, sys.stdout.buffer)


def _tried(reader: RunReader, task: str, number: int | None, *, undoes: bool) -> Tried:
    known = reader.state.plan.index
    if task not in known:
        hint = suggestion(task, known) or f"Its tasks are: {', '.join(list(known)[:10])}"
        raise RunNotFoundError(f"run {reader.run} has no task {task!r}", hint=hint)
    state = reader.state.task(task)
    attempts = state.undo if undoes else state.attempts
    if not attempts:
        what = "nothing ran to undo it" if undoes else "has not started"
        raise RunNotFoundError(f"task {task!r}{':' if undoes else ''} {what}")
    found = attempts if number is None else [a for a in attempts if a.attempt == number]
    if not found:
        raise RunNotFoundError(f"task {task!r} has made {len(attempts)} attempts")
    return Tried(found[-1], undoes)


def _summary(summary: RunSummary) -> dict[str, Any]:
    return {
        "run": summary.run,
        "flow": summary.flow,
        "state": summary.state.value,
        "reason": summary.reason,
        "started_at": summary.started_at,
        "ended_at": summary.ended_at,
        "counts": summary.counts,
    }


def _summary_line(summary: RunSummary) -> str:
    since = "" if summary.started_at is None else ago(time.time() - summary.started_at)
    took = ""
    if summary.started_at is not None and summary.ended_at is not None:
        took = duration(summary.ended_at - summary.started_at)
    counts = " ".join(f"{name.lower()}={n}" for name, n in summary.counts.items())
    head = f"{summary.run}  {safe_text(summary.flow):<24} {summary.state:<15}"
    return f"{head} {since:>8} {took:>7}  {counts}"


def _run(reader: RunReader) -> dict[str, Any]:
    state, owner = reader.state, reader.owner
    return {
        "run": reader.run,
        "flow": state.flow,
        "state": reader.status.value,
        "reason": reader.reason,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "max_parallel": state.max_parallel,
        "order": state.plan.ready_order,
        "breakpoints": [
            {"task": stop.task, "at": stop.stop, "when": stop.condition, "hit": stop.hit}
            for stop in state.breakpoints.values()
        ],
        "owner": None if owner is None else {"pid": owner.pid, "alive": owner.alive},
        "tasks": [
            _task(spec.name, task) for spec, task in zip(state.plan.tasks, state.tasks, strict=True)
        ],
    }


def _task(name: str, task: TaskState) -> dict[str, Any]:
    return {
        "name": name,
        "state": task.state.value,
        "reason": task.reason,
        "epoch": task.epoch,
        "held": task.held,
        "stale": task.stale,
        "changes": task.changes or {},
        "cache": _cache(task),
        "attempts": [_attempt_shape(tried) for tried in all_tried(task)],
    }


def _cache(task: TaskState) -> dict[str, Any] | None:
    check = task.cache
    if check is None:
        return None
    return {"hit": check.hit, "reason": check.reason, "not_kept": check.not_kept}


def _attempt_shape(tried: Tried) -> dict[str, Any]:
    attempt = tried.attempt
    return {
        "attempt": attempt.attempt,
        "epoch": attempt.epoch,
        "kind": "rollback" if tried.undoes else "execute",
        "state": attempt.state.value,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "exit_code": attempt.exit_code,
        "error": attempt.error,
    }


def _print_run(reader: RunReader) -> None:
    state = reader.state
    print(f"{safe_text(state.flow)} {reader.run}: {reader.status}", end="")
    where = standstill(state, reader.status) or safe_text(reader.reason or "")
    print(f" – {where}" if where else "")
    width = max((len(spec.name) for spec in state.plan.tasks), default=0)
    for spec, task in zip(state.plan.tasks, state.tasks, strict=True):
        last = task.last
        took = ""
        if last is not None and last.started_at is not None and last.ended_at is not None:
            took = duration(last.ended_at - last.started_at)
        tries = f"#{last.attempt}" if last is not None else ""
        reason = _reason(task, reader.status)
        line = f"  {task.state:<15} {spec.name:<{width}} {took:>7} {tries:<3} {reason}"
        print(safe_text(line.rstrip()))


def _reason(task: TaskState, status: RunStatus) -> str:
    match task.state:
        case TaskStatus.UPSTREAM_FAILED:
            return f"blocked by {task.reason}"
        case TaskStatus.HELD:
            return held(task)
        case TaskStatus.SUCCEEDED:
            return freshness(task)
        case TaskStatus.ROLLING_BACK | TaskStatus.ROLLED_BACK | TaskStatus.ROLLBACK_FAILED:
            return undone(task, status, time.time())
        case _:
            return why_not_run(task.reason)
