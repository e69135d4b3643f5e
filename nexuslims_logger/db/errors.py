"""The one place where the database's errors become the program's.

By number, never by class: a broken rule, an unknown column, a refused login and a dead network are
all `sqlalchemy.exc.OperationalError`. The numbers are MySQL's and MariaDB's.
"""

from __future__ import annotations

import sqlite3
import ssl
from typing import TYPE_CHECKING

import pymysql  # type: ignore[import-untyped]  # it has no types of its own
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from nexuslims_logger.errors import (
    TRIED_AGAIN,
    AccessDenied,
    ConfigurationError,
    DatabaseUnavailable,
    DataRefused,
    Defect,
    LoggerError,
    SchemaMismatch,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Collision(DatabaseUnavailable):
    """Another writer was at the same rows; reading again and repeating helps."""


class DuplicateRow(DataRefused):
    """A unique key has that row already; mostly because another writer was first."""


#: What a unit of work translates; anything else is not the database's.
FOREIGN_ERRORS = (SQLAlchemyError, pymysql.MySQLError, sqlite3.Error, OSError, UnicodeError)

DEADLOCK = 1213
#: Newer MariaDB servers refuse to change a row that changed since it was read (innodb_snapshot_isolation).
CHANGED_SINCE_READ = 1020
DUPLICATE = 1062
LATER = frozenset({1040, 1053, 1203, 1205, 1290, 1927, 2002, 2003, 2006, 2013, 2014, 2055, 3572, 4031, DEADLOCK})
NO_LOGIN = frozenset({1045, 1698, 3118, 4151})
NO_RIGHT = frozenset({1142, 1143, 1227, 1356, 1370})
NO_DATABASE = 1049
NOT_THIS_DATABASE = 1044
NO_FIT = frozenset({1054, 1146})
REFUSED = frozenset({1048, 1264, 1265, 1366, 1406, 1451, 1452, 3819, 4025, DUPLICATE})

_SQLITE_DUPLICATE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


def translate(error: BaseException) -> LoggerError:
    """Return what a foreign error means to the program.

    Parameters
    ----------
    error
        From SQLAlchemy, from a driver below it (connecting is not always wrapped), or from the network.

    Returns
    -------
    LoggerError
        To be raised ``from`` the error. Its message holds no value of the statement's parameters.
    """
    cause: BaseException = error
    if isinstance(error, StatementError) and error.orig is not None:
        cause = error.orig
    # The driver calls it "cannot connect" (2003), which would be tried again for ever.
    met = getattr(cause, "original_exception", None)
    if isinstance(met, ssl.SSLCertVerificationError):
        cause = met
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause)
    if isinstance(cause, pymysql.MySQLError):
        return _server(cause, disconnected=isinstance(error, DBAPIError) and error.connection_invalidated)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return AccessDenied(
            "The database's certificate is not trusted",
            "This may be another server than the one expected. Tell the facility manager.",
        )
    if isinstance(cause, (OSError, PoolTimeoutError)):
        return _unavailable(getattr(cause, "strerror", None) or type(cause).__name__)
    if isinstance(cause, UnicodeError):
        return DataRefused("The database cannot store a text", "A name or note holds characters that are not text.")
    return Defect("Unexpected database error", f"{type(cause).__name__}; the log has the details.")


def _server(error: pymysql.MySQLError, *, disconnected: bool) -> LoggerError:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = str(error.args[1]) if len(error.args) > 1 else type(error).__name__
    what = f"{said} ({number})"
    if number in {DEADLOCK, CHANGED_SINCE_READ}:
        return Collision("The database was busy", f"Another program wrote the same rows: {what}.")
    if number == DUPLICATE:
        # The server's text quotes the row's values, which may be a user's name.
        return DuplicateRow("The database has this row already", f"A unique key refused it ({number}).")
    if disconnected or number in LATER:
        return _unavailable(what)
    # An InterfaceError (0, "") is a connection that was closed under us.
    if number == 0 and isinstance(error, pymysql.InterfaceError):
        return _unavailable("the connection was lost")
    return _BY_NUMBER.get(number, _defect)(what)


