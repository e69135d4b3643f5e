"""All queries of the central database. None commits: that is the unit of work's."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    and_,
    bindparam,
    column,
    func,
    insert,
    literal,
    null,
    select,
    table,
    update,
)
from sqlalchemy.types import NULLTYPE

from nexuslims_logger.db.changeable import LOGGER_UPDATES, MANIFEST_UPDATES
from nexuslims_logger.db.records import EventRow, EventRows, EventType, RecordStatus, SessionSummary
from nexuslims_logger.db.types import UTCDateTime, utc_now
from nexuslims_logger.journal.records import Instrument, ManifestRow, ResultState
from nexuslims_logger.models import FILE_MANIFEST, INSTRUMENTS, LOGGERS, SESSION_LOG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

    from nexuslims_logger.db.table_columns import TableColumns

_SUMMARY = table(
    "session_summary",
    *(
        column(field.name, UTCDateTime() if field.name in ("started_at", "ended_at") else NULLTYPE)
        for field in fields(SessionSummary)
    ),
)
#: Fields of the records, by the columns that hold them.
_MANIFEST_COLUMNS = {
    {"instrument_pid": "instrument"}.get(field.name, field.name): field.name for field in fields(ManifestRow)
}
_COUNTS = ("files", "bytes_stored", "files_waiting", "files_missing", "files_left_out")


class Repository:
    """The queries of one unit of work.

    Parameters
    ----------
    connection
        In a transaction.
    columns
        What the database's tables have.
    """

    def __init__(self, connection: Connection, columns: TableColumns) -> None:
        self._connection = connection
        self._columns = columns

    def event_rows(self, session_identifier: str) -> EventRows:
        """Return a session's START and END, with the database's time, in one statement.

        Of several ENDs (an old database may have them) the highest id wins, as for the record builder.
        """
        on_sqlite = self._connection.dialect.name == "sqlite"
        now = literal(None, UTCDateTime()) if on_sqlite else utc_now()
        clock = select(now.label("now")).subquery("clock")
        names = [field.name for field in fields(EventRow)]
        ours = and_(
            SESSION_LOG.c.session_identifier == session_identifier,
            SESSION_LOG.c.event_type.in_(tuple(EventType)),
        )
        rows = self._connection.execute(
            select(clock.c.now, *self._select(SESSION_LOG, names))
            .select_from(clock.outerjoin(SESSION_LOG, ours))
            .order_by(SESSION_LOG.c.id_session_log)
        ).all()
        found = {
            row.event_type: EventRow(**{name: row._mapping[name] for name in names})  # noqa: SLF001 - its API
            for row in rows
            if row.id_session_log is not None  # the clock alone, when there is no event
        }
        return EventRows(found.get(EventType.START), found.get(EventType.END), rows[0].now)

    def insert_event(self, values: Mapping[str, object]) -> None:
        """Insert a row into ``session_log``."""
        self._connection.execute(insert(SESSION_LOG).values(self._known(SESSION_LOG, values)))

    def update_event(self, row: EventRow, wanted: Mapping[str, object]) -> None:
        """Change what differs in the row, and nothing else; without a difference nothing is sent."""
        changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
        changes = self._known(SESSION_LOG, changes)
        if changes:
            self._connection.execute(
                update(SESSION_LOG).where(SESSION_LOG.c.id_session_log == row.id_session_log).values(changes)
            )

    def insert_end(self, start: EventRow, values: Mapping[str, object]) -> None:
        """Insert an END with the user that START has at this moment.

        Read by the INSERT itself, which waits for a correction of the user that is under way: the two never differ.
        """
        known = self._known(SESSION_LOG, values)
        columns = [literal(value, SESSION_LOG.c[name].type) for name, value in known.items()]
        self._connection.execute(
            insert(SESSION_LOG).from_select(
                [*known, "user"],
                select(*columns, SESSION_LOG.c.user).where(SESSION_LOG.c.id_session_log == start.id_session_log),
            )
        )

    def amend_user(self, session_identifier: str, user: str | None) -> None:
        """Give both events the same user."""
        self._connection.execute(
            update(SESSION_LOG)
            .where(
                SESSION_LOG.c.session_identifier == session_identifier,
                SESSION_LOG.c.event_type.in_(tuple(EventType)),
            )
            .values(user=user)
        )

    def release_event(self, session_identifier: str, event_type: EventType) -> None:
        """Move the event from WAITING_FOR_END to TO_BE_BUILT; from anywhere else it does not move."""
        self._columns.require_compatible(self._connection)
        self._connection.execute(
            update(SESSION_LOG)
            .where(
                SESSION_LOG.c.session_identifier == session_identifier,
                SESSION_LOG.c.event_type == event_type,
                SESSION_LOG.c.record_status == RecordStatus.WAITING_FOR_END,
            )
            .values(record_status=RecordStatus.TO_BE_BUILT)
        )

    def instrument_by_pid(self, instrument_pid: str) -> Instrument | None:
        """Return the instrument of that PID."""
        return self._instrument(INSTRUMENTS.c.instrument_pid == instrument_pid)

    def instrument_by_computer(self, computer_name: str) -> Instrument | None:
        """Return the instrument of that computer, upper or lower case."""
        return self._instrument(INSTRUMENTS.c.computer_name == computer_name)

    def instruments(self) -> tuple[Instrument, ...]:
        """Return the whole register, by PID."""
        rows = self._connection.execute(self._select_instruments().order_by(INSTRUMENTS.c.instrument_pid))
        return tuple(_instrument(row) for row in rows)

    def insert_instrument(self, values: Mapping[str, object]) -> None:
        """Insert a row into ``instruments``."""
        self._connection.execute(insert(INSTRUMENTS).values(self._known(INSTRUMENTS, values)))

    def save_instrument(self, values: Mapping[str, object]) -> bool:
        """Register the instrument, or change what is given of it; return whether it is new."""
        here = INSTRUMENTS.c.instrument_pid == values["instrument_pid"]
        if self._connection.scalar(select(func.count()).where(here)) == 0:
            self.insert_instrument(values)
            return True
        self._connection.execute(update(INSTRUMENTS).where(here).values(self._known(INSTRUMENTS, values)))
        return False

    def has_manifest(self) -> bool:
        """Return whether the schema is new enough to have ``file_manifest``."""
        return self._columns.has(FILE_MANIFEST, self._connection)

    def manifest_rows(
        self, sessions: Collection[str], digests: Collection[str]
    ) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return id and changeable columns of the rows for these objects, by (session, digest)."""
        names = ("id", "session_identifier", "object_digest", *MANIFEST_UPDATES)
        rows = self._connection.execute(
            select(*self._select(FILE_MANIFEST, names)).where(
                FILE_MANIFEST.c.object_digest.in_(digests), FILE_MANIFEST.c.session_identifier.in_(sessions)
            )
        )
        return {(row["session_identifier"], row["object_digest"]): dict(row) for row in rows.mappings()}

    def insert_manifest(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows into ``file_manifest`` with one statement; all name the same columns."""
        self._connection.execute(insert(FILE_MANIFEST), [self._known(FILE_MANIFEST, row) for row in rows])

    def update_manifest(self, rows: Iterable[tuple[int, Mapping[str, object]]]) -> None:
        """Change rows, each given by its id and all changeable columns, with one prepared statement."""
        names = list(self._known(FILE_MANIFEST, dict.fromkeys(MANIFEST_UPDATES)))
        self._connection.execute(
            update(FILE_MANIFEST)
            .where(FILE_MANIFEST.c.id == bindparam("row_id"))
            .values({name: bindparam(f"new_{name}") for name in names}),
            [{"row_id": row_id, **{f"new_{name}": values[name] for name in names}} for row_id, values in rows],
        )

    def manifest_of(self, session_identifier: str) -> tuple[ManifestRow, ...]:
        """Return a session's manifest, by object name."""
        rows = self._connection.execute(
            select(*self._select(FILE_MANIFEST, _MANIFEST_COLUMNS))
            .where(FILE_MANIFEST.c.session_identifier == session_identifier)
            .order_by(FILE_MANIFEST.c.object_name, FILE_MANIFEST.c.bucket)
        )
        return tuple(_manifest_row(row) for row in rows)

    def manifest_page(self, session_identifier: str, after: int, limit: int) -> tuple[tuple[ManifestRow, ...], int]:
        """Return up to `limit` of a session's rows behind the row of id `after`, and the last one's id."""
        rows = self._connection.execute(
            select(FILE_MANIFEST.c.id.label("row_id"), *self._select(FILE_MANIFEST, _MANIFEST_COLUMNS))
            .where(FILE_MANIFEST.c.session_identifier == session_identifier, FILE_MANIFEST.c.id > after)
            .order_by(FILE_MANIFEST.c.id)
            .limit(limit)
        ).all()
        return tuple(map(_manifest_row, rows)), rows[-1].row_id if rows else after

    def sessions_with_files(self, after: str, limit: int) -> tuple[str, ...]:
        """Return up to `limit` sessions that have a manifest, by identifier, behind `after`."""
        identifier = FILE_MANIFEST.c.session_identifier
        found = select(identifier).where(identifier > after).distinct().order_by(identifier).limit(limit)
        return tuple(self._connection.scalars(found))

    def recorded_digests(self, digests: Collection[str]) -> set[str]:
        """Return those of these objects' digests that any session accounts for."""
        digest = FILE_MANIFEST.c.object_digest
        return set(self._connection.scalars(select(digest).where(digest.in_(digests))))

    def newest_file(self, session_identifier: str) -> datetime | None:
        """Return the newest modification time of the session's files in the store."""
        found: datetime | None = self._connection.scalar(
            select(func.max(FILE_MANIFEST.c.modified_at)).where(
                FILE_MANIFEST.c.session_identifier == session_identifier,
                FILE_MANIFEST.c.state == ResultState.UPLOADED,
            )
        )
        return found

    def files_after(self, session_identifier: str, moment: datetime) -> int:
        """Return how many of the session's files in the store were modified after `moment`."""
        found: int | None = self._connection.scalar(
            select(func.count()).where(
                FILE_MANIFEST.c.session_identifier == session_identifier,
                FILE_MANIFEST.c.state == ResultState.UPLOADED,
                FILE_MANIFEST.c.modified_at > moment,
            )
        )
        return found or 0

    def skip_pending(self, session_identifier: str, decided_by: str, reason: str) -> int:
        """Leave out the session's files that are still PENDING; return how many there were."""
        return self._connection.execute(
            update(FILE_MANIFEST)
            .where(
                FILE_MANIFEST.c.session_identifier == session_identifier,
                FILE_MANIFEST.c.state == ResultState.PENDING,
            )
            .values(state=ResultState.SKIPPED, decided_by=decided_by, reason=reason)
        ).rowcount

    def has_loggers(self) -> bool:
        """Return whether the schema is new enough to have ``loggers``."""
        return self._columns.has(LOGGERS, self._connection)

    def update_logger(self, values: Mapping[str, object]) -> bool:
        """Change what may be changed of a logger's row, and say whether there is one."""
        changes = {name: value for name, value in values.items() if name in LOGGER_UPDATES}
        done = self._connection.execute(
            update(LOGGERS)
            .where(LOGGERS.c.logger_id == values["logger_id"])
            .values({**self._known(LOGGERS, changes), "last_seen_at": utc_now()})
        )
        return done.rowcount > 0

    def insert_logger(self, values: Mapping[str, object]) -> None:
        """Insert a row into ``loggers``."""
        self._connection.execute(insert(LOGGERS).values(self._known(LOGGERS, values)))

    def recent_sessions(self, limit: int) -> tuple[SessionSummary, ...]:
        """Return the newest sessions, newest first.

        The identifiers first: MySQL would count the files of every session before it cuts.
        """
        newest = self._connection.scalars(
            select(SESSION_LOG.c.session_identifier)
            .where(SESSION_LOG.c.event_type == EventType.START)
            .order_by(SESSION_LOG.c.timestamp.desc(), SESSION_LOG.c.id_session_log.desc())
            .limit(limit)
        ).all()
        rows = self._connection.execute(select(_SUMMARY).where(_SUMMARY.c.session_identifier.in_(newest)))
        found = {row.session_identifier: _summary(row) for row in rows}
        return tuple(found[identifier] for identifier in newest)

    def _instrument(self, condition: ColumnElement[bool]) -> Instrument | None:
        row = self._connection.execute(self._select_instruments().where(condition)).one_or_none()
        return None if row is None else _instrument(row)

    def _select_instruments(self) -> Select[Any]:
        return select(*self._select(INSTRUMENTS, [field.name for field in fields(Instrument)]))

    def _select(self, of_table: Table, names: Iterable[str]) -> list[ColumnElement[Any]]:
        known = self._columns.of(of_table, self._connection)
        return [of_table.c[name] if name in known else null().label(name) for name in names]

    def _known(self, of_table: Table, values: Mapping[str, object]) -> dict[str, object]:
        """Return what may be written of these values; every INSERT and UPDATE comes by here."""
        self._columns.require_compatible(self._connection)
        known = self._columns.of(of_table, self._connection)
        return {name: value for name, value in values.items() if name in known}


def _instrument(row: Row[Any]) -> Instrument:
    return Instrument(
        instrument_pid=row.instrument_pid,
        schema_name=row.schema_name,
        filestore_path=row.filestore_path,
        computer_name=row.computer_name,
        timezone=row.timezone or "UTC",
    )


def _manifest_row(row: Row[Any]) -> ManifestRow:
    values = {field: row._mapping[name] for name, field in _MANIFEST_COLUMNS.items()}  # noqa: SLF001 - its API
    return ManifestRow(**{**values, "state": ResultState(values["state"])})


def _summary(row: Row[Any]) -> SessionSummary:
    values = dict(row._mapping)  # noqa: SLF001 - its API
    # Sums are decimals on the servers.
    counted = {name: int(values[name]) for name in _COUNTS}
    return SessionSummary(**{**values, **counted})
