"""The journal: one SQLite file a run, a row a turn.

One connection in one process writes and checkpoints; readers open the file read-only and briefly.
That is how it stays clear of SQLite's WAL-reset bug (3.7.0 to 3.51.2), which needs two writers.
`term` fences: an owner whose term is not the newest can write no more.
"""

import sqlite3
import time
import zlib
from pathlib import Path

from taskflow_core.errors import JournalError, RunOwnedError
from taskflow_core.events import Event
from taskflow_core.journal.codec import decode, encode

APPLICATION_ID = 0x7A5CF10
"""Marks the file as ours."""
SCHEMA = 1
"""The newest schema this version knows."""

_CREATE = f"""
CREATE TABLE turn (
    first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, at REAL NOT NULL,
    crc INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE owner (term INTEGER NOT NULL, pid INTEGER NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA};
"""


class SqliteJournal:
    """Writes a run's journal. Opening it takes a new term, which ends every older owner's.

    Not thread-safe: the engine calls it under its own lock, from any thread.

    Raises:
        JournalError: the file is not a journal, is of a newer version, or cannot be written.
    """

    def __init__(self, path: Path, *, owner: int) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self.term = self._take_term(owner)
        except sqlite3.Error as error:
            raise _trouble(path, error) from error

    def append(self, events: list[Event]) -> None:
        """Record `events`, which follow those recorded before, as one turn.

        Raises:
            RunOwnedError: another process has taken the run over.
            JournalError: it cannot be written; whether it was is unknown until it is read again.
        """
        payload = encode(events)
        row = (events[0].seq, events[-1].seq, time.time(), zlib.crc32(payload), payload)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._check_term()
                self._db.execute("INSERT INTO turn VALUES (?, ?, ?, ?, ?)", row)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise _trouble(self._path, error) from error

    def close(self) -> None:
        """Checkpoint and close; the folder can then be copied as it is."""
        self._db.close()

    def _take_term(self, owner: int) -> int:
        if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
            self._db.executescript(f"BEGIN IMMEDIATE; {_CREATE} COMMIT;")
        _check_schema(self._db, self._path)
        self._db.execute("BEGIN IMMEDIATE")
        newest = self._db.execute("SELECT max(term) FROM owner").fetchone()[0] or 0
        self._db.execute("INSERT INTO owner VALUES (?, ?)", (newest + 1, owner))
        self._db.execute("COMMIT")
        return int(newest) + 1

    def _check_term(self) -> None:
        newest = self._db.execute("SELECT max(term) FROM owner").fetchone()[0]
        if newest != self.term:
            raise RunOwnedError(f"the run was taken over by owner {newest}; this is {self.term}")


class JournalReader:
    """Reads a run's journal, which may be growing.

    Raises:
        JournalError: the file is missing, not a journal, or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            raise JournalError(f"there is no journal at {path}")
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            _check_schema(self._db, path)
        except sqlite3.Error as error:
            raise _trouble(path, error) from error

    def read(self, after: int = 0) -> list[Event]:
        """Return the events whose number is above `after`, in order.

        Raises:
            JournalError: a turn is damaged or missing.
        """
        try:
            rows = self._db.execute(
                "SELECT first_seq, last_seq, crc, payload FROM turn"
                " WHERE last_seq > ? ORDER BY first_seq",
                (after,),
            ).fetchall()
        except sqlite3.Error as error:
            raise _trouble(self._path, error) from error
        events: list[Event] = []
        expected = None
        for first, last, crc, payload in rows:
            if zlib.crc32(payload) != crc:
                raise JournalError(f"{self._path}: events {first} to {last} are damaged")
            if expected is not None and first != expected:
                raise JournalError(f"{self._path}: events {expected} to {first - 1} are missing")
            expected = last + 1
            events += decode(payload)
        return [event for event in events if event.seq > after]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _check_schema(db: sqlite3.Connection, path: Path) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    mark = db.execute("PRAGMA application_id").fetchone()[0]
    if mark != APPLICATION_ID or found == 0:
        raise JournalError(f"{path} is not the journal of a run")
    if found > SCHEMA:
        raise JournalError(
            f"{path} was written by a newer version (schema {found}; this one knows {SCHEMA})",
            hint="Update TaskFlow to open this run.",
        )


def _trouble(path: Path, error: sqlite3.Error) -> JournalError:
    full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    hint = "The disk is full: make room, then resume the run." if full else None
    return JournalError(f"{path}: {error}", hint=hint)
