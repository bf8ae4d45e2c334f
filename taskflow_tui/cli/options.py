"""Options and arguments that several commands share."""

from pathlib import Path

import click

state_option = click.option(
    "--state",
    "state_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where runs are kept, instead of your state folder (also: $TASKFLOW_STATE).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
plan_option = click.option(
    "--plan", "plan_only", is_flag=True, help="Only say what it would lead to; do nothing."
)
run_argument = click.argument("ref", metavar="RUN")
task_argument = click.argument("task", metavar="TASK")
tasks_argument = click.argument("tasks", metavar="TASK...", nargs=-1, required=True)
some_tasks_argument = click.argument("tasks", metavar="[TASK]...", nargs=-1)
