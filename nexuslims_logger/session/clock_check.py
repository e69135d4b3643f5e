"""Whether this PC's clock can be right: a session with doubtful times does not become ready before a person says so."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from nexuslims_logger.events import ClockInDoubt
from nexuslims_logger.journal.records import SessionState

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.session.loop import SessionLoop
    from nexuslims_logger.session.service import ConfirmClock

log = logging.getLogger(__name__)

#: From here on a person is told, and from here on the session is held: no network and no zone explains it.
TOLD_MS, HELD_MS = 2_000, 5 * 60_000


def clock_in_doubt(loop: SessionLoop, facts: SessionFacts) -> ClockInDoubt | None:
    """Return what is wrong with a session's times: before this program was made, or far from the database's."""
    offset_ms = abs(facts.clock_offset_ms or 0)
    built_at = loop.ports.station.built_at
    impossible = (built_at is not None and facts.started_at < built_at) or offset_ms > HELD_MS
    held = impossible and loop.ports.facts.meta(_confirmed(facts.identifier)) is None
    if not held and (impossible or offset_ms <= TOLD_MS):
        return None
    return ClockInDoubt(facts.identifier, facts.started_at, facts.clock_offset_ms, held)


def check_clock(loop: SessionLoop, facts: SessionFacts) -> None:
    """Tell when a session's times are in doubt."""
    if doubt := clock_in_doubt(loop, facts):
        log.warning("the clock of this PC: START of session %s at %s", facts.identifier, facts.started_at)
        loop.tell(doubt)


def confirm_clock(loop: SessionLoop, message: ConfirmClock) -> None:
    """Take a person's word that the times are right, or as right as they will ever be."""
    loop.ports.facts.set_meta(_confirmed(message.session_identifier), "yes")
    log.info("the times of session %s were confirmed", message.session_identifier)
    release(loop, message.session_identifier)


def release(loop: SessionLoop, session_identifier: str) -> None:
    """Let a session become ready whose files and manifest are through, once the database has told its time."""
    facts = loop.ports.facts.session(session_identifier)
    if facts.state is not SessionState.STORED or session_identifier not in loop.recorded:
        return
    if facts.database_revision == 0:
        return  # its START is on the way, and the answer comes back here
    if (doubt := clock_in_doubt(loop, facts)) and doubt.held:
        loop.tell(doubt)
        return
    loop.ports.facts.change(facts.identifier, state=SessionState.READY)
    loop.push()


def _confirmed(session_identifier: str) -> str:
    return f"clock_confirmed {session_identifier}"
