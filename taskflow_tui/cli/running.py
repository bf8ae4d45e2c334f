"""`run`: a flow without a screen."""

import json
from pathlib import Path
from typing import get_args

import click

from taskflow_core import runs
from taskflow_core.actions import Action, Break, Pause
from taskflow_core.errors import RefusedError, suggestion
from taskflow_core.plan import Plan
from taskflow_core.policies import Order
from taskflow_tui.cli.asking import BY
from taskflow_tui.cli.options import json_option, state_option
from taskflow_tui.cli.parameters import given_parameters, param_option, params_file_option
from taskflow_tui.cli.watching import follow
from taskflow_tui.formatting import named


@click.command("run")
@click.argument("flow", metavar="FLOW")
@param_option
@params_file_option
@json_option
@click.option("--plain", is_flag=True, help="Print plain lines (as it does unless --json).")
@click.option("--detach", is_flag=True, help="Print the run's id and leave it running.")
@click.option("--trust", is_flag=True, help="Trust the flow's folder from now on.")
@click.option("--max-parallel", type=click.IntRange(min=1), help="Tasks that run at once.")
@click.option("--order", type=click.Choice(get_args(Order)), help="Which ready tasks start first.")
@click.option("--debug", is_flag=True, help="Start paused, before the first task.")
@click.option("--no-wait", is_flag=True, help="Exit with 1 when it needs a person to go on.")
@click.option("--break", "stops", metavar="TASK", multiple=True, help="Stop before this task.")
@click.option("--fresh", is_flag=True, help="Run tasks whatever the cache holds.")
@state_option
def run_command(  # noqa: PLR0913  one argument for each option
    flow: str,
    assignments: tuple[str, ...],
    params_file: str | None,
    as_json: bool,
    plain: bool,
    detach: bool,
    trust: bool,
    max_parallel: int | None,
    order: Order | None,
    debug: bool,
    no_wait: bool,
    stops: tuple[str, ...],
    fresh: bool,
    state_dir: Path | None,
) -> int:
    """Run FLOW to its end: file.yaml, file.json or file.py[:name].

    Exits with 0 if it succeeded, 1 if it failed or was cancelled, 4 if it was rolled back and 5
    if that failed. Ctrl-C stops it, a second
    one kills it, a third leaves at once; if the terminal is closed, the run goes on. A run that
    --debug or --break stops waits for `step` or `continue`, given from elsewhere, and a task that
    asks something for `approve` or `reject`: what it asks is printed with the command that answers.
    With --no-wait this command exits with 1 then; the run goes on waiting without it.

    Example: taskflow-tui run sample_flows/hello.yaml
    """
    if as_json and plain:
        raise click.UsageError("choose one of --json and --plain")
    loaded = runs.load(flow, trusted=True)  # typing the command is consent
    if trust and loaded.plan.source is not None:
        runs.trust.remember(Path(loaded.plan.source).parent)
    run = runs.start(
        loaded.plan,
        state_dir=state_dir,
        max_parallel=max_parallel,
        order=order,
        by=BY,
        params=given_parameters(assignments, params_file),
        actions=_first_actions(loaded.plan, stops, debug=debug),
        fresh=fresh,
    )
    if detach:
        print(json.dumps({"run": run}) if as_json else run)
        return 0
    return follow(run, as_json=as_json, state_dir=state_dir, waits_for_people=not no_wait)


def _first_actions(plan: Plan, stops: tuple[str, ...], *, debug: bool) -> list[Action]:
    """Return what is asked of the run before its first task can start."""
    for task in stops:
        if task not in plan.index:
            hint = suggestion(task, plan.index) or f"Its tasks are: {named(list(plan.index), 10)}"
            raise RefusedError(f"{plan.name} has no task {task!r} to stop before", hint=hint)
    pause: list[Action] = [Pause()] if debug else []
    return [*pause, *(Break(task=task) for task in stops)]
