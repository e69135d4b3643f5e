"""The database, step by step, from its name to this computer's instrument."""

from __future__ import annotations

import ipaddress
import platform
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from nexuslims_logger.admin.doctor.clock import REMEDY as SET_THE_CLOCK
from nexuslims_logger.admin.doctor.clock import TOLERANCE
from nexuslims_logger.admin.doctor.findings import Check, Finding, Group, fail, good, warn
from nexuslims_logger.admin.doctor.network import connect, firewall, resolve
from nexuslims_logger.admin.doctor.rights import held_in, missing, surplus
from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine, database_url
from nexuslims_logger.db.errors import FOREIGN_ERRORS, translate
from nexuslims_logger.db.grants import RIGHTS, Role
from nexuslims_logger.db.tasks import find_instrument
from nexuslims_logger.db.types import SERVERS, utc_now
from nexuslims_logger.db.unit_of_work import units_on
from nexuslims_logger.errors import ConfigurationError, UnknownInstrument

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine

    from nexuslims_logger.admin.doctor.rights import Held
    from nexuslims_logger.config import Settings
    from nexuslims_logger.journal.records import Instrument
    from nexuslims_logger.ports import Clock

_STANDARD_PORT = 3306
#: Logging in may take the connector through three servers.
_LOGIN_LIMIT_S = 20.0
_SLOW = "The server takes connections but does not answer; tell its administrator."
_GRANTS = "The administrator gives exactly the rights that 'nexuslims-logger db grants USER' prints."
_UPGRADE = "The administrator runs 'nexuslims-logger db upgrade'; 'nexuslims-logger db check' says more."
#: What a logger works with.
_TABLES = frozenset(right.table for right in RIGHTS[Role.LOGGER])
_SHOWN = 6


