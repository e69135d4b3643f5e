"""What a PC's window showed, against what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.events import NoteSaved, SessionEnding, SessionStarted, WhoConfirmed
from tests.simulation.observed import check
from tests.simulation.scheduler import NANOSECONDS

if TYPE_CHECKING:
    from tests.simulation.observed import Observed
    from tests.simulation.rows import EventRow

#: START may differ so much from the launch, or from the click that changed the user.
_NEAR_NS = 20 * NANOSECONDS


def as_shown(pc: Observed, events: dict[str, list[EventRow]]) -> None:
    """Check what a PC's window showed against the database."""
    notes: dict[str, str] = {}
    # START and END of these are another PC's, and so is what it shows.
    joined = {event.session_identifier for event in pc.shown if isinstance(event, SessionStarted) and event.joined}
    check(joined <= events.keys(), "P1: a session that was joined is lost", joined)
    users: dict[str, str] = {}
    for event in pc.shown:
        if getattr(event, "session_identifier", None) in joined:
            continue
        if isinstance(event, SessionStarted):
            rows = {row.kind: row for row in events.get(event.session_identifier, [])}
            check("START" in rows, "P1: a START that was shown is lost", event)
            start = rows["START"]
            check(start.at == event.started_at, "P1: another START than shown", event, start)
            if event.user is not None:
                users[event.session_identifier] = event.user
            check(start.computer == pc.name, "P1: another computer", event, start)
            began_ns = pc.began_ns[event.session_identifier]
            by = {user for at_ns, user in pc.begun if abs(at_ns - began_ns) < _NEAR_NS}
            check(bool(by), "P1: START is not the launch", event)
            check(None in by or start.user in by, "P4: another user than who began it", event, start, by)
            notes.setdefault(event.session_identifier, "")
        elif isinstance(event, SessionEnding):
            rows = {row.kind: row for row in events.get(event.session_identifier, [])}
            check("END" in rows, "P1: an END that was shown is lost", event)
            end = rows["END"]
            moved = end.reason in {"LAST_FILE", "LAST_ACTIVITY"} and end.at > event.ended_at
            same = end.at == event.ended_at or end.reason == "TAKEN_OVER"
            check(moved or same, "P1: another END than shown", event, end)
        elif isinstance(event, WhoConfirmed):
            users[event.session_identifier] = event.user
        elif isinstance(event, NoteSaved):
            notes[event.session_identifier] = event.note
    for session, user in users.items():
        # A name may be safe without having been shown; one that was shown stays.
        check(events[session][0].user == user, "P4: another user than shown", session, user, events[session][0])
    for session, note in notes.items():
        start = events[session][0]
        # A note may be safe without having been shown; one that was shown is never older.
        check(start.note >= note, "P1: a note is lost", session, note, start.note)
