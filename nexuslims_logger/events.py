"""What the workers tell the window: frozen, complete in themselves, in the order in which they happened.

The presenter turns them into words; no event holds a finished sentence except a `Problem`. All times
are aware and in UTC.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Event:
    """The root of all events."""


@dataclass(frozen=True)
class Problem:
    """An error as a person should read it.

    Attributes
    ----------
    title, message
        What failed; on what, and what to do next.
    since
        When this trouble began.
    offline
        The database does not answer: it goes by itself, and `message` has the technical cause.
    """

    title: str
    message: str
    since: datetime
    offline: bool = False


class StartStep(enum.StrEnum):
    """The steps of a start, in their order."""

    JOURNAL = "journal"
    RECOVERY = "recovery"
    INSTRUMENT = "instrument"
    SESSION = "session"


@dataclass(frozen=True)
class Starting(Event):
    """A step of the start begins."""

    step: StartStep


class InterruptedChoice(enum.StrEnum):
    """What a person answers about an interrupted session."""

    CONTINUE = "continue"
    END = "end"


@dataclass(frozen=True)
class InterruptedFound(Event):
    """An open session of this computer was found; the start waits for `SessionService.answer_interrupted`.

    Attributes
    ----------
    paused
        True when it was left open on purpose.
    last_activity_at
        Where *End theirs* would end it.
    files_waiting, bytes_waiting
        What is not in the store yet.
    same_user
        Whether it belongs to who starts now.
    suggestion
        The answer to put first.
    continues_in_s
        Without an answer the session goes on by itself after so many seconds; None: it waits for one.
    """

    session_identifier: str
    user: str | None
    started_at: datetime
    last_activity_at: datetime
    files_waiting: int
    bytes_waiting: int
    paused: bool
    same_user: bool
    suggestion: InterruptedChoice
    continues_in_s: float | None = None


class NeighbourChoice(enum.StrEnum):
    """What a person answers about the open session of another computer."""

    JOIN = "join"
    TAKE_OVER = "take over"
    OWN = "own"


@dataclass(frozen=True)
class NeighbourFound(Event):
    """Another computer has an open session at this instrument.

    The start waits, for a while, for `SessionService.answer_neighbour`.

    Attributes
    ----------
    last_activity_at
        As far as the database knows: where *Take over* would end it.
    may_join
        False where this PC's part of it is finished already.
    suggestion
        The answer to put first; never *Take over*.
    """

    session_identifier: str
    user: str | None
    computer_name: str
    started_at: datetime
    last_activity_at: datetime
    may_join: bool
    suggestion: NeighbourChoice


@dataclass(frozen=True)
class InstrumentUnknown(Event):
    """No instrument is known for this computer; it is asked again by itself, and after `SessionService.try_again`.

    Attributes
    ----------
    problem
        What the database said, and when (`since`).
    answered
        False when the database could not say whether the computer is registered.
    """

    computer_name: str
    problem: Problem
    answered: bool = True


@dataclass(frozen=True)
class SessionStarted(Event):
    """START is safe on this PC's disk (also after *Continue*); another identifier: the next user's session.

    Attributes
    ----------
    user
        None until `WhoConfirmed`.
    joined
        This is only this PC's part of the session of `user` at another computer, and `started_at` is the part's.
    by_itself
        It was continued without an answer, after an unplanned end of the program.
    stored_in
        Where its files are in the store.
    folders
        The watch folders of this PC.
    """

    session_identifier: str
    instrument_name: str
    user: str | None
    started_at: datetime
    note: str
    continued: bool
    joined: bool = False
    project: str | None = None
    by_itself: bool = False
    stored_in: str = ""
    folders: tuple[str, ...] = ()


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
    """

    session_identifier: str
    pc_at: datetime
    offset_ms: int | None
    held: bool


