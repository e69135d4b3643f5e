"""What the database's schema really is, as far as a logger must know before it writes.

Never the revision: a newer schema has one that this program does not know, and an older one is written as far as its
columns go (docs/database.md, "Versions side by side").
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.errors import AccessDenied, SchemaMismatch
from nexuslims_logger.models import SCHEMA_INFO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Table

log = logging.getLogger(__name__)

#: The number in ``schema_info`` that this program can write to, whatever the revision.
COMPAT = 1

NO_FIT = "The database's tables do not fit this version"

#: Both show only what the user may see; a table without any rights is as good as none.
_ON_SERVERS = text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()")
_ON_SQLITE = text(
    "SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'"
)


@dataclass(frozen=True)
class _Seen:
    columns: Mapping[str, frozenset[str]]
    #: None where there is no ``schema_info`` yet: older schemas have none, and only ever gained columns since.
    compat: int | None
    minimum_logger: str | None


class TableColumns:
    """Which columns the database's tables have, and whether this program may write to them.

    Asked with two statements when a connection is new, and not again while it lasts: what is known is never older
    than the connection.
    """

    def __init__(self) -> None:
        self._seen: _Seen | None = None

    def of(self, of_table: Table, connection: Connection) -> frozenset[str]:
        """Return the names of the table's columns.

        For a table that cannot be seen these are the model's: the database itself then says what is wrong with it.
        """
        return self._look(connection).columns.get(of_table.name) or frozenset(of_table.c.keys())

    def has(self, of_table: Table, connection: Connection) -> bool:
        """Return whether an older schema has that table already.

        Raises
        ------
        AccessDenied
            The schema has it, but this user has no rights to it.
        """
        seen = self._look(connection)
        if of_table.name in seen.columns:
            return True
        if seen.compat is not None:
            raise AccessDenied(
                "The database refuses access",
                f"Ask the facility manager for the rights: the table {of_table.name} cannot be seen.",
            )
        return False

    def require_compatible(self, connection: Connection) -> None:
        """Let only a program write that knows the schema's ``compat``.

        Raises
        ------
        SchemaMismatch
            Another program's schema; what was learned is forgotten, so that the next attempt asks again.
        """
        seen = self._look(connection)
        if seen.compat in (None, COMPAT):
            return
        self.forget()
        raise SchemaMismatch(NO_FIT, mismatch(seen.compat, seen.minimum_logger))

    def forget(self) -> None:
        """Ask again: the connection is new, or a statement did not fit."""
        self._seen = None

    def _look(self, connection: Connection) -> _Seen:
        if self._seen is None:
            columns: defaultdict[str, set[str]] = defaultdict(set)
            question = _ON_SERVERS if connection.dialect.name in SERVERS else _ON_SQLITE
            for table_name, column_name in connection.execute(question):
                columns[table_name].add(column_name)
            info = None
            if SCHEMA_INFO.name in columns:
                info = connection.execute(select(SCHEMA_INFO.c.compat, SCHEMA_INFO.c.minimum_logger)).first()
            self._seen = _Seen(
                {name: frozenset(found) for name, found in columns.items()},
                info.compat if info else None,
                info.minimum_logger if info else None,
            )
        return self._seen


def mismatch(compat: int | None, minimum_logger: str | None) -> str:
    """Say in a user's words what to do about a schema with another `compat`."""
    if compat is not None and compat > COMPAT:
        remedy = f"install NexusLIMS-Logger {minimum_logger} or newer here"
    else:
        remedy = "run 'nexuslims-logger db upgrade'"
    return (
        "Nothing is written to it; the session stays safe on this PC, and its files are sent. Ask the facility manager"
        f" to {remedy} (the tables have compatibility number {compat}, this version writes {COMPAT})."
    )
