"""Sessions that the database had, and has no more: a backup was put in its place.

At each start the journal's sessions of the last sixty days are compared with the database. What it lacks is owed to
it again, the list of the session's files first, so that none is ready without. Of another computer's session that is
the list of this PC's part. Another database, where nothing is missing that it never had, is not a restored one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from nexuslims_logger.messages import RecordAgain, RecordedAnew

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.ports import Reply
    from nexuslims_logger.session.loop import SessionLoop

log = logging.getLogger(__name__)

_DATABASE: Final = "database"
_SINCE: Final = "database_since"


@dataclass(frozen=True)
class LackingTicket:
    """A question for what the database has lost."""


def note_database(loop: SessionLoop) -> None:
    """Write down since when this PC records in the database that is configured, if it has known another one."""
    station, facts = loop.ports.station, loop.ports.facts
    known = facts.meta(_DATABASE)
    if known == station.database_label:
        return
    if known is not None:
        # First, so that a crash in between leaves no session compared with a database that never had it.
        facts.set_meta(_SINCE, station.launched_at.isoformat())
    facts.set_meta(_DATABASE, station.database_label)


def _were_sent_here(loop: SessionLoop) -> tuple[SessionFacts, ...]:
    since = loop.ports.facts.meta(_SINCE)
    first = datetime.fromisoformat(since) if since else None
    return tuple(facts for facts in loop.ports.facts.sent() if first is None or facts.started_at >= first)


def compare(loop: SessionLoop) -> bool:
    """Ask what the database has lost of the sessions that it had; False when it had none.

    A database that is away is asked again as soon as it has answered anything.
    """
    from nexuslims_logger.db.tasks import find_lacking

    loop.compared = True
    known = _were_sent_here(loop)
    if known:
        loop.ports.database.submit(find_lacking, known, ticket=LackingTicket(), reply_to=loop.ports.inbox)
    return bool(known)


def lacking_found(loop: SessionLoop, reply: Reply) -> None:
    """Let the transfer owe the files of what was lost; the rows follow when it has answered."""
    if reply.error is not None:
        loop.compared = False
        return
    for identifier in reply.value:
        log.warning("the database has lost session %s; it is sent once more", identifier)
        loop.ports.transfer.put(RecordAgain(identifier))


def owed_again(loop: SessionLoop, message: RecordedAnew) -> None:
    """Owe the database all of a session."""
    loop.recorded.pop(message.session_identifier, None)
    loop.ports.facts.owe_again(message.session_identifier)
    loop.track()
    loop.push()
