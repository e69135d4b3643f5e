"""Open sessions of this computer that only the database knows: the disk is new, or the journal another account's.

They are taken into the journal and offered like any interrupted session. A journal that is older than the database (an
image of the PC was put back) is no different: what the database has wins, and what it lacks is sent.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.session.asking import ask_database
from nexuslims_logger.session.neighbour import ASK_S, ask_about_neighbour
from nexuslims_logger.session.new_facts import new_facts
from nexuslims_logger.session.recover import recover_interrupted

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import Instrument, Lost, SessionFacts
    from nexuslims_logger.session.loop import SessionLoop

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LostTicket:
    """A question for this computer's open sessions."""


def ask_the_database(loop: SessionLoop, instrument: Instrument) -> SessionFacts | None:
    """Ask what the journal cannot know; return the session that goes on, or the part that was joined, None for neither.

    A database that does not answer in time is asked nothing more: the next start asks again.
    """
    from nexuslims_logger.db.tasks import find_lost

    asked = instrument.instrument_pid, loop.ports.station.computer_name
    reply = ask_database(loop, LostTicket(), ASK_S, find_lost, *asked)
    if reply is None:
        log.warning("The database does not answer in time: it is not asked for sessions that this PC does not know")
        return None
    lost: tuple[Lost, ...] = () if reply.error else reply.value
    taken = [one for one in lost if _take_back(loop, instrument, one)]
    if taken and (continued := recover_interrupted(loop)):
        return continued.facts
    return ask_about_neighbour(loop, instrument)


def _take_back(loop: SessionLoop, instrument: Instrument, lost: Lost) -> bool:
    """Write a session into the journal; False when it knows it, perhaps more of it than the database."""
    facts = loop.ports.facts
    if facts.knows(lost.session_identifier):
        return False
    offset = {} if lost.utc_offset_min is None else {"utc_offset_min": lost.utc_offset_min}
    facts.add(
        new_facts(
            loop,
            instrument,
            lost.session_identifier,
            user=lost.user,
            note=lost.note,
            started_at=lost.started_at,
            last_activity_at=lost.last_activity_at,
            resumed=lost.resumed,
            clock_offset_ms=lost.clock_offset_ms,
            database_revision=1,
            **offset,
        )
    )
    log.warning("session %s was known to the database alone; it is taken up again", lost.session_identifier)
    return True
