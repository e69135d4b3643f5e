"""From the tables of an older database, whatever their keys are called, to those of revision 0004."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, inspect, text

from nexuslims_logger.models import INSTRUMENTS, SESSION_LOG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Inspector

#: Where surplus rows go: as they were, with the reason.
ASIDE = "session_log_aside"
#: Columns that some registers have already and a migration adds: they wait under another name meanwhile.
KEPT_ASIDE = {"timezone": "legacy_timezone", "harvester": "legacy_harvester"}

#: The columns that the migrations expect to find, and what a missing one is made as; None: nothing can replace it.
_EXPECTED: dict[str, dict[str, str | None]] = {
    "instruments": {
        "instrument_pid": None,
        "schema_name": None,
        "filestore_path": None,
        "computer_name": "VARCHAR(255)",
        "api_url": "TEXT",
        "calendar_name": "TEXT",
        "calendar_url": "TEXT",
        "location": "VARCHAR(100)",
        "property_tag": "VARCHAR(20)",
        "computer_ip": "VARCHAR(15)",
        "computer_mount": "TEXT",
    },
    "session_log": {
        "id_session_log": None,
        "session_identifier": None,
        "instrument": None,
        "timestamp": None,
        "event_type": None,
        "record_status": "VARCHAR(20) NOT NULL DEFAULT 'WAITING_FOR_END'",
        "user": "VARCHAR(50)",
        "session_note": "TEXT",
    },
}
_KEYS = {"instruments": "instrument_pid", "session_log": "id_session_log"}


def blocked(connection: Connection) -> Iterator[str]:
    """Name what stands in the way of adopting the tables and cannot be repaired, a sentence each."""
    seen = inspect(connection)
    for table in (INSTRUMENTS, SESSION_LOG):
        expected = _EXPECTED[table.name]
        columns = {str(column["name"]): column for column in seen.get_columns(table.name)}
        for name, made_as in expected.items():
            if name not in columns and made_as is None:
                yield f"{table.name} has no column {name}: name or make it so."
        if seen.get_pk_constraint(table.name)["constrained_columns"] != [_KEYS[table.name]]:
            yield f"The primary key of {table.name} is not {_KEYS[table.name]} alone: make it so."
        for name, column in columns.items():
            if name in expected or name in KEPT_ASIDE or name in KEPT_ASIDE.values():
                continue
            if name in table.c:
                yield f"{table.name} has a column {name} already, which a migration is to add: rename it."
            elif not column["nullable"] and column["default"] is None:
                yield f"{table.name}.{name} must have a value, and no logger gives one: let it be NULL."


def shape(connection: Connection) -> Iterator[str]:
    """Yield the statements that bring the tables to revision 0004; none where they are so already."""
    seen = inspect(connection)
    aside = {column["name"] for column in seen.get_columns(ASIDE)} if seen.has_table(ASIDE) else set()
    if not aside:
        # As they were, before anything is changed.
        yield f"CREATE TABLE {ASIDE} LIKE session_log"
    if "why" not in aside:
        yield (
            f"ALTER TABLE {ASIDE} ADD why VARCHAR(255) CHARACTER SET utf8mb4,"
            " ADD moved_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))"
        )
    # The one that others point to comes last.
    for table in ("session_log", "instruments"):
        for change in _changes(seen, table):
            yield f"ALTER TABLE {table} {change}"
    # The session's zone is UTC: so the instants of a TIMESTAMP stay what they are, and stop following every change.
    for table in ("session_log", ASIDE):
        yield f"ALTER TABLE {table} MODIFY `timestamp` DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)), ENGINE = InnoDB"
    yield (
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )


def _changes(seen: Inspector, table: str) -> Iterator[str]:
    columns = {str(column["name"]) for column in seen.get_columns(table)}
    yield from (f"DROP FOREIGN KEY `{key['name']}`" for key in seen.get_foreign_keys(table))
    yield from (f"DROP KEY `{index['name']}`" for index in seen.get_indexes(table))
    yield from (f"DROP CONSTRAINT `{check['name']}`" for check in seen.get_check_constraints(table))
    yield from (f"ADD `{name}` {made_as}" for name, made_as in _EXPECTED[table].items() if name not in columns)
    if table == INSTRUMENTS.name:
        yield from (f"RENAME COLUMN {name} TO {kept}" for name, kept in KEPT_ASIDE.items() if name in columns)
    # What follows is one transaction, which MyISAM has none of.
    yield "ENGINE = InnoDB"


def fill_aside(connection: Connection, ids: Sequence[int], why: str) -> None:
    """Copy rows to the table aside."""
    names = ", ".join(f"`{column['name']}`" for column in inspect(connection).get_columns("session_log"))
    own = {str(column["name"]) for column in inspect(connection).get_columns(ASIDE)}
    shared = ", ".join(name for name in names.split(", ") if name.strip("`") in own)
    statement = text(
        f"INSERT INTO {ASIDE} ({shared}, why) SELECT {shared}, :why FROM session_log WHERE id_session_log IN :ids"
    ).bindparams(bindparam("ids", expanding=True))
    connection.execute(statement, {"ids": ids, "why": why})
