"""Options that several commands share."""

from pathlib import Path

import click

state_option = click.option(
    "--state",
    "state_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where runs are kept, instead of your state folder (also: $TASKFLOW_STATE).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
run_argument = click.argument("ref", metavar="RUN")
