"""Files that a task names: which there are, what is in them, and how old they are."""

import glob
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from taskflow_core.errors import TaskflowError


class FilesError(TaskflowError):
    """A file that a task names is not there, or cannot be read."""


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """When a file was changed last, and its size."""

    mtime: int
    """Nanoseconds since the Unix epoch."""
    size: int


def is_pattern(name: str) -> bool:
    """Say whether a name stands for any number of files."""
    return glob.has_magic(name)


def found(names: Sequence[str], folder: str) -> list[str]:
    """Return the files that names and patterns stand for, each once, as they are named.

    Args:
        names: Files, folders (all files in them), or patterns of either; `**` is any depth.
        folder: Where those that are not absolute are looked for.
    """
    files: dict[str, None] = {}
    for name in names:
        named = os.path.expanduser(name)  # noqa: PTH111  text, to be shown
        paths = sorted(glob.glob(named, root_dir=folder, recursive=True))  # noqa: PTH207  the same
        for path in paths if is_pattern(named) else [named]:
            files.update(dict.fromkeys(_files_at(path, folder)))
    return list(files)


def missing(names: Sequence[str], folder: str) -> list[str]:
    """Return the names and patterns that stand for no file."""
    return [name for name in names if not found([name], folder)]


def contents(files: Sequence[str], folder: str) -> dict[str, str]:
    """Return the SHA-256 of each file, in hex.

    Raises:
        FilesError: one cannot be read.
    """
    return {name: content(Path(folder, name)) for name in files}


def content(path: Path) -> str:
    """Return the SHA-256 of a file, in hex.

    Raises:
        FilesError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FilesError(f"{path} cannot be read: {error.strerror}") from error


def stamps(files: Sequence[str], folder: str) -> dict[str, Stamp]:
    """Return when each file was changed; those that are gone are left out."""
    stamped: dict[str, Stamp] = {}
    for name in files:
        try:
            now = os.stat(Path(folder, name))  # noqa: PTH116  the same
        except OSError:
            continue
        stamped[name] = Stamp(now.st_mtime_ns, now.st_size)
    return stamped


def _files_at(name: str, folder: str) -> Iterator[str]:
    """Yield a file, or all files in a folder; nothing if it is neither."""
    path = Path(folder, name)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if stat.S_ISREG(mode):
        yield name
    elif stat.S_ISDIR(mode):
        whole = (Path(inner, file) for inner, _, files in os.walk(path) for file in files)
        yield from sorted(str(Path(name) / f.relative_to(path)) for f in whole if f.is_file())
