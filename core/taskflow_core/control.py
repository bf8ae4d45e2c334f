"""Talking to a run in another process, over one local socket a run.

Frames are lines of JSON, at most 1 MiB each. The server greets with `{"hello": 1, "run": …}`;
a request is `{"id": 1, "do": "pause", "by": "app", "tasks": […]}`, its answer `{"id": 1, "ok": …}`
or `{"id": 1, "error": …, "hint": …}`; `{"tick": seq}` says that the journal grew. A client that
sends rubbish or stops reading loses its connection, and nothing else happens.
"""

import contextlib
import hashlib
import json
import os
import selectors
import socket
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from taskflow_core.errors import HandlersAtWorkError, RefusedError, RunError, TaskflowError

VERSION = 1
LONGEST = 1 << 20
"""Bytes of the longest frame."""
BACKLOG = 1 << 20
"""Bytes that may wait for a client that does not read."""

Request = dict[str, Any]
Handler = Callable[[Request], Any]
"""Carries out a request and returns its answer; raises TaskflowError to refuse."""


class ControlError(RunError):
    """The run cannot be talked to."""


def socket_path(folder: Path) -> Path:
    """Return where the socket of the run in `folder` is: short, as the system demands.

    Raises:
        ControlError: the folder for sockets belongs to somebody else.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    home = Path(base) / "taskflow" if base else Path(f"/tmp/taskflow-{os.getuid()}")  # noqa: S108
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = home.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise ControlError(f"{home} is not a private folder of yours", hint="Remove it.")
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:24]
    return home / f"{name}.sock"


class ControlServer:
    """Answers requests about one run, on a thread of its own.

    Args:
        folder: The run's folder; its socket must be nobody else's, so own the run first.
        run: The run's id.
        handle: Called with each request, one at a time.
    """

    def __init__(self, folder: Path, run: str, handle: Handler) -> None:
        self._run = run
        self._handle = handle
        self._path = socket_path(folder)
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._listener.bind(os.fspath(self._path))
        finally:
            os.umask(before)
        self._listener.listen(16)
        self._listener.setblocking(False)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._tick)
        self._peers: set[_Peer] = set()
        self._is_closing = False
        self._seq = 0
        self._thread = threading.Thread(target=self._serve, name="taskflow-control", daemon=True)
        self._thread.start()

    def tick(self, seq: int) -> None:
        """Tell every client that the journal has grown to event `seq`; from any thread."""
        self._seq = seq
        with contextlib.suppress(BlockingIOError, OSError):  # full: a tick is on its way already
            os.write(self._wake_write, b".")

    def close(self) -> None:
        """Hang up on everybody and remove the socket."""
        self._is_closing = True
        self.tick(self._seq)
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while not self._is_closing:
            for key, events in self._selector.select():
                act: Callable[[int], None] = key.data
                act(events)
        for peer in tuple(self._peers):
            self._drop(peer)
        self._listener.close()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _accept(self, _: int) -> None:
        with contextlib.suppress(OSError):
            connection, _address = self._listener.accept()
            if _peer_uid(connection) != os.getuid():
                connection.close()
                return
            peer = _Peer(connection, self._selector, self._answer, self._drop)
            self._peers.add(peer)
            peer.send({"hello": VERSION, "run": self._run})

    def _tick(self, _: int) -> None:
        os.read(self._wake_read, 4096)
        for peer in tuple(self._peers):
            peer.send({"tick": self._seq})

    def _answer(self, peer: "_Peer", request: Request) -> None:
        number = request.get("id")
        try:
            peer.send({"id": number, "ok": self._handle(request)})
        except TaskflowError as error:
            kind = type(error).__name__
            peer.send({"id": number, "error": str(error), "hint": error.hint, "kind": kind})

    def _drop(self, peer: "_Peer") -> None:
        self._peers.discard(peer)
        peer.close()


class _Peer:
    """One client, as the server sees it."""

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        answer: "Callable[[_Peer, Request], None]",
        drop: "Callable[[_Peer], None]",
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._selector = selector
        self._answer = answer
        self._drop = drop
        self._received = bytearray()
        self._to_send = bytearray()
        self._is_open = True
        selector.register(connection, selectors.EVENT_READ, self._act)

    def send(self, message: dict[str, Any]) -> None:
        """Send a frame, now or when the client reads; give up on one that does not."""
        if self._is_open:
            self._to_send += json.dumps(message).encode() + b"\n"
            self._flush()

    def close(self) -> None:
        """Hang up."""
        if self._is_open:
            self._is_open = False
            self._selector.unregister(self._connection)
            self._connection.close()

    def _act(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush()
        if self._is_open and events & selectors.EVENT_READ:
            self._receive()

    def _receive(self) -> None:
        try:
            data = self._connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._received += data
        *lines, rest = bytes(self._received).split(b"\n")
        self._received = bytearray(rest)
        requests = [_parse(line) for line in lines]
        if not data or len(rest) > LONGEST or None in requests:
            self._drop(self)
            return
        for request in requests:
            if request is not None:
                self._answer(self, request)

    def _flush(self) -> None:
        try:
            while self._to_send:
                del self._to_send[: self._connection.send(self._to_send)]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(self)
            return
        if len(self._to_send) > BACKLOG:
            self._drop(self)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._to_send else 0)
        self._selector.modify(self._connection, wanted, self._act)


class ControlClient:
    """Asks things of one run. Use it in a `with` block.

    Raises:
        ControlError: nobody answers for that run.
    """

    def __init__(self, folder: Path, *, timeout: float = 10.0) -> None:
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(timeout)
        self._timeout = timeout
        self._received = bytearray()
        self._count = 0
        try:
            self._connection.connect(os.fspath(socket_path(folder)))
            hello = self._read()
        except OSError as error:
            self._connection.close()
            raise ControlError(f"run {folder.name} does not answer: {error}") from error
        if hello.get("hello") != VERSION:
            self.close()
            raise ControlError(f"run {folder.name} speaks another version of the protocol")

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the socket's descriptor, readable when there is a tick."""
        return self._connection.fileno()

    def ask(self, do: str, *, by: str, **fields: Any) -> Any:
        """Make a request and return its answer, once it has been recorded.

        Args:
            do: What to do; see `actions`.
            by: Who asks, for the record.
            fields: What else belongs to the request.

        Raises:
            RefusedError: the run said no.
            HandlersAtWorkError: it said to ask again once its handlers have ended.
            ControlError: the run ended before it answered.
        """
        self._count += 1
        request = {"id": self._count, "do": do, "by": by, **fields}
        try:
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            while (message := self._read()).get("id") != self._count:
                pass
        except OSError as error:
            raise ControlError(f"the run went away: {error}") from error
        if "error" in message:
            is_early = message.get("kind") == HandlersAtWorkError.__name__
            kind = HandlersAtWorkError if is_early else RefusedError
            raise kind(message["error"], hint=message.get("hint"))
        return message.get("ok")

    def wait_for_tick(self, timeout: float) -> None:
        """Wait until the journal has grown, or `timeout` seconds, or the end of the run."""
        self._connection.settimeout(timeout)
        with contextlib.suppress(OSError):
            self._read()
        self._connection.settimeout(self._timeout)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _read(self) -> dict[str, Any]:
        """Return the next frame; what has come of it stays where it is if it takes too long."""
        while (end := self._received.find(b"\n")) < 0:
            data = self._connection.recv(65536)
            if not data or len(self._received) > LONGEST:
                raise ConnectionResetError("the run closed the connection")
            self._received += data
        message = _parse(bytes(self._received[:end]))
        del self._received[: end + 1]
        if message is None:
            raise ConnectionResetError("the run does not speak the protocol")
        return message


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", message) if isinstance(message, dict) else None


def _peer_uid(connection: socket.socket) -> int:
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", found)[1])
    return os.getuid()  # the folder is private: nobody else can connect
