"""Runs in processes of their own: start, list, look at, ask. What the command line and app use."""

import datetime as dt
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

import taskflow_core.trust as trust
from taskflow_core.actions import Action, Cancel, Pause, Resume, Retry, Succeed
from taskflow_core.assembly import slots
from taskflow_core.clock import SystemClock
from taskflow_core.control import ControlClient, ControlError
from taskflow_core.errors import (
    HandlersAtWorkError,
    JournalError,
    RefusedError,
    RunError,
    RunOwnedError,
)
from taskflow_core.folder import RunFolder, find_folder, run_folders, state_directory
from taskflow_core.forecast import Forecast, Terms, forecast
from taskflow_core.loader import Loaded, load_plan
from taskflow_core.params import params_to_json, resolve_params
from taskflow_core.plan import Plan
from taskflow_core.policies import Order
from taskflow_core.programs import python_command
from taskflow_core.reader import RunReader, RunSummary, summarise
from taskflow_core.results import ResultStore

__all__ = [
    "Loaded",
    "RunReader",
    "RunSummary",
    "act",
    "attach",
    "cancel",
    "folder_of",
    "list_runs",
    "load",
    "open_run",
    "pause",
    "plan_action",
    "resume_tasks",
    "retry",
    "start",
    "succeed",
    "trust",
]

load = load_plan

BEAT = 0.1
"""Seconds between two questions to a run whose handlers have yet to end."""


def start(  # noqa: PLR0913  what holds for a run, all of it named
    plan: Plan,
    *,
    state_dir: Path | None = None,
    max_parallel: int | None = None,
    by: str = "python",
    params: Mapping[str, Any] | None = None,
    actions: Sequence[Action] = (),
    order: Order | None = None,
    fresh: bool = False,
) -> str:
    """Start a run in a process of its own; returns its id once it is recorded as started.

    Args:
        plan: What to do, from `load`.
        state_dir: Where runs are kept, if not in the user's state folder.
        max_parallel: Overrides the flow's own.
        by: Who asks, for the record.
        params: Values for the flow's parameters, as text or as they are; the others come from the
            environment or are the defaults.
        actions: What to ask of the run before anything starts.
        order: Overrides the flow's own.
        fresh: Tasks run whatever the cache holds; what succeeds is kept all the same.

    Raises:
        ParamsError: a parameter has no value, or one that it may not have.
        RunError: the runner could not begin; nothing is left of the run.
    """
    today = dt.datetime.now().astimezone().date()
    values = resolve_params(
        plan.params, given=params or {}, file={}, environ=os.environ, today=today
    )
    folder = RunFolder.create(state_directory(state_dir))
    request = {
        "plan": json.loads(plan.in_order(order).to_json()),
        "max_parallel": max_parallel,
        "by": by,
        "params": params_to_json(values),
        "actions": [msgspec.to_builtins(action) for action in actions],
        "fresh": fresh,
    }
    folder.write_request(request)
    try:
        _spawn(folder, None)
    except RunError:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return folder.run


def list_runs(state_dir: Path | None = None, limit: int | None = None) -> list[RunSummary]:
    """Return the runs in the state directory, newest first; damaged ones are left out."""
    summaries: list[RunSummary] = []
    for folder in run_folders(state_directory(state_dir)):
        if limit is not None and len(summaries) >= limit:
            break
        try:
            summary = summarise(folder)
        except JournalError:
            continue
        if summary is not None:
            summaries.append(summary)
    return summaries


def open_run(ref: str, state_dir: Path | None = None) -> RunReader:
    """Return a reader of the run that `ref` names, which has read all there is.

    Args:
        ref: An id, a prefix that fits only one run, or `@last`.
        state_dir: Where runs are kept, if not in the user's state folder.

    Raises:
        RunNotFoundError: no run, or more than one, goes by that name.
        JournalError: its record cannot be read.
    """
    reader = RunReader(find_folder(state_directory(state_dir), ref))
    reader.poll()
    return reader


def folder_of(ref: str, state_dir: Path | None = None) -> RunFolder:
    """Return the folder of the run that `ref` names.

    Raises:
        RunNotFoundError: no run, or more than one, goes by that name.
    """
    return find_folder(state_directory(state_dir), ref)


def attach(ref: str, state_dir: Path | None = None) -> ControlClient:
    """Return a connection to a live run.

    Raises:
        RunNotFoundError: no run, or more than one, goes by that name.
        RefusedError: it is not live.
    """
    folder = find_folder(state_directory(state_dir), ref)
    try:
        return ControlClient(folder.path)
    except ControlError as error:
        raise _not_live(folder) from error


