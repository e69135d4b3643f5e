"""Recovery (DESIGN.md section 4): what an earlier run left open, and what it left unfinished.

Ended sessions are tracked from the first moment and caught up in the background. One that was left open is offered:
*Continue*, or *End theirs and start mine*, which writes END at the last activity, never just "now".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.events import InterruptedChoice, InterruptedFound
from nexuslims_logger.journal.records import EndReason, SessionFacts, SessionState
from nexuslims_logger.messages import Recover, Recovered
from nexuslims_logger.session.end import write_end
from nexuslims_logger.session.service import AnswerInterrupted

if TYPE_CHECKING:
    from nexuslims_logger.session.loop import SessionLoop


def recover_interrupted(loop: SessionLoop) -> SessionFacts | None:
    """Ask about each session that was left open; return the one that goes on, None when none does."""
    open_sessions = loop.ports.facts.open_sessions()
    for position, facts in enumerate(open_sessions):
        loop.ports.transfer.put(Recover(loop.tracked(facts), facts.last_activity_at))
        found: Recovered = loop.wait_for(Recovered)
        newest = position == len(open_sessions) - 1
        # A session's store is frozen at START: with another one configured it cannot go on, only end.
        goes_here = facts.store_url == loop.ports.station.store_url
        if newest and goes_here and _choose(loop, facts, found) is InterruptedChoice.CONTINUE:
            return _continue(loop, facts)
        _end_theirs(loop, facts, found)
    return None


def _choose(loop: SessionLoop, facts: SessionFacts, found: Recovered) -> InterruptedChoice:
    station, clock = loop.ports.station, loop.ports.clock
    if station.interrupted is not None:
        return station.interrupted
    same_user = facts.user == station.user
    short_gap = (clock.now() - found.last_activity_at).total_seconds() <= station.gap_s
    loop.tell(
        InterruptedFound(
            session_identifier=facts.identifier,
            user=facts.user,
            started_at=facts.started_at,
            last_activity_at=found.last_activity_at,
            files_waiting=found.files_waiting,
            bytes_waiting=found.bytes_waiting,
            paused=facts.state is SessionState.PAUSED,
            same_user=same_user,
            suggestion=InterruptedChoice.CONTINUE if same_user and short_gap else InterruptedChoice.END,
        )
    )
    answer: AnswerInterrupted = loop.wait_for(AnswerInterrupted)
    return answer.choice


def _continue(loop: SessionLoop, facts: SessionFacts) -> SessionFacts:
    """Go on with the session; only a pause on purpose is taken off the hours."""
    changes: dict[str, object] = {"resumed": facts.resumed + 1}
    if facts.paused_at is not None:
        paused_s = max(0, round((loop.ports.clock.now() - facts.paused_at).total_seconds()))
        changes |= {
            "state": SessionState.RUNNING,
            "paused_at": None,
            "paused_seconds": facts.paused_seconds + paused_s,
        }
    return loop.ports.facts.change(facts.identifier, **changes)


def _end_theirs(loop: SessionLoop, facts: SessionFacts, found: Recovered) -> None:
    # A folder that is away may hold the session's last files: they move END when it is back.
    take_until = found.last_activity_at if found.complete else loop.ports.clock.now()
    write_end(loop, facts, found.last_activity_at, EndReason.LAST_ACTIVITY, take_until=take_until)
    loop.track()
