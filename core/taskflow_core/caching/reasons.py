"""Why a task was run, or was not, in words."""

from collections.abc import Iterator

from taskflow_core.caching.entry import Components

_MOST = 3
"""How many differences are named."""
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def difference(old: Components, new: Components) -> str:
    """Return in what two results differ that do not depend on the same."""
    found = list(_differences(old, new))
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(found[:_MOST]) + more


def span(seconds: float) -> str:
    """Return a length of time in its largest unit: `2h`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "0s"


def _differences(old: Components, new: Components) -> Iterator[str]:
    for name, now in new.items():
        before = old.get(name)
        if before is None:
            yield f"{name} is new"
        elif before.digest != now.digest:
            shown = before.shown is not None and now.shown is not None
            shown = shown and before.shown != now.shown
            yield f"{name}: {before.shown} → {now.shown}" if shown else f"{name} changed"
    for name in old:
        if name not in new:
            yield f"{name} is gone"
