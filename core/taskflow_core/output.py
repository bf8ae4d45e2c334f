"""What tasks print: one append-only file of raw bytes for each attempt, with an index of times.

The index has one record a chunk: the Unix time (float64), the offset at which the chunk begins
(uint64) and its stream (uint8: 0 both or unknown, 1 stdout, 2 stderr), little-endian.
"""

import os
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

INDEX_RECORD = struct.Struct("<dQB")
BOTH, STDOUT, STDERR = 0, 1, 2
LEFT_OUT = "\n… what comes here was too much, and is left out …\n".encode()


class Chunk(NamedTuple):
    """One record of an index."""

    at: float
    offset: int
    stream: int


def output_path(folder: Path, number: int, epoch: int, attempt: int) -> Path:
    """Return where the output of an attempt of task `number` is; nothing printed, no file."""
    return folder / "output" / f"{number}.{epoch}.{attempt}.log"


def handlers_folder(folder: Path) -> Path:
    """Return where in a run's folder handlers work: they have numbers of their own."""
    return folder / "handlers"


def index_path(output: Path) -> Path:
    """Return where the index of an output file is."""
    return output.with_suffix(".idx")


def read_index(output: Path) -> Iterator[Chunk]:
    """Yield the records of an output file's index; none if it has no index yet."""
    try:
        data = index_path(output).read_bytes()
    except FileNotFoundError:
        return
    whole = len(data) - len(data) % INDEX_RECORD.size
    for record in INDEX_RECORD.iter_unpack(data[:whole]):
        yield Chunk(*record)


Key = tuple[int, int, int]
"""An attempt: the task's number, the epoch, the attempt."""


class OutputFile:
    """Takes what one attempt prints. The files appear with the first byte. Thread-safe.

    Args:
        folder: The run's folder; None throws everything away.
        key: Which attempt; None throws everything away until `turn_to`.
        most: How many bytes are kept; the rest is left out, and the end of the file says so.
    """

    __slots__ = ("_data", "_folder", "_index", "_key", "_lock", "_most", "_offset")

    def __init__(
        self, folder: Path | None, key: Key | None = None, most: int | None = None
    ) -> None:
        self._most = most
        self._folder = folder
        self._key = key
        self._lock = threading.Lock()
        self._data: int | None = None
        self._index: int | None = None
        self._offset = 0

    def turn_to(self, key: Key) -> None:
        """Take what another attempt prints, after `close`: cheaper than a new one for each."""
        self._key = key
        self._offset = 0

    def write(self, data: bytes, stream: int = BOTH) -> None:
        """Append `data`.

        Raises:
            OSError: the disk is full, or gone.
        """
        with self._lock:
            if not data or self._folder is None or self._key is None:
                return
            if self._data is None or self._index is None:
                self._data, self._index = _open(output_path(self._folder, *self._key))
            if self._most is not None:
                data = self._limited(data, self._most)
                if not data:
                    return
            os.write(self._index, INDEX_RECORD.pack(time.time(), self._offset, stream))
            _write_all(self._data, data)
            self._offset += len(data)

    def _limited(self, data: bytes, most: int) -> bytes:
        """Return what is kept of `data`."""
        left = most - self._offset
        if len(data) <= left:
            return data
        return data[: max(0, left)] + LEFT_OUT if left >= 0 else b""

    def close(self) -> None:
        """Write no more, until `turn_to`."""
        self._key = None
        if self._data is None:
            return
        with self._lock:
            for descriptor in (self._data, self._index):
                if descriptor is not None:
                    os.close(descriptor)
            self._data = self._index = None


def _open(path: Path) -> tuple[int, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags, 0o600), os.open(index_path(path), flags, 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