@dataclass(frozen=True)
class DiskLow(Event):
    """A disk of this PC that the program or the instrument writes to is nearly full.

    Attributes
    ----------
    folder
        One that stands on it.
    free_bytes
        None: there is room again.
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


class PassStage(enum.StrEnum):
    """What the transfer is doing."""

    IDLE = "idle"
    SCANNING = "scanning"
    SENDING = "sending"
    VERIFYING = "verifying"


#: Why files wait in the course of things: while the instrument writes them.
STILL_WRITTEN: Final = "still being written"
KEEPS_GROWING: Final = "keeps growing; sent again in a while"


@dataclass(frozen=True)
class WaitingFile:
    """One file that is not in the store yet, and why (``still being written``, ``in use elsewhere``)."""

    name: str
    reason: str


@dataclass(frozen=True)
class FileUnderWay:
    """One file that is being sent: how much of it was read for its MD5, and how much the store has."""

    name: str
    size_bytes: int
    bytes_read: int
    bytes_sent: int


@dataclass(frozen=True)
class TransferProgress(Event):
    """How far one session's files are.

    Attributes
    ----------
    session_identifier
        The session that the counts belong to (the running one; while ending, the one that ends).
    files_total, files_done, bytes_total, bytes_done
        Of all its files; `bytes_done` also counts parts of files under way.
    rate_bytes_per_s
        Of the recent past; 0 when nothing is being sent. What the store had from an earlier try does not count.
    seconds_left
        None when nobody can say.
    waiting
        The first few files that wait, with reasons; `files_waiting` counts them all.
    oldest_waiting_at
        Since when the longest waiting file stands as it is, looked up once a minute; None: nothing waits for long.
    last_good_pass_at
        When the last pass ended that saw every folder and left nothing undone that could be done; None
        before the first.
    store_problem
        Why nothing can be sent at present.
    folder_problem
        Why a watch folder cannot be looked at, at present.
    store_is_cloud
        Whether the window may say "the cloud".
    unassigned
        Files that changed while no session ran, and belong to none.
    left_over
        Files of earlier sessions that are still being sent.
    under_way
        The files that are being sent, the largest first.
    files_looked_at
        While a long scan is under way (stage SCANNING), how many files it has met; the other counts stand as before it.
    """

    session_identifier: str
    stage: PassStage
    files_total: int = 0
    files_done: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    rate_bytes_per_s: float = 0.0
    seconds_left: float | None = None
    files_waiting: int = 0
    files_missing: int = 0
    waiting: tuple[WaitingFile, ...] = ()
    oldest_waiting_at: datetime | None = None
    last_good_pass_at: datetime | None = None
    store_problem: Problem | None = None
    folder_problem: Problem | None = None
    store_is_cloud: bool = False
    unassigned: int = 0
    left_over: int = 0
    under_way: tuple[FileUnderWay, ...] = ()
    files_looked_at: int = 0


class FileState(enum.StrEnum):
    """Where one file of a session is."""

    CHANGING = "changing"
    WAITING = "waiting"
    SENDING = "sending"
    STORED = "stored"
    #: Compared with the store once more after END, with all others.
    VERIFIED = "verified"
    MISSING = "missing"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class FileRow:
    """One file of a session.

    Attributes
    ----------
    root, path
        Its watch folder, and where it is below it (forward slashes).
    changed_at
        Its modification time.
    reason
        Why it waits, is missing or was left out; "" where there is nothing to say.
    """

    root: str
    path: str
    size_bytes: int
    changed_at: datetime
    state: FileState
    reason: str


@dataclass(frozen=True)
class FilesListed(Event):
    """All files of a session, in no order; the answer to `SessionService.list_files`.

    Attributes
    ----------
    verified_at
        When the final set was compared with the store; None when that was not in this run of the program.
    """

    session_identifier: str
    rows: tuple[FileRow, ...]
    verified_at: datetime | None


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


@dataclass(frozen=True)
class Trouble(Event):
    """Something a person should know that belongs to no other event (`kind` names the worker or part)."""

    kind: str
    problem: Problem


@dataclass(frozen=True)
class Healed(Event):
    """What the last `Trouble` of this kind told is over."""

    kind: str


@dataclass(frozen=True)
class CatchUp(Event):
    """How many ended sessions of this PC still wait for files or for the database."""

    sessions_left: int


@dataclass(frozen=True)
class Stopped(Event):
    """The workers have put everything down; the process may end."""
