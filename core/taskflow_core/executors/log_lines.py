"""Looking for a line in the output of an attempt while it is being written."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from taskflow_core.output import BOTH, INDEX_RECORD, Chunk, index_path
from taskflow_core.readiness import log_pattern

LONGEST = 64 * 1024
"""Bytes of a line that are looked at: its last ones."""
QUIET = 0.25
"""Seconds after which a line counts as whole that has no end, such as a prompt."""
_CHUNK = 1024 * 1024


class LogLines:
    """Looks for a line that a regular expression is found in; the streams of a command apart.

    Only what the file has already is read, so who writes it never waits.

    Args:
        output: The file; it may not exist yet.
        pattern: The regular expression.
    """

    def __init__(self, output: Path, pattern: str) -> None:
        self._output = output
        self._pattern = log_pattern(pattern)
        self._offset = 0
        self._index_offset = 0
        self._chunks: list[Chunk] = []
        """The records of the index from the one on that what is read next belongs to."""
        self._begun: dict[int, bytes] = {}
        """By stream the line that has no end yet."""
        self._grown_at = time.monotonic()

    def is_there(self) -> bool:
        """Say whether the line is among what has been written by now."""
        while data := _read(self._output, self._offset, _CHUNK):
            self._grown_at = time.monotonic()
            for stream, piece in self._by_stream(data):
                if any(map(self._matches, self._lines(stream, piece))):
                    return True
            self._offset += len(data)
        is_quiet = time.monotonic() - self._grown_at >= QUIET
        return is_quiet and any(map(self._matches, self._begun.values()))

    def _lines(self, stream: int, piece: bytes) -> list[bytes]:
        """Return the lines that end in a piece of a stream."""
        *whole, begun = (self._begun.get(stream, b"") + piece).split(b"\n")
        self._begun[stream] = begun[-LONGEST:]
        return whole

    def _by_stream(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the pieces of what begins at the offset, each with its stream."""
        self._read_index()
        begin, end = self._offset, self._offset + len(data)
        while len(self._chunks) > 1 and self._chunks[1].offset <= begin:
            del self._chunks[0]
        inside = [chunk for chunk in self._chunks if chunk.offset < end]
        for number, chunk in enumerate(inside):
            first = max(chunk.offset, begin)
            last = inside[number + 1].offset if number + 1 < len(inside) else end
            yield chunk.stream, data[first - begin : last - begin]
        if not inside:
            yield BOTH, data

    def _read_index(self) -> None:
        """Read what has come to the index; it is ahead of the output."""
        data = _read(index_path(self._output), self._index_offset, None)
        whole = len(data) - len(data) % INDEX_RECORD.size
        self._index_offset += whole
        self._chunks += [Chunk(*record) for record in INDEX_RECORD.iter_unpack(data[:whole])]

    def _matches(self, line: bytes) -> bool:
        text = line[-LONGEST:].rstrip(b"\r").decode(errors="replace")
        return self._pattern.search(text) is not None


def _read(path: Path, offset: int, most: int | None) -> bytes:
    """Return what a file has from an offset on; nothing if there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(descriptor, most or os.fstat(descriptor).st_size, offset)
    finally:
        os.close(descriptor)
