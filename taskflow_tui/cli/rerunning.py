"""Commands that make tasks run again: `retry` what did not succeed, `rerun` anything."""

from pathlib import Path
from typing import Any

import click

from taskflow_core import runs
from taskflow_core.actions import Action, Rerun, Retry
from taskflow_core.errors import RefusedError
from taskflow_core.preview import is_exact, preview
from taskflow_tui.cli.asking import a_line_each, ask_or_plan, read_json
from taskflow_tui.cli.options import (
    plan_option,
    run_argument,
    some_tasks_argument,
    state_option,
    tasks_argument,
)
from taskflow_tui.retrying import failed_tasks

from_here_option = click.option(
    "--from-here", is_flag=True, help="Everything that depends on them runs again, too."
)


@click.command("retry")
@run_argument
@some_tasks_argument
@from_here_option
@click.option("--fresh", is_flag=True, help="Their automatic retries begin anew.")
@plan_option
@state_option
def retry_command(
    ref: str,
    tasks: tuple[str, ...],
    from_here: bool,
    fresh: bool,
    plan_only: bool,
    state_dir: Path | None,
) -> None:
    """Try failed tasks again, all or the named ones, and then what they blocked.

    A task that has succeeded runs again alone. Prints the tasks, one a line.

    Example: taskflow-tui retry @last bundle
    """
    action: Action = Retry(tasks=tasks or None, fresh=fresh)
    if from_here:
        action = Rerun(tasks=tasks or _failed(ref, state_dir), from_here=True)
    ask_or_plan(ref, action, state_dir, plan_only=plan_only, said=a_line_each)


@click.command("rerun")
@run_argument
@tasks_argument
@from_here_option
@click.option(
    "--set", "changes", metavar="NAME=JSON", multiple=True, help="Change an argument of them."
)
@plan_option
@state_option
def rerun_command(
    ref: str,
    tasks: tuple[str, ...],
    from_here: bool,
    changes: tuple[str, ...],
    plan_only: bool,
    state_dir: Path | None,
) -> None:
    """Run tasks again that have ended, with freshly loaded code.

    What depends on them keeps its results, which are shown as stale, unless --from-here. Prints
    the tasks, one a line.

    Example: taskflow-tui rerun @last load --from-here --set 'rows=500'
    """
    edits = dict(_change(text) for text in changes)
    action = Rerun(tasks=tasks, from_here=from_here, changes=edits)
    ask_or_plan(ref, action, state_dir, plan_only=plan_only, said=a_line_each)


def _failed(ref: str, state_dir: Path | None) -> tuple[str, ...]:
    """Return the tasks that a retry without names is about."""
    failed = failed_tasks(runs.open_run(ref, state_dir).state)
    if not failed:
        raise RefusedError("no task has failed", hint="Name the tasks that are to run again.")
    return tuple(failed)


def _change(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the preview of an argument, from `name=JSON`."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.UsageError(f"--set takes NAME=JSON, not {text!r}")
    shown = preview(read_json(value, of=name))
    if not is_exact(shown):
        raise RefusedError(
            f"the value of {name} is too large to be set here",
            hint="Change it in the flow file, and rerun.",
        )
    return name, shown
