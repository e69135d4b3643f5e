"""The forgotten session: ask when nobody has worked for long, and end it where a facility wants that.

Mouse and keyboard tell that somebody is there, and not who: perhaps the next user, whose hand is on its way to end what
another has left. So they count as activity only when some time has gone by without that; and not at all while the
question stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import LastActivity, StillWorking
from nexuslims_logger.session.end import end_running
from nexuslims_logger.session.recover import answer_for_gap

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.session.loop import SessionLoop
    from nexuslims_logger.session.service import ConfirmWorking, SeenWorking

#: Mouse and keyboard are taken down so often at most.
_TAKEN_EVERY: Final = timedelta(minutes=1)
#: Whoever has not ended the session so long after a touch has worked in it.
_COUNTS_AFTER_S: Final = 300.0


@dataclass
class Vigil:
    """When somebody was last seen at work, in monotonic seconds: the PC's clock may jump.

    Attributes
    ----------
    remind_s, auto_end_s
        ``REMIND_AFTER_HOURS``, and ``AUTO_END_AFTER_HOURS`` (0: never).
    active_at
        None while no session runs.
    asked
        `StillWorking` was told, and nobody has answered.
    hands
        When mouse or keyboard were used, also by the PC's clock, as long as that is not known to be work.
    """

    remind_s: float
    auto_end_s: float
    active_at: float | None = None
    asked: bool = False
    hands: list[tuple[float, datetime]] = field(default_factory=list)

    @property
    def asks_at(self) -> float | None:
        """When to ask whether the session goes on."""
        return None if self.active_at is None or self.asked else self.active_at + self.remind_s

    @property
    def ends_at(self) -> float | None:
        """When it ends by itself."""
        return self.active_at + self.auto_end_s if self.active_at is not None and self.auto_end_s else None

    @property
    def due_at(self) -> float | None:
        """When `still_working` has something to do."""
        counts_at = self.hands[0][0] + _COUNTS_AFTER_S if self.hands else None
        return min((at for at in (self.asks_at, self.ends_at, counts_at) if at is not None), default=None)

    def over(self) -> None:
        """Watch no longer: the session has ended."""
        self.active_at, self.asked = None, False
        self.hands.clear()


def keep_watch(loop: SessionLoop, facts: SessionFacts) -> None:
    """Begin to watch the session that runs now; one that was watched before the thread's death is watched as before."""
    if loop.vigil.active_at is None:
        loop.vigil.active_at = loop.ports.clock.monotonic()
    loop.tell(LastActivity(facts.identifier, facts.last_activity_at))


def still_working(loop: SessionLoop) -> None:
    """Ask whether the session goes on; without an answer it stays open, or ends at its last activity."""
    vigil, now = loop.vigil, loop.ports.clock.monotonic()
    if vigil.due_at is None or now < vigil.due_at:
        return
    facts = loop.running()
    if facts is None:
        vigil.over()
        return
    ends = vigil.ends_at is not None and now >= vigil.ends_at
    asks = vigil.asks_at is not None and now >= vigil.asks_at
    facts = _count_hands(loop, facts, everything=ends or asks)
    if ends:
        end_running(loop, facts, loop.ports.clock.now(), last_activity=facts.last_activity_at, by_itself=True)
    elif asks:
        vigil.asked = True
        left = None if vigil.ends_at is None else timedelta(seconds=vigil.ends_at - now)
        ends_at = None if left is None else loop.ports.clock.now() + left
        loop.tell(StillWorking(facts.identifier, facts.last_activity_at, ends_at))


def _count_hands(loop: SessionLoop, facts: SessionFacts, *, everything: bool) -> SessionFacts:
    """Take mouse and keyboard for work where nobody has ended the session since, or nobody has come for long."""
    vigil, now = loop.vigil, loop.ports.clock.monotonic()
    counted = [at for seen, at in vigil.hands if everything or now >= seen + _COUNTS_AFTER_S]
    if counted:
        keep_activity(loop, facts, counted[-1])
        del vigil.hands[: len(counted)]
    return loop.ports.facts.session(facts.identifier)


def keep_activity(loop: SessionLoop, facts: SessionFacts, at: datetime) -> None:
    """Write down that somebody has worked until then, if that is news, and let the window know."""
    if at > facts.last_activity_at:
        loop.ports.facts.touch(facts.identifier, at)
        tell_activity(loop)


def tell_activity(loop: SessionLoop) -> None:
    """Let the window know the running session's last activity, as the journal has it."""
    if (facts := loop.running()) is not None:
        loop.tell(LastActivity(facts.identifier, facts.last_activity_at))


def somebody_works(loop: SessionLoop) -> None:
    """Begin to wait anew, and take the question back: a file has come, a note, or somebody's word."""
    facts = loop.running()
    if facts is None:
        return
    loop.vigil.active_at = loop.ports.clock.monotonic()
    if loop.vigil.asked:
        loop.vigil.asked = False
        loop.tell(StillWorking(facts.identifier, None))


def seen_working(loop: SessionLoop, _message: SeenWorking) -> None:
    """Begin to wait anew when mouse or keyboard are used; but who comes after hours says first what they do here."""
    vigil, facts, now = loop.vigil, loop.running(), loop.ports.clock.now()
    if facts is None or vigil.asked:
        return
    vigil.active_at = loop.ports.clock.monotonic()
    taken_at = vigil.hands[-1][1] if vigil.hands else facts.last_activity_at
    if now >= taken_at + _TAKEN_EVERY:
        vigil.hands.append((vigil.active_at, now))


def confirm_working(loop: SessionLoop, _message: ConfirmWorking) -> None:
    """Go on: somebody was there all the time, or is again, and says so."""
    facts, now = loop.running(), loop.ports.clock.now()
    if facts is None:
        return
    if loop.vigil.asked:
        answer_for_gap(loop, facts.identifier, now)
    keep_activity(loop, facts, now)
    loop.vigil.hands.clear()
    somebody_works(loop)
