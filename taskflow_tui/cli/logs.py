"""`logs`: what tasks printed."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from taskflow_core import runs
from taskflow_core.errors import RunNotFoundError
from taskflow_core.handling import PREFIX
from taskflow_core.runs import RunReader
from taskflow_tui.attempts import Tried, all_tried, output_of
from taskflow_tui.cli.options import run_argument, state_option
from taskflow_tui.cli.tasks import task_number
from taskflow_tui.task_tree import TaskTree
from taskflow_tui.terminal_text import ansi, log_line, safe_text


@click.command("logs")
@run_argument
@click.argument("task", required=False)
@click.option("--attempt", type=click.IntRange(min=1), help="Which attempt, instead of the last.")
@click.option("--rollback", is_flag=True, help="What undoing it printed.")
@state_option
def logs_command(
    ref: str, task: str | None, attempt: int | None, rollback: bool, state_dir: Path | None
) -> None:
    """Print what a task printed: sanitised on a terminal, as it was into a pipe.

    Of a sub-flow or a mapped task, what all that is in it printed, each line with its task. Without
    TASK it names what has printed something; handlers are called handler:failure and the like.

    Example: taskflow-tui logs @last fetch
    """
    reader = runs.open_run(ref, state_dir)
    if task is None:
        for name in _printed(reader):
            print(safe_text(name))
    elif task in [handler.name for handler in reader.state.plan.handlers]:
        _print(reader.handler_output(task.removeprefix(PREFIX)), "")
    else:
        _print_task(reader, task, attempt, undoes=rollback)


def _printed(reader: RunReader) -> Iterator[str]:
    """Yield the names of tasks, in the order of `show`, and of handlers that printed something."""
    state = reader.state
    for number in TaskTree(state.plan).everything():
        name = state.plan.tasks[number].name
        if any(output_of(reader, name, tried).exists() for tried in all_tried(state.tasks[number])):
            yield name
    for handler in state.plan.handlers:
        if reader.handler_output(handler.name.removeprefix(PREFIX)).exists():
            yield handler.name


def _print_task(reader: RunReader, task: str, attempt: int | None, *, undoes: bool) -> None:
    number = task_number(reader.run, reader.state, task)
    if reader.state.plan.tasks[number].has_children:
        _print_inside(reader, number, attempt, undoes=undoes)
    else:
        _print(output_of(reader, task, _tried(reader, task, attempt, undoes=undoes)), "")


def _print_inside(reader: RunReader, container: int, attempt: int | None, *, undoes: bool) -> None:
    """Print the output of everything in a container, in the order of `show`."""
    tree, state = TaskTree(reader.state.plan), reader.state
    for number in tree.everything():
        name = state.plan.tasks[number].name
        tried = state.tasks[number].undo if undoes else state.tasks[number].attempts
        wanted = [one for one in tried if attempt in {None, one.attempt}]
        if wanted and container in tree.around(number):
            _print(output_of(reader, name, Tried(wanted[-1], undoes)), f"{safe_text(name)} │ ")


def _print(path: Path, before: str) -> None:
    if not path.exists():
        return
    with path.open("rb") as output:
        if sys.stdout.isatty():
            for line in output:
                print(before + ansi(log_line(line.rstrip(b"\r\n"))))
        elif before:
            for line in output:
                sys.stdout.buffer.write(before.encode() + line.rstrip(b"\n") + b"\n")
            sys.stdout.buffer.flush()
        else:
            shutil.copyfileobj(output, sys.stdout.buffer)


def _tried(reader: RunReader, task: str, number: int | None, *, undoes: bool) -> Tried:
    state = reader.state.task(task)
    attempts = state.undo if undoes else state.attempts
    if not attempts:
        what = "nothing ran to undo it" if undoes else "has not started"
        raise RunNotFoundError(f"task {task!r}{':' if undoes else ''} {what}")
    found = attempts if number is None else [a for a in attempts if a.attempt == number]
    if not found:
        raise RunNotFoundError(f"task {task!r} has made {len(attempts)} attempts")
    return Tried(found[-1], undoes)
