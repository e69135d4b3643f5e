"""Queries of ``session_log``: the events of a session, and who has an open one."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from sqlalchemy import and_, insert, literal, select, update

from nexuslims_logger.db.queries import Queries
from nexuslims_logger.db.records import EventRow, EventRows, EventType, RecordStatus
from nexuslims_logger.db.types import UTCDateTime, utc_now
from nexuslims_logger.models import SESSION_LOG

if TYPE_CHECKING:
    from collections.abc import Mapping


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
