"""The journal keeps every event, in order, for one owner at a time, and says when it cannot."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import taskflow_core.events as ev
from taskflow_core.errors import JournalError, RunOwnedError
from taskflow_core.journal.codec import KINDS, decode, encode
from taskflow_core.journal.sqlite import JournalReader, SqliteJournal


def ready(seq: int, task: str = "a") -> ev.Event:
    return ev.TaskReady(seq, 1000.0 + seq, "r", task, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(path, owner=1)
    yield journal
    journal.close()


@pytest.fixture
def reader(path: Path, journal: SqliteJournal) -> Iterator[JournalReader]:
    reader = JournalReader(path)
    yield reader
    reader.close()


def test_what_is_appended_is_read_back_in_order(
    journal: SqliteJournal, reader: JournalReader
) -> None:
    journal.append([ready(1), ready(2)])
    journal.append([ready(3)])

    assert reader.read() == [ready(1), ready(2), ready(3)]
    assert reader.read(after=1) == [ready(2), ready(3)]
    assert reader.read(after=3) == []


def test_a_reader_sees_what_comes_later(journal: SqliteJournal, reader: JournalReader) -> None:
    assert reader.read() == []

    journal.append([ready(1)])

    assert reader.read() == [ready(1)]


def test_a_new_owner_fences_the_old_one(
    path: Path, journal: SqliteJournal, reader: JournalReader
) -> None:
    journal.append([ready(1)])
    newer = SqliteJournal(path, owner=2)

    with pytest.raises(RunOwnedError, match="taken over"):
        journal.append([ready(2)])

    newer.append([ready(2)])
    newer.close()
    assert newer.term == journal.term + 1
    assert reader.read() == [ready(1), ready(2)]


def test_the_file_is_for_its_owner_alone(path: Path, journal: SqliteJournal) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_flipped_byte_is_noticed(path: Path, journal: SqliteJournal) -> None:
    journal.append([ready(1)])
    journal.append([ready(2)])
    journal.close()
    with sqlite3.connect(path) as db:
        payload = bytearray(db.execute("SELECT payload FROM turn").fetchone()[0])
        payload[-1] ^= 1
        db.execute("UPDATE turn SET payload = ? WHERE first_seq = 1", (bytes(payload),))
    db.close()
    reader = JournalReader(path)

    with pytest.raises(JournalError, match="events 1 to 1 are damaged"):
        reader.read()
    reader.close()


def test_a_missing_turn_is_noticed(path: Path, journal: SqliteJournal) -> None:
    for seq in (1, 2, 3):
        journal.append([ready(seq)])
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM turn WHERE first_seq = 2")
    db.close()
    reader = JournalReader(path)

    with pytest.raises(JournalError, match="events 2 to 2 are missing"):
        reader.read()
    reader.close()


def test_a_newer_version_is_refused_and_left_alone(path: Path, journal: SqliteJournal) -> None:
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()

    with pytest.raises(JournalError, match="newer version") as caught:
        JournalReader(path)

    assert caught.value.hint == "Update TaskFlow to open this run."
    assert path.read_bytes() == before


def test_another_program_s_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()

    with pytest.raises(JournalError, match="not the journal of a run"):
        JournalReader(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"nothing of the kind" * 100)

    with pytest.raises(JournalError, match="not a database"):
        JournalReader(path)


PACKED = msgspec.Raw(msgspec.msgpack.encode({"name": "x"}))
SAMPLES: dict[Any, Any] = {str: "x", int: 1, float: 1.5, bool: True, msgspec.Raw: PACKED}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_survives_the_codec(kind: type[ev.Event]) -> None:
    def sample(wanted: Any) -> Any:
        containers: dict[str, Any] = {"list": [], "dict": {}}
        found = [value for name, value in containers.items() if name in str(wanted)]
        return found[0] if found else SAMPLES.get(wanted)

    make: Any = kind
    event: ev.Event = make(*(sample(field.type) for field in msgspec.structs.fields(kind)))

    (decoded,) = decode(encode([event]))
    assert type(decoded) is kind
    assert ev.as_json(decoded) == ev.as_json(event)


def test_every_kind_of_event_is_stored() -> None:
    concrete = {
        kind for kind in vars(ev).values() if isinstance(kind, type) and issubclass(kind, ev.Event)
    } - {ev.Event, ev.TaskEvent, ev.AttemptEvent, ev.UnknownEvent, ev.SubscriberGap}

    assert set(KINDS) == concrete


def test_a_kind_from_a_newer_version_is_kept() -> None:
    raw = msgspec.msgpack.encode(
        [["TaskReady", 1, 2.0, "r", "a", 0], ["Teleported", 2, 3.0, "r", "b"]]
    )

    known, unknown = decode(raw)

    assert isinstance(known, ev.TaskReady)
    assert unknown == ev.UnknownEvent(2, 3.0, "r", "Teleported", ["b"])
    assert ev.as_json(unknown)["kind"] == "Teleported"


def test_a_long_turn_is_compressed_and_read_back() -> None:
    events = [ready(seq) for seq in range(1, 5_000)]

    packed = encode(events)

    assert len(packed) < 5 * len(events)
    assert decode(packed) == events


def test_a_compressed_turn_that_is_cut_off_is_no_turn() -> None:
    packed = encode([ready(seq) for seq in range(1, 5_000)])

    with pytest.raises(JournalError, match="cut off"):
        decode(packed[:-20])


def test_a_compressed_turn_that_would_fill_the_memory_is_no_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskflow_core.journal.codec.MOST", 1_000_000)

    with pytest.raises(JournalError, match="longer than any"):
        decode(zlib.compress(bytes(100_000_000)))


def test_rubbish_is_no_turn() -> None:
    with pytest.raises(JournalError, match="cannot be read"):
        decode(b"\x93\x01\x02\x03")
