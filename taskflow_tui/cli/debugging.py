"""Commands of the debugger: breakpoints, holds, and steps."""

from pathlib import Path

import click

from taskflow_core.actions import Break, Hold, Release, Step, Unbreak
from taskflow_core.policies import Stop
from taskflow_tui.cli.asking import a_line_each, ask
from taskflow_tui.cli.options import run_argument, state_option, task_argument, tasks_argument
from taskflow_tui.formatting import count
from taskflow_tui.stops import PLACES
from taskflow_tui.terminal_text import safe_text


@click.command("step")
@run_argument
@click.option("--frontier", is_flag=True, help="Let all tasks go on that are ready.")
@click.option("--to", "target", metavar="TASK", help="Run all that TASK waits for; stop there.")
@state_option
def step_command(ref: str, frontier: bool, target: str | None, state_dir: Path | None) -> None:
    """Let one task of a paused run go on, and pause again.

    Prints the tasks that go on, one a line.

    Example: taskflow-tui step @last
    """
    if frontier and target is not None:
        raise click.UsageError("choose one of --frontier and --to")
    if target is not None:
        ask(ref, Step(mode="to", task=target), state_dir)
        print(f"running what {safe_text(target)} waits for")
        return
    names = ask(ref, Step(mode="frontier" if frontier else "step"), state_dir)
    print(a_line_each(names))


@click.command("hold")
@run_argument
@tasks_argument
@state_option
def hold_command(ref: str, tasks: tuple[str, ...], state_dir: Path | None) -> None:
    """Keep tasks from starting until they are released.

    Example: taskflow-tui hold @last publish
    """
    ask(ref, Hold(tasks=tasks), state_dir)
    print(f"{count(len(tasks), 'task')} held: they do not start until released")


@click.command("release")
@run_argument
@tasks_argument
@state_option
def release_command(ref: str, tasks: tuple[str, ...], state_dir: Path | None) -> None:
    """Let tasks go on that a person or a breakpoint holds.

    Example: taskflow-tui release @last publish
    """
    ask(ref, Release(tasks=tasks), state_dir)
    print(f"{count(len(tasks), 'task')} released")


@click.command("break")
@run_argument
@task_argument
@click.option("--at", "stop", type=click.Choice(list(PLACES)), default="before", help="Where.")
@click.option("--when", "condition", metavar="EXPR", help="Stop only where this is true.")
@click.option("--hit", type=click.IntRange(min=1), default=1, help="Stop from the n-th time on.")
@click.option("--clear", is_flag=True, help="Stop there no more.")
@state_option
def break_command(  # noqa: PLR0913  one argument for each option
    ref: str,
    task: str,
    stop: Stop,
    condition: str | None,
    hit: int,
    clear: bool,
    state_dir: Path | None,
) -> None:
    """Stop a run at a task: before it starts, before its result counts, or when it fails.

    Example: taskflow-tui break @last load --at on_failure
    """
    place = f"{PLACES[stop]} {safe_text(task)}"
    if clear:
        ask(ref, Unbreak(task=task, stop=stop), state_dir)
        print(f"no longer stops {place}")
        return
    ask(ref, Break(task=task, stop=stop, condition=condition, hit=hit), state_dir)
    print(f"stops {place}")
