"""`why`: why a task ran, was reused, waits, was skipped or is blocked."""

import json
import time
from pathlib import Path

import click

from taskflow_core import runs
from taskflow_core.errors import RunNotFoundError, suggestion
from taskflow_tui.cli.options import json_option, run_argument, state_option, task_argument
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.why import why


@click.command("why")
@run_argument
@task_argument
@json_option
@state_option
def why_command(ref: str, task: str, as_json: bool, state_dir: Path | None) -> None:
    """Say why a task ran, was reused, waits, was skipped or is blocked.

    Example: taskflow-tui why @last load
    """
    reader = runs.open_run(ref, state_dir)
    known = reader.state.plan.index
    if task not in known:
        hint = suggestion(task, known) or f"Its tasks are: {', '.join(list(known)[:10])}"
        raise RunNotFoundError(f"run {reader.run} has no task {task!r}", hint=hint)
    state = reader.state.task(task)
    said = why(reader.state, known[task], reader.status, time.time())
    if as_json:
        shape = {"run": reader.run, "task": task, "state": state.state.value, "why": said}
        print(json.dumps(shape, indent=2))
        return
    print(f"{safe_text(task)} {state.state}: {said[0]}".rstrip(": "))
    for line in said[1:]:
        print(f"  {line}")
