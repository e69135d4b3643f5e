"""What happens to a session: who works, its note, its clock, its rows, its end."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.events.base import Event

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events.base import Problem


@dataclass(frozen=True)
class WhoIsWorking(Event):
    """The session's rows wait for a name, and it cannot be ended without; see `SessionService.confirm_who`.

    Attributes
    ----------
    asks_name, asks_project
        What is asked for (``ASK_USER``, ``ASK_PROJECT``).
    problem
        Why the last answer was not taken.
    """

    session_identifier: str
    asks_name: bool
    asks_project: bool
    problem: Problem | None = None


@dataclass(frozen=True)
class NamesRemembered(Event):
    """What was confirmed on this PC before, the last one first; for who is asked, and for the next user."""

    names: tuple[str, ...]
    projects: tuple[str, ...]
    asks_project: bool


@dataclass(frozen=True)
class WhoConfirmed(Event):
    """Who works is safe on this PC's disk, and goes to START and END."""

    session_identifier: str
    user: str
    project: str | None


class UnassignedChoice(enum.StrEnum):
    """What becomes of the files that changed while no session ran."""

    THIS = "this"
    PREVIOUS = "previous"
    LEAVE = "leave"


@dataclass(frozen=True)
class UnassignedFound(Event):
    """Files changed while no session ran; answered by `SessionService.assign_unassigned`, or offered again next time.

    Attributes
    ----------
    names
        The first few of them, below their watch folders.
    first_at, last_at
        Between these times they changed.
    previous_started_at, previous_ended_at
        Of the same user's last session, when it can still take them; else None.
    """

    session_identifier: str
    files: int
    bytes: int
    names: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    previous_started_at: datetime | None = None
    previous_ended_at: datetime | None = None


@dataclass(frozen=True)
class LastActivity(Event):
    """Until then the session was worked in, for certain; a time that may be given to `SessionService.end`.

    A file, a note, a word, or mouse and keyboard, once these were not the hands of who has just come.
    """

    session_identifier: str
    at: datetime


@dataclass(frozen=True)
class StillWorking(Event):
    """Nobody has worked for long; see `SessionService.still_working`.

    Attributes
    ----------
    since
        The last activity; None: it goes on, and the question is taken back.
    ends_at
        When the session is ended without an answer; None: never.
    """

    session_identifier: str
    since: datetime | None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class ClockInDoubt(Event):
    """This PC's clock is not where it should be.

    Attributes
    ----------
    pc_at
        START by this PC's clock.
    offset_ms
        PC clock minus database clock, None while the database has not been asked.
    held
        The session does not become ready before `SessionService.confirm_clock`.
    set_by_s
        By how many seconds the clock was set forwards, or (negative) back, while the session ran; None: it was not.
    """

    session_identifier: str
    pc_at: datetime
    offset_ms: int | None
    held: bool
    set_by_s: int | None = None


@dataclass(frozen=True)
class DiskLow(Event):
    """A disk of this PC that the program or the instrument writes to is nearly full.

    Attributes
    ----------
    folder
        One that stands on it.
    free_bytes
        None: there is room again, or nothing is written there any more.
    """

    folder: str
    free_bytes: int | None


@dataclass(frozen=True)
class RecordState(Event):
    """How far the session's rows are.

    Attributes
    ----------
    recorded
        Everything that happened is in the database.
    this_pc_only
        The database is the embedded one.
    problem
        Why it is not recorded yet, None while it is simply under way.
    """

    session_identifier: str
    recorded: bool
    this_pc_only: bool
    problem: Problem | None = None


@dataclass(frozen=True)
class NoteSaved(Event):
    """The note is safe on this PC's disk."""

    session_identifier: str
    note: str


@dataclass(frozen=True)
class SessionEnding(Event):
    """END is safe on this PC's disk; the final pass begins.

    Attributes
    ----------
    by_itself
        After ``AUTO_END_AFTER_HOURS`` without anybody.
    """

    session_identifier: str
    ended_at: datetime
    by_itself: bool = False


@dataclass(frozen=True)
class SessionStored(Event):
    """Every file of the final set has been compared with the store, but for those that are missing or left out."""

    session_identifier: str
    files: int
    bytes: int
    missing: int
    left_out: int = 0


@dataclass(frozen=True)
class SessionReady(Event):
    """Both rows are ready in the database: nothing waits any more."""

    session_identifier: str


@dataclass(frozen=True)
class SessionPaused(Event):
    """The session stays open on purpose; the program may be closed."""

    session_identifier: str
