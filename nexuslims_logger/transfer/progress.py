"""How far the files are, told to the window a few times a second while something moves."""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from nexuslims_logger.events import STILL_WRITTEN, FileUnderWay, PassStage, Problem, TransferProgress, WaitingFile
from nexuslims_logger.journal.seen import Tally
from nexuslims_logger.messages import Backlog
from nexuslims_logger.storage.names import printable
from nexuslims_logger.transfer.leave_out import is_left_out, watches
from nexuslims_logger.transfer.placement import shown_name

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState
    from nexuslims_logger.transfer.tickets import SendTicket

log = logging.getLogger(__name__)

#: Between two messages while files are under way, and the span over which the rate is taken.
TICK_S = 0.5
RATE_SPAN_S = 10.0
#: Between two words to the session thread while nothing new is wrong.
BACKLOG_EVERY_S = 60.0
#: How many waiting files, and files under way, are named.
NAMED = 20
#: Between two breaths in the middle of a scan.
BREATH_S = 0.1
#: Counting all files anew may take no more than this share of the time.
_COUNTING_SHARE = 20


class Progress:
    """Tells the window about the session it shows: the running one, else the one that ended last."""

    def __init__(self, ports: TransferPorts, state: PassState) -> None:
        self._ports = ports
        self._state = state
        self._told_at = -math.inf
        self._told: TransferProgress | None = None
        self._moved: deque[tuple[float, int]] = deque()
        self._rate_of: str | None = None
        self._folder_problem: Problem | None = None
        self._breath_at = -math.inf
        self._scan_began = -math.inf
        self._files_met = 0
        self._recount_at = -math.inf
        self._backlog = Backlog()
        self._backlog_at = -math.inf

    def next_due(self) -> float:
        """Return the seconds until the window should hear again, infinity when nothing moves."""
        now = self._ports.clock.monotonic()
        due = self._told_at + TICK_S if self._state.in_flight else math.inf
        if self._state.recount and self._state.sessions:
            due = min(due, max(self._recount_at, self._told_at + TICK_S))
        return max(0.0, due - now)

    def tell(self) -> None:
        """Put a `TransferProgress` when there is something new to say, and it is time."""
        state, now = self._state, self._ports.clock.monotonic()
        shown = self._shown()
        if state.in_flight and now < self._told_at + TICK_S:
            return
        self._told_at = now
        if shown is None:  # a paused session's last upload, say
            return
        progress = self._measure(shown, now)
        if progress != self._told:
            self._told = progress
            self._ports.window.put(progress)
        self._tell_backlog(progress, now)

    def scanning(self, files_met: int) -> bool:
        """Take notice of a scan under way, and tell of a long one; False when the last time was a moment ago."""
        now = self._ports.clock.monotonic()
        if files_met < self._files_met:
            self._scan_began = now
        self._files_met = files_met
        if now < self._breath_at:
            return False
        self._breath_at = now + BREATH_S
        shown = self._shown()
        if shown and now >= max(self._scan_began, self._told_at) + TICK_S:
            known = self._told
            if known is None or known.session_identifier != shown.identifier:
                known = TransferProgress(shown.identifier, PassStage.SCANNING)
            self._told = replace(known, stage=PassStage.SCANNING, files_looked_at=files_met)
            self._told_at = now
            self._ports.window.put(self._told)
        return True

    def _shown(self) -> TrackedSession | None:
        return self._state.running or (self._state.sessions[-1] if self._state.sessions else None)

    def _tell_backlog(self, progress: TransferProgress, now: float) -> None:
        """Let the session thread know for its report: a new trouble, or that all is through, at once."""
        tallies = [self._state.tallies.get(session.identifier, Tally()) for session in self._state.sessions]
        problem = progress.store_problem or progress.folder_problem
        files_waiting = sum(tally.files_waiting for tally in tallies)
        backlog = Backlog(
            files_waiting=files_waiting,
            bytes_waiting=sum(tally.bytes_total - tally.bytes_done for tally in tallies),
            last_good_pass_at=progress.last_good_pass_at,
            problem=f"{problem.title}: {problem.message}" if problem else None,
            oldest_waiting_at=self._state.oldest_waiting_at if files_waiting else None,
            disk_free_bytes=self._state.disk_free_bytes,
        )
        told = self._backlog
        urgent = backlog.problem != told.problem or (backlog.files_waiting == 0) != (told.files_waiting == 0)
        if urgent or (backlog != told and now >= self._backlog_at + BACKLOG_EVERY_S):
            self._backlog, self._backlog_at = backlog, now
            self._ports.session.put(backlog)

    def _measure(self, shown: TrackedSession, now: float) -> TransferProgress:
        state, ports = self._state, self._ports
        self._count(now)
        tally = state.tallies[shown.identifier]
        own = [ticket for ticket in state.in_flight.values() if ticket.owed.session == shown.identifier]
        under_way = sum(min(ticket.control.bytes_sent, ticket.owed.seen.stat.size) for ticket in own)
        bytes_done = min(tally.bytes_done + under_way, tally.bytes_total)
        before = state.bytes_before + sum(ticket.control.bytes_before for ticket in own)
        rate = self._rate(shown.identifier, now, bytes_done - before)
        waiting = self._waiting(shown)
        return TransferProgress(
            session_identifier=shown.identifier,
            stage=self._stage(),
            files_total=tally.files_total,
            files_done=tally.files_done,
            bytes_total=tally.bytes_total,
            bytes_done=bytes_done,
            rate_bytes_per_s=rate,
            seconds_left=(tally.bytes_total - bytes_done) / rate if rate > 0 else None,
            files_waiting=tally.files_waiting,
            files_missing=tally.files_missing,
            waiting=tuple(waiting[:NAMED]),
            oldest_waiting_at=state.oldest_waiting_at if tally.files_waiting else None,
            last_good_pass_at=state.last_good_pass_at,
            store_problem=state.store.problem,
            folder_problem=self._since(state.outcome.folder_problem, ports.clock.now()),
            store_is_cloud=ports.store.is_cloud,
            unassigned=ports.files.unassigned(),
            left_over=sum(
                state.tallies.get(session.identifier, Tally()).files_waiting
                for session in state.sessions
                if session is not shown
            ),
            under_way=self._under_way(own),
        )

    def _count(self, now: float) -> None:
        """Count the files of those sessions whose counts are not right any more, but not all the time."""
        state, files = self._state, self._ports.files
        for session in state.sessions:
            identifier = session.identifier
            if identifier not in state.tallies or (identifier in state.recount and now >= self._recount_at):
                begun = self._ports.clock.monotonic()
                state.tallies[identifier] = files.tally(identifier)
                state.recount.discard(identifier)
                done = self._ports.clock.monotonic()
                self._recount_at = done + _COUNTING_SHARE * (done - begun)
        state.recount &= {session.identifier for session in state.sessions}

    def _under_way(self, tickets: list[SendTicket]) -> tuple[FileUnderWay, ...]:
        named = sorted(tickets, key=lambda ticket: (-ticket.owed.seen.stat.size, ticket.number))[:NAMED]
        return tuple(
            FileUnderWay(
                printable(ticket.owed.seen.key.path),
                ticket.owed.seen.stat.size,
                ticket.control.bytes_read,
                ticket.control.bytes_sent,
            )
            for ticket in named
        )

    def _stage(self) -> PassStage:
        if self._state.in_flight:
            return PassStage.SENDING
        if self._state.verifying:
            return PassStage.VERIFYING
        return PassStage.IDLE

    def _waiting(self, session: TrackedSession) -> list[WaitingFile]:
        # Those that were put off say more than that they have not settled.
        owner = session.identifier
        waiting = {key: delay.reason for (whose, key), delay in self._state.delays.items() if whose == owner}
        changing = (key for key, one in self._state.changing.items() if one.owner == owner)
        for key in islice(changing, NAMED):
            waiting.setdefault(key, STILL_WRITTEN)
        return [
            *sorted(
                (WaitingFile(shown_name(session, key), why) for key, why in waiting.items()), key=lambda one: one.name
            ),
            *(
                WaitingFile(shown_name(session, folder), why)
                for folder, why in self._state.outcome.unreadable.items()
                if watches(session, folder) and not is_left_out(self._ports, session, folder)
            ),
        ]

    def _rate(self, session: str, now: float, bytes_done: int) -> float:
        """Return bytes per second over the recent past, 0 when nothing is under way."""
        if session != self._rate_of or not self._state.in_flight:
            self._moved.clear()
            self._rate_of = session
        self._moved.append((now, bytes_done))
        while now - self._moved[0][0] > RATE_SPAN_S:
            self._moved.popleft()
        seconds = now - self._moved[0][0]
        return max(0, bytes_done - self._moved[0][1]) / seconds if seconds > 0 else 0.0

    def _since(self, error: LoggerError | None, now: datetime) -> Problem | None:
        """Give a trouble its beginning: it is kept while the trouble is the same."""
        if error is None:
            if self._folder_problem:
                log.info("every watch folder can be looked at again")
            self._folder_problem = None
        elif self._folder_problem is None or self._folder_problem.message != error.message:
            self._folder_problem = Problem(error.title, error.message, now)
            log.warning("%s: %s", error.title, error.message)
        return self._folder_problem
