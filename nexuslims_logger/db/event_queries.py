"""Queries of ``session_log``: the events of a session, and who has an open one."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, insert, literal, select, update

from nexuslims_logger.db.errors import Collision
from nexuslims_logger.db.queries import Queries
from nexuslims_logger.db.records import EventRow, EventRows, EventType, RecordStatus
from nexuslims_logger.db.types import UTCDateTime, utc_now
from nexuslims_logger.models import SESSION_LOG

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement

#: Open sessions that are looked at, the newest ones.
_MOST_OPEN = 20


class EventQueries(Queries):
    """START and END."""

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

    def statuses_and_notes(self, session_identifiers: Collection[str]) -> dict[str, dict[str, tuple[str, str]]]:
        """Return the status and the note of each event of these sessions, by session and kind of event."""
        rows = self._connection.execute(
            select(
                SESSION_LOG.c.session_identifier,
                SESSION_LOG.c.event_type,
                SESSION_LOG.c.record_status,
                SESSION_LOG.c.session_note,
            ).where(
                SESSION_LOG.c.session_identifier.in_(session_identifiers),
                SESSION_LOG.c.event_type.in_(tuple(EventType)),
            )
        ).all()
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for identifier, event_type, status, note in rows:
            found.setdefault(identifier, {})[event_type] = (status, note or "")
        return found

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
        """Move the event from WAITING_FOR_END to TO_BE_BUILT; from anywhere else it does not move.

        Nor does a START that still waits for a computer, whenever that one joined.
        """
        self._columns.require_compatible(self._connection)
        conditions: list[ColumnElement[bool]] = [
            SESSION_LOG.c.session_identifier == session_identifier,
            SESSION_LOG.c.event_type == event_type,
            SESSION_LOG.c.record_status == RecordStatus.WAITING_FOR_END,
        ]
        if event_type is EventType.START and self.has_parts():
            conditions.append(func.coalesce(SESSION_LOG.c.waits_for, "") == "")
        self._connection.execute(update(SESSION_LOG).where(*conditions).values(record_status=RecordStatus.TO_BE_BUILT))

    def has_parts(self) -> bool:
        """Return whether the schema is new enough for sessions that several computers share."""
        return SESSION_LOG.c.waits_for.name in self._columns.of(SESSION_LOG, self._connection)

    def change_waits_for(self, start: EventRow, waits_for: str) -> None:
        """Replace whom a START waits for, if it is still as it was read.

        Raises
        ------
        Collision
            Another computer has changed it meanwhile.
        """
        self._columns.require_compatible(self._connection)
        before = SESSION_LOG.c.waits_for
        as_read = before.is_(None) if start.waits_for is None else before == start.waits_for
        done = self._connection.execute(
            update(SESSION_LOG)
            .where(SESSION_LOG.c.id_session_log == start.id_session_log, as_read)
            .values(waits_for=waits_for)
        )
        if done.rowcount == 0:
            raise Collision("The database was busy", "Another computer joined, or finished, in the same moment.")

    def open_start_elsewhere(self, instrument_pid: str, computer_name: str) -> tuple[str, EventRow] | None:
        """Return identifier and START of the newest session of another computer that has no END."""
        found = self._open_starts(instrument_pid, SESSION_LOG.c.computer_name != computer_name)
        return found[-1] if found else None

    def open_starts_of(self, instrument_pid: str, computer_name: str) -> list[tuple[str, EventRow]]:
        """Return identifiers and STARTs of this computer's sessions that have no END, oldest first."""
        return self._open_starts(instrument_pid, SESSION_LOG.c.computer_name == computer_name)

    def _open_starts(self, instrument_pid: str, whose: ColumnElement[bool]) -> list[tuple[str, EventRow]]:
        end = SESSION_LOG.alias("ending")
        names = [field.name for field in fields(EventRow)]
        has_end = (
            select(1)
            .where(
                end.c.session_identifier == SESSION_LOG.c.session_identifier,
                end.c.event_type == EventType.END,
            )
            .exists()
        )
        if "computer_name" not in self._columns.of(SESSION_LOG, self._connection):
            return []
        rows = self._connection.execute(
            select(SESSION_LOG.c.session_identifier, *self._select(SESSION_LOG, names))
            .where(
                SESSION_LOG.c.instrument == instrument_pid,
                SESSION_LOG.c.event_type == EventType.START,
                SESSION_LOG.c.record_status == RecordStatus.WAITING_FOR_END,
                whose,
                ~has_end,
            )
            .order_by(SESSION_LOG.c.timestamp.desc(), SESSION_LOG.c.id_session_log.desc())
            .limit(_MOST_OPEN)
        ).all()
        return [
            (row.session_identifier, EventRow(**{name: row._mapping[name] for name in names}))  # noqa: SLF001 - its API
            for row in reversed(rows)
        ]

    def awaited(self, session_identifiers: Collection[str]) -> dict[str, str]:
        """Return whom these sessions wait for, where they wait for anybody."""
        if not self.has_parts():
            return {}
        rows = self._connection.execute(
            select(SESSION_LOG.c.session_identifier, SESSION_LOG.c.waits_for).where(
                SESSION_LOG.c.session_identifier.in_(session_identifiers),
                SESSION_LOG.c.event_type == EventType.START,
                SESSION_LOG.c.record_status == RecordStatus.WAITING_FOR_END,
                SESSION_LOG.c.waits_for != "",
            )
        )
        return {row.session_identifier: row.waits_for for row in rows}
