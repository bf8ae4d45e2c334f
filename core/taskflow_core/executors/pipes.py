"""Reading the pipes of a process on the thread that waits for it."""

import os
import select
import subprocess
import time
from collections.abc import Callable

from taskflow_core.output import OutputFile

CHUNK = 64 * 1024

Taker = Callable[[bytes], None]


def _ignore(_: bytes) -> None:
    pass


class Pipes:
    """Copies what comes out of pipes to an output file, in the order of arrival.

    Args:
        output: Where it goes.
        watched: A descriptor that is not read here; `wait` tells when it has news.
    """

    def __init__(self, output: OutputFile, watched: int | None = None) -> None:
        self._output = output
        self._watched = watched
        self._poll = select.poll()
        self._streams: dict[int, tuple[int, Taker]] = {}
        if watched is not None:
            self._poll.register(watched, select.POLLIN)

    def add(self, descriptor: int, stream: int, also: Taker = _ignore) -> None:
        """Read `descriptor` too; each chunk goes to `also` as well."""
        os.set_blocking(descriptor, False)
        self._streams[descriptor] = stream, also
        self._poll.register(descriptor, select.POLLIN)

    @property
    def is_open(self) -> bool:
        """Some pipe can still bring something."""
        return bool(self._streams)

    def wait(self, timeout: float | None = None) -> bool:
        """Copy what there is, once there is something; say whether the watched one has news."""
        news = False
        for descriptor, _ in self._poll.poll(None if timeout is None else timeout * 1000):
            if descriptor == self._watched:
                news = True
            else:
                self._read(descriptor)
        return news

    def drain(self, seconds: float) -> None:
        """Copy what has arrived by now, for at most `seconds`.

        A child that keeps a pipe open, or goes on writing, thus holds nothing up.
        """
        deadline = time.monotonic() + seconds
        while sum(self._read(descriptor) for descriptor in tuple(self._streams)):
            if time.monotonic() > deadline:
                return

    def _read(self, descriptor: int) -> bool:
        stream, also = self._streams[descriptor]
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._poll.unregister(descriptor)
            del self._streams[descriptor]
            return False
        self._output.write(data, stream)
        also(data)
        return True


class Tail:
    """Keeps the end of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > 2 * self._limit:
            del self._data[: -self._limit]

    def text(self) -> str:
        return bytes(self._data[-self._limit :]).decode(errors="replace")


def end_of(process: subprocess.Popen[bytes]) -> int | None:
    """Return a descriptor that becomes readable when the process ends; None where there is none."""
    try:
        return os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # macOS, or a very old Linux
        return None
