"""What became of a run's handlers, in words."""

from collections.abc import Iterator

from taskflow_core.handling import handler_name, pending_handlers
from taskflow_core.state import RunState
from taskflow_tui.formatting import duration
from taskflow_tui.task_facts import first_line

CUT_OFF = "cut off: the process that ran it died"


def handler_facts(state: RunState, *, is_over: bool) -> Iterator[tuple[str, str]]:
    """Yield the names of the handlers that were due, and what became of each.

    Args:
        state: Of the run.
        is_over: Nobody works on it any more.
    """
    pending = pending_handlers(state)
    for moment in dict.fromkeys([*state.handled, *pending]):
        handled = state.handled.get(moment)
        if moment in pending:
            at_it = "at it" if handled else "comes"
            yield handler_name(moment), CUT_OFF if is_over else at_it
        elif handled is not None:
            yield (
                handler_name(moment),
                f"failed: {first_line(handled.error)}"
                if not handled.ok
                else (_took(handled.started_at, handled.ended_at)),
            )


def handler_failures(state: RunState) -> str:
    """Return which handlers failed, in a few words; empty if none did."""
    failed = [handler_name(moment) for moment, one in state.handled.items() if one.ok is False]
    return f"{', '.join(failed)} failed" if failed else ""


def _took(start: float | None, end: float | None) -> str:
    return "done" if start is None or end is None else f"done in {duration(end - start)}"
