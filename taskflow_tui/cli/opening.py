"""Opening the app."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskflow_core.errors import TaskflowError
from taskflow_tui.cli.options import state_option

if TYPE_CHECKING:
    from taskflow_tui.app import TaskFlowApp


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
    app = _app_class()(target, run=run, trusted=trust, state_dir=state_dir, ascii=ascii or None)
    app.run()
    if summary := app.summary():
        with suppress(OSError):  # the terminal may be gone
            print(summary, flush=True)
    return app.return_code or 0


def _app_class() -> "type[TaskFlowApp]":
    # Textual paints at most so often a second; at its own 60 a key may wait 16 ms for its echo.
    # It reads this when it is imported; the runs that the app starts must not inherit it.
    with _variable("TEXTUAL_FPS", "240"):
        from taskflow_tui.app import TaskFlowApp
    return TaskFlowApp


@contextmanager
def _variable(name: str, value: str) -> Generator[None]:
    """Set a variable while the block runs, unless it is set already."""
    if name in os.environ:
        yield
        return
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _is_screen() -> bool:
    dumb = os.environ.get("TERM", "") in {"", "dumb"}
    return sys.stdin.isatty() and sys.stdout.isatty() and not dumb
