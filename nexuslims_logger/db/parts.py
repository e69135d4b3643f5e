"""A session that several computers share: who joined, who has not finished, and who makes it ready.

All of it stands in one column of START, `waits_for`: NULL where nobody has joined; else the computers that have not
finished, the session's own among them. Each takes its own name off when its part is complete, in the transaction that
would make the session ready; who finds the list empty then makes it so, whoever that is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.db.errors import Collision, DuplicateRow
from nexuslims_logger.db.manifest_check import lacks_manifest, manifest_lacking
from nexuslims_logger.db.records import EventType, RecordStatus
from nexuslims_logger.errors import StopAndTell, TryLater
from nexuslims_logger.journal.records import Applied, EndReason, Neighbour, SessionState

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.db.event_queries import EventQueries
    from nexuslims_logger.db.records import EventRow, EventRows
    from nexuslims_logger.db.repository import Repository
    from nexuslims_logger.db.unit_of_work import Units
    from nexuslims_logger.journal.records import SessionFacts

_BETWEEN = ", "
#: What the column holds.
_WAITS_FOR_CHARACTERS = 500
#: END is always after START.
_SHORTEST = timedelta(microseconds=1)
#: A detector finishes its last frame after the click at the microscope: END follows it, but no further than this.
LATEST_FRAME = timedelta(hours=1)
_MAY_FOLLOW = frozenset({None, EndReason.LAST_FILE, EndReason.LAST_ACTIVITY})


class WaitsForParts(TryLater):
    """The session is complete here, but another computer's part is not."""


def waits_for_others(names: tuple[str, ...]) -> WaitsForParts:
    """Return the error that says for whom a session waits."""
    return WaitsForParts(
        f"The session waits for {_BETWEEN.join(names)}",
        "All files of this PC are stored. The other PC joined the session and has not finished its part; as soon as it"
        " has, the session becomes ready by itself. If it never comes back, the facility manager releases it with"
        " 'nexuslims-logger amend SESSION --reason TEXT --skip-missing'.",
    )


def find_neighbour(units: Units, instrument_pid: str, computer_name: str) -> Neighbour | None:
    """Return the newest open session of another computer at this instrument, None when there is none."""
    with units() as unit:
        found = unit.repository.open_start_elsewhere(instrument_pid, computer_name)
        if found is None:
            return None
        identifier, start = found
        newest = unit.repository.newest_file(identifier) if unit.repository.has_manifest() else None
        return Neighbour(
            session_identifier=identifier,
            user=start.user,
            computer_name=start.computer_name or "",
            started_at=start.timestamp,
            last_activity_at=last_activity(start, newest, None),
        )


def last_activity(start: EventRow, newest_file: datetime | None, now: datetime | None) -> datetime:
    """Return when something last happened in a session, as the database knows it: after START, not after `now`."""
    # The heartbeat travels now and then; files that were sent since tell more.
    known = [moment for moment in (start.last_activity_at, newest_file) if moment and (now is None or moment <= now)]
    return max([start.timestamp + _SHORTEST, *known])


def join_session(units: Units, session_identifier: str, computer_name: str) -> None:
    """Let an open session wait for this computer's part.

    Raises
    ------
    StopAndTell
        It has ended or is gone; or the schema is too old.
    """
    try:
        _join(units, session_identifier, computer_name)
    except Collision:
        # Another computer joined in the same moment.
        _join(units, session_identifier, computer_name)


def _join(units: Units, session_identifier: str, computer_name: str) -> None:
    with units() as unit:
        found = unit.repository.event_rows(session_identifier)
        if not unit.repository.has_parts():
            raise StopAndTell(
                "Sessions cannot be shared yet", "Ask the facility manager to run 'nexuslims-logger db upgrade'."
            )
        if found.start is None or found.end is not None or found.start.record_status != RecordStatus.WAITING_FOR_END:
            raise StopAndTell("The session has ended", "It ended in the meantime, and can be joined no more.")
        _add(unit.repository, found.start, computer_name)
        unit.commit()


def _add(queries: EventQueries, start: EventRow, computer_name: str) -> None:
    names = _names(start.waits_for)
    if not names and start.waits_for is None:
        names = (start.computer_name or "",)
    if computer_name.casefold() in map(str.casefold, names):
        return
    waits_for = _BETWEEN.join((*names, computer_name))
    if len(waits_for) > _WAITS_FOR_CHARACTERS:
        raise StopAndTell("Too many computers share the session", "Start a session of your own on this PC.")
    queries.change_waits_for(start, waits_for)


def take_over(units: Units, session_identifier: str, computer_name: str, logger_version: str, at: datetime) -> None:
    """End another computer's open session at its last activity, with its user; where it has an END, do nothing.

    Parameters
    ----------
    computer_name, logger_version
        Who takes over.
    at
        The present time there, aware; END is never later.
    """
    try:
        _take_over(units, session_identifier, computer_name, logger_version, at)
    except (Collision, DuplicateRow):
        # Its own logger ended it in the same moment.
        _take_over(units, session_identifier, computer_name, logger_version, at)


