"""What is kept of one success, and the folder it is kept in.

    cache/                        below the state folder
      load-1f3a9c…/               a shelf: one task of one flow, with its mapped children
        4e07408562….entry         a success: what it depended on, and its result if it is small
        9b74c9897b….pkl           a result, or a value of the context, named after its content
        5f4dcc3b5a.last           which entry a task used last

Every file is written under another name and then put into its place, so nobody finds half of one.
An entry begins with a line that names its format, then the SHA-256 of what follows.
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

from taskflow_core.caching.files import Stamp, content
from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview

FORMAT = 1
"""The version of entries. One of another version is a miss."""
_HEAD = b"TaskFlow cache entry "


class EntryError(TaskflowError):
    """An entry cannot be used."""


class Component(msgspec.Struct, frozen=True, array_like=True):
    """One of the things that a result depends on."""

    digest: str
    shown: str | None = None
    """The value, where that can be shown on one line."""


Components = dict[str, Component]
"""By what messages call them, such as ``the result of `fetch` ``; in the order of importance."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A success."""

    task: str
    run: str
    made_at: float
    """Unix seconds."""
    components: Components
    """What the result depended on."""
    inputs: dict[str, Stamp] = {}
    """Its input files as they were before it ran, where these do not count by content."""
    result: Preview
    """`ref` in it names a file of the shelf."""
    context: dict[str, Preview] = {}
    """What it wrote to the context, likewise."""
    payloads: dict[str, str] = {}
    """The SHA-256 of each file of the shelf that it needs."""


def key_of(components: Components) -> str:
    """Return what tells a success from those that depended on something else."""
    whole = hashlib.sha256(f"{FORMAT}".encode())
    for name in sorted(components):
        whole.update(msgspec.msgpack.encode([name, components[name].digest]))
    return whole.hexdigest()[:40]


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
        return _decoded(data)

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
        body = msgspec.msgpack.encode(entry)
        seal = hashlib.sha256(body).hexdigest()
        self._put(self._path(key).name, _HEAD + f"{FORMAT} {seal}\n".encode() + body)

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
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

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


def _decoded(data: bytes) -> Entry:
    head, newline, body = data.partition(b"\n")
    if not newline or not head.startswith(_HEAD):
        raise EntryError("the entry is damaged")
    version, _, seal = head.removeprefix(_HEAD).decode(errors="replace").partition(" ")
    if version != str(FORMAT):
        raise EntryError("the entry was written by another version of TaskFlow")
    if hashlib.sha256(body).hexdigest() != seal:
        raise EntryError("the entry is cut off or damaged")
    try:
        return msgspec.msgpack.decode(body, type=Entry)
    except msgspec.DecodeError as error:
        raise EntryError(f"the entry is damaged: {error}") from error
