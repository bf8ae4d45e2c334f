"""Moments as people write them."""

import datetime as dt
import re

_TIME_OF_DAY = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")
HOW = "Write a time of day such as 18:30, or 2026-01-31, or 2026-01-31T18:30."


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """Return the moment that `18:30`, `2026-01-31` or `2026-01-31T18:30:00+02:00` stands for.

    A time of day is today's, or tomorrow's if that is over; a date is its first moment. What says
    no zone is in this machine's.

    Args:
        text: What is written.
        now: What goes for now, in this machine's zone.

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    try:
        if _TIME_OF_DAY.fullmatch(text):
            hour, _, rest = text.partition(":")
            return _next(dt.time.fromisoformat(f"{hour:0>2}:{rest}"), now)
        return dt.datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise ValueError(f"not a moment: {text!r}") from None


def _next(time: dt.time, now: dt.datetime) -> dt.datetime:
    """Return when the clock shows `time` next; days may be 23 or 25 hours long."""
    today = dt.datetime.combine(now.date(), time).astimezone()
    if today > now.astimezone():
        return today
    return dt.datetime.combine(now.date() + dt.timedelta(days=1), time).astimezone()
