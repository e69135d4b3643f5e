"""The manager's correction of a session: its user, its END, and files that will never come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.db.errors import Collision, DuplicateRow
from nexuslims_logger.db.parts import last_activity, release
from nexuslims_logger.db.records import EventType, RecordStatus
from nexuslims_logger.db.session_note import NOTE_BYTES, amendment_line, with_amendments
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.journal.records import EndReason

if TYPE_CHECKING:
    from nexuslims_logger.db.records import EventRow, EventRows
    from nexuslims_logger.db.unit_of_work import Units

_REASON_CHARACTERS = 255


@dataclass(frozen=True)
class Amendment:
    """What is to be corrected; None and False leave things as they are.

    Attributes
    ----------
    amended_by, reason
        Who corrects, and why; both are recorded.
    at
        The present time, aware; no END may be later.
    user
        Who really worked, for both rows.
    ended_at
        When it really ended, aware.
    end_at_last_activity
        It ended when something last happened in it, as far as the database knows.
    skip_missing
        Leave out the files that are still PENDING, and the parts of other computers that are not finished, and let the
        session be ready: its PC does not come back.
    """

    session_identifier: str
    amended_by: str
    reason: str
    at: datetime
    logger_version: str
    user: str | None = None
    ended_at: datetime | None = None
    end_at_last_activity: bool = False
    skip_missing: bool = False


@dataclass(frozen=True)
class Amended:
    """The session before and after.

    Attributes
    ----------
    left_out
        Files that were PENDING and are SKIPPED now.
    newer_files
        Files of the session that were modified after its END: the record builder does not find them.
    """

    before: EventRows
    after: EventRows
    left_out: int
    newer_files: int


def amend_session(units: Units, amendment: Amendment) -> Amended:
    """Correct a session's rows in one transaction.

    START and END get the same user. An amended END carries AMENDED as its reason, and the session's own logger
    accepts it. What was corrected, by whom and why, is added to the note of both rows.

    Raises
    ------
    StopAndTell
        No such session, an END that cannot be, or nothing to correct.
    """
    try:
        return _amend(units, amendment)
    except (Collision, DuplicateRow):
        # Its logger wrote in the same moment: what it wrote can be seen now.
        return _amend(units, amendment)


def _amend(units: Units, amendment: Amendment) -> Amended:
    identifier = amendment.session_identifier
    with units() as unit:
        repository = unit.repository
        before = repository.event_rows(identifier)
        if before.start is None:
            raise StopAndTell(
                f"There is no session {identifier}",
                "The database does not know its START. 'nexuslims-logger sessions' lists the recent ones.",
            )
        start, end = before.start, before.end
        user = amendment.user or start.user
        ended_at = _end(amendment, before, start, repository.newest_file(identifier))
        left_out = 0
        if amendment.skip_missing:
            reason = f"amended: {amendment.reason}"[:_REASON_CHARACTERS]
            left_out = repository.skip_pending(identifier, amendment.amended_by, reason)
        changes = _changes(start, end, user, ended_at, left_out)
        if amendment.skip_missing and start.waits_for:
            changes.append(f"no longer waits for {start.waits_for}")
        if not changes and not (amendment.skip_missing and _waits(before)):
            raise StopAndTell(
                "There is nothing to correct", f"Session {identifier} is as it should be. Nothing was changed."
            )
        line = amendment_line(
            f"{amendment.at:%Y-%m-%dT%H:%M:%SZ} by {amendment.amended_by}: "
            f"{'; '.join(changes) or 'made ready'}. Reason: {amendment.reason}"
        )
        # By their condition, not their ids: an END that its logger is writing right now gets the same user.
        repository.amend_user(identifier, user)
        repository.update_event(start, {"session_note": _noted(start, line)})
        if end is not None:
            moved = {"timestamp": ended_at, "end_reason": EndReason.AMENDED} if ended_at else {}
            repository.update_event(end, {"session_note": _noted(end, line), **moved})
        elif ended_at is not None:
            repository.insert_end(
                start, {**_end_values(start, amendment, ended_at), "session_note": _noted(start, line)}
            )
        if amendment.skip_missing:
            if start.waits_for:
                repository.change_waits_for(start, "")
            release(repository, identifier)
        after = repository.event_rows(identifier)
        newer = repository.files_after(identifier, after.end.timestamp) if after.end else 0
        unit.commit()
    return Amended(before, after, left_out, newer)


def _end(amendment: Amendment, rows: EventRows, start: EventRow, newest_file: datetime | None) -> datetime | None:
    """Return the END that is to be written, None when it stays as it is.

    Raises
    ------
    StopAndTell
        It would not be after START, or lies in the future.
    """
    now = rows.database_now or amendment.at
    at = amendment.ended_at
    if at is None:
        if not amendment.end_at_last_activity and not (amendment.skip_missing and rows.end is None):
            return None
        at = last_activity(start, newest_file, now)
    elif at > now:
        raise StopAndTell("The session cannot have ended yet", f"{at.isoformat()} lies in the future.")
    paused = timedelta(seconds=rows.end.paused_seconds or 0) if rows.end else timedelta()
    if at <= start.timestamp + paused:
        raise StopAndTell(
            "The session cannot have ended then",
            f"{at.isoformat()} is not after its START, {start.timestamp.isoformat()}"
            f"{f', and the pauses of {paused}' if paused else ''}.",
        )
    return None if rows.end is not None and rows.end.timestamp == at else at


def _changes(
    start: EventRow, end: EventRow | None, user: str | None, ended_at: datetime | None, left_out: int
) -> list[str]:
    """Say what changes, in the words that are recorded."""
    changes = []
    if user != start.user or (end is not None and user != end.user):
        changes.append(f"user {start.user or 'nobody'} -> {user}")
    if ended_at is not None:
        changes.append(f"END {end.timestamp.isoformat() if end else 'none'} -> {ended_at.isoformat()}")
    if left_out:
        changes.append(f"{left_out} files left out")
    return changes


def _waits(rows: EventRows) -> bool:
    events = (rows.start, rows.end)
    return any(event is None or event.record_status == RecordStatus.WAITING_FOR_END for event in events)


def _noted(row: EventRow, line: str) -> str:
    note = with_amendments(row.session_note or "", line)
    if len(note.encode()) > NOTE_BYTES:
        raise StopAndTell("The session's note has no room", "The correction is recorded there; give a shorter reason.")
    return note


def _end_values(start: EventRow, amendment: Amendment, ended_at: datetime) -> dict[str, object]:
    return {
        "session_identifier": amendment.session_identifier,
        "instrument": start.instrument,
        "timestamp": ended_at,
        "utc_offset_min": start.utc_offset_min,
        "event_type": EventType.END,
        "record_status": RecordStatus.WAITING_FOR_END,
        "computer_name": start.computer_name,
        "logger_version": amendment.logger_version,
        "end_reason": EndReason.AMENDED,
    }
