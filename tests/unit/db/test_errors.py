"""What each foreign error means, as a table."""

from __future__ import annotations

import sqlite3
import ssl

import pymysql  # type: ignore[import-untyped]  # it has no types of its own
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from nexuslims_logger.db.errors import FOREIGN_ERRORS, Collision, DuplicateRow, translate
from nexuslims_logger.errors import (
    AccessDenied,
    ConfigurationError,
    DatabaseUnavailable,
    DataRefused,
    Defect,
    LoggerError,
    SchemaMismatch,
)

SERVER_TABLE: list[tuple[type[LoggerError], list[int]]] = [
    (
        DatabaseUnavailable,
        [1040, 1053, 1203, 1205, 1290, 1927, 2002, 2003, 2006, 2013, 2014, 2055, 3572, 4031],
    ),
    (Collision, [1213, 1020]),
    (AccessDenied, [1044, 1045, 1142, 1143, 1227, 1356, 1370, 1698, 3118, 4151]),
    (ConfigurationError, [1049]),
    (SchemaMismatch, [1054, 1146]),
    (DataRefused, [1048, 1264, 1265, 1366, 1406, 1451, 1452, 3819, 4025]),
    (DuplicateRow, [1062]),
    (Defect, [1064, 9999]),
]
BY_NUMBER = [(number, kind) for kind, numbers in SERVER_TABLE for number in numbers]


@pytest.mark.parametrize(("number", "kind"), BY_NUMBER)
@pytest.mark.parametrize("wrapped", [True, False])
def test_servers_errors_by_number(number: int, kind: type[LoggerError], wrapped: bool) -> None:
    # The class says nothing: one and the same stands for all.
    raw = pymysql.err.OperationalError(number, "said so")
    error = OperationalError("SELECT secret", {"user": "ada"}, raw) if wrapped else raw

    told = translate(error)

    assert type(told) is kind
    assert "ada" not in str(told)
    assert "SELECT" not in str(told)
    assert str(number) in told.message


def test_a_duplicates_values_are_not_told() -> None:
    told = translate(pymysql.err.IntegrityError(1062, "Duplicate entry 'ada' for key 'uq'"))

    assert "ada" not in str(told)


def test_a_connection_found_dead_is_for_later() -> None:
    raw = pymysql.err.InterfaceError(0, "")

    assert type(translate(raw)) is DatabaseUnavailable
    assert (
        type(translate(DBAPIError("SELECT 1", {}, pymysql.err.Error(1, "x"), connection_invalidated=True)))
        is DatabaseUnavailable
    )


def test_a_foreign_certificate_hidden_in_a_failed_connection_is_told() -> None:
    raw = pymysql.err.OperationalError(2003, "Can't connect to MySQL server on 'db' (certificate verify failed)")
    raw.original_exception = ssl.SSLCertVerificationError("self-signed")

    assert type(translate(OperationalError("", {}, raw))) is AccessDenied


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(111, "refused"), DatabaseUnavailable),
        (TimeoutError("timed out"), DatabaseUnavailable),
        (PoolTimeoutError(), DatabaseUnavailable),
        (ssl.SSLError("handshake"), DatabaseUnavailable),
        (ssl.SSLCertVerificationError("expired"), AccessDenied),
        ("\udcff", DataRefused),
        (StatementError("bad", "SELECT 1", {}, ValueError("naive datetime")), Defect),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_other_errors(error: BaseException | str, kind: type[LoggerError]) -> None:
    if isinstance(error, str):
        with pytest.raises(UnicodeEncodeError) as caught:
            error.encode()
        error = caught.value

    assert isinstance(error, FOREIGN_ERRORS)
    assert type(translate(error)) is kind


def _sqlite_error(code: int, message: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (sqlite3.SQLITE_BUSY, "database is locked", DatabaseUnavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "database is locked", DatabaseUnavailable),
        (sqlite3.SQLITE_LOCKED, "table is locked", DatabaseUnavailable),
        (sqlite3.SQLITE_FULL, "database or disk is full", DatabaseUnavailable),
        (sqlite3.SQLITE_IOERR_WRITE, "disk I/O error", DatabaseUnavailable),
        (sqlite3.SQLITE_CANTOPEN, "unable to open database file", DatabaseUnavailable),
        (sqlite3.SQLITE_READONLY, "attempt to write a readonly database", AccessDenied),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: a.b", DuplicateRow),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "UNIQUE constraint failed: a.b", DuplicateRow),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, "CHECK constraint failed: ck", DataRefused),
        (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, "FOREIGN KEY constraint failed", DataRefused),
        (sqlite3.SQLITE_CORRUPT, "database disk image is malformed", SchemaMismatch),
        (sqlite3.SQLITE_NOTADB, "file is not a database", SchemaMismatch),
        (sqlite3.SQLITE_ERROR, "no such table: session_log", SchemaMismatch),
        (sqlite3.SQLITE_ERROR, "no such column: project", SchemaMismatch),
        (sqlite3.SQLITE_ERROR, "table session_log has no column named project", SchemaMismatch),
        (sqlite3.SQLITE_ERROR, 'near "SELEC": syntax error', Defect),
    ],
)
def test_sqlites_errors_by_code(code: int, message: str, kind: type[LoggerError]) -> None:
    assert type(translate(_sqlite_error(code, message))) is kind
