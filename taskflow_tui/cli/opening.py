"""Opening the app."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from taskflow_core.errors import TaskflowError
from taskflow_tui.cli.options import state_option


@click.command("open-app", hidden=True)
@click.argument("target", metavar="[FLOW | FOLDER]", required=False)
@click.option("--run", is_flag=True, help="Start the flow at once.")
@click.option("--trust", is_flag=True, help="Do not ask before code of the flow runs.")
@click.option("--ascii", is_flag=True, help="Draw with ASCII characters only.")
@state_option
def open_app_command(
    target: str | None,
    run: bool,
    trust: bool,
    ascii: bool,  # noqa: A002  the option's name
    state_dir: Path | None,
) -> int:
    """Open the app on a flow, or on a folder's flows and the recent runs.

    Example: taskflow-tui sample_flows/hello.yaml --run
    """
    if not _is_screen():
        raise TaskflowError(
            "the app needs a terminal",
            hint="To run a flow without one: taskflow-tui run FLOW --plain",
        )
    # Textual paints at most so often a second; at its own 60 a key may wait 16 ms for its echo.
    os.environ.setdefault("TEXTUAL_FPS", "240")
    from taskflow_tui.app import TaskFlowApp

    app = TaskFlowApp(target, run=run, trusted=trust, state_dir=state_dir, ascii=ascii or None)
    app.run()
    if summary := app.summary():
        with suppress(OSError):  # the terminal may be gone
            print(summary, flush=True)
    return app.return_code or 0


def _is_screen() -> bool:
    dumb = os.environ.get("TERM", "") in {"", "dumb"}
    return sys.stdin.isatty() and sys.stdout.isatty() and not dumb
