"""Numbers and places as people read them."""

import os
from datetime import datetime
from pathlib import Path

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """Return `2.1s`, `3m12s`, `2h05m` or `3d04h`; six characters at most."""
    seconds = max(seconds, 0.0)
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02}h"


def clock(seconds: float) -> str:
    """Return elapsed time as `0:58` or `1:02:03`."""
    whole = int(max(seconds, 0.0))
    minutes, rest = divmod(whole, _MINUTE)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def clock_time(at: float) -> str:
    """Return the local day and time of a moment, in Unix seconds: `2026-01-31 18:30:05`."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S}"


def ago(seconds: float) -> str:
    """Return how long ago something was: `now`, `5m ago`, `2h ago`, `3d ago`."""
    if seconds < _MINUTE:
        return "now"
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return "now"


def compact(number: int) -> str:
    """Return a number in four characters at most: `999`, `8.9k`, `12k`, `1.2M`."""
    if number < 1000:
        return str(number)
    for unit, size in (("k", 1_000), ("M", 1_000_000)):
        if number < 10 * size:
            return f"{number // (size // 10) / 10:g}{unit}"
        if number < 1000 * size:
            return f"{number // size}{unit}"
    return f"{number // 1_000_000}M"


def count(number: int, noun: str) -> str:
    """Return `1 task` or `3 tasks`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def named(names: list[str], most: int) -> str:
    """Return up to `most` of `names`, and how many more there are: `a, b +3`."""
    shown = ", ".join(names[:most])
    return f"{shown} +{len(names) - most}" if len(names) > most else shown


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Return `text` cut to at most `width` characters, the cut marked."""
    if len(text) <= width:
        return text
    return text[: max(width - len(ellipsis), 0)] + ellipsis[:width]


def place(path: Path) -> str:
    """Return `path` with the user's own folder as `~`."""
    home = os.path.expanduser("~")  # noqa: PTH111  Path.home() raises where there is none
    text = str(path)
    return "~" + text[len(home) :] if text == home or text.startswith(home + os.sep) else text
