"""Another computer's open session at the same instrument (DESIGN.md section 4): join it, take it over, or neither.

A camera's PC stands beside the microscope's: two loggers, one instrument. The start asks the database, for a few
seconds only; without an answer, of the database or of a person, this PC starts a session of its own. Nothing of
anybody else's changes without an answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.errors import TryLater
from nexuslims_logger.events import NeighbourChoice, NeighbourFound, Problem, Trouble
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.session.asking import ask_database
from nexuslims_logger.session.new_facts import new_facts
from nexuslims_logger.session.service import AnswerNeighbour

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import Instrument, Neighbour, SessionFacts
    from nexuslims_logger.ports import Reply
    from nexuslims_logger.session.loop import SessionLoop

log = logging.getLogger(__name__)

#: How long the start waits for the database to name a neighbour, and for a person to answer, seconds.
ASK_S = 5.0
ANSWER_S = 60.0
#: How long the database may take to join or to take over, seconds.
_ACT_S = 20.0

_JOINING = "joining"


@dataclass(frozen=True)
class NeighbourTicket:
    """A question for another computer's open session."""


@dataclass(frozen=True)
class JoinTicket:
    """A part on its way to the database."""


@dataclass(frozen=True)
class TakeOverTicket:
    """Another computer's END on its way to the database."""


def ask_about_neighbour(loop: SessionLoop, instrument: Instrument) -> SessionFacts | None:
    """Ask the database, then the person; return the part that this PC has joined, None for a session of its own."""
    if loop.ports.station.this_pc_only:
        return None
    found = _find(loop, instrument)
    if found is None:
        return None
    match _choose(loop, found):
        case NeighbourChoice.JOIN:
            return _join(loop, instrument, found)
        case NeighbourChoice.TAKE_OVER:
            _take_over(loop, found)
            return None
        case _:
            return None


def withdraw_leftover(loop: SessionLoop) -> None:
    """Take back a join of which nobody heard whether it succeeded: no file of this PC is that session's.

    It becomes a finished part, which the database is told like any other; where it knows of none, it does nothing.
    """
    facts, instrument = loop.ports.facts, loop.ports.facts.instrument()
    identifier = facts.meta(_JOINING)
    if not identifier or instrument is None:
        return
    if not facts.knows(identifier):
        started_at = loop.ports.station.launched_at
        ended_at = started_at + timedelta(microseconds=1)
        ended = {"state": SessionState.READY, "clicked_at": ended_at, "ended_at": ended_at}
        facts.add(new_facts(loop, instrument, identifier, user=None, joined=True, **ended))
    facts.set_meta(_JOINING, "")


def _find(loop: SessionLoop, instrument: Instrument) -> Neighbour | None:
    from nexuslims_logger.db.tasks import find_neighbour

    asked = instrument.instrument_pid, loop.ports.station.computer_name
    reply = ask_database(loop, NeighbourTicket(), ASK_S, find_neighbour, *asked)
    if reply is None or reply.error is not None:
        why = reply.error if reply and reply.error else "no answer in time"
        log.warning("Nobody could say whether another computer has a session at this instrument (%s)", why)
        return None
    found: Neighbour | None = reply.value
    return found


def _choose(loop: SessionLoop, found: Neighbour) -> NeighbourChoice:
    station = loop.ports.station
    may_join = not loop.ports.facts.knows(found.session_identifier)
    idle_s = (station.launched_at - found.last_activity_at).total_seconds()
    likely = may_join and found.user == station.user and idle_s <= station.gap_s
    loop.tell(
        NeighbourFound(
            session_identifier=found.session_identifier,
            user=found.user,
            computer_name=found.computer_name,
            started_at=found.started_at,
            last_activity_at=found.last_activity_at,
            may_join=may_join,
            suggestion=NeighbourChoice.JOIN if likely else NeighbourChoice.OWN,
        )
    )
    choice = station.neighbour
    if choice is None:
        answer: AnswerNeighbour | None = loop.wait_for(AnswerNeighbour, ANSWER_S)
        choice = answer.choice if answer else NeighbourChoice.OWN
    log.info("beside session %s of %s: %s", found.session_identifier, found.computer_name, choice)
    return NeighbourChoice.OWN if choice is NeighbourChoice.JOIN and not may_join else choice


def _join(loop: SessionLoop, instrument: Instrument, found: Neighbour) -> SessionFacts | None:
    """Let the database know of this PC's part before its first file, and only then the journal."""
    from nexuslims_logger.db.tasks import join_session

    ports = loop.ports
    # A crash from here on leaves an intention, which the next start takes back.
    ports.facts.set_meta(_JOINING, found.session_identifier)
    part_of = found.session_identifier, ports.station.computer_name
    reply = ask_database(loop, JoinTicket(), _ACT_S, join_session, *part_of)
    if reply is not None and reply.error is None:
        part = new_facts(loop, instrument, found.session_identifier, user=found.user, joined=True)
        ports.facts.add(part)
        ports.facts.set_meta(_JOINING, "")
        return part
    if reply is None or isinstance(reply.error, TryLater):
        withdraw_leftover(loop)  # it may have succeeded all the same
    else:
        ports.facts.set_meta(_JOINING, "")
    _tell(loop, f"The session of {found.user or found.computer_name} was not joined", reply)
    return None


def _take_over(loop: SessionLoop, found: Neighbour) -> None:
    from nexuslims_logger.db.tasks import take_over

    station = loop.ports.station
    end = found.session_identifier, station.computer_name, station.logger_version, loop.ports.clock.now()
    reply = ask_database(loop, TakeOverTicket(), _ACT_S, take_over, *end)
    if reply is None or reply.error is not None:
        _tell(loop, f"The session of {found.user or found.computer_name} was not ended", reply)


def _tell(loop: SessionLoop, title: str, reply: Reply | None) -> None:
    said = reply.error if reply else None
    why = f"{said.title}: {said.message}" if said else "The database did not answer in time."
    message = f"{why} This PC records a session of its own."
    log.warning("%s: %s", title, message)
    loop.tell(Trouble("neighbour", Problem(title, message, loop.ports.clock.now())))
