"""What the session thread and the transfer thread tell each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.journal.records import WatchFolder


@dataclass(frozen=True)
class SyncNow:
    """To the session thread and on to the transfer: begin a pass at once."""


@dataclass(frozen=True)
class Stop:
    """To every thread: put everything down; what is open stays open, what is owed is caught up next time."""


@dataclass(frozen=True)
class TrackedSession:
    """A session whose files the transfer looks after.

    Attributes
    ----------
    started_at
        START; a file of the first scan belongs to the session from then on.
    ended
        END is written; its first complete scan fixes the final set.
    ended_at
        The time that END carries; None while the session runs.
    take_until
        Set when the end lies in an earlier run of the program: what changed later is not the session's.
    began_monotonic
        When it began, by the clock that cannot be set (seconds); None when that was in an earlier run of the program.
    """

    identifier: str
    instrument_pid: str
    computer_name: str
    filestore_path: str
    folders: tuple[WatchFolder, ...]
    started_at: datetime
    ended: bool
    ended_at: datetime | None = None
    take_until: datetime | None = None
    began_monotonic: float | None = None


@dataclass(frozen=True)
class Track:
    """To the transfer: these, and only these, are the sessions to look after (the running one last).

    Attributes
    ----------
    elsewhere
        Those whose files wait for another store: what becomes of them on the disk is written down all the same.
    """

    sessions: tuple[TrackedSession, ...]
    elsewhere: tuple[TrackedSession, ...] = ()


@dataclass(frozen=True)
class Recover:
    """To the transfer: find what an interrupted session left behind. Answered by `Recovered`.

    Attributes
    ----------
    last_activity_at
        The last one that the facts know of.
    resumed_at
        When it was last continued: a gap before that ends nothing.
    launched_at
        Of this run of the program: what changes from then on is the next session's, unless this one goes on.
    """

    session: TrackedSession
    last_activity_at: datetime
    resumed_at: datetime | None = None
    launched_at: datetime | None = None


@dataclass(frozen=True)
class ListFiles:
    """To the session thread and on to the transfer: tell the window this session's files (`FilesListed`)."""

    session_identifier: str


@dataclass(frozen=True)
class Forget:
    """To the transfer: nobody will ask for this session's results any more."""

    session_identifier: str


@dataclass(frozen=True)
class RecordAgain:
    """To the transfer: the database has lost what it knew of this session's files. Answered by `RecordedAnew`."""

    session_identifier: str


@dataclass(frozen=True)
class RecordedAnew:
    """From the transfer: everything about this session's files is owed to the database again."""

    session_identifier: str


@dataclass(frozen=True)
class Recovered:
    """From the transfer: the interrupted session's last activity and what waits; its files are now assigned.

    Attributes
    ----------
    complete
        Every watch folder could be looked at; else the session may have more files than anybody knows.
    """

    session_identifier: str
    last_activity_at: datetime
    files_waiting: int
    bytes_waiting: int
    complete: bool


@dataclass(frozen=True)
class ActivitySeen:
    """From the transfer: files of the running session have come or changed.

    Attributes
    ----------
    at
        When, by the newest one; not later than now.
    """

    session_identifier: str
    at: datetime


@dataclass(frozen=True)
class UnassignedSeen:
    """From the transfer: the running session's first complete scan has found files that changed while none ran.

    Attributes
    ----------
    names
        The first few, below their watch folders.
    first_at, last_at
        Between these times they changed.
    """

    session_identifier: str
    files: int
    bytes: int
    names: tuple[str, ...]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Assign:
    """To the transfer: the unassigned files are this session's; None: they are left alone, for good."""

    session_identifier: str | None


@dataclass(frozen=True)
class LeaveOut:
    """To the transfer: these files of an ended session are not waited for.

    Attributes
    ----------
    names
        As `TransferProgress.waiting` names them.
    reason, decided_by
        Why, and who says so.
    """

    session_identifier: str
    names: tuple[str, ...]
    reason: str
    decided_by: str


@dataclass(frozen=True)
class FinalSetFixed:
    """From the transfer: a complete scan after END has found every file of the session."""

    session_identifier: str


@dataclass(frozen=True)
class AllStored:
    """From the transfer: the final set was compared with the store.

    Attributes
    ----------
    last_file_at
        The newest modification time in the final set, None when it is empty.
    missing
        Files that were gone, or whose last version was, before they could be sent.
    left_out
        Files that a person decided not to wait for.
    """

    session_identifier: str
    last_file_at: datetime | None
    files: int
    bytes: int
    missing: int
    left_out: int = 0


@dataclass(frozen=True)
class AllRecorded:
    """From the transfer: after `AllStored`, the database has the whole manifest.

    Attributes
    ----------
    rows, newest_at
        As `SessionFacts.manifest_rows` and `SessionFacts.manifest_newest_at`.
    """

    session_identifier: str
    rows: int
    newest_at: datetime | None


@dataclass(frozen=True)
class Backlog:
    """From the transfer, now and then: what waits in all tracked sessions, for this logger's report of itself.

    Attributes
    ----------
    problem
        Why nothing can be sent or looked at, at present.
    oldest_waiting_at
        Since when the longest waiting file stands there unsent; aware UTC.
    disk_free_bytes
        On the fullest of the disks that the instrument writes to.
    """

    files_waiting: int = 0
    bytes_waiting: int = 0
    last_good_pass_at: datetime | None = None
    problem: str | None = None
    oldest_waiting_at: datetime | None = None
    disk_free_bytes: int | None = None


@dataclass(frozen=True)
class TransferStopped:
    """From the transfer: nothing is under way any more."""
