"""`show`: the state of a run, task by task, each below the container that it is in."""

import json
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from taskflow_core import runs
from taskflow_core.runs import RunReader
from taskflow_core.state import RunState, TaskState
from taskflow_core.state.counting import counted
from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_tui.answers import answer_command
from taskflow_tui.attempts import Tried, all_tried
from taskflow_tui.cli.options import json_option, run_argument, state_option
from taskflow_tui.formatting import duration
from taskflow_tui.handlers import handler_facts
from taskflow_tui.service_facts import standing
from taskflow_tui.stops import held, standstill
from taskflow_tui.tallies import Tallies
from taskflow_tui.task_facts import freshness, undone, why_not_run
from taskflow_tui.task_tree import TaskTree
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.waiting_facts import answer_said, item_of, moment_of, progress_of, waits_for


@click.command("show")
@run_argument
@json_option
@state_option
def show_command(ref: str, as_json: bool, state_dir: Path | None) -> None:
    """Show the state of a run, task by task.

    The tasks of a sub-flow and those that a mapped task became stand below it.

    Example: taskflow-tui show @last
    """
    reader = runs.open_run(ref, state_dir)
    if as_json:
        print(json.dumps(_run(reader), indent=2))
    else:
        _print_run(reader)


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
        "counts": {status.value: n for status, n in counted(state).items() if n},
        "breakpoints": [
            {"task": stop.task, "at": stop.stop, "when": stop.condition, "hit": stop.hit}
            for stop in state.breakpoints.values()
        ],
        "handlers": [
            {"handler": moment, **msgspec.structs.asdict(handled)}
            for moment, handled in state.handled.items()
        ],
        "owner": None if owner is None else {"pid": owner.pid, "alive": owner.alive},
        "tasks": [_task(state, number) for number in range(len(state.tasks))],
    }


def _task(state: RunState, number: int) -> dict[str, Any]:
    spec, task = state.plan.tasks[number], state.tasks[number]
    waiting = task.waiting
    inside = state.plan.nesting.children.get(number, ())
    return {
        "name": spec.name,
        "parent": spec.parent,
        "children": [state.plan.tasks[child].name for child in inside],
        "state": task.state.value,
        "reason": task.reason,
        "epoch": task.epoch,
        "held": task.held,
        "stale": task.stale,
        "changes": task.changes or {},
        "cache": _cache(task),
        "waiting": None
        if waiting is None
        else {"what": waiting.what, "until": waiting.until, "about": waiting.about},
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
    state, status = reader.state, reader.status
    print(f"{safe_text(state.flow)} {reader.run}: {status}", end="")
    where = standstill(state, status) or safe_text(reader.reason or "")
    print(f" – {where}" if where else "")
    tree, tallies = TaskTree(state.plan), Tallies(state)
    names = {n: "  " * tree.depth(n) + state.plan.tasks[n].name for n in tree.everything()}
    width = max(map(len, names.values()), default=0)
    for number, name in names.items():
        print(safe_text(_line(state, tallies, number, status, f"{name:<{width}}").rstrip()))
    for name, said in handler_facts(state, is_over=reader.is_over):
        print(f"  {name}  {said}")
    for number in tallies.asking if status.is_live else ():
        print(f"answer with  {safe_text(answer_command(reader.run, state.plan.tasks[number]))}")


def _line(state: RunState, tallies: Tallies, number: int, status: RunStatus, name: str) -> str:
    task, tally = state.tasks[number], tallies.of(number)
    last, took = task.last, ""
    if last is not None and last.started_at is not None and last.ended_at is not None:
        took = duration(last.ended_at - last.started_at)
    tries = f"#{last.attempt}" if last is not None else ""
    said = _reason(state, number, status)
    if tally is not None and task.expansion is not None:
        said = progress_of(tally) + (f" – {said}" if said else "")
    return f"  {task.state:<15} {name} {took:>7} {tries:<3} {said}"


def _reason(state: RunState, number: int, status: RunStatus) -> str:
    task = state.tasks[number]
    match task.state:
        case TaskStatus.UPSTREAM_FAILED:
            return f"blocked by {task.reason}"
        case TaskStatus.HELD:
            return held(task)
        case TaskStatus.WAITING:
            return _waiting(state, number)
        case TaskStatus.SUCCEEDED:
            said = freshness(task) or answer_said(state.plan.tasks[number], task)
            return said or item_of(state, number)
        case TaskStatus.ROLLING_BACK | TaskStatus.ROLLED_BACK | TaskStatus.ROLLBACK_FAILED:
            return undone(task, status, time.time())
        case _:
            said = standing(state.plan.tasks[number], task) or why_not_run(task.reason)
            return said or item_of(state, number)


def _waiting(state: RunState, number: int) -> str:
    """Return what a task waits for; nothing for a container, whose children tell."""
    task = state.tasks[number]
    if task.waiting is None:
        return ""
    when = moment_of(task) if task.waiting.what == "moment" else ""
    return waits_for(task, time.time()) + (f", at {when}" if when else "")
