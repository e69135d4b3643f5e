"""``db``: the tables of the configured database, for who looks after it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nexuslims_logger.config_values import masked_url
from nexuslims_logger.db import grants as rights
from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine, database_url
from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings


def upgrade(settings: Settings) -> ExitCode:
    """Bring the database to the newest schema; rows are kept. May be repeated."""
    if settings.is_embedded:
        settings.home.mkdir(parents=True, exist_ok=True)
    engine = build_engine(settings, patient=True)
    before = migrate.current(engine)
    migrate.upgrade(engine)
    after = migrate.current(engine)
    done = f"is at {after}" if before == after else f"went from {before or 'no revision'} to {after}"
    print(f"{_name(settings)} {done}.")
    return ExitCode.COMPLETE


def current(settings: Settings) -> ExitCode:
    """Print the database's revision; FAILED when it has none."""
    if _is_missing(settings):
        return ExitCode.FAILED
    revision = migrate.current(build_engine(settings))
    if revision is None:
        print(
            f"{_name(settings)} has no revision. 'nexuslims-logger db upgrade' makes the tables.",
            file=sys.stderr,
        )
        return ExitCode.FAILED
    print(revision)
    return ExitCode.COMPLETE


def check(settings: Settings) -> ExitCode:
    """Say whether the database fits this program, by the columns used; FAILED when nothing can be written to it."""
    if _is_missing(settings):
        return ExitCode.FAILED
    found = migrate.check(build_engine(settings))
    print(f"{_name(settings)} is at {found.revision or 'no revision'}; this program brings {found.head}.")
    if not found.fits:
        print(*(f"  {obstacle}" for obstacle in found.obstacles), sep="\n")
        remedy = " 'nexuslims-logger db upgrade' brings it to this program's schema." if found.compat is None else ""
        print(f"It does not fit.{remedy}", file=sys.stderr)
        return ExitCode.FAILED
    if found.missing:
        print("It fits as far as it goes. It has no room for the following, which is not recorded:")
        print(*(f"  {name}" for name in found.missing), sep="\n")
        step = "db upgrade" if found.revision else "db adopt"
        print(f"'nexuslims-logger {step}' brings it to this program's schema.")
    else:
        print("It fits.")
    if found.differences:
        print("Somebody has changed it by hand; the migrations make it otherwise:")
        print(*(f"  {difference}" for difference in found.differences), sep="\n")
    return ExitCode.COMPLETE


def grants(settings: Settings, user: str, role: str) -> ExitCode:
    """Print the GRANT statements that let `user` do what `role` needs, one a line; connects to nothing.

    Raises
    ------
    StopAndTell
        The database has no users, or none of that name.
    """
    schema = settings.db_name if settings.database_url is None else database_url(settings).database
    on_server = settings.cloudsql_instance is not None or (settings.database_url or "").startswith(SERVERS)
    if not on_server or not schema:
        raise StopAndTell(
            "There is nothing to grant",
            f"{_name(settings)} is no database on a MySQL or MariaDB server. Set NEXUSLIMSGUI_CLOUDSQL_INSTANCE and"
            " NEXUSLIMSGUI_DB_NAME, or NEXUSLIMSGUI_DATABASE_URL with the database's name at its end.",
        )
    for statement in rights.grants(rights.Role(role), user, schema):
        print(statement)
    return ExitCode.COMPLETE


def _is_missing(settings: Settings) -> bool:
    """Say that the embedded database does not exist yet; connecting to it would make an empty one."""
    missing = settings.is_embedded and not settings.embedded_database.exists()
    if missing:
        print(f"{_name(settings)} does not exist yet. 'nexuslims-logger db upgrade' makes it.", file=sys.stderr)
    return missing


def _name(settings: Settings) -> str:
    """Name the database, without its password."""
    if settings.database_url is not None:
        return masked_url(settings.database_url)
    return settings.cloudsql_instance or str(settings.embedded_database)
