"""Whether this program and a database's schema fit: by the columns used, never by equality of revisions."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select

from nexuslims_logger.db.table_columns import COMPAT, mismatch
from nexuslims_logger.models import FILE_MANIFEST, INSTRUMENTS, LOGGERS, SCHEMA_INFO, SESSION_LOG, Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Inspector

#: Without these no session can be recorded at all; every database since before this program has them.
_NEEDED = {
    INSTRUMENTS.name: ("instrument_pid", "schema_name", "filestore_path", "computer_name"),
    SESSION_LOG.name: (
        "id_session_log",
        "session_identifier",
        "instrument",
        "timestamp",
        "event_type",
        "record_status",
        "user",
        "session_note",
    ),
}
_VIEWS = ("session_summary", "instrument_usage", "transfer_backlog", "fleet_status")


@dataclass(frozen=True)
class SchemaCheck:
    """How a database's schema stands to this program.

    Attributes
    ----------
    revision
        The database's, None without one.
    head
        The newest one known here.
    compat
        The database's ``schema_info.compat``, None on an older schema.
    differences
        At the newest revision: what somebody changed by hand, a line each, as autogenerate finds it.
    missing
        What an older schema lacks, as ``table`` or ``table.column``: it is not recorded, all else is.
    obstacles
        Why nothing can be written, a sentence each.
    """

    revision: str | None
    head: str
    compat: int | None
    differences: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether this program may write to it, everything or as far as the columns go."""
        return not self.obstacles


def compare(connection: Connection, revision: str | None, head: str) -> SchemaCheck:
    """Compare the schema with what this program uses; changes nothing.

    Parameters
    ----------
    connection
        To the database.
    revision
        Where it stands.
    head
        The newest revision known here.
    """
    seen = inspect(connection)
    tables = set(seen.get_table_names())
    columns = {
        table.name: {str(column["name"]): dict(column) for column in seen.get_columns(table.name)}
        for table in Base.metadata.sorted_tables
        if table.name in tables
    }
    info = None
    if SCHEMA_INFO.name in tables:
        info = connection.execute(select(SCHEMA_INFO.c.compat, SCHEMA_INFO.c.minimum_logger)).first()
    compat = None if info is None else info.compat
    obstacles = [
        f"The column {table}.{column} is missing." if table in columns else f"The table {table} is missing."
        for table, needed in _NEEDED.items()
        for column in (needed if table in columns else needed[:1])
        if column not in columns.get(table, {})
    ]
    if info is not None and compat != COMPAT:
        obstacles.append(mismatch(compat, info.minimum_logger))
    obstacles += _demanded(columns)
    return SchemaCheck(
        revision,
        head,
        compat,
        differences=_differences(connection) if revision == head else (),
        missing=tuple(_missing(columns, seen)),
        obstacles=tuple(obstacles),
    )


def ours(_thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:  # noqa: ARG001 - Alembic's
    """Leave other people's tables in the same database alone (Alembic's ``include_object``)."""
    return not (kind == "table" and reflected and compare_to is None)


@contextmanager
def quiet_autogenerate() -> Iterator[None]:
    """Silence autogenerate's one false alarm: the servers spell ``once_event`` in words of their own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Computed default on session_log\.once_event cannot be modified")
        yield


def _demanded(columns: dict[str, dict[str, dict[str, Any]]]) -> Iterator[str]:
    """Name columns that every INSERT must give, and that this program knows nothing of."""
    for table in (SESSION_LOG, FILE_MANIFEST, LOGGERS):
        for name, column in columns.get(table.name, {}).items():
            if name not in table.c and not column["nullable"] and column["default"] is None:
                yield f"The column {table.name}.{name} wants a value, and this program does not know it."


def _missing(columns: dict[str, dict[str, dict[str, Any]]], seen: Inspector) -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        if table.name not in columns:
            yield table.name
        else:
            yield from (f"{table.name}.{name}" for name in table.c.keys() if name not in columns[table.name])  # noqa: SIM118 - names, not columns
    views = set(seen.get_view_names())
    yield from (name for name in _VIEWS if name not in views)


def _differences(connection: Connection) -> tuple[str, ...]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with quiet_autogenerate():
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        return tuple(str(difference) for difference in compare_metadata(context, Base.metadata))
