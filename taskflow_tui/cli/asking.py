"""How a command asks something of a run, or foretells what would come of it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from taskflow_core import runs
from taskflow_core.actions import Action
from taskflow_core.errors import TaskflowError
from taskflow_tui.planned import plan_facts
from taskflow_tui.terminal_text import safe_text

BY = "cli"
"""Who asks, in the record of a run."""


def ask(ref: str, action: Action, state_dir: Path | None) -> Any:
    """Ask `action` of the run that `ref` names, and return its answer once it is recorded."""
    return runs.act(ref, action, by=BY, state_dir=state_dir)


def print_plan(ref: str, action: Action, state_dir: Path | None) -> None:
    """Print what `action` would lead to: what runs, what is reused, about how long it takes."""
    facts = plan_facts(runs.plan_action(ref, action, state_dir=state_dir))
    width = max(len(label) for label, _ in facts)
    for label, text in facts:
        print(f"{label:<{width}}  {text}")


def ask_or_plan(
    ref: str, action: Action, state_dir: Path | None, *, plan_only: bool, said: Callable[[Any], str]
) -> None:
    """Ask `action` and print what `said` makes of the answer, or only print the plan."""
    if plan_only:
        print_plan(ref, action, state_dir)
    elif text := said(ask(ref, action, state_dir)):
        print(text)


def a_line_each(names: Sequence[str] | None) -> str:
    """Return the names of tasks, one a line."""
    return "\n".join(safe_text(name) for name in names or ())


def read_json(text: str, *, of: str) -> Any:
    """Return the value that `text` is as JSON.

    Args:
        text: What was typed.
        of: What it is the value of, for the error.

    Raises:
        TaskflowError: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise TaskflowError(
            f"the value of {of} is not JSON: {text}",
            hint=f"A text needs quotes that the shell leaves there: '{json.dumps(text)}'",
        ) from None
