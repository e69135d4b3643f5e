"""All that the window (and ``headless``) may ask of the workers. Every call returns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nexuslims_logger.messages import Stop, SyncNow

if TYPE_CHECKING:
    from nexuslims_logger.events import InterruptedChoice, NeighbourChoice
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
    """Replace the running session's note."""

    text: str


@dataclass(frozen=True)
class EndSession:
    """Write END with the present time and begin the final pass."""


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

    def set_note(self, text: str) -> None:
        """Replace the note; answered by `NoteSaved`."""
        self._inbox.put(SetNote(text))

    def end(self) -> None:
        """End the session; answered by `SessionEnding`, `SessionStored`, `SessionReady`."""
        self._inbox.put(EndSession())

    def pause(self) -> None:
        """Leave the session open; answered by `SessionPaused`."""
        self._inbox.put(PauseSession())

    def sync_now(self) -> None:
        """Begin a pass; answered by `TransferProgress`."""
        self._inbox.put(SyncNow())

    def stop(self) -> None:
        """Put everything down; answered by `Stopped`."""
        self._inbox.put(Stop())
