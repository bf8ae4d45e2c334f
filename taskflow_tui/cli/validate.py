"""`validate`: everything that is wrong with flow files, at once."""

import sys
from pathlib import Path

import click
import msgspec

from taskflow_core import runs
from taskflow_core.errors import FlowFileError, NotTrustedError, Problem
from taskflow_core.plan import Plan
from taskflow_tui.cli.options import json_option
from taskflow_tui.cli.problems import print_problems
from taskflow_tui.formatting import count
from taskflow_tui.terminal_text import safe_text

WRONG = 2
"""Exit code where a file has an error."""


@click.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@json_option
@click.option("--trust", is_flag=True, help="Import the functions too; code of the flow runs.")
def validate_command(files: tuple[str, ...], as_json: bool, trust: bool) -> int:
    """Report every problem of flow FILEs, with its line and what to do.

    Nothing of a YAML or JSON flow is executed. In trusted folders, and with --trust, functions
    are looked up and their arguments checked, by a process of its own; a .py file needs that.

    Exits with 2 if a file has an error, else with 0.

    Example: taskflow-tui validate sample_flows/*.yaml
    """
    problems: list[Problem] = []
    for file in files:
        found, plan = _validate(file, trust=trust)
        problems += found
        if not as_json:
            print_problems(found, file=sys.stdout)
            if plan is not None:
                note = _unchecked(file, plan, trust)
                print(f"{safe_text(file)}: ok, {count(len(plan.tasks), 'task')}{note}")
    if as_json:
        print(msgspec.json.encode(problems).decode())
    elif problems:
        print(f"{count(len(problems), 'problem')} in {count(len(files), 'file')}")
    return WRONG if any(problem.severity == "error" for problem in problems) else 0


def _unchecked(file: str, plan: Plan, trust: bool) -> str:
    if _is_trusted(file, trust) or not any(spec.function for spec in plan.written):
        return ""
    return " (its functions were not looked up: that runs their modules; pass --trust)"


def _is_trusted(file: str, trust: bool) -> bool:
    return trust or runs.trust.is_trusted(Path(file).resolve().parent)


def _validate(file: str, *, trust: bool) -> tuple[list[Problem], Plan | None]:
    """Return a file's problems and, if none is an error, its plan."""
    try:
        loaded = runs.load(file, trusted=_is_trusted(file, trust))
    except FlowFileError as error:
        return list(error.problems), None
    except NotTrustedError as error:
        problem = Problem(file=file, slug="not-trusted", message=str(error), hint=error.hint)
        return [*error.problems] or [problem], None
    return list(loaded.warnings), loaded.plan
