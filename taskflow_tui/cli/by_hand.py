"""Commands that end tasks without running them: `skip` and `succeed`."""

from pathlib import Path

import click

from taskflow_core import runs
from taskflow_core.actions import Skip, Succeed
from taskflow_tui.cli.asking import BY, ask_or_plan, print_plan, read_json
from taskflow_tui.cli.options import (
    plan_option,
    run_argument,
    state_option,
    task_argument,
    tasks_argument,
)
from taskflow_tui.formatting import count
from taskflow_tui.terminal_text import safe_text


@click.command("skip")
@run_argument
@tasks_argument
@plan_option
@state_option
def skip_command(ref: str, tasks: tuple[str, ...], plan_only: bool, state_dir: Path | None) -> None:
    """End tasks as skipped that have not succeeded and do not run.

    Example: taskflow-tui skip @last notify
    """
    said = f"skipped {count(len(tasks), 'task')}"
    action = Skip(tasks=tasks)
    ask_or_plan(ref, action, state_dir, plan_only=plan_only, said=lambda _: said)


@click.command("succeed")
@run_argument
@task_argument
@click.option("--value", metavar="JSON", default="null", help="What it would have returned.")
@plan_option
@state_option
def succeed_command(
    ref: str, task: str, value: str, plan_only: bool, state_dir: Path | None
) -> None:
    """End a task as if it had succeeded; what depends on it gets the value.

    Example: taskflow-tui succeed @last fetch --value '[1, 2, 3]'
    """
    result = read_json(value, of="--value")
    if plan_only:
        print_plan(ref, Succeed(task=task), state_dir)
        return
    runs.succeed(ref, task, result, by=BY, state_dir=state_dir)
    print(f"{safe_text(task)} counts as succeeded")
