"""What was asked for and has stopped the thread again and again: who asked is told, and may ask once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import Problem, Trouble
from nexuslims_logger.session.service import (
    AssignUnassigned,
    ChangeUser,
    ConfirmWho,
    EndSession,
    LeaveFilesOut,
    PauseSession,
    SetNote,
)

if TYPE_CHECKING:
    from nexuslims_logger.session.loop import SessionLoop

GIVEN_UP: Final = "given up"

#: Of the wishes that leave something to be done once more; the rest is asked for again by itself.
_TITLES: Final[dict[type, str]] = {
    AssignUnassigned: "The files that belong to no session were given to none",
    ChangeUser: "The user was not changed",
    ConfirmWho: "The name was not taken down",
    EndSession: "The session was not ended",
    LeaveFilesOut: "The files were not left out",
    PauseSession: "The session was not paused",
    SetNote: "The note was not saved",
}
_MESSAGE: Final = (
    "A part of the program has stopped at it again and again. Everything else goes on. Try it once more; should that "
    "fail, close the program, start it again, and send the support bundle (Log) to who looks after it."
)


def tell_given_up(loop: SessionLoop) -> None:
    """Tell what was given up when the thread died, if a person had asked for it."""
    if title := _TITLES.get(type(loop.given_up)):
        loop.tell(Trouble(GIVEN_UP, Problem(title, _MESSAGE, loop.ports.clock.now())))
