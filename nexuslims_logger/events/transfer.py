"""How far a session's files are."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events.base import Event

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events.base import Problem


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
class CatchUp(Event):
    """How many ended sessions of this PC still wait for files or for the database.

    Attributes
    ----------
    looked_after
        Those whose files go to the store that is configured.
    """

    sessions_left: int
    looked_after: int = 0
