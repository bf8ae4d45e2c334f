"""The folders in which successes are kept.

    cache/                        below the state folder
      load-1f3a9c…/               a shelf: one task of one flow, with its mapped children
        4e07408562….entry         a success: what it depended on, and its result if it is small
        9b74c9897b….pkl           a result, or a value of the context, named after its content
        5f4dcc3b5a.last           which entry a task used last

Every file is written under another name and then put into its place, so nobody finds half of one.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Generator
from pathlib import Path

import msgspec

from taskflow_core.caching.entry import Entry, EntryError, packed, unpacked
from taskflow_core.caching.files import content
from taskflow_core.errors import TaskflowError


def shelf_name(flow: str, task: str) -> str:
    """Return the name of the folder for a task of a flow."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", task).strip("-")[:40]
    whole = hashlib.sha256(msgspec.msgpack.encode([flow, task])).hexdigest()
    return f"{readable}-{whole[:16]}"


class Shelf:
    """The entries of one task.

    Args:
        folder: Where they are; made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> Entry | None:
        """Return an entry; None if there is none.

        Raises:
            EntryError: it is damaged, unreadable, or of another version.
        """
        path = self._path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EntryError(f"the entry cannot be read: {error.strerror}") from error
        return unpacked(data)

    def check(self, entry: Entry) -> None:
        """Make sure that the files which an entry needs are there and whole.

        Raises:
            EntryError: they are not.
        """
        for name, digest in entry.payloads.items():
            try:
                is_whole = content(self.folder / name) == digest
            except TaskflowError as error:
                raise EntryError(f"the entry's result cannot be read: {error}") from error
            if not is_whole:
                raise EntryError("the entry's result is damaged")

    def write(self, key: str, entry: Entry) -> None:
        """Put an entry into its place, whoever else does so at the same time.

        Raises:
            OSError: it cannot be written.
        """
        self._put(self._path(key).name, packed(entry))

    def touch(self, key: str) -> None:
        """Note that an entry was of use just now: the oldest are thrown away."""
        with contextlib.suppress(OSError):
            os.utime(self._path(key))

    def discard(self, key: str) -> None:
        """Throw an entry away."""
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    @contextlib.contextmanager
    def new_file(self) -> Generator[Path]:
        """Give the path of a file to be written, which is removed in the end."""
        self.make()
        path = self.folder / f"{secrets.token_hex(8)}.part"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def adopt(self, path: Path) -> tuple[str, str]:
        """Put a file of this shelf into its place; return its name and the SHA-256 of it.

        Raises:
            OSError: it cannot be put there.
        """
        digest = content(path)
        name = f"{digest[:40]}.pkl"
        path.replace(self.folder / name)
        return name, digest

    def make(self) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be made.
        """
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)

    # --- what was last -------------------------------------------------------------------

    def last(self, owner: str) -> tuple[str, bool] | None:
        """Return the key of the entry that a task used last; None if that is not known.

        Also whether what it made apart from its result is still as it left it.
        """
        try:
            key, _, word = self._last(owner).read_text().partition(" ")
        except (OSError, ValueError):
            return None
        return (key, word == "made") if re.fullmatch("[0-9a-f]{40}", key) else None

    def note_last(self, owner: str, key: str, *, is_made: bool = True) -> None:
        """Note which entry a task used last.

        Raises:
            OSError: it cannot be written.
        """
        self._put(self._last(owner).name, f"{key} {'made' if is_made else 'unsure'}".encode())

    # --- keeping it small ----------------------------------------------------------------

    def prune(self, most: int, *, now: float) -> None:
        """Keep only the entries that were of use last, and the files that these need.

        Args:
            most: How many.
            now: Unix seconds.
        """
        with contextlib.suppress(OSError):
            entries = sorted(self.folder.glob("*.entry"), key=_changed, reverse=True)
            for path in entries[most:]:
                path.unlink(missing_ok=True)
            self._drop_unneeded(entries[:most], now)

    def _drop_unneeded(self, entries: list[Path], now: float) -> None:
        needed: set[str] = set()
        for path in entries:
            with contextlib.suppress(EntryError):
                entry = self.read(path.stem)
                needed.update(() if entry is None else entry.payloads)
        for path in [*self.folder.glob("*.pkl"), *self.folder.glob("*.part")]:
            # One that is new may belong to an entry that another process is about to write.
            if path.name not in needed and _changed(path) < now - FRESH:
                path.unlink(missing_ok=True)
        for path in self.folder.glob("*.last"):
            if _changed(path) < now - UNUSED:
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.entry"

    def _last(self, owner: str) -> Path:
        return self.folder / f"{hashlib.sha256(owner.encode()).hexdigest()[:16]}.last"

    def _put(self, name: str, data: bytes) -> None:
        with self.new_file() as part:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
                file.write(data)
            part.replace(self.folder / name)


FRESH = 3600.0
"""Seconds for which a file that no entry needs is left alone."""
UNUSED = 90 * 86400.0
"""Seconds after which the shelf of a task that nobody ran is thrown away."""
_SWEEP = 86400.0
"""Seconds between two looks at which shelves nobody uses."""


def sweep(cache: Path, *, now: float) -> None:
    """Throw away shelves that were not used for long; at most once a day.

    Args:
        cache: The folder of all shelves.
        now: Unix seconds.
    """
    mark = cache / "swept"
    with contextlib.suppress(OSError):
        if mark.exists() and _changed(mark) > now - _SWEEP:
            return
        mark.touch(mode=0o600)
        for shelf in cache.iterdir():
            if shelf.is_dir() and _changed(shelf) < now - UNUSED:
                shutil.rmtree(shelf, ignore_errors=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
