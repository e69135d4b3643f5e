"""How far the files are, told to the window a few times a second while something moves."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from nexuslims_logger.events import PassStage, Problem, TransferProgress, WaitingFile
from nexuslims_logger.journal.files import Tally
from nexuslims_logger.messages import Backlog

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

#: Between two messages while files are under way, and the span over which the rate is taken.
TICK_S = 0.5
RATE_SPAN_S = 10.0
#: Between two words to the session thread while nothing new is wrong.
BACKLOG_EVERY_S = 60.0
#: How many waiting files are named.
NAMED = 20


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
        self._backlog = Backlog()
        self._backlog_at = -math.inf

    def next_due(self) -> float:
        """Return the seconds until the window should hear again, infinity when nothing moves."""
        if not self._state.in_flight:
            return math.inf
        return max(0.0, self._told_at + TICK_S - self._ports.clock.monotonic())

    def tell(self) -> None:
        """Put a `TransferProgress` when there is something new to say, and it is time."""
        state, now = self._state, self._ports.clock.monotonic()
        shown = state.running or (state.sessions[-1] if state.sessions else None)
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

    def _tell_backlog(self, progress: TransferProgress, now: float) -> None:
        """Let the session thread know for its report: a new trouble, or that all is through, at once."""
        tallies = [self._state.tallies.get(session.identifier, Tally()) for session in self._state.sessions]
        problem = progress.store_problem or progress.folder_problem
        backlog = Backlog(
            files_waiting=sum(tally.files_waiting for tally in tallies),
            bytes_waiting=sum(tally.bytes_total - tally.bytes_done for tally in tallies),
            last_good_pass_at=progress.last_good_pass_at,
            problem=f"{problem.title}: {problem.message}" if problem else None,
        )
        told = self._backlog
        urgent = backlog.problem != told.problem or (backlog.files_waiting == 0) != (told.files_waiting == 0)
        if urgent or (backlog != told and now >= self._backlog_at + BACKLOG_EVERY_S):
            self._backlog, self._backlog_at = backlog, now
            self._ports.session.put(backlog)

    def _measure(self, shown: TrackedSession, now: float) -> TransferProgress:
        state, ports = self._state, self._ports
        for session in state.sessions:
            if session.identifier not in state.tallies:
                state.tallies[session.identifier] = ports.files.tally(session.identifier)
        tally = state.tallies[shown.identifier]
        own = [ticket for ticket in state.in_flight.values() if ticket.owed.session == shown.identifier]
        under_way = sum(min(ticket.control.bytes_sent, ticket.owed.seen.stat.size) for ticket in own)
        bytes_done = min(tally.bytes_done + under_way, tally.bytes_total)
        rate = self._rate(shown.identifier, now, bytes_done)
        waiting = self._waiting(shown.identifier)
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
        )

    def _stage(self) -> PassStage:
        if self._state.in_flight:
            return PassStage.SENDING
        if self._state.verifying:
            return PassStage.VERIFYING
        return PassStage.IDLE

    def _waiting(self, session: str) -> list[WaitingFile]:
        waiting = {
            key.path: "still being written"
            for key in self._state.changing
            if (seen := self._ports.files.get(key)) and seen.owner == session
        }
        waiting |= {key.path: delay.reason for (owner, key), delay in self._state.delays.items() if owner == session}
        return [
            *(WaitingFile(name, why) for name, why in sorted(waiting.items())),
            *self._state.outcome.unreadable,
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
            self._folder_problem = None
        elif self._folder_problem is None or self._folder_problem.message != error.message:
            self._folder_problem = Problem(error.title, error.message, now)
        return self._folder_problem
