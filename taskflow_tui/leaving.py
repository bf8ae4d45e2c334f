"""What is left on the normal screen when the app is gone."""

from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus
from taskflow_tui.formatting import clock, count
from taskflow_tui.retrying import failed_tasks
from taskflow_tui.task_facts import failure
from taskflow_tui.terminal_text import safe_text

FAILURES = 8
"""Failed tasks that are named; the whole summary stays within 15 lines."""


def run_summary(state: RunState, status: RunStatus) -> str:
    """Return what a person needs to know of a run they just left: at most 15 lines."""
    took = ""
    if state.since is not None and state.ended_at is not None:
        took = f" after {clock(state.ended_at - state.since)}"
    lines = [f"{safe_text(state.flow)}  run {safe_text(state.run)}  {status}{took}"]
    lines.append("  " + ", ".join(_counts(state)))
    failed = failed_tasks(state)
    lines += [
        f"  failed  {safe_text(name)}: {failure(state.task(name))[:120]}"
        for name in failed[:FAILURES]
    ]
    if len(failed) > FAILURES:
        lines.append(f"  and {count(len(failed) - FAILURES, 'more failed task')}")
    lines.append(f"  {_what_next(status)} {safe_text(state.run)}")
    return "\n".join(lines)


def _what_next(status: RunStatus) -> str:
    if status is RunStatus.CANCELLING:
        return "is being cancelled; see how it ends with  taskflow-tui attach"
    if status is RunStatus.ROLLBACK_FAILED:
        return "is not undone in full; go on with  taskflow-tui rollback"
    if status.is_live:
        return "goes on; follow it with  taskflow-tui attach"
    return "see it again with  taskflow-tui show"


def _counts(state: RunState) -> list[str]:
    return [
        f"{number} {status.lower().replace('_', ' ')}"
        for status in TaskStatus
        if (number := state.counts[status])
    ]
