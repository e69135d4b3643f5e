"""All queries of the central database. None commits: that is the unit of work's."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, func, insert, select, table, update
from sqlalchemy.types import NULLTYPE

from nexuslims_logger.db.changeable import LOGGER_UPDATES
from nexuslims_logger.db.event_queries import EventQueries
from nexuslims_logger.db.manifest_queries import ManifestQueries
from nexuslims_logger.db.records import EventType, SessionSummary
from nexuslims_logger.db.types import UTCDateTime, utc_now
from nexuslims_logger.journal.records import Instrument
from nexuslims_logger.models import INSTRUMENTS, LOGGERS, SESSION_LOG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Row, Select

_SUMMARY = table(
    "session_summary",
    *(
        column(field.name, UTCDateTime() if field.name in ("started_at", "ended_at") else NULLTYPE)
        for field in fields(SessionSummary)
        if field.name != "waits_for"
    ),
)
_COUNTS = ("files", "bytes_stored", "files_waiting", "files_missing", "files_left_out")


class Repository(EventQueries, ManifestQueries):
    """All queries of one unit of work."""

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
        awaited = self.awaited(newest)
        rows = self._connection.execute(select(_SUMMARY).where(_SUMMARY.c.session_identifier.in_(newest)))
        found = {row.session_identifier: _summary(row, awaited.get(row.session_identifier, "")) for row in rows}
        return tuple(found[identifier] for identifier in newest)

    def _instrument(self, condition: ColumnElement[bool]) -> Instrument | None:
        row = self._connection.execute(self._select_instruments().where(condition)).one_or_none()
        return None if row is None else _instrument(row)

    def _select_instruments(self) -> Select[Any]:
        return select(*self._select(INSTRUMENTS, [field.name for field in fields(Instrument)]))


def _instrument(row: Row[Any]) -> Instrument:
    return Instrument(
        instrument_pid=row.instrument_pid,
        schema_name=row.schema_name,
        filestore_path=row.filestore_path,
        computer_name=row.computer_name,
        timezone=row.timezone or "UTC",
    )


def _summary(row: Row[Any], waits_for: str) -> SessionSummary:
    values = dict(row._mapping)  # noqa: SLF001 - its API
    # Sums are decimals on the servers.
    counted = {name: int(values[name]) for name in _COUNTS}
    return SessionSummary(**{**values, **counted}, waits_for=waits_for)
