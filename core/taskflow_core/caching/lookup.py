"""What is asked of the cache about one attempt, and what it answers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from taskflow_core.caching.entry import Components, Entry
from taskflow_core.events import Preview
from taskflow_core.preview import is_exact
from taskflow_core.results import dump, same_file


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine says of a check: plain data, so that a worker process can make it."""

    shelf: str
    """The folder of the task's entries."""
    task: str
    run: str
    refusal: str | None = None
    """Why nothing is looked up; what succeeds is kept all the same."""
    ttl: float | None = None
    """Seconds for which a result is good."""
    by_content: bool = False
    """Input files count by what is in them; else by when they were changed."""
    folder: str
    """Where files are looked for."""
    files: tuple[str, ...] = ()
    """Files and patterns that count by what is in them, there or not."""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    components: Components = {}
    """What the engine knows of what the result depends on."""
    counts_upstream: bool = True
    """Results upstream count although nothing takes them."""
    siblings: int = 1
    """How many tasks share the shelf."""
    home: str | None = None
    """The folder of the flow file."""


class Hit(NamedTuple):
    """A success that stands in for another attempt."""

    entry: Entry
    reason: str


class Miss(NamedTuple):
    """The task has to run."""

    reason: str


class Kept(NamedTuple):
    """A value that is to be kept."""

    shown: Preview
    write: Callable[[Path], None] | None = None
    """Writes it, pickled, to a file; None where `shown` is all of it."""


def kept(shown: Preview, folder: Path, value: Callable[[], Any]) -> Kept:
    """Return a value as it is kept.

    Args:
        shown: Its preview.
        folder: Where it is stored, if it is.
        value: Returns it, if it is not.
    """
    if is_exact(shown):
        return Kept(shown)
    stored = folder / shown["ref"] if "ref" in shown else None
    if stored is not None and stored.is_file():
        return Kept(shown, partial(same_file, stored))

    def write(path: Path) -> None:
        dump(path, value())

    return Kept(shown, write)
