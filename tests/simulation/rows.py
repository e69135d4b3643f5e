"""What stands in the central database, in plain SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True)
class EventRow:
    """A START or END."""

    number: int
    session: str
    kind: str
    at: datetime
    status: str
    user: str | None
    computer: str
    note: str
    reason: str | None
    clock_offset_ms: int | None
    last_activity_at: datetime | None


@dataclass(frozen=True)
class FileRow:
    """A row of ``file_manifest``."""

    session: str
    computer: str
    bucket: str
    name: str
    state: str
    md5: str | None
    generation: int | None
    modified_at: datetime | None


def read_events(connection: sqlite3.Connection) -> dict[str, list[EventRow]]:
    """Return START and END of each session, START first."""
    events: dict[str, list[EventRow]] = {}
    for row in connection.execute(
        'SELECT id_session_log, session_identifier, event_type, "timestamp", record_status, user, computer_name, '
        "COALESCE(session_note, ''), end_reason, clock_offset_ms, last_activity_at FROM session_log "
        "WHERE event_type <> 'RECORD_GENERATION' ORDER BY event_type DESC"
    ):
        number, session, kind, at, status, user, computer, note, reason, offset_ms, active_at = row
        known = EventRow(
            number, session, kind, _parsed(at), status, user, computer, note, reason, offset_ms, _time(active_at)
        )
        events.setdefault(session, []).append(known)
    return events


def read_files(connection: sqlite3.Connection) -> list[FileRow]:
    """Return the whole manifest."""
    return [
        FileRow(session, computer, bucket, name, state, md5, generation, _time(modified_at))
        for session, computer, bucket, name, state, md5, generation, modified_at in connection.execute(
            "SELECT session_identifier, computer_name, bucket, object_name, state, md5, generation, modified_at "
            "FROM file_manifest"
        )
    ]


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _time(text: str | None) -> datetime | None:
    return None if text is None else _parsed(text)
