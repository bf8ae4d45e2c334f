"""`ls`: which runs there are."""

import json
import time
from pathlib import Path
from typing import Any

import click

from taskflow_core import runs
from taskflow_core.runs import RunSummary
from taskflow_tui.cli.options import json_option, state_option
from taskflow_tui.formatting import ago, duration
from taskflow_tui.terminal_text import safe_text


@click.command("ls")
@json_option
@state_option
def ls_command(as_json: bool, state_dir: Path | None) -> None:
    """List the runs, newest first.

    Example: taskflow-tui ls
    """
    summaries = runs.list_runs(state_dir)
    if as_json:
        print(json.dumps([_summary(summary) for summary in summaries], indent=2))
        return
    for summary in summaries:
        print(_summary_line(summary))


def _summary(summary: RunSummary) -> dict[str, Any]:
    return {
        "run": summary.run,
        "flow": summary.flow,
        "state": summary.state.value,
        "reason": summary.reason,
        "started_at": summary.started_at,
        "ended_at": summary.ended_at,
        "counts": summary.counts,
    }


def _summary_line(summary: RunSummary) -> str:
    since = "" if summary.started_at is None else ago(time.time() - summary.started_at)
    took = ""
    if summary.started_at is not None and summary.ended_at is not None:
        took = duration(summary.ended_at - summary.started_at)
    counts = " ".join(f"{name.lower()}={n}" for name, n in summary.counts.items())
    head = f"{summary.run}  {safe_text(summary.flow):<24} {summary.state:<15}"
    return f"{head} {since:>8} {took:>7}  {counts}"
