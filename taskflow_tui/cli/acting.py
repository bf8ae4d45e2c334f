"""Commands about a run as a whole: pause, continue, cancel, undo, and how much runs at once."""

from pathlib import Path

import click

from taskflow_core.actions import Cancel, Parallelism, Pause, Resume, Rollback
from taskflow_tui.cli.asking import ask, ask_or_plan
from taskflow_tui.cli.options import plan_option, run_argument, some_tasks_argument, state_option


@click.command("cancel")
@run_argument
@some_tasks_argument
@plan_option
@state_option
def cancel_command(
    ref: str, tasks: tuple[str, ...], plan_only: bool, state_dir: Path | None
) -> None:
    """Stop a run, or some of its tasks; a second time kills.

    Example: taskflow-tui cancel @last
    """
    action = Cancel(tasks=tasks or None)
    ask_or_plan(ref, action, state_dir, plan_only=plan_only, said=lambda _: "being cancelled")


@click.command("rollback")
@run_argument
@click.option("--to", metavar="TASK", help="Undo only down to this task, and it.")
@click.option(
    "--skip", metavar="TASK", multiple=True, help="Count a task that could not be undone as undone."
)
@plan_option
@state_option
def rollback_command(
    ref: str, to: str | None, skip: tuple[str, ...], plan_only: bool, state_dir: Path | None
) -> None:
    """Undo what a run did, by the rollbacks of its tasks, last first.

    After something could not be undone, it goes on from there.

    Example: taskflow-tui rollback @last --plan
    """
    action = Rollback(to=to, skip=skip)
    ask_or_plan(ref, action, state_dir, plan_only=plan_only, said=lambda _: "being rolled back")


@click.command("pause")
@run_argument
@state_option
def pause_command(ref: str, state_dir: Path | None) -> None:
    """Start no new tasks; what runs goes on.

    Example: taskflow-tui pause @last
    """
    ask(ref, Pause(), state_dir)
    print("paused: what runs goes on")


@click.command("continue")
@run_argument
@state_option
def continue_command(ref: str, state_dir: Path | None) -> None:
    """Start tasks again after a pause or a breakpoint.

    Example: taskflow-tui continue @last
    """
    ask(ref, Resume(), state_dir)
    print("running again")


@click.command("set")
@run_argument
@click.argument("setting", metavar="max_parallel=N")
@state_option
def set_command(ref: str, setting: str, state_dir: Path | None) -> None:
    """Change how many tasks of a run may run at once; what runs goes on.

    Example: taskflow-tui set @last max_parallel=2
    """
    name, _, value = setting.partition("=")
    if name != "max_parallel":
        raise click.UsageError(f"a run has no setting {name!r}; it has max_parallel")
    if not (value.isascii() and value.isdecimal()):
        raise click.UsageError(f"max_parallel is a number from 1, not {value!r}")
    ask(ref, Parallelism(max_parallel=int(value)), state_dir)
    print(f"at most {int(value)} at once now")
