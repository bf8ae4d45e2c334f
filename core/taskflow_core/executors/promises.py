"""How an attempt ends whose task names files that are not there."""

from collections.abc import Sequence

from taskflow_core.caching.files import FilesError
from taskflow_core.outcomes import Failed

_NAMES = ("FileNotFoundError", "OSError", "Exception")
"""What it is called in `retry_on`: the file may be there the next time."""


def lacking_input(error: FilesError) -> Failed:
    """Return the outcome of an attempt that was not made, as an input is not there."""
    return Failed(error=f"{error} – {error.hint}" if error.hint else str(error), names=_NAMES)


def broken(lacking: Sequence[str]) -> Failed:
    """Return the outcome of an attempt that succeeded, but did not make what it declares."""
    more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
    return Failed(
        error=f"it succeeded, but its output {lacking[0]}{more} is not there – make it, or "
        "correct `outputs`",
        names=_NAMES,
    )
