"""Bring a session's rows in the central database to what the journal's facts say."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.db.errors import Collision, DuplicateRow
from nexuslims_logger.db.manifest_check import lacks_manifest, manifest_lacking
from nexuslims_logger.db.parts import finish_own, waits_for_others
from nexuslims_logger.db.records import EventType, RecordStatus
from nexuslims_logger.db.session_note import settled_note
from nexuslims_logger.journal.records import Applied, EndReason, SessionState

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.db.records import EventRow, EventRows
    from nexuslims_logger.db.repository import Repository
    from nexuslims_logger.db.unit_of_work import UnitOfWork, Units
    from nexuslims_logger.journal.records import SessionFacts


def apply_session(units: Units, facts: SessionFacts) -> Applied:
    """Bring the START and END rows to what the facts say, in one transaction, exactly once.

    Where the database already has another writer's END, it wins. The rows become TO_BE_BUILT only when the
    facts are READY: END first, then START, and only from WAITING_FOR_END; a status that the
    record builder has moved on stays and counts as ready. A session that another computer has joined is ready
    when the last of them has finished (`db.parts`).

    Returns
    -------
    Applied
        What the database holds afterwards, read back.

    Raises
    ------
    WaitsForParts
        The facts are READY and recorded as far as they go, but another computer has not finished its part.
    ManifestLacking
        The same, but rows of the manifest are not there any more.
    """
    try:
        return _apply(units, facts)
    except (Collision, DuplicateRow):
        # Another writer was faster: what it wrote can be seen now.
        try:
            return _apply(units, facts)
        except DuplicateRow as error:
            # Or in a moment: a server may refuse a row before it shows it.
            raise Collision("The database was busy", "Another writer wrote the session in the same moment.") from error


def _apply(units: Units, facts: SessionFacts) -> Applied:
    with units() as unit:
        repository = unit.repository
        before = _now(unit)
        found = repository.event_rows(facts.identifier)
        offset_ms = _clock_offset_ms(found.database_now, before, _now(unit))
        if found.start is None:
            if facts.clock_offset_ms is not None:
                offset_ms = facts.clock_offset_ms  # of a START that the database has lost: today's says nothing of it
            repository.insert_event({**_start_values(facts), "clock_offset_ms": offset_ms})
        else:
            offset_ms = found.start.clock_offset_ms
            repository.update_event(found.start, _start_changes(facts, found.start, before))
        if found.end is not None:
            repository.update_event(found.end, _end_changes(facts, found.end))
        elif facts.ended_at is not None:
            _insert_end(repository, facts, found.start)
        ready = facts.state is SessionState.READY
        # What the record builder has moved on is complete, whatever became of the manifest since.
        waits = found.start is None or found.start.record_status == RecordStatus.WAITING_FOR_END
        lacking = ready and waits and lacks_manifest(repository, facts)
        awaited = finish_own(repository, facts, found.start) if ready and not lacking else ()
        held = repository.event_rows(facts.identifier)
        done = ready and not lacking and not awaited
        if done and held.start and held.start.record_status == RecordStatus.WAITING_FOR_END:
            raise Collision("The database was busy", "Another computer joined the session in the same moment.")
        unit.commit()
    if lacking:
        raise manifest_lacking()
    if awaited:
        raise waits_for_others(awaited)
    return _applied(facts, held, offset_ms, anew=found.start is None and facts.database_revision > 0)


def _applied(facts: SessionFacts, held: EventRows, offset_ms: int | None, *, anew: bool) -> Applied:
    events = (held.start, held.end)
    return Applied(
        session_identifier=facts.identifier,
        revision=facts.revision,
        ended_at=held.end.timestamp if held.end else None,
        user=held.start.user if held.start else None,
        ready=all(event and event.record_status != RecordStatus.WAITING_FOR_END for event in events),
        clock_offset_ms=offset_ms,
        end_reason=held.end.end_reason if held.end else None,
        ended_by=held.end.computer_name if held.end else None,
        anew=anew,
    )


def _start_values(facts: SessionFacts) -> dict[str, object]:
    return {
        "session_identifier": facts.identifier,
        "instrument": facts.instrument_pid,
        "timestamp": facts.started_at,
        "utc_offset_min": facts.utc_offset_min,
        "event_type": EventType.START,
        "record_status": RecordStatus.WAITING_FOR_END,
        "user": _trimmed(facts.user),
        "project": facts.project,
        "session_note": facts.note,
        "computer_name": facts.computer_name,
        "logger_version": facts.logger_version,
        "resumed": facts.resumed,
        "last_activity_at": facts.last_activity_at,
    }


def _insert_end(repository: Repository, facts: SessionFacts, start: EventRow | None) -> None:
    values = _end_values(facts)
    if start is None:
        repository.insert_event({**values, "user": _trimmed(facts.user)})
    else:
        repository.insert_end(start, {**values, "session_note": settled_note(facts, start.session_note)})


def _start_changes(facts: SessionFacts, row: EventRow, now: datetime | None) -> dict[str, object]:
    """Change the note; what only grows is never put back by a journal that is older than the database."""
    active_at = facts.last_activity_at
    # An activity that is still to come was a clock's error.
    if row.last_activity_at is not None and (now is None or row.last_activity_at <= now):
        active_at = max(active_at, row.last_activity_at)
    return {
        "session_note": settled_note(facts, row.session_note),
        "resumed": max(facts.resumed, row.resumed or 0),
        "last_activity_at": active_at,
    }


def _end_values(facts: SessionFacts) -> dict[str, object]:
    offset_min = facts.utc_offset_min if facts.end_utc_offset_min is None else facts.end_utc_offset_min
    return {
        "session_identifier": facts.identifier,
        "instrument": facts.instrument_pid,
        "timestamp": facts.ended_at,
        "utc_offset_min": offset_min,
        "event_type": EventType.END,
        "record_status": RecordStatus.WAITING_FOR_END,
        "session_note": facts.note,
        "computer_name": facts.computer_name,
        "logger_version": facts.logger_version,
        "end_reason": facts.end_reason,
        "paused_seconds": facts.paused_seconds,
    }


def _end_changes(facts: SessionFacts, row: EventRow) -> dict[str, object]:
    """Change the note always; the time only forward, in a row of our own, and not once it is ready or amended.

    The pauses belong to the time: they change with it.
    """
    changes: dict[str, object] = {"session_note": settled_note(facts, row.session_note)}
    ours = (
        row.computer_name or ""
    ).casefold() == facts.computer_name.casefold() and row.end_reason != EndReason.AMENDED
    if facts.ended_at is not None and ours:
        later = facts.ended_at > row.timestamp and row.record_status == RecordStatus.WAITING_FOR_END
        if later:
            changes |= {"timestamp": facts.ended_at, "end_reason": facts.end_reason}
        if later or row.paused_seconds is None:
            changes["paused_seconds"] = max(facts.paused_seconds, row.paused_seconds or 0)
    return changes


def _trimmed(user: str | None) -> str | None:
    # To MySQL 'ada' and 'ada ' are the same, to the record builder they are not.
    return (user or "").strip() or None


def _now(unit: UnitOfWork) -> datetime | None:
    return unit.clock.now() if unit.clock else None


def _clock_offset_ms(database: datetime | None, before: datetime | None, after: datetime | None) -> int | None:
    """Return the PC's clock minus the database's, taking the answer to have been made halfway."""
    if database is None:
        return 0  # SQLite has the PC's clock
    if before is None or after is None:
        return None
    return round((before + (after - before) / 2 - database) / timedelta(milliseconds=1))
