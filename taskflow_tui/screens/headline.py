"""The header's words for a plan or a run."""

from taskflow_tui.handlers import handler_failures
from taskflow_tui.run_feed import RunFeed
from taskflow_tui.stops import questions_open, standstill
from taskflow_tui.tallies import Tallies
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.widgets.run_header import RunHeadline


def headline(feed: RunFeed, tallies: Tallies, *, name: str, word: str) -> RunHeadline:
    """Return what the header shows.

    Args:
        feed: The plan or run.
        tallies: What is known of its tasks.
        name: What to call it until it is read.
        word: Said instead of the status of what is not a run yet.
    """
    state = feed.state
    asking = [state.plan.tasks[number].name for number in tallies.asking]
    where = standstill(state, feed.status) or questions_open(feed.status, asking)
    reason = handler_failures(state) or state.reason or ""  # that tasks failed is counted anyway
    return RunHeadline(
        flow=safe_text(state.flow or name),
        run=safe_text(feed.run or ""),
        status=feed.status,
        word=word,
        started_at=state.since,
        ended_at=state.ended_at,
        counts=dict(tallies.counts),
        slots=state.max_parallel,
        reason="" if where else safe_text(reason),
        where=where,
    )
