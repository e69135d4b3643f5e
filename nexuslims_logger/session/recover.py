"""Recovery (DESIGN.md section 4): what an earlier run left open, and what it left unfinished.

Ended sessions are tracked from the first moment and caught up in the background. One that was left open is offered:
*Continue*, or *End theirs and start mine*, which writes END at the last activity, never just "now". The same user's,
cut short a little while ago by something that nobody wanted, goes on by itself after a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import InterruptedChoice, InterruptedFound
from nexuslims_logger.journal.records import EndReason, SessionFacts, SessionState
from nexuslims_logger.messages import Recover, Recovered
from nexuslims_logger.session.clock_check import note_set_back
from nexuslims_logger.session.end import write_end
from nexuslims_logger.session.service import AnswerInterrupted
from nexuslims_logger.session.told import as_told

if TYPE_CHECKING:
    from nexuslims_logger.session.loop import SessionLoop


#: How long a person may object before the session goes on by itself, seconds.
CONTINUES_IN_S: Final = 60.0

_RESUMED_AT: Final = "resumed_at {}"


@dataclass(frozen=True)
class Continued:
    """The session that goes on; `by_itself` when nobody has answered."""

    facts: SessionFacts
    by_itself: bool


def recover_interrupted(loop: SessionLoop) -> Continued | None:
    """Ask about each session that was left open; return the one that goes on, None when none does.

    Raises
    ------
    ConfigurationError
        It shall go on, and what was said beforehand does not fit; it stays open.
    """
    open_sessions = loop.ports.facts.open_sessions()
    for position, facts in enumerate(open_sessions):
        resumed_at = _resumed_at(loop, facts)
        note_set_back(loop, facts, max(facts.last_activity_at, resumed_at or facts.last_activity_at))
        loop.ports.transfer.put(
            Recover(
                loop.tracked(facts),
                facts.last_activity_at,
                resumed_at=resumed_at,
                launched_at=loop.ports.station.launched_at,
            )
        )
        found: Recovered = loop.wait_for(Recovered)
        newest = position == len(open_sessions) - 1
        # A session's store is frozen at START: with another one configured it cannot go on, only end.
        goes_here = facts.store_url == loop.ports.station.store_url
        if newest and goes_here:
            choice, by_itself = _choose(loop, facts, found)
            if choice is InterruptedChoice.CONTINUE:
                if loop.ports.station.interrupted is not None:
                    facts = as_told(loop, facts)  # noqa: PLW2901 - with what the command line says of it
                return Continued(_continue(loop, facts, by_itself=by_itself), by_itself)
        _end_theirs(loop, facts, found)
    return None


def _choose(loop: SessionLoop, facts: SessionFacts, found: Recovered) -> tuple[InterruptedChoice, bool]:
    """Return the answer, and whether nobody has given it."""
    station, clock = loop.ports.station, loop.ports.clock
    if station.interrupted is not None:
        return station.interrupted, False
    same_user = facts.user is not None and facts.user == (station.user or station.account)
    short_gap = (clock.now() - found.last_activity_at).total_seconds() <= station.gap_s
    suggestion = InterruptedChoice.CONTINUE if same_user and short_gap else InterruptedChoice.END
    unplanned = facts.state is SessionState.RUNNING
    continues_in_s = CONTINUES_IN_S if suggestion is InterruptedChoice.CONTINUE and unplanned else None
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
            suggestion=suggestion,
            continues_in_s=continues_in_s,
        )
    )
    answer: AnswerInterrupted | None = loop.wait_for(AnswerInterrupted, continues_in_s)
    return (InterruptedChoice.CONTINUE, True) if answer is None else (answer.choice, False)


def _resumed_at(loop: SessionLoop, facts: SessionFacts) -> datetime | None:
    resumed_at = loop.ports.facts.meta(_RESUMED_AT.format(facts.identifier))
    return datetime.fromisoformat(resumed_at) if resumed_at else None


def answer_for_gap(loop: SessionLoop, session_identifier: str, until: datetime) -> None:
    """Write down that the session goes on, although nothing had happened for long: no gap before `until` cuts it."""
    loop.ports.facts.set_meta(_RESUMED_AT.format(session_identifier), until.isoformat())


def _continue(loop: SessionLoop, facts: SessionFacts, *, by_itself: bool) -> SessionFacts:
    """Go on with the session; only a pause on purpose is taken off the hours."""
    # The gap until now is answered for: what follows is the session's, too. Where nobody has answered, nobody is here.
    resumed_at = loop.ports.station.launched_at if by_itself else loop.ports.clock.now()
    answer_for_gap(loop, facts.identifier, resumed_at)
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
    now = loop.ports.clock.now()
    # The clock may have been set back since; and the next session's START would be the launch.
    until = min(now, loop.ports.station.launched_at)
    last = min(found.last_activity_at, until)
    # A folder that is away may hold the session's last files: they move END when it is back.
    take_until = last if found.complete else until
    write_end(loop, facts, last, EndReason.LAST_ACTIVITY, take_until=take_until)
    loop.track()
