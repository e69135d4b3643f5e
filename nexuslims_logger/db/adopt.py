"""Take over an older, hand-made NexusLIMS database on a MariaDB or MySQL server: inspect, repair on request, stamp.

`inspect_legacy` only reads. `adopt` first brings the tables to the shape of revision 0004 (no keys but the primary
ones, times as DATETIME), each step of which may be repeated; then, in one transaction, repairs rows, converts times and
writes the revision down. So rows are repaired and converted once, whatever happens in between. The migrations do the
rest.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, inspect, text

from nexuslims_logger.db import migrate
from nexuslims_logger.db.legacy_findings import NO_TIME, Finding, Repair, ask
from nexuslims_logger.db.legacy_shape import ASIDE, KEPT_ASIDE, blocked, fill_aside, shape
from nexuslims_logger.db.legacy_times import Converted, LegacyTime, ZoneRule, convert, offset_min
from nexuslims_logger.db.types import SERVERS
from nexuslims_logger.errors import StopAndTell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sqlalchemy import Connection, Engine

#: The tables have this revision's shape once they are adopted.
ADOPTED_AS = "0004_instruments_old_keys"

_CHUNK = 500


@dataclass(frozen=True)
class LegacyReport:
    """What an older database holds.

    Attributes
    ----------
    revision
        Not None: it has been adopted already.
    findings
        Rows that break rules or deserve a look, with their ids.
    blocked
        What a person has to change in the tables before anything else, a sentence each.
    rows
        How many rows ``session_log`` has.
    time_type
        The type of the times, as the server has it, with its default.
    zones
        The server's own time zone, and the present session's.
    newest
        The times of the newest rows.
    instruments
        The instruments' zones by PID (case folded), where the register has them.
    """

    revision: str | None
    findings: tuple[Finding, ...]
    blocked: tuple[str, ...]
    rows: int
    time_type: str
    zones: str
    newest: tuple[LegacyTime, ...]
    instruments: dict[str, str]

    @property
    def to_repair(self) -> tuple[Finding, ...]:
        """What `adopt` repairs, when it is asked to."""
        return tuple(found for found in self.findings if found.question.repair not in (Repair.BY_HAND, Repair.NONE))

    @property
    def by_hand(self) -> tuple[Finding, ...]:
        """What only a person can correct."""
        return tuple(found for found in self.findings if found.question.repair is Repair.BY_HAND)


def inspect_legacy(engine: Engine) -> LegacyReport:
    """Look at an older database; changes nothing.

    Raises
    ------
    StopAndTell
        It is on no server, or has no NexusLIMS tables.
    """
    with migrate.connected(engine) as connection:
        return _inspect(connection)


def times_of(engine: Engine, rules: Sequence[ZoneRule], report: LegacyReport) -> tuple[Converted, ...]:
    """Return every row's time as it would become; changes nothing."""
    with migrate.connected(engine) as connection:
        return convert(_times(connection), rules, report.instruments)


def adopt(engine: Engine, rules: Sequence[ZoneRule], *, repair: bool) -> None:
    """Take the database over, and bring it to the newest revision; may be repeated after a failure.

    Parameters
    ----------
    engine
        A patient one, of a user who may alter tables.
    rules
        In which zones the times were written.
    repair
        Whether rows may be moved aside and corrected.

    Raises
    ------
    StopAndTell
        Rows or tables do not allow it (unless `repair`); nothing has changed then.
    """
    with migrate.connected(engine) as connection, migrate.migrating(connection):
        report = _inspect(connection)
        if report.revision is None:
            _refuse(report, repair=repair)
            converted = convert(_times(connection), rules, report.instruments)
            connection.rollback()
            for statement in shape(connection):
                connection.execute(text(statement))
            connection.commit()
            _change_rows(connection, converted)
    migrate.upgrade(engine)
    with migrate.connected(engine) as connection:
        _put_back(connection)
        _fill_offsets(connection, rules)


def _inspect(connection: Connection) -> LegacyReport:
    if connection.dialect.name not in SERVERS:
        raise StopAndTell(
            "This database cannot be adopted",
            "Only one on a MySQL or MariaDB server can. An SQLite file of the old logger is imported into one first;"
            " docs/database.md has the commands. The file is left as it is.",
        )
    tables = inspect(connection).get_table_names()
    if not {"instruments", "session_log"} <= set(tables):
        raise StopAndTell(
            "There is nothing to adopt",
            "The database has no tables instruments and session_log; 'nexuslims-logger db upgrade' makes them.",
        )
    columns = {
        f"{table}.{column}": f"{kind}{f' DEFAULT {default}' if default else ''} {extra}".strip()
        for table, column, kind, default, extra in connection.execute(
            text(
                "SELECT table_name, column_name, column_type, column_default, extra FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND table_name IN ('instruments', 'session_log')"
            )
        )
    }
    revision = migrate.revision_of(connection)
    obstacles = () if revision else tuple(blocked(connection))
    if obstacles or revision:
        return LegacyReport(revision, (), obstacles, 0, "", "", (), {})
    zones = connection.execute(text("SELECT @@GLOBAL.time_zone, @@system_time_zone")).one()
    return LegacyReport(
        revision=None,
        findings=ask(connection, columns),
        blocked=(),
        rows=connection.scalar(text("SELECT COUNT(*) FROM session_log")) or 0,
        time_type=columns["session_log.timestamp"],
        zones=f"{zones[0]} (the machine's: {zones[1]})",
        newest=_times(connection, " ORDER BY id_session_log DESC LIMIT 10"),
        instruments=_instrument_zones(connection, columns),
    )


