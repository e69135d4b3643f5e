"""What the transfer thread remembers between two passes. Nothing here is needed after a restart."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.backoff import Backoff
from nexuslims_logger.transfer.scan import ScanOutcome

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.journal.files import FileKey, Owed, Tally
    from nexuslims_logger.journal.results import Result
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.ports import FileStat
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.send import Control


@dataclass(frozen=True)
class SendTicket:
    """A file under way."""

    number: int
    owed: Owed
    object_name: str
    control: Control
    since: float


@dataclass(frozen=True)
class VerifyTicket:
    """A part of a final set that is being compared with the store."""

    number: int
    session: str


@dataclass(frozen=True)
class ProbeTicket:
    """A question whether the store is back."""


@dataclass(frozen=True)
class RecordTicket:
    """Results on their way to the database."""

    results: tuple[Result, ...]


@dataclass
class Verification:
    """How far the comparison of a final set is.

    Attributes
    ----------
    last
        The last object name that was given to a leaf; they go by name.
    failed
        Something was lost, or the store could not be asked: it begins anew.
    """

    last: str = ""
    under_way: int = 0
    failed: bool = False


@dataclass
class Delay:
    """Why a file has to wait, and until when (monotonic)."""

    reason: str
    until: float
    attempts: int


@dataclass
class PassState:
    """Times are monotonic seconds unless they are datetimes.

    Attributes
    ----------
    sessions
        Ended ones first, the running one last.
    scan_at
        When the watch folders are looked at next.
    changing
        The unsettled files: how they were last seen, and since when they are so.
    queue
        Owed files, fetched ahead.
    more_owed
        There may be owed files that are not in the queue.
    offered_to
        The running session whose user was offered the unassigned files.
    full_disks
        Folders of whose disk the window knows that it is nearly full.
    """

    sessions: tuple[TrackedSession, ...] = ()
    scan_at: float = 0.0
    changing: dict[FileKey, tuple[FileStat, float]] = field(default_factory=dict)
    queue: deque[Owed] = field(default_factory=deque)
    more_owed: bool = True
    in_flight: dict[int, SendTicket] = field(default_factory=dict)
    delays: dict[tuple[str, FileKey], Delay] = field(default_factory=dict)
    verifying: dict[str, Verification] = field(default_factory=dict)
    store: Backoff = field(default_factory=lambda: Backoff(2, 300))
    database: Backoff = field(default_factory=lambda: Backoff(2, 300))
    probing: bool = False
    recording: bool = False
    record_at: float = 0.0
    unrecorded: bool = True
    told_stored: set[str] = field(default_factory=set)
    told_recorded: set[str] = field(default_factory=set)
    tallies: dict[str, Tally] = field(default_factory=dict)
    outcome: ScanOutcome = field(default_factory=ScanOutcome)
    scanned: bool = False
    last_good_pass_at: datetime | None = None
    activity_ns: int = 0
    next_number: int = 0
    offered_to: str | None = None
    full_disks: set[str] = field(default_factory=set)
    #: When final sets were compared with the store, in this run.
    verified_at: dict[str, datetime] = field(default_factory=dict)

    def number(self) -> int:
        """Return a new number for a ticket."""
        self.next_number += 1
        return self.next_number

    def session(self, identifier: str) -> TrackedSession | None:
        """Return a tracked session, None when it is not tracked any more."""
        return next((session for session in self.sessions if session.identifier == identifier), None)

    def files_changed(self, ports: TransferPorts) -> None:
        """Take in that files have come, gone, or changed hands: count anew what is owed and may still change."""
        self.more_owed = True
        self.unrecorded = True  # what vanished has a result now
        self.tallies.clear()
        now = ports.clock.monotonic()
        changing = {}
        for session in self.sessions:
            for seen in ports.files.unsettled(session.identifier):
                known = self.changing.get(seen.key)
                changing[seen.key] = known if known and known[0] == seen.stat else (seen.stat, now)
        self.changing = changing

    @property
    def running(self) -> TrackedSession | None:
        """The session that has no END, None between sessions."""
        return next((session for session in self.sessions if not session.ended), None)
