"""Every rule of the schema, broken once on every database: autogenerate sees none of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Table, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from nexuslims_logger.db.errors import DuplicateRow, translate
from nexuslims_logger.errors import DataRefused
from nexuslims_logger.models import FILE_MANIFEST, INSTRUMENTS, LOGGERS, SCHEMA_INFO, SESSION_LOG

if TYPE_CHECKING:
    from tests.database_servers import Database

AT = datetime(2026, 11, 1, 8, 0, 0, 123456, tzinfo=UTC)

TITAN = {"instrument_pid": "TITAN", "schema_name": "FEI Titan", "filestore_path": "./Titan", "computer_name": "PC-1"}
START = {"session_identifier": "s1", "instrument": "TITAN", "timestamp": AT, "event_type": "START", "user": "ada"}
END = {**START, "event_type": "END"}
FILE = {
    "session_identifier": "s1",
    "instrument": "TITAN",
    "bucket": "b",
    "object_name": "Titan/a.dm4",
    "object_digest": "a" * 64,
    "md5": "b" * 32,
    "size_bytes": 1,
    "state": "UPLOADED",
    "generation": 1,
    "uploaded_at": AT,
}
LOGGER = {"logger_id": "l1", "computer_name": "PC-1", "logger_version": "1", "state": "IDLE"}

ACCEPTED: list[tuple[str, Table, dict[str, Any]]] = [
    ("a second instrument without a computer", INSTRUMENTS, {**TITAN, "instrument_pid": "X", "computer_name": None}),
    ("RECORD_GENERATION again and again", SESSION_LOG, {**START, "event_type": "RECORD_GENERATION"}),
    ("END beside START", SESSION_LOG, {**END, "end_reason": "LAST_FILE"}),
    ("another session", SESSION_LOG, {**START, "session_identifier": "s2"}),
    ("the longest user, in letters of four bytes", SESSION_LOG, {**END, "user": "\N{GRINNING FACE}" * 50}),
    ("the longest note", SESSION_LOG, {**END, "session_note": "x" * 65535}),
    ("a clock off by a century", SESSION_LOG, {**END, "clock_offset_ms": -3_155_760_000_000}),
    ("the same object for another session", FILE_MANIFEST, {**FILE, "session_identifier": "s2"}),
    ("the longest name", FILE_MANIFEST, {**FILE, "object_digest": "c" * 64, "object_name": "ä" * 512}),
    ("a file without MD5", FILE_MANIFEST, {**FILE, "object_digest": "c" * 64, "md5": None, "state": "PENDING"}),
]

REFUSED: list[tuple[str, Table, dict[str, Any]]] = [
    ("an absolute folder", INSTRUMENTS, {**TITAN, "instrument_pid": "X", "filestore_path": "/data"}),
    ("a folder that escapes", INSTRUMENTS, {**TITAN, "instrument_pid": "X", "filestore_path": "./a/../b"}),
    ("no folder", INSTRUMENTS, {**TITAN, "instrument_pid": "X", "filestore_path": ""}),
    ("a computer without a name", INSTRUMENTS, {**TITAN, "instrument_pid": "X", "computer_name": ""}),
    ("a name too long", INSTRUMENTS, {**TITAN, "instrument_pid": "X" * 101, "computer_name": None}),
    ("an unknown event", SESSION_LOG, {**START, "event_type": "PAUSE"}),
    ("an unknown status", SESSION_LOG, {**END, "record_status": "DONE"}),
    ("no identifier", SESSION_LOG, {**START, "session_identifier": ""}),
    ("a START with a reason to end", SESSION_LOG, {**START, "session_identifier": "s2", "end_reason": "LAST_FILE"}),
    ("an unknown instrument", SESSION_LOG, {**END, "instrument": "GONE"}),
    ("an instrument in another case", SESSION_LOG, {**END, "instrument": "titan"}),
    ("a user too long", SESSION_LOG, {**END, "user": "x" * 51}),
    ("a note too long", SESSION_LOG, {**END, "session_note": "ä" * 32768}),
    ("an identifier too long", SESSION_LOG, {**START, "session_identifier": "x" * 37}),
    ("too many who are awaited", SESSION_LOG, {**END, "waits_for": "x" * 501}),
    ("an unknown state", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "state": "LOST"}),
    ("a digest too short", FILE_MANIFEST, {**FILE, "object_digest": "a" * 63}),
    ("an MD5 too short", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "md5": "b" * 31}),
    ("no object name", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "object_name": ""}),
    ("an object name too long", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "object_name": "ä" * 513}),
    ("a negative size", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "size_bytes": -1}),
    ("negative attempts", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "attempts": -1}),
    ("uploaded without MD5", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "md5": None}),
    ("uploaded without generation", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "generation": None}),
    ("uploaded at no time", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "uploaded_at": None}),
    ("left out by nobody", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "state": "SKIPPED", "reason": "x"}),
    (
        "left out for no reason",
        FILE_MANIFEST,
        {**FILE, "session_identifier": "s2", "state": "SKIPPED", "decided_by": "a"},
    ),
    ("missing for no reason", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "state": "MISSING"}),
    ("a file of an unknown instrument", FILE_MANIFEST, {**FILE, "session_identifier": "s2", "instrument": "GONE"}),
    (
        "a reason too long",
        FILE_MANIFEST,
        {**FILE, "session_identifier": "s2", "state": "MISSING", "reason": "x" * 256},
    ),
    ("a logger of an unknown instrument", LOGGERS, {**LOGGER, "logger_id": "l2", "instrument": "GONE"}),
    ("an error too long", LOGGERS, {**LOGGER, "logger_id": "l2", "last_error": "x" * 501}),
    (
        "a version too long",
        SCHEMA_INFO,
        {"only_row": 1, "compat": 1, "minimum_logger": "x" * 33},
    ),
    ("a second row about the schema", SCHEMA_INFO, {"only_row": 2, "compat": 1, "minimum_logger": "1.0"}),
]

DOUBLED: list[tuple[str, Table, dict[str, Any]]] = [
    ("a second START", SESSION_LOG, {**START, "user": "bob"}),
    (
        "one PC in another case for two instruments",
        INSTRUMENTS,
        {**TITAN, "instrument_pid": "X", "computer_name": "pc-1"},
    ),
    ("the same PID", INSTRUMENTS, {**TITAN, "computer_name": None}),
    ("the same object twice", FILE_MANIFEST, {**FILE, "object_name": "Titan/other"}),
    ("the same logger", LOGGERS, LOGGER),
    ("the same row about the schema", SCHEMA_INFO, {"only_row": 1, "compat": 1, "minimum_logger": "1.0"}),
]


@pytest.fixture
def filled(database: Database) -> Database:
    with database.engine.begin() as connection:
        for table, row in ((INSTRUMENTS, TITAN), (SESSION_LOG, START), (FILE_MANIFEST, FILE), (LOGGERS, LOGGER)):
            connection.execute(insert(table).values(row))
    return database


def refusal(database: Database, table: Table, *rows: dict[str, Any]) -> SQLAlchemyError | None:
    """Try to insert, and leave nothing behind."""
    with database.engine.connect() as connection:
        try:
            for row in rows:
                connection.execute(insert(table).values(row))
        except SQLAlchemyError as error:
            return error
    return None


def test_what_the_rules_allow(filled: Database) -> None:
    for what, table, row in ACCEPTED:
        rows = [row, row] if "again" in what else [row]
        assert refusal(filled, table, *rows) is None, what


def test_what_the_rules_refuse(filled: Database) -> None:
    for what, table, row in REFUSED:
        error = refusal(filled, table, row)
        assert error is not None, what
        assert type(translate(error)) is DataRefused, what


def test_what_exists_once(filled: Database) -> None:
    for what, table, row in DOUBLED:
        error = refusal(filled, table, row)
        assert error is not None, what
        assert isinstance(translate(error), DuplicateRow), what


def test_every_rule_of_the_schema_is_broken_here(filled: Database) -> None:
    """A new CHECK without a case above is seen by its name, which the database's error quotes."""
    errors = " ".join(str(refusal(filled, table, row)) for _, table, row in REFUSED)
    rules = {
        str(check["name"])
        for table in (INSTRUMENTS, SESSION_LOG, FILE_MANIFEST, LOGGERS, SCHEMA_INFO)
        for check in inspect(filled.engine).get_check_constraints(table.name)
    }

    untried = {rule for rule in rules if rule not in errors}

    assert len(rules) > 10
    assert untried == set()


def test_times_come_back_as_they_went(filled: Database) -> None:
    with filled.engine.connect() as connection:
        held = connection.execute(select(SESSION_LOG.c.timestamp, SESSION_LOG.c.recorded_at)).one()

    assert held.timestamp == AT
    assert held.timestamp.tzinfo is UTC
    assert abs((datetime.now(UTC) - held.recorded_at).total_seconds()) < 60
