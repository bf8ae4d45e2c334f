"""Events as bytes, and back: a turn is a msgpack list of events, compressed if it is long.

A long turn compresses ten to one, on the publisher's thread and without holding the interpreter:
writing, and syncing when the journal is closed, then cost a third of what they did.
"""

import zlib
from typing import Any, Union

import msgspec

import taskflow_core.events as ev
from taskflow_core.errors import JournalError

KINDS: tuple[type[ev.Event], ...] = (
    ev.RunCreated, ev.RunStarted, ev.RunPaused, ev.RunResumed, ev.RunStalled, ev.RetryRequested,
    ev.ActionRequested, ev.StepRequested, ev.BreakpointSet, ev.BreakpointCleared,
    ev.ParallelismChanged, ev.CancelRequested, ev.RunSettled,
    ev.TaskReady, ev.TaskHeld, ev.TaskReleased, ev.TaskBlocked, ev.TaskUnblocked,
    ev.TaskSucceeded, ev.TaskFailed, ev.TaskSkipped, ev.TaskCancelled, ev.EpochOpened,
    ev.TaskStale, ev.TaskExpanded, ev.TaskWaiting, ev.TaskAnswered, ev.TaskRemoved,
    ev.AttemptQueued, ev.AttemptStarted, ev.AttemptProgressed, ev.ContextWritten,
    ev.AttemptStopping, ev.AttemptSucceeded, ev.AttemptFailed, ev.AttemptTimedOut,
    ev.AttemptCancelled, ev.AttemptCrashed, ev.AttemptLost, ev.RetryScheduled,
    ev.ProbeFailed, ev.AttemptReady, ev.AttemptStopped,
    ev.RollbackStarted, ev.CompensationStarted, ev.CompensationSucceeded,
    ev.CompensationFailed, ev.RollbackSettled, ev.CacheChecked, ev.CacheNotKept,
    ev.HandlerStarted, ev.HandlerFinished,
)  # fmt: skip
"""Every kind that is stored. The stored name is the class's name: it never changes."""

_KNOWN = {kind.__name__ for kind in KINDS}
_UNION: Any = Union[KINDS]  # noqa: UP007  it is made from a tuple

_encoder = msgspec.msgpack.Encoder()
_turn = msgspec.msgpack.Decoder(list[_UNION])
_raw_turn = msgspec.msgpack.Decoder(list[list[Any]])


LONG = 8_192
"""Bytes from which a turn is compressed."""
MOST = 2**29
"""Bytes that a turn may have when it is read: far more than any has."""
_COMPRESSED = 0x78
"""The first byte of what zlib compressed; as msgpack it would be the number 120, and no list."""


def encode(events: list[ev.Event]) -> bytes:
    """Return one turn as bytes."""
    packed = _encoder.encode(events)
    return packed if len(packed) < LONG else zlib.compress(packed, 1)


def decode(data: bytes) -> list[ev.Event]:
    """Return the events of one turn; those of kinds from a newer version as `UnknownEvent`.

    Raises:
        JournalError: the bytes are no turn.
    """
    if data[:1] == bytes([_COMPRESSED]):
        data = _decompressed(data)
    try:
        return _turn.decode(data)
    except msgspec.DecodeError:
        return _decode_one_by_one(data)


def _decompressed(data: bytes) -> bytes:
    reader = zlib.decompressobj()
    try:
        packed = reader.decompress(data, MOST)
    except zlib.error as error:
        raise JournalError(f"a recorded turn cannot be read: {error}") from error
    if not reader.eof:
        raise JournalError("a recorded turn is cut off, or longer than any turn can be")
    return packed


def _decode_one_by_one(data: bytes) -> list[ev.Event]:
    try:
        return [_event(fields) for fields in _raw_turn.decode(data)]
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise JournalError(f"a recorded turn cannot be read: {error}") from error


def _event(fields: list[Any]) -> ev.Event:
    name, seq, at, run, *rest = fields
    if name in _KNOWN:
        event: ev.Event = msgspec.convert(fields, _UNION)
        return event
    return ev.UnknownEvent(int(seq), float(at), str(run), str(name), rest)
