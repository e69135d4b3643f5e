"""Migrations from inside the program: on any engine, from a checkout or an installed package."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import column, func, inspect, select, table, text

import nexuslims_logger
from nexuslims_logger.db.errors import FOREIGN_ERRORS, translate
from nexuslims_logger.db.schema_check import SchemaCheck, compare
from nexuslims_logger.db.table_columns import COMPAT
from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.errors import DatabaseUnavailable, SchemaMismatch
from nexuslims_logger.models import SCHEMA_INFO

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

#: The newest revision that this program brings along; a test holds it to the folder's.
HEAD = "0015_waits_for"
#: How long to wait for another migration of the same database, seconds.
LOCK_TIMEOUT_S = 60
#: How long an ALTER may wait for other people's transactions, seconds (the servers' default is a year).
METADATA_LOCK_TIMEOUT_S = 10

#: Names of locks are the server's, not the database's, and end at 64 characters. As SQL, so that a script for the
#: ``mysql`` client takes the same lock.
LOCK_NAME = "CONCAT('nexuslims-logger migrates ', LEFT(SHA2(DATABASE(), 256), 32))"

_VERSION = table("alembic_version", column("version_num"))


def scripts_folder() -> Path:
    """Return the migrations: inside the installed package, or at the top of the checkout."""
    package = Path(nexuslims_logger.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def current(engine: Engine) -> str | None:
    """Return the database's revision; None when no migration ever ran.

    Raises
    ------
    LoggerError
        The database cannot be asked.
    """
    with connected(engine) as connection:
        return revision_of(connection)


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision; blocks while another process migrates it.

    For one thread of the program: Alembic keeps its context in the module.

    Raises
    ------
    LoggerError
        The database cannot be reached or refuses. On SQLite nothing has changed then; on the servers
        the steps before the one that failed stay, and the next call goes on from there.
    """
    from alembic import command
    from alembic.util import CommandError

    with _translated():
        try:
            command.upgrade(_config(engine), "head")
        except CommandError as error:
            raise SchemaMismatch("The database cannot be migrated", f"{error}.") from error


def prepare(engine: Engine) -> None:
    """Upgrade the embedded database unless it is new enough; cheap, without Alembic, when it is.

    Raises
    ------
    SchemaMismatch
        A newer program has changed the schema so that this one must not write to it.
    """
    revision = current(engine)
    if revision == HEAD:
        return
    if revision is not None and not _is_known(revision):
        with connected(engine) as connection:
            compat = _compat(connection)
        if compat != COMPAT:
            raise SchemaMismatch(
                "The database was made by a newer version",
                f"It is at revision {revision} with compatibility number {compat}; this version knows"
                f" {COMPAT}. Install the newer version.",
            )
        return
    upgrade(engine)


def check(engine: Engine) -> SchemaCheck:
    """Compare the database's schema with what this program uses; changes nothing.

    Raises
    ------
    LoggerError
        The database cannot be asked.
    """
    with connected(engine) as connection:
        return compare(connection, revision_of(connection), HEAD)


@contextmanager
def migrating(connection: Connection) -> Iterator[None]:
    """Hold the database for a migration; used by ``env.py``, and so by plain ``alembic`` as well.

    On SQLite all steps are one transaction, with foreign keys off (rebuilding a table would delete the
    rows that point to it) and checked before it ends. On the servers a named lock keeps others out,
    and nothing waits for long behind somebody's idle transaction.

    Raises
    ------
    DatabaseUnavailable
        Another migration did not end in time.
    SchemaMismatch
        The migrated rows break a foreign key; nothing has changed then.
    """
    if connection.dialect.name in SERVERS:
        with _holding_server(connection):
            yield
    else:
        with _holding_file(connection):
            yield


@contextmanager
def _holding_file(connection: Connection) -> Iterator[None]:
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    # Inside a transaction this pragma does nothing, without a word: hence below SQLAlchemy.
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        with connection.begin():
            yield
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                tables = ", ".join(sorted({row[0] for row in broken}))
                raise SchemaMismatch(
                    "The database cannot be migrated",
                    f"{len(broken)} row(s) name an instrument that does not exist, in: {tables}.",
                )
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _holding_server(connection: Connection) -> Iterator[None]:
    name = connection.scalar(select(text(LOCK_NAME)))
    if connection.scalar(select(func.get_lock(name, LOCK_TIMEOUT_S))) != 1:
        raise DatabaseUnavailable(
            "The database is being migrated", "Another migration has not finished; try again when it has."
        )
    try:
        connection.execute(text(f"SET SESSION lock_wait_timeout = {METADATA_LOCK_TIMEOUT_S}"))
        # Alembic makes a transaction of each step, unless it finds one that it must not end.
        connection.commit()
        yield
    finally:
        if not connection.invalidated:
            connection.rollback()
            connection.execute(select(func.release_lock(name)))
            connection.commit()


def _config(engine: Engine | None) -> Config:
    from alembic.config import Config

    config = Config()
    # A % would begin an interpolation.
    config.set_main_option("script_location", str(scripts_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = engine
    return config


def _is_known(revision: str) -> bool:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(None))
    return revision in {script.revision for script in scripts.walk_revisions()}


def revision_of(connection: Connection) -> str | None:
    """Return the database's revision; None when no migration ever ran."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalar(select(_VERSION.c.version_num))


def _compat(connection: Connection) -> int | None:
    if not inspect(connection).has_table(SCHEMA_INFO.name):
        return None
    return connection.scalar(select(SCHEMA_INFO.c.compat))


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """Connect, and translate what goes wrong meanwhile."""
    with _translated(), engine.connect() as connection:
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FOREIGN_ERRORS as error:
        raise translate(error) from error