class DatabaseSteps:
    """The looks at one database; each stands on those before it.

    Parameters
    ----------
    settings
        Which database.
    clock
        The PC's, to be compared with the server's.

    Attributes
    ----------
    found
        This computer's instrument, once it was looked up.
    """

    found: Instrument | None = None

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._made: Engine | None = None

    def group(self) -> Group:
        """Return the checks that fit the kind of database."""
        if self._settings.cloudsql_instance is not None and self._settings.database_url is None:
            from nexuslims_logger.admin.doctor.cloud_sql import CloudSqlSteps

            return Group("database", (*CloudSqlSteps(self._settings).checks(), *self._inside()))
        try:
            url = database_url(self._settings)
        except ConfigurationError:
            return Group("database", self._inside())  # the login tells it
        if url.get_backend_name() not in SERVERS:
            return Group("database", (Check("file", self.file, _SLOW), self._schema(), self._instrument()))
        host, port = url.host or "localhost", url.port or _STANDARD_PORT
        return Group(
            "database",
            (
                Check("name", lambda: resolve(host, port), "The name server (DNS, port 53) does not answer."),
                Check("port", lambda: connect(host, port), firewall(host, port)),
                *self._inside(Check("encryption", lambda: self.encryption(host), _SLOW, needed=False)),
            ),
        )

    def close(self) -> None:
        """Give the connections back."""
        if self._made is not None:
            self._made.dispose()

    def _inside(self, *after_login: Check) -> tuple[Check, ...]:
        return (
            Check("login", self.login, _SLOW, limit_s=_LOGIN_LIMIT_S),
            *after_login,
            Check("clock", self.clock, _SLOW, needed=False),
            self._schema(),
            Check("rights", self.rights, _SLOW, needed=False),
            self._instrument(),
        )

    def _schema(self) -> Check:
        return Check("schema", self.schema, _SLOW, limit_s=_LOGIN_LIMIT_S, needed=False)

    def _instrument(self) -> Check:
        return Check("instrument", self.instrument, _SLOW, needed=False)

    @property
    def _engine(self) -> Engine:
        if self._made is None:
            self._made = build_engine(self._settings)
        return self._made

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except FOREIGN_ERRORS as error:
            raise translate(error) from error

    def _is_yet_to_be_made(self) -> bool:
        return self._settings.is_embedded and not self._settings.embedded_database.exists()

    def file(self) -> Finding:
        """Look at the file of an SQLite database; connecting to a missing one would make it."""
        if self._is_yet_to_be_made():
            return good(f"{self._settings.embedded_database} is made at the first start; recorded on this PC only")
        from pathlib import Path

        path = Path(make_url(database_url(self._settings)).database or "")
        if not path.is_file():
            return fail(
                f"{path} is not there",
                "Check the name and whether the disk or share is connected; 'nexuslims-logger db upgrade' makes it.",
            )
        with self._connected():
            return good(f"{path}{'; recorded on this PC only' if self._settings.is_embedded else ''}")

    def login(self) -> Finding:
        """Log in, and say as whom and to what."""
        with self._connected() as connection:
            user, version = connection.execute(select(text("CURRENT_USER()"), text("VERSION()"))).one()
        return good(f"as {user}, to {version}")

    def encryption(self, host: str) -> Finding:
        """Look whether others on the network could read along."""
        with self._connected() as connection:
            found = connection.execute(text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")).first()
        if found is not None and found[1]:
            verified = "ssl_ca" in database_url(self._settings).query
            return good(f"TLS, {found[1]}{'' if verified else '; the certificate is not verified (no ssl_ca)'}")
        if _is_here(host):
            return good("no TLS, and none is needed on this PC")
        return warn(
            "the connection is not encrypted: names, notes and the login's answer can be read on the network",
            "Let the administrator switch TLS on, and add ?ssl_ca=/path/of/ca.pem to NEXUSLIMSGUI_DATABASE_URL.",
        )

    def clock(self) -> Finding:
        """Compare this PC's clock with the database's, taking the answer to be made halfway."""
        with self._connected() as connection:
            before = self._clock.now()
            database = connection.execute(select(utc_now())).scalar_one()
            after = self._clock.now()
        if database.tzinfo is None:
            database = database.replace(tzinfo=before.tzinfo)
        offset = before + (after - before) / 2 - database
        offset_ms = round(offset.total_seconds() * 1000)
        said = f"this PC is {abs(offset_ms)} ms {'ahead of' if offset_ms >= 0 else 'behind'} the database"
        return warn(said, SET_THE_CLOCK) if abs(offset) > TOLERANCE else good(said)

    def schema(self) -> Finding:
        """Hold the tables against what this program uses."""
        if self._is_yet_to_be_made():
            return good("the tables are made at the first start")
        found = migrate.check(self._engine)
        said = f"revision {found.revision or 'none'}; this program brings {found.head}"
        if not found.fits:
            return fail(f"{said}: {' '.join(found.obstacles)}", _UPGRADE)
        # Of what is not the logger's, a logger's user sees nothing.
        missing_here = [name for name in found.missing if name.partition(".")[0] in _TABLES]
        if found.revision == found.head and (missing_here or found.differences):
            told = _some(missing_here) if missing_here else f"{len(found.differences)} difference(s)"
            return fail(f"{said}; somebody has changed it by hand: {told}", "'nexuslims-logger db check' lists them.")
        if missing_here:
            return warn(f"{said}; there is no room for {_some(missing_here)}, which is not recorded", _UPGRADE)
        return good(said)

    def rights(self) -> Finding:
        """Hold the user's rights against what a logger needs."""
        with self._connected() as connection:
            schema = connection.scalar(text("SELECT DATABASE()"))
            printed = connection.scalars(text("SHOW GRANTS FOR CURRENT_USER()")).all()
            own, roles = held_in(printed)
            active = _active_roles(connection) if roles else ()
            ever = (*own, *_of_roles(connection, roles))
        with self._connected() as connection:
            now = (*own, *_of_roles(connection, active))
        lacking = list(missing(now, schema))
        if lacking and roles and not list(missing(ever, schema)):
            return fail(
                f"too few: {_some(lacking)}",
                f"The role that gives them ({', '.join(roles)}) is not active after the login: the administrator makes"
                " it a default role (SET DEFAULT ROLE).",
            )
        if lacking:
            return fail(f"too few: {_some(lacking)}", _GRANTS)
        # What any role would give counts: whoever has the login may activate it.
        beyond = list(dict.fromkeys(surplus(ever, schema)))
        if beyond:
            return fail(
                f"too many: {_some(beyond)}",
                f"With these a stolen PC could change other people's rows. REVOKE them. {_GRANTS}",
            )
        return good("exactly what a logger needs")

    def instrument(self) -> Finding:
        """Look this computer up in the register."""
        if self._is_yet_to_be_made():
            return good(f"{platform.node()} is registered at the first start")
        try:
            self.found = found = find_instrument(
                units_on(self._engine), platform.node(), self._settings.instrument, register=False
            )
        except UnknownInstrument as error:
            if self._settings.is_embedded and self._settings.instrument is None:
                return good(f"{platform.node()} is registered at the next start")
            return fail(error.title, error.message)
        return good(f"{found.schema_name} ({found.instrument_pid}), files under {found.filestore_path}")


def _active_roles(connection: Connection) -> tuple[str, ...]:
    """Return the roles that a login has without asking for them."""
    active = connection.scalar(text("SELECT CURRENT_ROLE()"))
    if active in {None, "NONE"}:
        return ()
    return (active if "`" in active else f"`{active}`",)


def _of_roles(connection: Connection, roles: Sequence[str]) -> tuple[Held, ...]:
    """Return what the roles give, and the roles in them."""
    printed: list[str] = []
    on_mariadb = getattr(connection.dialect, "is_mariadb", False)
    for role in (name.replace("%", "%%") for name in roles):
        # The names are the server's own, quoted by it. MariaDB tells of a role only to those who have taken it on.
        if on_mariadb:
            connection.exec_driver_sql(f"SET ROLE {role}")
        question = "SHOW GRANTS FOR CURRENT_ROLE" if on_mariadb else f"SHOW GRANTS FOR CURRENT_USER() USING {role}"
        printed += connection.exec_driver_sql(question).scalars()
    if on_mariadb and roles:
        connection.invalidate()  # the next question is asked with the roles of a fresh login
    return held_in(printed)[0]


def _some(words: list[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f", and {more} more" if more > 0 else "")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
