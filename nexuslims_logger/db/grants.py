"""Who may do what in the central database: the one list that `db grants`, the documentation and the tests share.

Rights are granted table by table, and UPDATE column by column, because that is what MySQL and MariaDB both know
(roles differ, and Cloud SQL's IAM users are made by ``gcloud``, never by CREATE USER).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from nexuslims_logger.db.changeable import EVENT_UPDATES, LOGGER_UPDATES, MANIFEST_UPDATES
from nexuslims_logger.errors import StopAndTell

#: What MySQL allows; MariaDB allows more.
_USER_CHARACTERS = 32
#: All of the schema's tables, for who migrates.
_WHOLE_SCHEMA = "*"


class Role(enum.StrEnum):
    """What a database user is for."""

    LOGGER = "logger"
    REPORTS = "reports"
    BUILDER = "builder"
    DBA = "dba"
    FACILITY = "facility"


@dataclass(frozen=True)
class Right:
    """What may be done with one table or view, beside reading it.

    Attributes
    ----------
    table
        Its name, or ``*`` for the whole schema.
    more
        Privileges after SELECT, as GRANT names them.
    updates
        Columns that may be changed, when not all of them.
    """

    table: str
    more: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


_READS = ("instruments", "session_log", "file_manifest", "loggers")
_VIEWS = ("session_summary", "instrument_usage", "transfer_backlog", "fleet_status")

RIGHTS: dict[Role, tuple[Right, ...]] = {
    # It can delete nothing, and rewrite neither who nor which instrument (DESIGN.md, promise P8).
    Role.LOGGER: (
        Right("alembic_version"),
        Right("schema_info"),
        Right("instruments"),
        Right("session_log", ("INSERT",), EVENT_UPDATES),
        Right("file_manifest", ("INSERT",), MANIFEST_UPDATES),
        Right("loggers", ("INSERT",), LOGGER_UPDATES),
        Right("session_summary"),
    ),
    Role.REPORTS: tuple(Right(table) for table in (*_READS, *_VIEWS)),
    # The hand-over to the record builder: status back, RECORD_GENERATION rows in.
    Role.BUILDER: (
        Right("instruments"),
        Right("session_log", ("INSERT",), ("record_status",)),
        Right("file_manifest"),
    ),
    Role.DBA: (
        Right(
            _WHOLE_SCHEMA,
            (
                *("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"),
                *("INDEX", "REFERENCES", "CREATE VIEW", "SHOW VIEW"),
            ),
        ),
    ),
    # The manager: the register, `amend`, and all reports.
    Role.FACILITY: (
        Right("alembic_version"),
        Right("schema_info"),
        Right("instruments", ("INSERT", "UPDATE")),
        Right(
            "session_log",
            ("INSERT",),
            ("timestamp", "record_status", "user", "session_note", "end_reason", "waits_for"),
        ),
        Right("file_manifest", (), ("state", "reason", "decided_by")),
        Right("loggers"),
        *(Right(view) for view in _VIEWS),
    ),
}


def grants(role: Role, user: str, schema: str) -> tuple[str, ...]:
    """Return the GRANT statements, each ready to be run.

    Parameters
    ----------
    role
        What the user is for.
    user
        The database user; of an e-mail address the part before the ``@``, which is the name that Cloud SQL
        gives an IAM user. Two addresses with equal first parts are one database user.
    schema
        The database's name.

    Raises
    ------
    StopAndTell
        No database user can have that name.
    """
    account = f"{_quoted(_database_user(user))}@'%'"
    return tuple(f"GRANT {_privileges(right)} ON {_place(schema, right.table)} TO {account};" for right in RIGHTS[role])


def _database_user(user: str) -> str:
    name = user.partition("@")[0]
    if not 0 < len(name) <= _USER_CHARACTERS or not name.isprintable() or "\\" in name or name != name.strip():
        raise StopAndTell(
            "There can be no such database user",
            f"{user!r}: the name (of an e-mail address the part before the @) has 1 to {_USER_CHARACTERS} printable"
            " characters, and no backslash.",
        )
    return name


def _privileges(right: Right) -> str:
    columns = ", ".join(map(_name, right.updates))
    return ", ".join(("SELECT", *right.more, *([f"UPDATE ({columns})"] if columns else [])))


def _place(schema: str, table: str) -> str:
    if table == _WHOLE_SCHEMA:
        # Only here are _ and % wildcards in the schema's name.
        return f"{_name(schema.replace('_', chr(92) + '_').replace('%', chr(92) + '%'))}.*"
    return f"{_name(schema)}.{_name(table)}"


def _name(identifier: str) -> str:
    return f"`{identifier.replace('`', '``')}`"


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
