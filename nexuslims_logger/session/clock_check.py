"""Whether this PC's clock can be right: a session with doubtful times does not become ready before a person says so."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.events import ClockInDoubt
from nexuslims_logger.journal.records import SessionState

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.ports import Clock
    from nexuslims_logger.session.loop import SessionLoop
    from nexuslims_logger.session.service import ConfirmClock

log = logging.getLogger(__name__)

#: From here on a person is told, and from here on the session is held: no network and no zone explains it.
TOLD_MS, HELD_MS = 2_000, 5 * 60_000


@dataclass
class ClockWatch:
    """Notices that the PC's clock was set, by the one that cannot be set.

    Attributes
    ----------
    set_by_s
        The last large step, forwards or (negative) back, that nobody has written down yet.
    """

    clock: Clock
    set_by_s: float | None = None
    _apart_s: float | None = None

    def look(self) -> None:
        """Compare both clocks with the last look."""
        apart_s = self.clock.now().timestamp() - self.clock.monotonic()
        if self._apart_s is not None and abs(apart_s - self._apart_s) * 1000 > HELD_MS:
            self.set_by_s = apart_s - self._apart_s
        self._apart_s = apart_s


def note_clock_set(loop: SessionLoop, facts: SessionFacts | None) -> None:
    """Write down that the clock was set while this session ran: its times do not fit together."""
    set_by_s = loop.clock_watch.set_by_s
    if set_by_s is None or (facts is None and not loop.begun):
        return  # the session that is about to begin has its START of before
    if facts is not None:
        loop.ports.facts.set_meta(_set_by(facts.identifier), str(round(set_by_s)))
    loop.clock_watch.set_by_s = None  # not before it is on the disk
    if facts is None:
        return
    log.warning("the clock of this PC was set by %.0f s while session %s ran", set_by_s, facts.identifier)
    check_clock(loop, facts)


def note_set_back(loop: SessionLoop, facts: SessionFacts, seen_at: datetime) -> None:
    """Write down that the clock was set back while this program did not run: the session has seen a later time."""
    ahead_s = (seen_at - loop.ports.clock.now()).total_seconds()
    if ahead_s * 1000 > HELD_MS:
        loop.ports.facts.set_meta(_set_by(facts.identifier), str(round(-ahead_s)))
        log.warning("the clock of this PC was set back: session %s has seen %s", facts.identifier, seen_at)


def clock_in_doubt(loop: SessionLoop, facts: SessionFacts) -> ClockInDoubt | None:
    """Return what is wrong with a session's times: impossible ones, far from the database's, or of two clocks."""
    offset_ms = abs(facts.clock_offset_ms or 0)
    times = [facts.started_at, facts.clicked_at or facts.started_at]
    # A clock may have been set while this program did not run, too; then only END tells.
    impossible = offset_ms > HELD_MS or times != sorted(times)
    if (built_at := loop.ports.station.built_at) is not None:
        impossible |= min(times) < built_at
    set_by = loop.ports.facts.meta(_set_by(facts.identifier))
    impossible |= set_by is not None
    held = impossible and loop.ports.facts.meta(_confirmed(facts.identifier)) is None
    if not held and (impossible or offset_ms <= TOLD_MS):
        return None
    set_by_s = None if set_by is None else int(set_by)
    return ClockInDoubt(facts.identifier, facts.started_at, facts.clock_offset_ms, held, set_by_s)


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
    recorded = loop.recorded.get(session_identifier)
    if facts.state is not SessionState.STORED or recorded is None:
        return
    if facts.database_revision == 0:
        return  # its START is on the way, and the answer comes back here
    if (doubt := clock_in_doubt(loop, facts)) and doubt.held:
        loop.tell(doubt)
        return
    loop.ports.facts.change(
        facts.identifier,
        state=SessionState.READY,
        manifest_rows=recorded.rows,
        manifest_newest_at=recorded.newest_at,
    )
    loop.push()


def _confirmed(session_identifier: str) -> str:
    return f"clock_confirmed {session_identifier}"


def _set_by(session_identifier: str) -> str:
    return f"clock_set_by {session_identifier}"
