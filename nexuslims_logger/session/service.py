"""All that the window (and ``headless``) may ask of the workers. Every call returns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nexuslims_logger.messages import ListFiles, Stop, SyncNow

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events import InterruptedChoice, NeighbourChoice, UnassignedChoice
    from nexuslims_logger.ports import Inbox


@dataclass(frozen=True)
class AnswerInterrupted:
    """What to do with the interrupted session."""

    choice: InterruptedChoice


@dataclass(frozen=True)
class AnswerNeighbour:
    """What to do beside another computer's open session."""

    choice: NeighbourChoice


@dataclass(frozen=True)
class TryAgain:
    """Ask the database for the instrument again, and everything else that waits."""


@dataclass(frozen=True)
class SetNote:
    """Replace a session's note: of the one that runs, or of that one, which may have ended meanwhile."""

    text: str
    session_identifier: str | None = None


@dataclass(frozen=True)
class ConfirmWho:
    """Who works, and for which project; None: was not asked."""

    user: str | None
    project: str | None


@dataclass(frozen=True)
class ChangeUser:
    """End the running session, if there is one, and start the next one's."""

    user: str
    project: str | None
    #: As in `EndSession`.
    last_activity: datetime | None = None


@dataclass(frozen=True)
class SeenWorking:
    """Somebody uses mouse or keyboard; who that is nobody knows."""


@dataclass(frozen=True)
class ConfirmWorking:
    """Somebody says that the session goes on."""


@dataclass(frozen=True)
class AssignUnassigned:
    """What becomes of the files that changed while no session ran."""

    choice: UnassignedChoice


@dataclass(frozen=True)
class LeaveFilesOut:
    """Do not wait for these files of an ended session."""

    session_identifier: str
    names: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class ConfirmClock:
    """The times of this session are right, although the clock was in doubt."""

    session_identifier: str


@dataclass(frozen=True)
class EndSession:
    """Write END, and begin the final pass.

    Attributes
    ----------
    last_activity
        END has this time: that of the last activity as it was shown. None: the present time.
    """

    last_activity: datetime | None = None


@dataclass(frozen=True)
class PauseSession:
    """Leave the session open on purpose."""


class SessionService:
    """The window's way to the workers: each method leaves a message and returns.

    Answers come as events. Safe to call from any thread.
    """

    def __init__(self, session_inbox: Inbox[Any]) -> None:
        self._inbox = session_inbox

    def answer_interrupted(self, choice: InterruptedChoice) -> None:
        """Answer `InterruptedFound`."""
        self._inbox.put(AnswerInterrupted(choice))

    def answer_neighbour(self, choice: NeighbourChoice) -> None:
        """Answer `NeighbourFound`; later than the start waits, it changes nothing."""
        self._inbox.put(AnswerNeighbour(choice))

    def try_again(self) -> None:
        """After `InstrumentUnknown`, or to reconnect now; answered by the events of the start."""
        self._inbox.put(TryAgain())

    def set_note(self, text: str, session_identifier: str | None = None) -> None:
        """Replace the note of the running session, or of that one; answered by `NoteSaved`."""
        self._inbox.put(SetNote(text, session_identifier))

    def confirm_who(self, user: str | None, project: str | None) -> None:
        """Answer `WhoIsWorking`, None for what was not asked; answered by `WhoConfirmed`, or asked again."""
        self._inbox.put(ConfirmWho(user, project))

    def change_user(self, user: str, project: str | None = None, *, last_activity: datetime | None = None) -> None:
        """End the running session and start another; answered by `SessionStarted`, or by `WhoIsWorking`.

        What the ended one still owes is caught up in the background; `last_activity` is as of `end`.
        """
        self._inbox.put(ChangeUser(user, project, last_activity))

    def hands_moved(self) -> None:
        """Tell that mouse or keyboard are used; a few times a minute is enough."""
        self._inbox.put(SeenWorking())

    def still_working(self) -> None:
        """Answer `StillWorking`: the session goes on."""
        self._inbox.put(ConfirmWorking())

    def assign_unassigned(self, choice: UnassignedChoice) -> None:
        """Answer `UnassignedFound`."""
        self._inbox.put(AssignUnassigned(choice))

    def leave_out(self, session_identifier: str, names: tuple[str, ...], reason: str) -> None:
        """Do not wait for files that `TransferProgress.waiting` names; the session's user says why."""
        self._inbox.put(LeaveFilesOut(session_identifier, names, reason))

    def confirm_clock(self, session_identifier: str) -> None:
        """Answer `ClockInDoubt`: let the session become ready with the times it has."""
        self._inbox.put(ConfirmClock(session_identifier))

    def end(self, *, last_activity: datetime | None = None) -> None:
        """End the session; answered by `SessionEnding`, `SessionStored`, `SessionReady`, or by `WhoIsWorking`.

        Parameters
        ----------
        last_activity
            END has this time (`LastActivity`, `StillWorking.since`), aware; None: the present time.
        """
        self._inbox.put(EndSession(last_activity))

    def pause(self) -> None:
        """Leave the session open; answered by `SessionPaused`."""
        self._inbox.put(PauseSession())

    def list_files(self, session_identifier: str) -> None:
        """Ask for a session's files; answered by `FilesListed`."""
        self._inbox.put(ListFiles(session_identifier))

    def sync_now(self) -> None:
        """Begin a pass; answered by `TransferProgress`."""
        self._inbox.put(SyncNow())

    def stop(self) -> None:
        """Put everything down; answered by `Stopped`."""
        self._inbox.put(Stop())
