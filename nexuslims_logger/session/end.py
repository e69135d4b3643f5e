"""Session end (DESIGN.md section 4): from the click to rows that the record builder may read."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.events import Problem, SessionEnding, SessionStored, Trouble
from nexuslims_logger.journal.records import EndReason, SessionFacts, SessionState
from nexuslims_logger.messages import LeaveOut
from nexuslims_logger.session.clock_check import note_clock_set, release
from nexuslims_logger.session.who import UNKNOWN_USER, ask_who

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.journal.records import Applied
    from nexuslims_logger.messages import AllRecorded, AllStored, FinalSetFixed
    from nexuslims_logger.session.loop import SessionLoop
    from nexuslims_logger.session.service import EndSession, LeaveFilesOut

log = logging.getLogger(__name__)

#: END is always after START, whatever the clock did in between.
_SHORTEST = timedelta(microseconds=1)
#: What a person decided; no file moves it.
_DECIDED = frozenset({EndReason.TAKEN_OVER, EndReason.AMENDED})


def end_session(loop: SessionLoop, message: EndSession) -> None:
    """End the running session at the click, or at the last activity shown; not before its user has a name."""
    facts = loop.running()
    if facts is not None and not facts.confirmed:
        ask_who(loop, facts.identifier)
    elif facts is not None:
        clicked_at = loop.end_clicked_at or loop.ports.clock.now()
        end_running(loop, facts, clicked_at, last_activity=message.last_activity)
    loop.end_clicked_at = None


def end_running(
    loop: SessionLoop, facts: SessionFacts, at: datetime, *, last_activity: datetime | None, by_itself: bool = False
) -> None:
    """Write END; the transfer's next complete scan fixes the final set.

    Parameters
    ----------
    at
        The present time; what changes later is not the session's when it ends at its last activity.
    last_activity
        The time of END; None: `at`. A file that has come since moves it, as it moves every END.
    by_itself
        Nobody was there.
    """
    if last_activity is not None:
        facts = write_end(loop, facts, last_activity, EndReason.LAST_ACTIVITY, take_until=at)
    else:
        facts = write_end(loop, facts, at, None)
        loop.ended_now.add(facts.identifier)
    loop.tell(SessionEnding(facts.identifier, facts.ended_at or facts.started_at, by_itself))
    loop.track()


def ended_elsewhere(loop: SessionLoop, facts: SessionFacts, applied: Applied) -> None:
    """End the session in this window, because the database has an END by another hand: that one wins.

    What was found on this PC so far is still the session's. A part of another computer's session ends in the same way,
    when that one has ended.
    """
    ports = loop.ports
    ended_at = applied.ended_at
    if facts.joined or ended_at is None:
        ended_at = ports.clock.now()
    reason = EndReason(applied.end_reason) if applied.end_reason in tuple(EndReason) else None
    changed = ports.facts.change(
        facts.identifier,
        state=SessionState.ENDING,
        clicked_at=ports.clock.now(),
        ended_at=max(ended_at, facts.started_at + _SHORTEST),
        end_utc_offset_min=ports.clock.utc_offset_min(),
        end_reason=None if facts.joined else reason,
    )
    log.info("session %s was ended by %s (%s)", facts.identifier, applied.ended_by, applied.end_reason)
    loop.vigil.over()
    loop.ended_now.add(facts.identifier)
    if not facts.joined:
        loop.tell(Trouble("ended elsewhere", _by_whom(applied, ports.clock.now())))
    loop.tell(SessionEnding(facts.identifier, changed.ended_at or facts.started_at))
    loop.track()
    loop.push()


def _by_whom(applied: Applied, now: datetime) -> Problem:
    at = f"{applied.ended_at:%Y-%m-%d %H:%M} UTC" if applied.ended_at else ""
    rest = "Its files on this PC are still sent under it. Start the logger again for a session of your own."
    if applied.end_reason == EndReason.TAKEN_OVER:
        title = f"This session was taken over by {applied.ended_by or 'another computer'}"
        return Problem(title, f"It ended at its last activity, {at}. {rest}", now)
    return Problem("This session was ended from another place", f"Its END is {at}. {rest}", now)


def write_end(
    loop: SessionLoop,
    facts: SessionFacts,
    at: datetime,
    reason: EndReason | None,
    *,
    take_until: datetime | None = None,
) -> SessionFacts:
    """Commit END to the journal and let the database know; whoever has not told a name is not known now.

    Parameters
    ----------
    take_until
        As in `SessionFacts`; None: everything that the first complete scan finds is the session's.
    """
    clock = loop.ports.clock
    note_clock_set(loop, facts if facts.identifier == loop.current else None)
    changed = loop.ports.facts.change(
        facts.identifier,
        state=SessionState.ENDING,
        clicked_at=loop.end_clicked_at or clock.now(),
        ended_at=max(at, facts.started_at + _SHORTEST),
        end_utc_offset_min=clock.utc_offset_min(),
        end_reason=reason,
        take_until=take_until,
        user=facts.user or UNKNOWN_USER,
        last_activity_at=max(min(at, clock.now()), facts.last_activity_at) if reason is None else at,
    )
    loop.vigil.over()
    log.info("END of session %s at %s (%s)", facts.identifier, changed.ended_at, reason or "by the user")
    loop.push()
    return changed


def leave_files_out(loop: SessionLoop, message: LeaveFilesOut) -> None:
    """Let an ended session not wait for the files that its user has named."""
    facts = loop.ports.facts.session(message.session_identifier)
    reason = " ".join(message.reason.split()) or "left out"
    loop.ports.transfer.put(LeaveOut(facts.identifier, message.names, reason, facts.user or UNKNOWN_USER))


def final_set_fixed(loop: SessionLoop, message: FinalSetFixed) -> None:
    """Note that every file of the session is known."""
    facts = loop.ports.facts.session(message.session_identifier)
    if facts.state is SessionState.ENDING:
        loop.ports.facts.change(facts.identifier, state=SessionState.CLOSED)
        log.info("session %s is closed: its files are known", facts.identifier)


def all_stored(loop: SessionLoop, message: AllStored) -> None:
    """Note that the final set was compared with the store; END follows a file that was finished later."""
    facts = loop.ports.facts.session(message.session_identifier)
    if facts.state is SessionState.CLOSED:
        changes: dict[str, object] = {"state": SessionState.STORED}
        last = message.last_file_at
        # The builder takes the files with START < mtime <= END. A time in the future is a clock's error, not a file's.
        late = last is not None and facts.ended_at is not None and facts.ended_at < last <= loop.ports.clock.now()
        if late and facts.end_reason not in _DECIDED:
            changes |= {"ended_at": last, "end_reason": facts.end_reason or EndReason.LAST_FILE}
        loop.ports.facts.change(facts.identifier, **changes)
        log.info("session %s: %d files compared with the store", facts.identifier, message.files)
        loop.push()
    loop.tell(SessionStored(facts.identifier, message.files, message.bytes, message.missing, message.left_out))


def all_recorded(loop: SessionLoop, message: AllRecorded) -> None:
    """Let the rows become ready: the files are in the store, and the manifest in the database."""
    loop.recorded[message.session_identifier] = message
    release(loop, message.session_identifier)
