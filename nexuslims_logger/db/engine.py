"""The engine: how the program reaches the database that the settings name."""

from __future__ import annotations

import inspect
import logging
import re
import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql  # type: ignore[import-untyped]  # it has no types of its own
from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError

from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.errors import ConfigurationError, DatabaseUnavailable
from nexuslims_logger.journal.standing import Standing

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    from nexuslims_logger.config import Settings

log = logging.getLogger(__name__)

#: How long an embedded database may be busy with another process, seconds.
BUSY_TIMEOUT_S = 15
#: How long the network may keep one statement waiting, seconds.
NETWORK_TIMEOUT_S = 15

#: Strict, so that nothing is cut off in silence; UTC, for the columns that old databases have as TIMESTAMP.
_ON_CONNECT = (
    "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 5,"
    " sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"
)

#: One connection while there is work; it may have been lost while nobody looked.
_POOL: dict[str, Any] = {
    "pool_size": 1,
    "max_overflow": 1,
    "pool_timeout": 5,
    "pool_pre_ping": True,
    "pool_recycle": 600,
}


#: What SQLAlchemy takes for user and password of a server.
_LOGIN = re.compile(r"(?!sqlite)[\w+]+://([^:/]*(:[^@]*)?@)?")


def database_url(settings: Settings) -> URL:
    """Return where the database is.

    Raises
    ------
    ConfigurationError
        The setting ``DATABASE_URL`` cannot be read, or its password would be.
    """
    if settings.cloudsql_instance is not None:
        # Never dialled: the connector knows the way. The host is for those who read it.
        return URL.create("mysql+pymysql", settings.db_user, host=settings.cloudsql_instance, database=settings.db_name)
    if settings.database_url is None:
        return make_url("sqlite:///").set(database=str(settings.embedded_database))
    login = _LOGIN.match(settings.database_url)
    if login and "@" in settings.database_url[login.end() :]:
        # What follows a password's first @ would be taken for a host, a port, a database or options, and be shown.
        raise _unusable(
            "It holds more than one @: write one of the password, or of a path, as %40 (and : as %3A, / as %2F,"
            " # as %23, ? as %3F, % as %25)."
        )
    try:
        url = make_url(settings.database_url)
    except (ArgumentError, ValueError):
        # Neither the value nor the cause is shown, nor logged: it may hold a password.
        raise ConfigurationError(
            "The database's address cannot be read",
            "NEXUSLIMSGUI_DATABASE_URL should look like mysql+pymysql://user:password@host:3306/database.",
        ) from None
    # Without a driver SQLAlchemy means one that is not installed.
    return url.set(drivername=f"{url.drivername}+pymysql") if url.drivername in SERVERS else url


def build_engine(settings: Settings, *, patient: bool = False) -> Engine:
    """Make the engine that the settings ask for; connects to nothing yet.

    Parameters
    ----------
    settings
        The embedded default, any SQLAlchemy URL, or a Cloud SQL instance.
    patient
        For migrations: a statement may take as long as it needs.

    Raises
    ------
    ConfigurationError
        The database that the settings name cannot be used by this program.
    """
    url = database_url(settings)
    if settings.cloudsql_instance is not None:
        return _for_cloud_sql(settings, url, patient=patient)
    on_server = url.get_backend_name() in SERVERS
    try:
        return _for_server(url, patient=patient) if on_server else _for_file_or_other(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            "The kind of database is unknown",
            f"NEXUSLIMSGUI_DATABASE_URL begins with {url.drivername!r}; use mysql+pymysql:// or sqlite:///.",
        ) from error


#: Options of the driver that name files.
_FILES = ("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key")
#: Options that SQLAlchemy hands on under other names.
_TLS = frozenset({*_FILES, "ssl_cipher", "ssl_check_hostname"})
_OPTIONS = _TLS | frozenset(inspect.signature(pymysql.connect).parameters) - {"password", "passwd", "user", "host"}


def _check_options(url: URL) -> None:
    """Refuse what the driver would meet with a traceback, or as a network that is away.

    Raises
    ------
    ConfigurationError
        Names the option.
    """
    wrong = None
    if unknown := sorted(set(url.query) - _OPTIONS):
        wrong = f"The driver knows no option {unknown[0]!r}; for TLS there are {', '.join(sorted(_TLS))}."
    else:
        for name in _FILES:
            path = url.query.get(name)
            if isinstance(path, str) and not Path(path).exists():
                wrong = f"{name} names {path}, which is not there."
    if wrong:
        raise _unusable(wrong)


def _unusable(wrong: str) -> ConfigurationError:
    return ConfigurationError("The database's address cannot be used", f"NEXUSLIMSGUI_DATABASE_URL: {wrong}")


def _for_server(url: URL, *, patient: bool) -> Engine:
    """Make a client that may lose its network for hours, and holds one connection while it works."""
    _check_options(url)
    limit = None if patient else NETWORK_TIMEOUT_S
    try:
        return create_engine(
            url,
            **_POOL,
            connect_args={
                "charset": "utf8mb4",
                "connect_timeout": 10,
                "read_timeout": limit,
                "write_timeout": limit,
                "init_command": _ON_CONNECT,
            },
        )
    except ValueError as error:
        raise _unusable(f"An option has a value that cannot be used: {error}.") from error


def _for_cloud_sql(settings: Settings, url: URL, *, patient: bool) -> Engine:
    # Half a second to import: only who uses it waits for it.
    from nexuslims_logger.db.cloud_sql import CloudSqlConnections, Limits

    limits = Limits(query_s=None if patient else NETWORK_TIMEOUT_S)
    return create_engine(url, **_POOL, creator=CloudSqlConnections(settings, limits, _ON_CONNECT).connect)


def _for_file_or_other(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _configure_sqlite)
    if url.database and not url.database.startswith((":", "file:")):
        event.listen(engine, "checkout", partial(_write_anew, Path(url.database)))
        event.listen(engine, "begin", _see_that_it_stands)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transactions leave DDL outside, and begin too late: `_begin_sqlite` begins them.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_S * 1000}",
        "foreign_keys = ON",
        "journal_mode = WAL",
        "synchronous = FULL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _write_anew(path: Path, connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: Any) -> None:
    """Write a file that was deleted under us anew, as far as its folder is there: what is said to be recorded is."""
    standing = record.info.setdefault("standing", Standing(path))
    if standing.holds() or not standing.is_free():
        return
    try:
        standing.write_anew(connection).close()
    except sqlite3.Error as error:
        # Raised here it would close the connection, and with that the last of the file would go.
        log.warning("%s cannot be written anew: %s", path, error)
        return
    raise DisconnectionError(path)


def _see_that_it_stands(connection: Connection) -> None:
    standing: Standing = connection.info["standing"]
    if not standing.holds():
        raise DatabaseUnavailable("The database file has gone", standing.complaint())


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later fails at once, without waiting, when another
    # process wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
