"""Whether files that a task reads and makes allow an earlier success to stand in for it."""

from collections.abc import Mapping, Sequence

from taskflow_core.caching.files import FilesError, Stamp, found, is_pattern, missing, stamps


def require(inputs: Sequence[str], folder: str) -> None:
    """Make sure that the inputs are there which are named one by one.

    Raises:
        FilesError: one is not.
    """
    for name in missing([name for name in inputs if not is_pattern(name)], folder):
        raise FilesError(f"its input {name} does not exist", hint=f"It belongs in {folder}.")


def no_match(inputs: Sequence[str], folder: str) -> str | None:
    """Return why patterns do not allow it: nobody knows whether one that fits nothing is right."""
    empty = missing([name for name in inputs if is_pattern(name)], folder)
    return f"no file matches {empty[0]}" if empty else None


def outdated(
    before: Mapping[str, Stamp], now: Mapping[str, Stamp], outputs: Sequence[str], folder: str
) -> str | None:
    """Return why outputs, or a result, may not be what the inputs of now would lead to.

    An input has to be older than every output, and of the same size as it was; without outputs it
    has to be exactly as it was.

    Args:
        before: The inputs as they were.
        now: The inputs as they are.
        outputs: Names and patterns; each fits something.
        folder: Where these are looked for.
    """
    made = stamps(found(outputs, folder), folder)
    oldest = min(made, key=lambda name: made[name].mtime, default=None)
    for name, stamp in now.items():
        was = before.get(name)
        if was is None:
            return f"input {name} is new"
        if oldest is not None and stamp.mtime >= made[oldest].mtime:
            return f"input {name} is not older than output {oldest}"
        if was.size != stamp.size or (oldest is None and was != stamp):
            return f"input {name} changed"
    gone = next((name for name in before if name not in now), None)
    return None if gone is None else f"input {gone} is gone"


def changed(before: Mapping[str, Stamp], folder: str) -> str | None:
    """Return a file that is not as it was before; None if there is none."""
    now = stamps([*before], folder)
    return next((name for name in before if now.get(name) != before[name]), None)
