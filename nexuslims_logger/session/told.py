"""What the command line says of an interrupted session that it lets go on: taken over, or refused with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.session.who import checked_name, checked_project

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.session.loop import SessionLoop

#: What the database's column holds.
_NOTE_BYTES: Final = 65_535


def as_told(loop: SessionLoop, facts: SessionFacts) -> SessionFacts:
    """Return the session with its name and project, which it takes once, and the note below the one it has.

    May be repeated: the same note is added once.

    Raises
    ------
    ConfigurationError
        Nobody has said who works; or it is recorded for another user or project; or the note cannot be added.
        Nothing has changed.
    """
    station = loop.ports.station
    named = station.user if station.account is None else None
    since = f"{facts.started_at:%Y-%m-%d %H:%M} UTC"
    if not facts.confirmed and named is None:
        message = (
            f"The session since {since} was left before anybody had said who works in it, and the account's name says "
            "nothing of that. Say it: headless --continue --user NAME. Without --continue it is ended."
        )
        raise ConfigurationError("Who is working?", message)
    # Who joined another computer's session is not its user.
    if facts.confirmed and not facts.joined and named is not None and named != facts.user:
        message = (
            f"The session since {since} is of {facts.user}, as its START says. Leave --user out to go on with it, or "
            f"leave --continue out to end it at its last activity, and to start one of {named}."
        )
        raise ConfigurationError("An interrupted session keeps its user", message)
    if facts.confirmed and station.project is not None and station.project != facts.project:
        recorded = f"the project {facts.project}" if facts.project else "no project"
        message = (
            f"The session since {since} is recorded for {recorded}, and its START says so. Leave --project out to go "
            "on with it; or leave --continue out to end it, and to start another."
        )
        raise ConfigurationError("An interrupted session keeps its project", message)
    note = _with(facts, station.note)
    if not facts.confirmed:
        facts = loop.ports.facts.confirm(facts.identifier, checked_name(named or ""), checked_project(station.project))
    return facts if note == facts.note else loop.ports.facts.change(facts.identifier, note=note)


def _with(facts: SessionFacts, added: str) -> str:
    if not added or facts.note == added or facts.note.endswith(f"\n{added}"):
        return facts.note
    if facts.joined:
        message = "The session was started on another computer, and its note is written there. Leave --note out."
        raise ConfigurationError("The note cannot be added", message)
    note = f"{facts.note}\n{added}" if facts.note else added
    if len(note.encode()) > _NOTE_BYTES:
        message = f"With the note that the session has it would be too long ({_NOTE_BYTES} bytes are kept). Shorten it."
        raise ConfigurationError("The note cannot be added", message)
    return note
