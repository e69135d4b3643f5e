"""Migrations from inside the program: on any engine, from a checkout or an installed package."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import column, func, inspect, select, table, text

import nexuslims_logger
from nexuslims_logger.db.errors import FOREIGN_ERRORS, translate
from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.errors import DatabaseUnavailable, SchemaMismatch
from nexuslims_logger.models import SCHEMA_INFO, Base

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

#: The newest revision that this program brings along; a test holds it to the folder's.
HEAD = "0014_views"
#: The number in ``schema_info`` that this program can write to, whatever the revision.
COMPAT = 1
#: How long to wait for another migration of the same database, seconds.
LOCK_TIMEOUT_S = 60
#: How long an ALTER may wait for other people's transactions, seconds (the servers' default is a year).
METADATA_LOCK_TIMEOUT_S = 10

_VERSION = table("alembic_version", column("version_num"))


@dataclass(frozen=True)
class SchemaCheck:
    """How the database's schema stands to this program.

    Attributes
    ----------
    revision
        The database's, None without one.
    head
        The newest one known here.
    compat
        The database's ``schema_info.compat``, None on an older schema.
    differences
        What autogenerate would change, a line each; empty when the tables are as the models say.
    """

    revision: str | None
    head: str
    compat: int | None
    differences: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether this program may write everything it knows."""
        return self.compat == COMPAT and (self.revision == self.head or not self.differences)


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
    with _connected(engine) as connection:
        return _revision(connection)


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
        with _connected(engine) as connection:
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
    """Compare the database's schema with what this program expects; changes nothing."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with _connected(engine) as connection:
        revision, compat = _revision(connection), _compat(connection)
        with quiet_autogenerate():
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found = compare_metadata(context, Base.metadata)
    return SchemaCheck(revision, HEAD, compat, tuple(str(difference) for difference in found))


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
def quiet_autogenerate() -> Iterator[None]:
    """Silence autogenerate's one false alarm: the servers spell ``once_event`` in words of their own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Computed default on session_log\.once_event cannot be modified")
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
    # Such names are the server's, not the database's, and end at 64 characters.
    database = hashlib.sha256(str(connection.engine.url.database).encode()).hexdigest()[:32]
    name = f"nexuslims-logger migrates {database}"
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


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalar(select(_VERSION.c.version_num))


def _compat(connection: Connection) -> int | None:
    if not inspect(connection).has_table(SCHEMA_INFO.name):
        return None
    return connection.scalar(select(SCHEMA_INFO.c.compat))


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    with _translated(), engine.connect() as connection:
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FOREIGN_ERRORS as error:
        raise translate(error) from error
