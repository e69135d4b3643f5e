"""The forgotten session: ask when nobody has worked for long, and end it where a facility wants that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.events import StillWorking
from nexuslims_logger.session.end import end_running

if TYPE_CHECKING:
    from nexuslims_logger.session.loop import SessionLoop
    from nexuslims_logger.session.service import SeenWorking

#: Mouse and keyboard are written down as activity so often at most.
_WRITTEN_EVERY = timedelta(minutes=1)


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
    """

    remind_s: float
    auto_end_s: float
    active_at: float | None = None
    asked: bool = False

    @property
    def due_at(self) -> float | None:
        """When `still_working` has something to do."""
        if self.active_at is None:
            return None
        waits_s = [] if self.asked else [self.remind_s]
        waits_s += [self.auto_end_s] if self.auto_end_s else []
        return self.active_at + min(waits_s) if waits_s else None


def still_working(loop: SessionLoop) -> None:
    """Ask whether the session goes on; without an answer it stays open, or ends at its last activity."""
    vigil, now = loop.vigil, loop.ports.clock.monotonic()
    if vigil.due_at is None or now < vigil.due_at:
        return
    facts = loop.running()
    if facts is None or vigil.active_at is None:
        vigil.active_at = None
    elif vigil.auto_end_s and now >= vigil.active_at + vigil.auto_end_s:
        end_running(loop, facts, loop.ports.clock.now(), at_last_activity=True, by_itself=True)
    else:
        vigil.asked = True
        left_s = vigil.active_at + vigil.auto_end_s - now
        ends_at = loop.ports.clock.now() + timedelta(seconds=left_s) if vigil.auto_end_s else None
        loop.tell(StillWorking(facts.identifier, facts.last_activity_at, ends_at))


def somebody_works(loop: SessionLoop) -> None:
    """Begin to wait anew, and take the question back: a file has come, a note, or a hand on the mouse."""
    facts = loop.running()
    if facts is None:
        return
    loop.vigil.active_at = loop.ports.clock.monotonic()
    if loop.vigil.asked:
        loop.vigil.asked = False
        loop.tell(StillWorking(facts.identifier, None))


def seen_working(loop: SessionLoop, _message: SeenWorking) -> None:
    """Take mouse and keyboard for activity, of which the journal keeps the time."""
    facts, now = loop.running(), loop.ports.clock.now()
    if facts is not None and now >= facts.last_activity_at + _WRITTEN_EVERY:
        loop.ports.facts.touch(facts.identifier, now)
    somebody_works(loop)
