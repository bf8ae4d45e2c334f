"""Events as bytes, and back: a turn is a msgpack list of events."""

from typing import Any, Union

import msgspec

import taskflow_core.events as ev
from taskflow_core.errors import JournalError

KINDS: tuple[type[ev.Event], ...] = (
    ev.RunCreated, ev.RunStarted, ev.RunPaused, ev.RunResumed, ev.RetryRequested,
    ev.CancelRequested, ev.RunSettled,
    ev.TaskReady, ev.TaskBlocked, ev.TaskUnblocked, ev.TaskSucceeded, ev.TaskFailed,
    ev.TaskSkipped, ev.TaskCancelled,
    ev.AttemptQueued, ev.AttemptStarted, ev.AttemptStopping, ev.AttemptSucceeded,
    ev.AttemptFailed, ev.AttemptTimedOut, ev.AttemptCancelled, ev.AttemptCrashed,
    ev.AttemptLost, ev.RetryScheduled,
)  # fmt: skip
"""Every kind that is stored. The stored name is the class's name: it never changes."""

_KNOWN = {kind.__name__ for kind in KINDS}
_UNION: Any = Union[KINDS]  # noqa: UP007  it is made from a tuple

_encoder = msgspec.msgpack.Encoder()
_turn = msgspec.msgpack.Decoder(list[_UNION])
_raw_turn = msgspec.msgpack.Decoder(list[list[Any]])


def encode(events: list[ev.Event]) -> bytes:
    """Return one turn as bytes."""
    return _encoder.encode(events)


def decode(data: bytes) -> list[ev.Event]:
    """Return the events of one turn; those of kinds from a newer version as `UnknownEvent`.

    Raises:
        JournalError: the bytes are no turn.
    """
    try:
        return _turn.decode(data)
    except msgspec.DecodeError:
        return _decode_one_by_one(data)


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
