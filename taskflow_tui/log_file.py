"""A growing file as numbered lines, any of which is found at once.

Only the number of newlines before each block of 64 KiB is kept: 1 MB of index for 8 GB of output.
The file is read with `pread`, not mapped: a mapping kills the process that touches it after
somebody truncated the file, and costs the same.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

BLOCK = 1 << 16
"""Bytes between two entries of the index."""
AT_ONCE = 48 << 20
"""Bytes that one `poll` indexes at most, so that a huge file never holds up a frame."""
LONGEST = 1 << 14
"""Bytes of one line that are read at most."""


class LogFile:
    """The lines of the file at `path`, which may not exist yet and may grow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        """Bytes that are indexed."""
        self.beginnings = 0
        """How often the file got shorter, and was read from its beginning."""
        self._descriptor: int | None = None
        self._counts: list[int] = []
        """Newlines up to the end of each whole block."""
        self._newlines = 0
        self._ends_open = False
        self._block: tuple[int, int, list[int]] = (-1, 0, [])

    @property
    def line_count(self) -> int:
        """How many lines there are, an unfinished last one included."""
        return self._newlines + self._ends_open

    @property
    def complete_lines(self) -> int:
        """How many lines are finished and will not change."""
        return self._newlines

    def poll(self) -> bool:
        """Look at the file again; say whether there is more, or something else, to show."""
        if self._descriptor is None and not self._open():
            return False
        size = os.fstat(self._opened).st_size
        if size < self.size:
            self._counts, self._newlines, self.size = [], 0, 0
            self.beginnings += 1
        elif size == self.size:
            return False
        self._index(min(size, self.size + AT_ONCE))
        return True

    def line(self, number: int) -> bytes:
        """Return line `number`, counted from 0, without its newline; at most LONGEST bytes."""
        start = self._start(number)
        end = self._start(number + 1) - 1 if number < self._newlines else self.size
        return os.pread(self._opened, max(min(end - start, LONGEST), 0), start)

    def lines(self, first: int, last: int) -> Iterator[bytes]:
        """Yield the lines from `first` up to, without, `last`."""
        for number in range(max(first, 0), min(last, self.line_count)):
            yield self.line(number)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    @property
    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the file is not open")
        return self._descriptor

    def _open(self) -> bool:
        with suppress(OSError):
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            return True
        return False

    def _index(self, size: int) -> None:
        total = self._counts[-1] if self._counts else 0
        position = len(self._counts) * BLOCK
        last = b""
        while position < size:
            data = os.pread(self._opened, min(BLOCK, size - position), position)
            if not data:
                break
            total += data.count(b"\n")
            position += len(data)
            last = data
            if len(data) == BLOCK:
                self._counts.append(total)
        self.size = position
        self._newlines = total
        self._ends_open = bool(last) and not last.endswith(b"\n")

    def _start(self, number: int) -> int:
        """Return the offset of line `number`: one past the newline that ends the one before."""
        if number == 0:
            return 0
        block = bisect_left(self._counts, number)
        before = self._counts[block - 1] if block else 0
        return block * BLOCK + self._newline_places(block)[number - before - 1] + 1

    def _newline_places(self, block: int) -> list[int]:
        if self._block[:2] != (block, self.size):
            data = os.pread(self._opened, min(BLOCK, self.size - block * BLOCK), block * BLOCK)
            places: list[int] = []
            place = data.find(b"\n")
            while place >= 0:
                places.append(place)
                place = data.find(b"\n", place + 1)
            self._block = (block, self.size, places)
        return self._block[2]
