"""What is kept of one success, and how it is written down.

An entry begins with a line that names its format, then the SHA-256 of what follows.
"""

import hashlib

import msgspec

from taskflow_core.caching.files import Stamp
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


def packed(entry: Entry) -> bytes:
    """Return an entry as it is written."""
    body = msgspec.msgpack.encode(entry)
    return _HEAD + f"{FORMAT} {hashlib.sha256(body).hexdigest()}\n".encode() + body


def unpacked(data: bytes) -> Entry:
    """Return the entry that `packed` wrote.

    Raises:
        EntryError: the data is damaged, or of another version.
    """
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