def _sqlite(error: sqlite3.Error) -> LoggerError:
    code = getattr(error, "sqlite_errorcode", 0)
    what = str(error)
    if code in _SQLITE_DUPLICATE:
        return DuplicateRow("The database has this row already", f"{what}.")
    if what.startswith("no such ") or " has no column named " in what:
        return _no_fit(what)
    # The lowest byte is the error, the others its variety.
    return _BY_SQLITE_CODE.get(code & 0xFF, _defect)(what)


def _unavailable(what: str) -> LoggerError:
    return DatabaseUnavailable(
        "The database cannot be reached",
        f"{TRIED_AGAIN}: {what}. If this lasts: is the network there, and does the firewall"
        " let this PC connect to the database's host and port?",
    )


def _denied(what: str) -> LoggerError:
    return AccessDenied(
        "The database refuses access",
        "This logger's user lacks a right, or a table is missing. Ask the facility manager for what"
        f" 'nexuslims-logger db grants' prints: {what}.",
    )


def _no_login(what: str) -> LoggerError:
    return AccessDenied(
        "The database does not know this user",
        "On Cloud SQL the account must be a user of the instance ('gcloud sql users create') with the role"
        " roles/cloudsql.instanceUser, and NEXUSLIMSGUI_DB_USER its e-mail address; elsewhere check user and password"
        f" in NEXUSLIMSGUI_DATABASE_URL: {what}.",
    )


def _not_this_database(what: str) -> LoggerError:
    return AccessDenied(
        "The database refuses access",
        "Check the database's name (NEXUSLIMSGUI_DB_NAME, or the end of NEXUSLIMSGUI_DATABASE_URL); if it is right, ask"
        f" the facility manager for what 'nexuslims-logger db grants' prints: {what}.",
    )


def _no_database(what: str) -> LoggerError:
    return ConfigurationError(
        "There is no such database",
        "Correct NEXUSLIMSGUI_DB_NAME, or the name at the end of NEXUSLIMSGUI_DATABASE_URL; or ask the facility manager"
        f" to create it: {what}.",
    )


def _no_fit(what: str) -> LoggerError:
    return SchemaMismatch(
        "The database's tables do not fit this version",
        f"Ask the facility manager to run 'nexuslims-logger db upgrade': {what}.",
    )


def _refused(what: str) -> LoggerError:
    return DataRefused("The database refuses a value", f"Tell the facility manager: {what}.")


def _damaged(what: str) -> LoggerError:
    return SchemaMismatch(
        "The database file is damaged",
        f"Put a backup in its place, or tell the facility manager: {what}.",
    )


def _defect(what: str) -> LoggerError:
    return Defect("Unexpected database error", f"Tell the facility manager: {what}.")


_BY_NUMBER: dict[int, Callable[[str], LoggerError]] = {
    **dict.fromkeys(NO_LOGIN, _no_login),
    **dict.fromkeys(NO_RIGHT, _denied),
    NOT_THIS_DATABASE: _not_this_database,
    NO_DATABASE: _no_database,
    **dict.fromkeys(NO_FIT, _no_fit),
    **dict.fromkeys(REFUSED, _refused),
}
_BY_SQLITE_CODE: dict[int, Callable[[str], LoggerError]] = {
    sqlite3.SQLITE_BUSY: _unavailable,
    sqlite3.SQLITE_LOCKED: _unavailable,
    sqlite3.SQLITE_IOERR: _unavailable,
    sqlite3.SQLITE_FULL: _unavailable,
    sqlite3.SQLITE_CANTOPEN: _unavailable,
    sqlite3.SQLITE_NOMEM: _unavailable,
    sqlite3.SQLITE_PROTOCOL: _unavailable,
    sqlite3.SQLITE_READONLY: _denied,
    sqlite3.SQLITE_PERM: _denied,
    sqlite3.SQLITE_AUTH: _denied,
    sqlite3.SQLITE_CONSTRAINT: _refused,
    sqlite3.SQLITE_TOOBIG: _refused,
    sqlite3.SQLITE_MISMATCH: _refused,
    sqlite3.SQLITE_CORRUPT: _damaged,
    sqlite3.SQLITE_NOTADB: _damaged,
}
