"""Trigger rules: what becomes of a task, given how those it depends on ended.

The names are Airflow's. Where its code and its documents disagree, the documents are followed:
`all_done_min_one_success` does not skip because something upstream was skipped. Cancelled tasks
count as failed ones. A task that depends on nothing starts under every rule.
"""

from typing import Literal

from taskflow_core.policies import TriggerRule

Verdict = Literal["wait", "run", "skip", "block"]

SUCCEEDED = 1
SKIPPED = 2
FAILED = 4
"""Failed by itself, or cancelled."""
BLOCKED = 8
"""Failed because something further upstream did."""
BAD = FAILED | BLOCKED


def verdict(rule: TriggerRule, waiting: int, seen: int) -> Verdict:  # noqa: C901, PLR0911, PLR0912
    """Return what becomes of a task; the table of the rules, a line or two each.

    Where two outcomes are possible, as of a skipped and a failed task upstream, the answer does not
    depend on which came first.

    Args:
        rule: The task's rule.
        waiting: How many of the tasks it depends on have not ended.
        seen: How the others ended: the sum of the kinds that occur.
    """
    if rule == "always" or (not waiting and not seen):
        return "run"
    match rule:
        case "all_success":
            return (
                "block" if seen & BAD else _once_done(waiting, "skip" if seen & SKIPPED else "run")
            )
        case "all_failed":
            return "skip" if seen & (SUCCEEDED | SKIPPED) else _once_done(waiting, "run")
        case "all_done":
            return _once_done(waiting, "run")
        case "all_done_min_one_success":
            return _once_done(waiting, "run" if seen & SUCCEEDED else "block")
        case "all_skipped":
            return "skip" if seen & ~SKIPPED else _once_done(waiting, "run")
        case "one_success":
            if seen & SUCCEEDED:
                return "run"
            return _once_done(waiting, "block" if seen & BAD else "skip")
        case "one_failed":
            return "run" if seen & BAD else _once_done(waiting, "skip")
        case "one_done":
            return "run" if seen & (SUCCEEDED | FAILED) else _once_done(waiting, "skip")
        case "none_failed":
            return "block" if seen & BAD else _once_done(waiting, "run")
        case "none_failed_min_one_success":
            if seen & BAD:
                return "block"
            return _once_done(waiting, "run" if seen & SUCCEEDED else "skip")
        case "none_skipped":
            return "skip" if seen & SKIPPED else _once_done(waiting, "run")


def _once_done(waiting: int, then: Verdict) -> Verdict:
    return "wait" if waiting else then