def _times(connection: Connection, which: str = "") -> tuple[LegacyTime, ...]:
    question = (
        f"SELECT id_session_log, event_type, instrument, `timestamp` FROM session_log WHERE NOT ({NO_TIME}){which}"
    )
    return tuple(LegacyTime(*row) for row in connection.execute(text(question)))


def _instrument_zones(connection: Connection, columns: dict[str, str]) -> dict[str, str]:
    column = next((name for name in ("timezone", KEPT_ASIDE["timezone"]) if f"instruments.{name}" in columns), None)
    if column is None:
        return {}
    question = f"SELECT instrument_pid, {column} FROM instruments WHERE {column} <> ''"
    return {pid.casefold(): zone for pid, zone in connection.execute(text(question))}


def _refuse(report: LegacyReport, *, repair: bool) -> None:
    """Raise unless everything in the way may be repaired."""
    in_the_way = [*report.blocked]
    in_the_way += (
        f"{found.question.what} (ids {', '.join(found.ids)}): {found.question.repair}"
        for found in (*report.by_hand, *(() if repair else report.to_repair))
    )
    if in_the_way:
        raise StopAndTell("The database cannot be adopted as it is", "\n".join(in_the_way))


def _change_rows(connection: Connection, converted: Sequence[Converted]) -> None:
    """Repair the rows, convert the times and write the revision down, all or nothing."""
    with connection.begin():
        # Asked again, one after the other: what is moved aside first need not be repaired.
        for repair in (Repair.ASIDE, Repair.SPELLING, Repair.WAIT):
            for found in ask(connection, _columns(connection)):
                if found.question.repair is repair:
                    _repair(connection, found)
        shifts: defaultdict[timedelta, list[int]] = defaultdict(list)
        for time in converted:
            shifts[time.utc - time.row.found].append(time.row.row_id)
        for shift, ids in shifts.items():
            if shift:
                _shift(connection, round(shift.total_seconds()), ids)
        connection.execute(
            text("INSERT INTO alembic_version (version_num) VALUES (:revision)"), {"revision": ADOPTED_AS}
        )


def _columns(connection: Connection) -> set[str]:
    seen = inspect(connection)
    return {
        f"{table}.{column['name']}" for table in ("instruments", "session_log") for column in seen.get_columns(table)
    }


def _repair(connection: Connection, found: Finding) -> None:
    ids = [int(row_id) for row_id in found.ids]
    for chunk in (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)):
        match found.question.repair:
            case Repair.ASIDE:
                fill_aside(connection, chunk, found.question.what)
                _execute(connection, "DELETE FROM session_log WHERE id_session_log IN :ids", chunk)
            case Repair.SPELLING:
                _execute(
                    connection,
                    "UPDATE session_log s JOIN instruments i ON i.instrument_pid = s.instrument"
                    " SET s.instrument = i.instrument_pid WHERE s.id_session_log IN :ids",
                    chunk,
                )
            case _:
                _execute(
                    connection,
                    "UPDATE session_log SET record_status = 'WAITING_FOR_END' WHERE id_session_log IN :ids",
                    chunk,
                )


def _shift(connection: Connection, seconds: int, ids: Sequence[int]) -> None:
    for table in ("session_log", ASIDE):
        statement = text(
            f"UPDATE {table} SET `timestamp` = `timestamp` + INTERVAL :seconds SECOND WHERE id_session_log IN :ids"
        ).bindparams(bindparam("ids", expanding=True))
        for start in range(0, len(ids), _CHUNK):
            connection.execute(statement, {"seconds": seconds, "ids": ids[start : start + _CHUNK]})


def _execute(connection: Connection, statement: str, ids: Sequence[int]) -> None:
    connection.execute(text(statement).bindparams(bindparam("ids", expanding=True)), {"ids": ids})


def _put_back(connection: Connection) -> None:
    """Give the register back what stood in columns of the same name, and drop a table aside that nothing went to."""
    if inspect(connection).has_table(ASIDE) and not connection.scalar(text(f"SELECT COUNT(*) FROM {ASIDE}")):
        connection.execute(text(f"DROP TABLE {ASIDE}"))
    present = {str(column["name"]) for column in inspect(connection).get_columns("instruments")}
    for column, kept in KEPT_ASIDE.items():
        if kept in present:
            connection.execute(text(f"UPDATE instruments SET {column} = {kept} WHERE COALESCE({kept}, '') <> ''"))
            connection.commit()
            connection.execute(text(f"ALTER TABLE instruments DROP COLUMN {kept}"))
            connection.commit()


def _fill_offsets(connection: Connection, rules: Sequence[ZoneRule]) -> None:
    """Note local time's offset in the rows that have none, where it is known; may be repeated."""
    zones = connection.execute(
        text("SELECT instrument_pid, timezone FROM instruments WHERE timezone NOT IN ('', 'UTC')")
    )
    instruments = {pid.casefold(): zone for pid, zone in zones}
    by_offset: defaultdict[int, list[int]] = defaultdict(list)
    for row in _times(connection, " AND utc_offset_min IS NULL"):
        if (offset := offset_min(row, rules, instruments)) is not None:
            by_offset[offset].append(row.row_id)
    for offset, ids in by_offset.items():
        for start in range(0, len(ids), _CHUNK):
            _execute(
                connection,
                f"UPDATE session_log SET utc_offset_min = {offset:d} WHERE id_session_log IN :ids",
                ids[start : start + _CHUNK],
            )
    connection.commit()
