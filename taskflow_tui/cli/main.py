"""The command itself: which subcommand runs, and how errors reach the person."""

import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from taskflow_core import __version__
from taskflow_core.errors import FlowFileError, JournalError, RunOwnedError, TaskflowError

_HOME = {
    "approve": "answering",
    "attach": "watching",
    "break": "debugging",
    "cancel": "acting",
    "continue": "acting",
    "graph": "graph",
    "hold": "debugging",
    "logs": "logs",
    "ls": "listing",
    "open-app": "opening",
    "pause": "acting",
    "reject": "answering",
    "release": "debugging",
    "rerun": "rerunning",
    "retry": "rerunning",
    "rollback": "acting",
    "run": "running",
    "set": "acting",
    "show": "showing",
    "skip": "by_hand",
    "step": "debugging",
    "succeed": "by_hand",
    "validate": "validate",
    "why": "why",
}
"""Which module of this package holds which command; each is imported only if it is called."""

OWNED = 3
"""Exit code where another process owns the run."""


class Commands(click.Group):
    """The subcommands; anything else is a flow or a folder to open in the app."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(name for name in _HOME if name != "open-app")

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _HOME:
            return None
        module = import_module(f"taskflow_tui.cli.{_HOME[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = [word for word in args if not word.startswith("-")]
        for_us = {"--help", "-h", "--version"} & set(args[:1])
        if not for_us and not (words and words[0] in _HOME):
            args = ["open-app", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: taskflow-tui sample_flows/hello.yaml",
)
@click.version_option(__version__, prog_name="taskflow-tui")
def cli() -> None:
    """The cockpit and the debugger for task flows.

    taskflow-tui [FLOW | FOLDER] [--run] [--trust] opens the app: on a flow with its plan drawn
    and nothing started, or on a folder with its flows and the recent runs.
    """


def main() -> NoReturn:
    """Run the command line; this is the only place that turns errors into exit codes."""
    try:
        code: Any = cli(prog_name="taskflow-tui", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except TaskflowError as error:
        _show(error)
        sys.exit(_code(error))
    except OSError as error:
        print(f"taskflow-tui: {error}", file=sys.stderr)
        sys.exit(JournalError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _show(error: TaskflowError) -> None:
    if isinstance(error, FlowFileError):
        from taskflow_tui.cli.problems import print_problems

        print_problems(error.problems, file=sys.stderr)
        return
    from taskflow_tui.terminal_text import safe_text

    for line in str(error).splitlines() or [type(error).__name__]:
        print(f"taskflow-tui: {safe_text(line)}", file=sys.stderr)
    for line in (error.hint or "").splitlines():
        print(f"  {safe_text(line)}", file=sys.stderr)


def _code(error: TaskflowError) -> int:
    if isinstance(error, JournalError):
        return error.exit_code
    return OWNED if isinstance(error, RunOwnedError) else 2