def _take_over(units: Units, session_identifier: str, computer_name: str, logger_version: str, at: datetime) -> None:
    with units() as unit:
        found = unit.repository.event_rows(session_identifier)
        if found.start is None or found.end is not None:
            return
        newest = unit.repository.newest_file(session_identifier) if unit.repository.has_manifest() else None
        unit.repository.insert_end(
            found.start,
            {
                "session_identifier": session_identifier,
                "instrument": found.start.instrument,
                "timestamp": last_activity(found.start, newest, _now_there(found, found.start, at)),
                "utc_offset_min": found.start.utc_offset_min,
                "event_type": EventType.END,
                "record_status": RecordStatus.WAITING_FOR_END,
                "session_note": found.start.session_note,
                "computer_name": computer_name,
                "logger_version": logger_version,
                "end_reason": EndReason.TAKEN_OVER,
            },
        )
        unit.commit()


def _now_there(found: EventRows, start: EventRow, at: datetime) -> datetime:
    """Return the present time by the clock of the session's own computer, as its activity has."""
    if found.database_now is None:
        return at
    return found.database_now + timedelta(milliseconds=start.clock_offset_ms or 0)


def apply_part(units: Units, facts: SessionFacts) -> Applied:
    """Bring what the database knows of this computer's part to what the facts say. Writes no START and no END row.

    Returns
    -------
    Applied
        With the END of the session, when its own computer (or whoever took it over) has written one.

    Raises
    ------
    ManifestLacking
        The facts are READY, but rows of this computer's part are not there any more: the session waits for it again.
    """
    try:
        return _apply_part(units, facts)
    except Collision:
        # Another computer finished its part in the same moment.
        return _apply_part(units, facts)


def _apply_part(units: Units, facts: SessionFacts) -> Applied:
    with units() as unit:
        repository = unit.repository
        found = repository.event_rows(facts.identifier)
        start = found.start
        lacking = False
        if start is not None and start.record_status == RecordStatus.WAITING_FOR_END and repository.has_parts():
            lacking = facts.state is SessionState.READY and lacks_manifest(repository, facts)
            if facts.state is SessionState.READY and not lacking:
                _finish_part(repository, facts, found, start)
            else:
                _add(repository, start, facts.computer_name)  # a database that was restored has lost it
            unit.commit()
    if lacking:
        raise manifest_lacking()
    end = found.end
    return Applied(
        session_identifier=facts.identifier,
        revision=facts.revision,
        ended_at=end.timestamp if end else None,
        user=start.user if start else None,
        ready=start is not None and start.record_status != RecordStatus.WAITING_FOR_END,
        clock_offset_ms=None,
        end_reason=end.end_reason if end else None,
        ended_by=end.computer_name if end else None,
    )


def _finish_part(repository: Repository, facts: SessionFacts, found: EventRows, start: EventRow) -> None:
    if found.end is not None and repository.has_manifest():
        _follow_last_frame(repository, facts, found, found.end)
    names = _names(start.waits_for)
    left = _without(names, facts.computer_name)
    if left == names:
        return  # never joined, or finished already
    repository.change_waits_for(start, _BETWEEN.join(left))
    if not left and found.end is not None:
        release(repository, facts.identifier)


def _follow_last_frame(repository: Repository, facts: SessionFacts, found: EventRows, end: EventRow) -> None:
    """Move END to this computer's last file, so that the record builder finds it."""
    newest = repository.newest_file(facts.identifier, facts.computer_name)
    limit = min(end.timestamp + LATEST_FRAME, found.database_now or facts.ended_at or end.timestamp)
    if newest is not None and end.timestamp < newest <= limit and end.end_reason in _MAY_FOLLOW:
        repository.update_event(end, {"timestamp": newest, "end_reason": end.end_reason or EndReason.LAST_FILE})


def finish_own(repository: Repository, facts: SessionFacts, start: EventRow | None) -> tuple[str, ...]:
    """Take the session's own computer off the list, and make the session ready when nobody else is on it.

    Returns
    -------
    tuple of str
        For whom it waits now.
    """
    if start is None or not start.waits_for or start.record_status != RecordStatus.WAITING_FOR_END:
        left: tuple[str, ...] = ()
    else:
        left = _without(_names(start.waits_for), facts.computer_name)
        waits_for = _BETWEEN.join(left)
        if waits_for != start.waits_for:
            repository.change_waits_for(start, waits_for)
    if not left:
        release(repository, facts.identifier)
    return left


def release(repository: EventQueries, session_identifier: str) -> None:
    """Make both rows ready; in this order a reader never meets a START ready without its END."""
    repository.release_event(session_identifier, EventType.END)
    repository.release_event(session_identifier, EventType.START)


def _names(waits_for: str | None) -> tuple[str, ...]:
    return tuple(waits_for.split(_BETWEEN)) if waits_for else ()


def _without(names: tuple[str, ...], computer_name: str) -> tuple[str, ...]:
    return tuple(name for name in names if name.casefold() != computer_name.casefold())
