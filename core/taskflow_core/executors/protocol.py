"""What the engine and a worker process say to each other, over a socket that only they have.

A message is its length (uint32, big-endian) and so many bytes of msgpack. A `Work` message's
length comes with the descriptor of the pipe that takes the attempt's output.
"""

import os
import socket
import struct
from typing import Any

import msgspec

from taskflow_core.caching.lookup import Lookup
from taskflow_core.events import Preview
from taskflow_core.outcomes import Cached, Crashed, Failed, Skipped, Stopped, Succeeded
from taskflow_core.params import Param
from taskflow_core.visibility import Entry

_LENGTH = struct.Struct(">I")


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a worker finds the function: by dotted name, in a flow file, or in the message."""

    dotted: str | None = None
    folder: str | None = None
    """Where the module of `dotted` is looked for first."""
    flow_file: str | None = None
    flow_name: str | None = None
    task: str | None = None
    """What the task is called in the flow file."""
    pickled: bytes | None = None
    """`(func, args, kwargs)` by cloudpickle, of a flow that was made in memory."""
    is_rollback: bool = False
    """It is what undoes the task of the flow file, not the task's own function."""


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What a compensation needs to know of the task that it undoes."""

    target: Target | None
    """The task's own function, which names its arguments; None where there is none to be had."""
    why: str | None
    """Why there is none."""
    result: Preview
    """The task's stored result, if it succeeded."""
    failure: tuple[str, str | None] | None
    """How it ended if it did not succeed, and its error."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to be made."""

    run: str
    task: str
    attempt: int
    target: Target
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    upstream: list[tuple[str, Preview]]
    """Names and stored results of the tasks it depends on, in `depends_on` order."""
    ancestors: list[tuple[str, Preview]]
    """The same for tasks further upstream, for functions that take the context."""
    item: tuple[Preview, int] | None
    """What a child of a mapped task is for, stored, and its place."""
    params: dict[str, Any]
    """The flow's parameters, as JSON."""
    declared: dict[str, Param]
    """What they may be."""
    seen: dict[str, Entry]
    """What it sees of the context, by key."""
    changes: dict[str, Preview]
    """Previews of named arguments that a person changed."""
    states: dict[str, tuple[str, int]]
    """State and last attempt of each task upstream, where expressions may ask for them."""
    results: str
    """The folder that results are stored in."""
    result_name: str
    env: dict[str, str]
    cwd: str | None
    tmp: str
    timeout: float | None
    """Seconds after which the engine tells it to stop."""
    grace: float
    """Seconds after that, when it kills it."""
    path: list[str] | None
    """`sys.path` to use, where it has to be the sender's."""
    cache: Lookup | None = None
    """What is asked of the cache."""
    drops_result: bool = False
    """What the function returns is of no use to anybody."""
    undo: Undo | None = None
    """Set if it is a compensation: `target` is then the rollback's function, and the arguments
    are the task's own."""


class Begun(msgspec.Struct, frozen=True, tag=True):
    """The function is about to be called, with these arguments."""

    pid: int
    arguments: dict[str, Preview]


class Spent(msgspec.Struct, frozen=True, tag=True):
    """The worker is not to be used again: the task left in it what cannot be put back.

    Its outcome follows.
    """


class Progressed(msgspec.Struct, frozen=True, tag=True):
    """How far the function says it is."""

    done: float
    total: float | None
    message: str | None


class Missed(msgspec.Struct, frozen=True, tag=True):
    """Nothing in the cache stands in for the attempt."""

    reason: str


class NotKept(msgspec.Struct, frozen=True, tag=True):
    """Its success is not kept for later runs."""

    reason: str


News = Begun | Spent | Progressed | Missed | NotKept
"""What a worker says before the outcome."""
FromWorker = News | Succeeded | Cached | Failed | Skipped | Crashed | Stopped

_encoder = msgspec.msgpack.Encoder()
_work = msgspec.msgpack.Decoder(Work)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def send_work(channel: socket.socket, work: Work, output: int) -> None:
    """Send an attempt, and the descriptor its output goes to."""
    data = _encoder.encode(work)
    socket.send_fds(channel, [_LENGTH.pack(len(data))], [output])
    channel.sendall(data)


def receive_work(channel: socket.socket) -> tuple[Work, int] | None:
    """Return the next attempt and the descriptor for its output; None at the end."""
    head, descriptors, _, _ = socket.recv_fds(channel, _LENGTH.size, 1)
    if not head:
        return None
    data = _receive(channel, _LENGTH.unpack(head)[0])
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return (_work.decode(data), descriptors[0]) if data is not None else None


def send(channel: socket.socket, message: FromWorker) -> None:
    """Send a worker's message."""
    data = _encoder.encode(message)
    channel.sendall(_LENGTH.pack(len(data)) + data)


def receive(channel: socket.socket) -> FromWorker | None:
    """Return a worker's next message; None if it has died."""
    head = _receive(channel, _LENGTH.size)
    data = _receive(channel, _LENGTH.unpack(head)[0]) if head is not None else None
    return None if data is None else _from_worker.decode(data)


def _receive(channel: socket.socket, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        try:
            part = channel.recv(min(size, 1 << 20))
        except ConnectionResetError:
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
