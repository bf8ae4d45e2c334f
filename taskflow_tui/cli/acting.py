"""Commands that ask something of a run."""

from pathlib import Path

import click

from taskflow_core import runs
from taskflow_tui.cli.options import run_argument, state_option

tasks_argument = click.argument("tasks", metavar="[TASK]...", nargs=-1)


@click.command("retry")
@run_argument
@tasks_argument
@state_option
def retry_command(ref: str, tasks: tuple[str, ...], state_dir: Path | None) -> None:
    """Try failed tasks again, all or the named ones, and then what they blocked.

    Example: taskflow-tui retry @last bundle
    """
    for name in runs.retry(ref, tasks or None, by="cli", state_dir=state_dir):
        print(name)


@click.command("cancel")
@run_argument
@tasks_argument
@state_option
def cancel_command(ref: str, tasks: tuple[str, ...], state_dir: Path | None) -> None:
    """Stop a run, or some of its tasks; a second time kills.

    Example: taskflow-tui cancel @last
    """
    runs.cancel(ref, tasks or None, by="cli", state_dir=state_dir)
    print("being cancelled")


@click.command("pause")
@run_argument
@state_option
def pause_command(ref: str, state_dir: Path | None) -> None:
    """Start no new tasks; what runs goes on.

    Example: taskflow-tui pause @last
    """
    runs.pause(ref, by="cli", state_dir=state_dir)
    print("paused: what runs goes on")


@click.command("continue")
@run_argument
@state_option
def continue_command(ref: str, state_dir: Path | None) -> None:
    """Start tasks again after a pause.

    Example: taskflow-tui continue @last
    """
    runs.resume_tasks(ref, by="cli", state_dir=state_dir)
    print("running again")
