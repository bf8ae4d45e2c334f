"""What an action would lead to, as facts for people."""

from collections.abc import Sequence

from taskflow_core.forecast import Forecast
from taskflow_tui.formatting import count, duration, named
from taskflow_tui.terminal_text import safe_text


def plan_facts(forecast: Forecast, most: int | None = None) -> list[tuple[str, str]]:
    """Return pairs of a label and a text.

    Args:
        forecast: What would happen.
        most: How many tasks are named at most under a label, none of those that are reused; None
            means all.
    """
    facts = [
        ("runs", _tasks(forecast.runs, most) or ("" if forecast.reverted else "nothing")),
        ("takes", _time(forecast)),
        ("reused", _tasks(forecast.reused, None if most is None else 0)),
        ("not run", _tasks(forecast.skipped, most)),
        ("undone", _tasks(forecast.reverted, most)),
        ("then", _end(forecast)),
    ]
    return [(label, text) for label, text in facts if text]


def _tasks(names: Sequence[str], most: int | None) -> str:
    if not names:
        return ""
    how_many = count(len(names), "task")
    if most == 0:
        return how_many
    return f"{how_many}: {named([safe_text(name) for name in names], most or len(names))}"


def _end(forecast: Forecast) -> str:
    if not forecast.ends:
        return ""
    does_something = forecast.runs or forecast.reverted
    return f"the run is {forecast.ends}" + (", if all of it succeeds" if does_something else "")


def _time(forecast: Forecast) -> str:
    if not forecast.runs:
        return ""
    if len(forecast.unknown) == len(forecast.runs):
        return "unknown: none of it has run to its end before"
    about = f"about {duration(forecast.seconds)}"
    if forecast.unknown:
        return f"{about}, and {count(len(forecast.unknown), 'task')} of unknown length"
    return about
