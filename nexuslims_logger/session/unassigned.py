"""Files that changed while no session ran: offered to who starts next (DESIGN.md section 6.1).

They may go to the same user's last session while its files are still being brought to the store, to the one that has
begun, or nowhere. A session that was compared with the store is complete, and takes no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.events import UnassignedChoice, UnassignedFound
from nexuslims_logger.journal.records import SessionFacts, SessionState
from nexuslims_logger.messages import Assign, UnassignedSeen

if TYPE_CHECKING:
    from nexuslims_logger.session.loop import SessionLoop
    from nexuslims_logger.session.service import AssignUnassigned


def unassigned_seen(loop: SessionLoop, message: UnassignedSeen) -> None:
    """Offer what the running session's first scan has found."""
    loop.unassigned = message
    offer(loop)


def offer(loop: SessionLoop) -> None:
    """Tell the window what is on offer, and to whom it can go; again once the user has a name."""
    found, facts = loop.unassigned, loop.running()
    if found is None or facts is None or found.session_identifier != facts.identifier:
        return
    previous = _previous(loop, facts)
    loop.tell(
        UnassignedFound(
            facts.identifier,
            files=found.files,
            bytes=found.bytes,
            names=found.names,
            first_at=found.first_at,
            last_at=found.last_at,
            previous_started_at=previous.started_at if previous else None,
            previous_ended_at=previous.ended_at if previous else None,
        )
    )


def assign_unassigned(loop: SessionLoop, message: AssignUnassigned) -> None:
    """Give the files to whom the person says; the transfer offers them again if that is too late."""
    facts = loop.running()
    if facts is None or loop.unassigned is None:
        return
    loop.unassigned = None
    previous = _previous(loop, facts)
    match message.choice:
        case UnassignedChoice.THIS:
            loop.ports.transfer.put(Assign(facts.identifier))
        case UnassignedChoice.PREVIOUS if previous is not None:
            loop.ports.transfer.put(Assign(previous.identifier))
        case UnassignedChoice.PREVIOUS:
            loop.ports.transfer.put(Assign(""))  # it is complete by now: asked again without it
        case UnassignedChoice.LEAVE:
            loop.ports.transfer.put(Assign(None))


def _previous(loop: SessionLoop, running: SessionFacts) -> SessionFacts | None:
    """Return the running user's last session, if it was the last one here and can still take files."""
    earlier = [facts for facts in loop.ports.facts.unfinished() if facts.identifier != running.identifier]
    last = max(earlier, key=lambda facts: facts.started_at, default=None)
    if last is None or running.user is None or last.user != running.user:
        return None
    same_place = (last.store_url, last.instrument_pid) == (running.store_url, running.instrument_pid)
    return last if same_place and last.state in {SessionState.ENDING, SessionState.CLOSED} else None
