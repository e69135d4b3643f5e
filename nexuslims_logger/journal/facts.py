"""``facts.db``: the sessions of this PC, which nothing can rebuild.

A fact is a column; each change raises the session's revision. What the database lacks is what
has a revision above ``database_revision``: there is no queue besides.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import Defect
from nexuslims_logger.journal.records import (
    ALLOWED,
    OPEN,
    EndReason,
    Instrument,
    SessionFacts,
    SessionState,
    WatchFolder,
    note_digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.journal.sqlite import JournalFile

log = logging.getLogger(__name__)

VERSION = 4
#: So many earlier notes are known again.
_EARLIER_NOTES = 500
_SCHEMA = """
CREATE TABLE session (
  identifier TEXT PRIMARY KEY, computer_name TEXT NOT NULL, instrument_pid TEXT NOT NULL,
  instrument_name TEXT NOT NULL, filestore_path TEXT NOT NULL, store_url TEXT NOT NULL, folders TEXT NOT NULL,
  user TEXT, project TEXT, note TEXT NOT NULL, started_at TEXT NOT NULL, utc_offset_min INTEGER NOT NULL,
  last_activity_at TEXT NOT NULL, logger_version TEXT NOT NULL, clicked_at TEXT, ended_at TEXT,
  end_utc_offset_min INTEGER, end_reason TEXT, take_until TEXT, state TEXT NOT NULL, clock_offset_ms INTEGER,
  resumed INTEGER NOT NULL, paused_at TEXT, paused_seconds INTEGER NOT NULL, revision INTEGER NOT NULL,
  database_revision INTEGER NOT NULL, database_error TEXT, joined INTEGER NOT NULL DEFAULT 0,
  manifest_rows INTEGER NOT NULL DEFAULT 0, manifest_newest_at TEXT,
  note_revision INTEGER NOT NULL, earlier_notes TEXT NOT NULL DEFAULT '',
  CHECK ((ended_at IS NULL) = (state IN ('RUNNING', 'PAUSED')))
);
CREATE TABLE instrument (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1), instrument_pid TEXT NOT NULL, schema_name TEXT NOT NULL,
  filestore_path TEXT NOT NULL, computer_name TEXT, timezone TEXT NOT NULL
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)
"""
_CHANGES = {
    2: "ALTER TABLE session ADD COLUMN joined INTEGER NOT NULL DEFAULT 0",
    3: "ALTER TABLE session ADD COLUMN manifest_rows INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN manifest_newest_at TEXT",
    # Nobody knows in which revision a note was written: the newest.
    4: "ALTER TABLE session ADD COLUMN note_revision INTEGER NOT NULL DEFAULT 1;"
    "UPDATE session SET note_revision = revision;"
    "ALTER TABLE session ADD COLUMN earlier_notes TEXT NOT NULL DEFAULT ''",
}
_TIMES = frozenset(
    {"started_at", "last_activity_at", "clicked_at", "ended_at", "take_until", "paused_at", "manifest_newest_at"}
)
_READ: dict[str, Callable[[Any], object]] = {
    "state": SessionState,
    "end_reason": EndReason,
    "joined": bool,
    "earlier_notes": lambda digests: tuple(digests.split()),
    **dict.fromkeys(_TIMES, datetime.fromisoformat),
}
_COLUMNS = tuple(field.name for field in dataclasses.fields(SessionFacts))


def _to_column(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if name == "folders":
        return json.dumps([[folder.label, folder.path] for folder in value])  # type: ignore[attr-defined] # its field says so
    if name == "earlier_notes":
        return " ".join(value)  # type: ignore[arg-type] # its field says so
    return value


def _from_column(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "folders":
        return tuple(WatchFolder(label, path) for label, path in json.loads(value))
    return _READ[name](value) if name in _READ else value


class FactsJournal:
    """The sessions, the copy of the instrument, and a few words about this PC. Blocks on the disk only."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        file.prepare(_SCHEMA, VERSION, _CHANGES)

    def add(self, facts: SessionFacts) -> None:
        """Write a START: it is on the disk when this returns."""
        names = ", ".join(_COLUMNS)
        marks = ", ".join("?" for _ in _COLUMNS)
        values = [_to_column(name, getattr(facts, name)) for name in _COLUMNS]
        with self._file.transaction() as connection:
            connection.execute(f"INSERT INTO session ({names}) VALUES ({marks})", values)  # noqa: S608 - our names

    def save(self, table: str, row: dict[str, object]) -> bool:
        """Take over a row of a journal that was damaged; False when it makes no sense.

        Parameters
        ----------
        table
            Of this journal.
        row
            By column; what this journal does not know is left out, so it may be of an older program.
        """
        known = {column[1] for column in self._file.select(f"PRAGMA table_info({table})")}
        values = {name: value for name, value in row.items() if name in known}
        if table == "session":
            values.setdefault("note_revision", values.get("revision"))  # as when an older journal is brought up
        names, marks = ", ".join(values), ", ".join("?" for _ in values)
        try:
            with self._file.transaction() as connection:
                connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))  # noqa: S608 - our names
                if table == "session":
                    self.session(str(values["identifier"]))
        except (sqlite3.IntegrityError, ValueError, TypeError, KeyError) as error:
            log.warning("a row of %s makes no sense: %s", table, error)
            return False
        return True

    def change(self, identifier: str, **changes: object) -> SessionFacts:
        """Change facts, raise the revision, and return the session as it is now.

        While it is open and nobody has confirmed who works (`SessionFacts.confirmed`) there is no revision to send.

        Raises
        ------
        Defect
            The change of state is none that `ALLOWED` knows.
        """
        before = self.session(identifier)
        after = dataclasses.replace(before, **changes)  # type: ignore[arg-type] # names are checked by replace
        if before.confirmed or after.state not in OPEN:
            after = dataclasses.replace(after, revision=before.revision + 1)
        if after.note != before.note:
            changes["note_revision"] = max(1, after.revision)
            changes["earlier_notes"] = (*before.earlier_notes, note_digest(before.note))[-_EARLIER_NOTES:]
        if after.state is not before.state and after.state not in ALLOWED[before.state]:
            message = f"Session {identifier} cannot go from {before.state} to {after.state}. Please report it."
            raise Defect("A session took an impossible step", message)
        self._update(identifier, {**changes, "revision": after.revision})
        return self.session(identifier)

    def confirm(self, identifier: str, user: str, project: str | None) -> SessionFacts:
        """Fix who works and for which project; from now on the database is told, and neither changes any more.

        Raises
        ------
        Defect
            They are fixed already: the database may have them, and lets no logger rewrite them.
        """
        if self.session(identifier).confirmed:
            raise Defect("Who works is recorded already", f"Session {identifier} has a user. Please report it.")
        self._update(identifier, {"user": user, "project": project, "revision": 1})
        return self.session(identifier)

    def touch(self, identifier: str, at: datetime) -> None:
        """Move the last activity; no new revision, it travels with the next fact."""
        self._update(identifier, {"last_activity_at": at})

    def mark(self, identifier: str, revision: int, **answer: object) -> SessionFacts:
        """Note that the database has `revision`, with what it told us (no new revision)."""
        self._update(identifier, {**answer, "database_revision": revision, "database_error": None})
        return self.session(identifier)

    def owe_again(self, identifier: str) -> None:
        """Owe the database all of a session, which it has lost; one that was ready waits for its manifest again."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE session SET database_revision = 0, state = REPLACE(state, 'READY', 'STORED'), "
                # What was confirmed is no news for that.
                "note_revision = CASE WHEN note_revision > database_revision THEN note_revision ELSE 0 END "
                "WHERE identifier = ?",
                [identifier],
            )

    def mark_refused(self, identifier: str, error: str) -> None:
        """Note why the database did not take this session."""
        self._update(identifier, {"database_error": error})

    def _update(self, identifier: str, changes: dict[str, object]) -> None:
        marks = ", ".join(f"{name} = ?" for name in changes)
        values = [_to_column(name, value) for name, value in changes.items()]
        with self._file.transaction() as connection:
            connection.execute(f"UPDATE session SET {marks} WHERE identifier = ?", [*values, identifier])  # noqa: S608 - our names

    def session(self, identifier: str) -> SessionFacts:
        """Return one session; raises `KeyError` when there is none."""
        found = self._select("WHERE identifier = ?", identifier)
        if not found:
            raise KeyError(identifier)
        return found[0]

    def knows(self, identifier: str) -> bool:
        """Whether this PC has, or has had, a session or a part of that identifier."""
        return bool(self._select("WHERE identifier = ?", identifier))

    def open_sessions(self) -> list[SessionFacts]:
        """Return what was left open (RUNNING by a crash, PAUSED on purpose), oldest first."""
        return self._select("WHERE state IN ('RUNNING', 'PAUSED') ORDER BY started_at")

    def unfinished(self) -> list[SessionFacts]:
        """Return the ended sessions whose files or rows are still owed, oldest first."""
        return self._select(
            "WHERE state IN ('ENDING', 'CLOSED', 'STORED') OR (state = 'READY' AND revision > database_revision) "
            "ORDER BY started_at"
        )

    def unsent(self) -> list[SessionFacts]:
        """Return the sessions of which the database lacks a revision, oldest first."""
        return self._select("WHERE revision > database_revision ORDER BY started_at")

    def _select(self, where: str, *values: object) -> list[SessionFacts]:
        names = ", ".join(_COLUMNS)
        rows = self._file.select(f"SELECT {names} FROM session {where}", values)  # noqa: S608 - our names
        return [
            SessionFacts(**{name: _from_column(name, value) for name, value in zip(_COLUMNS, row, strict=True)})
            for row in rows
        ]

    def sent(self) -> list[SessionFacts]:
        """Return the sessions, and parts of sessions, of which the database has had everything, oldest first."""
        return self._select("WHERE revision = database_revision AND revision > 0 ORDER BY started_at")

    def of_store(self, url: str) -> set[str]:
        """Return the sessions whose files go to this store."""
        rows = self._file.select("SELECT identifier FROM session WHERE store_url = ?", [url])
        return {row[0] for row in rows}

    def forget_before(self, moment: datetime) -> list[str]:
        """Drop the finished sessions that ended before `moment`, and the words about them; return their identifiers."""
        where = "WHERE state = 'READY' AND revision <= database_revision AND ended_at < ?"
        forgotten = [facts.identifier for facts in self._select(where, _to_column("ended_at", moment))]
        if forgotten:
            with self._file.transaction() as connection:
                connection.executemany("DELETE FROM session WHERE identifier = ?", [[one] for one in forgotten])
                words = [[f" {one}"] * 2 for one in forgotten]
                connection.executemany("DELETE FROM meta WHERE substr(key, -length(?)) = ?", words)
        return forgotten

    def instrument(self) -> Instrument | None:
        """Return the copy of this computer's instrument, None before the database has told it."""
        rows = self._file.select(
            "SELECT instrument_pid, schema_name, filestore_path, computer_name, timezone FROM instrument"
        )
        return Instrument(*rows[0]) if rows else None

    def remember_instrument(self, instrument: Instrument) -> None:
        """Keep a copy for the starts without a network."""
        if instrument == self.instrument():
            return
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO instrument VALUES (1, ?, ?, ?, ?, ?)", dataclasses.astuple(instrument)
            )

    def meta(self, key: str) -> str | None:
        """Return a word about this PC, None when there is none."""
        rows = self._file.select("SELECT value FROM meta WHERE key = ?", [key])
        return rows[0][0] if rows else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep a word about this PC; one about a session has a key that ends in a space and the identifier."""
        with self._file.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])
