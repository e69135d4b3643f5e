"""The session thread's desk: its running session, and one place where every message is answered.

The flows (`start`, `end`, `recover`) are plain functions that block in `SessionLoop.wait_for`; whatever else arrives
meanwhile is answered here, so that nothing waits for a person.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import JournalUnavailable
from nexuslims_logger.events import CatchUp, Event, Healed, Problem, Trouble
from nexuslims_logger.journal.records import SessionFacts, SessionState
from nexuslims_logger.messages import ListFiles, Stop, SyncNow, Track, TrackedSession
from nexuslims_logger.ports import Reply
from nexuslims_logger.session.clock_check import ClockWatch, note_clock_set
from nexuslims_logger.session.fleet_report import FleetReport
from nexuslims_logger.session.forgotten import Vigil, still_working
from nexuslims_logger.session.given_up import GIVEN_UP
from nexuslims_logger.session.recording import ApplyTicket, Recording
from nexuslims_logger.session.service import EndSession, TryAgain
from nexuslims_logger.unanswered import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from nexuslims_logger.messages import AllRecorded, UnassignedSeen
    from nexuslims_logger.session.ports import SessionPorts
    from nexuslims_logger.session.service import ChangeUser

log = logging.getLogger(__name__)

#: Between two tries of a step that a full disk has refused.
JOURNAL_RETRY_S = 5.0


class Stopping(Exception):
    """`Stop` has come; the flow unwinds."""


@dataclass(frozen=True)
class Change:
    """A change of user that is under way.

    Attributes
    ----------
    clicked_at
        END of the one session and START of the other.
    clicked_monotonic
        The same by the clock that cannot be set.
    leaves
        The session that ran before.
    repeated
        It has stopped the thread once already.
    """

    wish: ChangeUser
    clicked_at: datetime
    clicked_monotonic: float
    leaves: str | None
    repeated: bool = False


def _subject(message: Any) -> Any:
    return message.ticket if isinstance(message, Reply) else message


class SessionLoop:
    """Answers messages until `Stop`; see the module."""

    def __init__(self, ports: SessionPorts, handlers: dict[type, Callable[[SessionLoop, Any], None]]) -> None:
        self.ports = ports
        self.current: str | None = None
        #: Sessions whose END was written in this run: their final set is found by the next complete scan.
        self.ended_now: set[str] = set()
        #: Of the sessions whose manifest is in the database what the transfer has told of it in this run.
        self.recorded: dict[str, AllRecorded] = {}
        #: What the running session's user may still take or leave.
        self.unassigned: UnassignedSeen | None = None
        self.vigil = Vigil(ports.station.gap_s, ports.station.auto_end_s)
        self.report = FleetReport(ports)
        self.recording = Recording(self)
        self._handlers = handlers
        self._postponed = Unanswered()
        self._journal_retry: float | None = None
        #: Why the journal cannot be written, and since when; told, and not healed.
        self._journal_problem: Problem | None = None
        #: A flow has met it, and is tried again; meanwhile messages may be answered.
        self.flow_waits = False
        #: The kind of trouble that was told of a flow.
        self.failed_flow: str | None = None
        #: The start is over, or was given up.
        self.begun = False
        self.change: Change | None = None
        #: A message that has stopped the thread again and again, until another one like it was answered.
        self.given_up: object | None = None
        #: The database is being asked, or was asked, what it has lost.
        self.compared = False
        #: When *End session* was clicked, until END is written: what waits before it may take its time.
        self.end_clicked_at: datetime | None = None
        self.clock_watch = ClockWatch(ports.clock)
        self.clock_watch.look()
        since_launch = (ports.clock.now() - ports.station.launched_at).total_seconds()
        self.launched_monotonic = ports.clock.monotonic() - max(0.0, since_launch)
        #: When sessions began in this run, by the clock that cannot be set.
        self.began_monotonic: dict[str, float] = {}

    def successor(self) -> SessionLoop:
        """Return the desk for the thread's next life: what it was told, and nothing of what it was doing."""
        after = SessionLoop(self.ports, self._handlers)
        after.current, after.begun = self.current, self.begun or self.current is not None
        after.ended_now, after.recorded, after.unassigned = self.ended_now, self.recorded, self.unassigned
        after.clock_watch, after.launched_monotonic = self.clock_watch, self.launched_monotonic
        after.vigil = self.vigil  # what the window asks is still asked
        after.began_monotonic, after._journal_problem = self.began_monotonic, self._journal_problem
        after._postponed = self._postponed
        after.given_up = after._postponed.died() or self.given_up
        after.end_clicked_at = self.end_clicked_at if after.postponed_ends() else None
        # The next session may have begun; and what dies twice is left to another click.
        if self.change and self.change.leaves == self.current:
            if self.change.repeated:
                after.given_up = self.change.wish
            else:
                after.change = replace(self.change, repeated=True)
        return after

    # --- messages --------------------------------------------------------------------------------------------

    def wait_for(self, kind: type, timeout_s: float | None = None) -> Any:
        """Answer messages until one of `kind`, or the reply to a ticket of `kind`, comes, and return it.

        Returns None when `timeout_s` seconds have not brought one; blocks for that long.

        Raises
        ------
        Stopping
            `Stop` came instead.
        """
        clock = self.ports.clock
        until = None if timeout_s is None else clock.monotonic() + timeout_s
        while True:
            # While the journal cannot be written nothing else is tried, however long it has been due.
            own = (
                [self._journal_retry]
                if self._journal_retry is not None
                else [self.recording.next_due(), self._next_report(), self.vigil.due_at]
            )
            due = [moment for moment in (until, *own) if moment is not None]
            message = self.ports.inbox.get(max(0.0, min(due) - clock.monotonic()) if due else None)
            self.clock_watch.look()
            if isinstance(_subject(message), kind):
                return message
            if message is not None:
                if isinstance(message, EndSession):
                    self.end_clicked_at = self.end_clicked_at or clock.now()
                self._postponed.append(message)
            elif until is not None and clock.monotonic() >= until:
                return None
            self._work()

    def _work(self) -> None:
        """Answer what has come, in order; while the journal cannot be written everything waits but `Stop`."""
        try:
            if self.clock_watch.set_by_s is not None:
                note_clock_set(self, self.running())
            while self._postponed:
                self._handle(self._postponed[0])
                self._postponed.popleft()
            still_working(self)
            self.push()
            if self._next_report() is not None:
                self.report.send_if_due(self.ports.facts.session(self.current) if self.current else None)
        except JournalUnavailable as error:
            self._journal_retry = self.ports.clock.monotonic() + JOURNAL_RETRY_S
            self.journal_fails(error)
            if any(isinstance(message, Stop) for message in self._postponed):
                raise Stopping from error  # it was tried a last time, and nobody was told that it is safe
        else:
            self._journal_retry = None
            self.journal_works()

    def journal_fails(self, error: JournalUnavailable) -> None:
        """Tell it, however often it is tried again with the time of the first failure."""
        log.warning("%s: %s", error.title, error.message)
        since = self._journal_problem.since if self._journal_problem else self.ports.clock.now()
        self._journal_problem = Problem(error.title, error.message, since)
        self.tell(Trouble("journal", self._journal_problem))

    def journal_works(self) -> None:
        """Tell that it is over."""
        if self._journal_problem is not None and not self.flow_waits:
            self._journal_problem = None
            self.tell(Healed("journal"))

    def answered(self, message: object) -> None:
        """Take notice that a wish was answered: if one like it was given up before, that is over."""
        if type(message) is type(self.given_up):
            self.given_up = None
            self.tell(Healed(GIVEN_UP))

    def _handle(self, message: Any) -> None:
        subject = _subject(message)
        if isinstance(subject, Stop):
            raise Stopping
        if isinstance(subject, ApplyTicket):
            self.recording.answered(subject, message)
        elif isinstance(subject, (SyncNow, TryAgain)):
            self.recording.hurry()
            self.ports.transfer.put(SyncNow())
        elif isinstance(subject, ListFiles):
            self.ports.transfer.put(subject)
        elif handler := self._handlers.get(type(subject)):
            handler(self, message)
            self.answered(subject)
        else:
            log.debug("nobody waits for %s", type(subject).__name__)

    def postponed_ends(self) -> list[EndSession]:
        """Return the clicks on *End session* that are not answered yet."""
        return [message for message in self._postponed if isinstance(message, EndSession)]

    def drop_ends(self) -> None:
        """Forget the clicks on *End session* that are not answered yet: who clicked has left."""
        for end in self.postponed_ends():
            self._postponed.remove(end)
        self.end_clicked_at = None

    def tell(self, event: Event) -> None:
        """Let the window know."""
        self.ports.window.put(event)
        self.report.heard(event)

    def running(self) -> SessionFacts | None:
        """Return the session that runs in this window, None before START and after END."""
        facts = self.ports.facts.session(self.current) if self.current else None
        return facts if facts and facts.state is SessionState.RUNNING else None

    def push(self) -> None:
        """Give the database what it lacks."""
        self.recording.push()

    def _next_report(self) -> float | None:
        """Return when this logger reports: sessions go first, and a database that is away is not asked for this."""
        return self.report.due_at if self.recording.at_rest else None

    # --- the transfer ----------------------------------------------------------------------------------------

    def track(self) -> None:
        """Tell the transfer which sessions to look after: the ended ones, then the running one."""
        unfinished = [facts for facts in self.ports.facts.unfinished() if facts.state is not SessionState.READY]
        here = [facts for facts in unfinished if self._goes_here(facts)]
        elsewhere = [self.tracked(facts) for facts in unfinished if facts not in here]
        if running := self.running():
            here.append(running)
        self.ports.transfer.put(Track(tuple(map(self.tracked, here)), tuple(elsewhere)))
        self.tell_left()

    def tell_left(self) -> None:
        """Let the window know how many earlier sessions still wait, for files or for the database."""
        unfinished, store_url = self.ports.facts.unfinished(), self.ports.station.store_url
        owed = {facts.identifier for facts in (*unfinished, *self.ports.facts.unsent())}
        here = (facts for facts in unfinished if facts.state is not SessionState.READY and facts.store_url == store_url)
        self.tell(CatchUp(len(owed - {self.current}), sum(facts.identifier != self.current for facts in here)))

    def _goes_here(self, facts: SessionFacts) -> bool:
        """Whether the session's files go to the store that is configured; else they wait, and it is told."""
        store_url = self.ports.station.store_url
        if facts.store_url == store_url:
            return True
        message = (
            f"The session of {facts.user} from {facts.started_at:%Y-%m-%d %H:%M} UTC sends its files to "
            f"{facts.store_url}, but NEXUSLIMSGUI_DATA_BUCKET is {store_url} now. Its files wait on this PC; set the "
            "old store once more to let it finish."
        )
        self.tell(
            Trouble("store", Problem("An earlier session belongs to another store", message, self.ports.clock.now()))
        )
        return False

    def tracked(self, facts: SessionFacts) -> TrackedSession:
        """Return what the transfer needs of a session."""
        take_until = facts.take_until
        if take_until is None and facts.identifier not in self.ended_now:
            take_until = facts.ended_at
        return TrackedSession(
            identifier=facts.identifier,
            instrument_pid=facts.instrument_pid,
            computer_name=facts.computer_name,
            filestore_path=facts.filestore_path,
            folders=facts.folders,
            started_at=facts.started_at,
            ended=facts.ended_at is not None,
            ended_at=facts.ended_at,
            take_until=take_until,
            began_monotonic=self.began_monotonic.get(facts.identifier),
        )