def act(ref: str, action: Action, *, by: str, state_dir: Path | None = None) -> Any:
    """Ask something of a run and return the answer, once it is recorded.

    A run that has settled, or whose owner died, is brought back to life by a new runner where the
    action means that it goes on. If its handlers are at work, they are waited for.

    Args:
        ref: An id, a prefix that fits only one run, or `@last`.
        action: What to do.
        by: Who asks, for the record.
        state_dir: Where runs are kept, if not in the user's state folder.

    Raises:
        RunNotFoundError: no run, or more than one, goes by that name.
        RefusedError: the run does not allow it.
    """
    folder = find_folder(state_directory(state_dir), ref)
    fields: dict[str, Any] = msgspec.to_builtins(action)
    try:
        with ControlClient(folder.path) as client:
            return _answer(client, by, fields)
    except ControlError:
        if not action.revives:
            raise _not_live(folder) from None
    return _spawn(folder, {"by": by, **fields})


def _answer(client: ControlClient, by: str, fields: dict[str, Any]) -> Any:
    while True:
        try:
            return client.ask(by=by, **fields)
        except HandlersAtWorkError:
            client.wait_for_tick(BEAT)


def plan_action(ref: str, action: Action, *, state_dir: Path | None = None) -> Forecast:
    """Return what `action` would lead to: what runs, what is reused, how long it takes.

    Args:
        ref: An id, a prefix that fits only one run, or `@last`.
        action: What would be asked.
        state_dir: Where runs are kept, if not in the user's state folder.

    Raises:
        RunNotFoundError: no run, or more than one, goes by that name.
        RefusedError: the run would not allow it.
    """
    state = open_run(ref, state_dir).state
    terms = Terms(slots=slots(state.max_parallel), total=state.max_parallel)
    return forecast(state, action, terms, now=SystemClock().now())


def pause(ref: str, *, by: str, state_dir: Path | None = None) -> None:
    """Start no new tasks; RefusedError if the run is not running."""
    act(ref, Pause(), by=by, state_dir=state_dir)


def resume_tasks(ref: str, *, by: str, state_dir: Path | None = None) -> None:
    """Start tasks again; RefusedError if the run is not paused."""
    act(ref, Resume(), by=by, state_dir=state_dir)


def cancel(
    ref: str,
    tasks: Sequence[str] | None = None,
    *,
    by: str,
    state_dir: Path | None = None,
) -> None:
    """Stop a live run, or some of its tasks; asking again kills. RefusedError if it is over."""
    names = None if tasks is None else tuple(tasks)
    act(ref, Cancel(tasks=names), by=by, state_dir=state_dir)


def retry(
    ref: str, tasks: Sequence[str] | None, *, by: str, state_dir: Path | None = None
) -> list[str]:
    """Try failed tasks again with freshly loaded code, and then what they blocked.

    Args and errors are those of `act`; for `tasks`, None means all that failed or were cancelled.

    Returns:
        The names of the tasks that will be tried again.
    """
    names = None if tasks is None else tuple(tasks)
    return list(act(ref, Retry(tasks=names), by=by, state_dir=state_dir) or [])


def succeed(
    ref: str, task: str, value: object = None, *, by: str, state_dir: Path | None = None
) -> None:
    """End a task as if it had returned `value`. Args and errors are those of `act`."""
    folder = find_folder(state_directory(state_dir), ref)
    shown = ResultStore(folder.results, 0, keep=False).keep(value)
    act(ref, Succeed(task=task, result=shown), by=by, state_dir=state_dir)


def _not_live(folder: RunFolder) -> RefusedError:
    summary = summarise(folder)
    state = "not recorded" if summary is None else summary.state
    return RefusedError(f"run {folder.run} is {state}: nobody runs it")


def _spawn(folder: RunFolder, request: dict[str, Any] | None) -> Any:
    """Start the run's runner and return its first word.

    Raises:
        RunError: it could not begin, or refused.
    """
    ours, theirs = os.pipe()
    boot = python_command("taskflow_core.runner")
    command = [*boot, str(folder.path), str(theirs), json.dumps(request)]
    with folder.runner_log.open("ab") as log:
        folder.runner_log.chmod(0o600)
        runner = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            pass_fds=[theirs],
            start_new_session=True,
        )
    # Waited for, so that it is no zombie when it has ended.
    threading.Thread(target=runner.wait, name="taskflow-runner", daemon=True).start()
    os.close(theirs)
    with os.fdopen(ours, "rb") as ready:
        line = ready.readline()
    return _first_word(folder, line)


def _first_word(folder: RunFolder, line: bytes) -> Any:
    if not line:
        tail = folder.runner_log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise RunError(f"the runner died before it began: {tail}", hint=str(folder.runner_log))
    message = json.loads(line)
    if "ok" in message:
        return message["ok"]
    kinds: dict[str, type[RunError]] = {
        "RefusedError": RefusedError,
        "RunOwnedError": RunOwnedError,
    }
    kind = kinds.get(message["kind"], RunError)
    raise kind(message["error"], hint=message["hint"])
