"""Commands that answer what a task asks: `approve` and `reject`."""

from collections.abc import Mapping
from pathlib import Path

import click

from taskflow_core import runs
from taskflow_core.actions import Answer, Reject
from taskflow_core.errors import RefusedError, TaskflowError, suggestion
from taskflow_core.params import parse_assignment
from taskflow_core.plan import TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import TaskStatus
from taskflow_tui.answers import answer_command, fields_of, wrong_field
from taskflow_tui.cli.asking import ask
from taskflow_tui.cli.options import run_argument, state_option, task_argument
from taskflow_tui.cli.tasks import task_number
from taskflow_tui.tallies import Tallies
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.waiting_facts import field_words


@click.command("approve")
@run_argument
@task_argument
@click.option(
    "--field", "-f", "given", metavar="NAME=VALUE", multiple=True, help="What the answer says."
)
@state_option
def approve_command(ref: str, task: str, given: tuple[str, ...], state_dir: Path | None) -> None:
    """Approve what a task asks; its result is what you say with -f.

    Without the fields that it needs, they are listed, and nothing is answered.

    Example: taskflow-tui approve @last sign-off -f note='looks right'
    """
    run, spec = _asked(ref, task, state_dir)
    fields = dict(_assignment(text) for text in given)
    _check(run, spec, fields)
    ask(ref, Answer(task=task, fields=fields), state_dir)
    print(f"approved {safe_text(task)}")


@click.command("reject")
@run_argument
@task_argument
@click.option("--reason", metavar="TEXT", help="Why; it is recorded, and shown.")
@state_option
def reject_command(ref: str, task: str, reason: str | None, state_dir: Path | None) -> None:
    """Reject what a task asks: it fails, and what depends on it is blocked.

    Example: taskflow-tui reject @last sign-off --reason 'the totals are off'
    """
    _asked(ref, task, state_dir)
    ask(ref, Reject(task=task, reason=reason), state_dir)
    print(f"rejected {safe_text(task)}")


def _asked(ref: str, task: str, state_dir: Path | None) -> tuple[str, TaskSpec]:
    """Return the run and the task that asks something.

    Raises:
        RunNotFoundError: there is no such run or task.
        RefusedError: it asks nothing now.
    """
    reader = runs.open_run(ref, state_dir)
    reader.close()
    number = task_number(reader.run, reader.state, task)
    spec, now = reader.state.plan.tasks[number], reader.state.tasks[number]
    if spec.approval is None:
        raise RefusedError(f"task {task!r} asks nothing", hint=_who_asks(reader.state))
    if now.state is not TaskStatus.WAITING:
        why = f" ({now.reason})" if now.reason else ""
        raise RefusedError(
            f"task {task!r} is {now.state}{why}: it asks nothing now",
            hint=_who_asks(reader.state),
        )
    return reader.run, spec


def _who_asks(state: RunState) -> str:
    asking = [answer_command(state.run, state.plan.tasks[n]) for n in Tallies(state).asking]
    return "\n".join(asking) if asking else "No task of this run waits for a person now."


def _assignment(text: str) -> tuple[str, str]:
    try:
        return parse_assignment(text)
    except TaskflowError:
        raise click.UsageError(f"-f takes NAME=VALUE, not {text!r}") from None


def _check(run: str, spec: TaskSpec, given: Mapping[str, str]) -> None:
    """Raise RefusedError with everything that is wrong with an answer."""
    declared = fields_of(spec)
    wrong = [
        f"the answer to {spec.name!r} has no field {name!r}"
        + (f": {hint}" if (hint := suggestion(name, declared)) else "")
        for name in given
        if name not in declared
    ]
    for name, param in declared.items():
        if problem := wrong_field(param, given.get(name, "")):
            wrong.append(f"{name} ({field_words(param)}) {problem}")
    if wrong:
        hint = answer_command(run, spec)
        raise RefusedError("\n".join(wrong), hint=f"The answer is given with  {hint}")
