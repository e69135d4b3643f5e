"""What the transfer thread remembers between two passes. Nothing here is needed after a restart."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.backoff import Backoff
from nexuslims_logger.messages import ListFiles
from nexuslims_logger.transfer.lanes import Lanes
from nexuslims_logger.transfer.scan import ScanOutcome
from nexuslims_logger.transfer.tickets import Ticket
from nexuslims_logger.unanswered import Unanswered

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events import Problem
    from nexuslims_logger.journal.seen import FileKey, Tally
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.ports import FileStat, Reply
    from nexuslims_logger.transfer.scan import Appeared
    from nexuslims_logger.transfer.tickets import SendTicket


@dataclass
class Verification:
    """How far the comparison of a final set is.

    Attributes
    ----------
    last
        The last object name that was given to a leaf; they go by name.
    failed
        Something was lost or sent meanwhile, or the store could not be asked: it begins anew.
    moved
        Where the store holds what a later session has moved aside, by object name.
    """

    last: str = ""
    under_way: int = 0
    failed: bool = False
    moved: dict[str, str] = field(default_factory=dict)


@dataclass
class Delay:
    """Why a file has to wait, and until when (monotonic); infinity when its time has come."""

    reason: str
    until: float
    attempts: int


@dataclass
class Changing:
    """An unsettled file: how it was last seen, since when it is so, and whose it is."""

    stat: FileStat
    since: float
    owner: str | None


@dataclass
class PassState:
    """Times are monotonic seconds unless they are datetimes.

    Attributes
    ----------
    arrived
        Messages that were taken out of the inbox and have not been handled yet.
    given_up
        The message that has stopped the thread again and again.
    first_number
        Tickets up to this number are of a life of the thread that has ended: nobody believes their answers.
    journal_problem
        Why the journal cannot be written, and since when: what the window knows of it.
    stopping
        `Stop` has arrived.
    sessions
        Ended ones first, the running one last.
    elsewhere
        Those whose files wait for another store.
    scan_at, look_at
        When all watch folders are looked at next, and the active ones.
    active
        The folders (watch folder and folder) in which a session's files have lately changed, and when.
    visited
        The folders that the last scan has met, by watch folder.
    appeared
        What quick looks have found since the last scan, by watch folder.
    work_done
        Something was scanned or sent since the last good pass.
    first_look_at
        When a session's first scan was over, if it was in this run of the program.
    changing, more_changing
        The unsettled files, and whether there are more than are kept here.
    settle_at, delay_at
        When the first of `changing`, and of `delays`, is due.
    lanes
        Owed files, fetched ahead.
    waiting_at
        When it is looked again for what waits for long.
    pending
        The manifest may say of a file that it waits.
    resend_at
        Before which a file that took long is not sent again while its session runs.
    tallies, recount
        Counts by session, and those which are not right any more.
    bytes_before
        How much of what was sent the store had had before, by earlier tries.
    offered_to
        The running session whose user was offered the unassigned files.
    in_question
        Since when (ns) it is asked whether an interrupted session goes on.
    listing
        The sessions whose files a leaf looks at for the window's list, and whether that was asked again meanwhile.
    full_disks
        Folders of whose disk the window knows that it is nearly full.
    """

    arrived: Unanswered = field(default_factory=Unanswered)
    given_up: object | None = None
    first_number: int = 0
    journal_problem: Problem | None = None
    stopping: bool = False
    sessions: tuple[TrackedSession, ...] = ()
    elsewhere: tuple[TrackedSession, ...] = ()
    scan_at: float = 0.0
    look_at: float = 0.0
    active: dict[tuple[str, str], float] = field(default_factory=dict)
    visited: dict[str, set[str]] = field(default_factory=dict)
    appeared: dict[str, Appeared] = field(default_factory=dict)
    first_look_at: dict[str, datetime] = field(default_factory=dict)
    changing: dict[FileKey, Changing] = field(default_factory=dict)
    more_changing: bool = False
    settle_at: float = math.inf
    lanes: Lanes = field(default_factory=Lanes)
    in_flight: dict[int, SendTicket] = field(default_factory=dict)
    delays: dict[tuple[str, FileKey], Delay] = field(default_factory=dict)
    delay_at: float = math.inf
    resend_at: dict[tuple[str, FileKey], float] = field(default_factory=dict)
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
    recount: set[str] = field(default_factory=set)
    bytes_before: int = 0
    outcome: ScanOutcome = field(default_factory=ScanOutcome)
    work_done: bool = False
    last_good_pass_at: datetime | None = None
    waiting_at: float = 0.0
    oldest_waiting_at: datetime | None = None
    disk_free_bytes: int | None = None
    pending: bool = True
    next_number: int = 0
    offered_to: str | None = None
    in_question: dict[str, int] = field(default_factory=dict)
    listing: dict[str, bool] = field(default_factory=dict)
    full_disks: set[str] = field(default_factory=set)
    #: When final sets were compared with the store, in this run.
    verified_at: dict[str, datetime] = field(default_factory=dict)

    def number(self) -> int:
        """Return a new number for a ticket."""
        self.next_number += 1
        return self.next_number

    def successor(self) -> PassState:
        """Return the state that the thread begins with after it has died: what was told, nothing that it thought."""
        for ticket in self.in_flight.values():
            ticket.control.cancelled = True
        given_up = self.arrived.died()
        self.arrived.extend(map(ListFiles, self.listing))  # the window waits for these
        return PassState(
            arrived=self.arrived,
            given_up=given_up,
            first_number=self.next_number,
            next_number=self.next_number,
            journal_problem=self.journal_problem,
            stopping=self.stopping,
            sessions=self.sessions,
            elsewhere=self.elsewhere,
            in_question=self.in_question,
            offered_to=self.offered_to,
            full_disks=self.full_disks,
            verified_at=self.verified_at,
        )

    def is_of_an_earlier_life(self, reply: Reply) -> bool:
        """Whether this answers what a thread that has died had asked: what it was about is found out anew."""
        return isinstance(reply.ticket, Ticket) and reply.ticket.number <= self.first_number

    def session(self, identifier: str) -> TrackedSession | None:
        """Return a tracked session, None when it is not tracked any more."""
        return next((session for session in self.sessions if session.identifier == identifier), None)

    @property
    def running(self) -> TrackedSession | None:
        """The session that has no END, None between sessions."""
        return next((session for session in self.sessions if not session.ended), None)

    def delay(self, session: str, key: FileKey, delay: Delay) -> None:
        """Let a file wait."""
        self.delays[session, key] = delay
        self.delay_at = min(self.delay_at, delay.until)

    def hurry(self, session: str | None = None) -> None:
        """Let the files of a session (None: of all) wait no longer."""
        for (owner, key), delay in self.delays.items():
            if session in {None, owner}:
                delay.until = self.delay_at = 0.0
                if key in self.changing:
                    # It has stood still, but could not be opened.
                    self.changing[key].since = self.settle_at = 0.0
