"""This logger's report of itself (table ``loggers``), so that a facility sees all its PCs in one list.

It is made on events and every quarter of an hour. It never matters to a session: it waits until the session's own
rows are through, it is left out while the database is away, and when it fails that is only logged.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nexuslims_logger.db.records import LoggerReport, LoggerState
from nexuslims_logger.events import (
    Event,
    InstrumentUnknown,
    SessionEnding,
    SessionPaused,
    SessionReady,
    SessionStarted,
    Trouble,
)
from nexuslims_logger.journal.records import OPEN, SessionState
from nexuslims_logger.messages import Backlog

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.ports import Reply
    from nexuslims_logger.session.ports import SessionPorts

log = logging.getLogger(__name__)

REPORT_EVERY_S = 15 * 60.0
#: What is worth a report at once.
_EVENTS = (SessionStarted, SessionEnding, SessionReady, SessionPaused, InstrumentUnknown, Trouble)

_LOGGER_ID = "logger_id"
_LOGGER_ID_OF = "logger_id_of"


@dataclass(frozen=True)
class ReportTicket:
    """A report on its way to the database."""


class FleetReport:
    """When the next report is due, and what it says.

    Parameters
    ----------
    ports
        The session thread's.

    Attributes
    ----------
    due_at
        Monotonic seconds; None before the first event, and while a report is on its way.
    """

    def __init__(self, ports: SessionPorts) -> None:
        self._ports = ports
        self._backlog = Backlog()
        self._again = False
        self._on_its_way = False
        self._known = False
        self.due_at: float | None = None

    def heard(self, event: Event) -> None:
        """Let the next report be now when something has happened that a facility wants to know."""
        if isinstance(event, _EVENTS):
            self._hurry()

    def backlog(self, backlog: Backlog) -> None:
        """Take what the transfer tells; a new trouble is worth a report."""
        new_trouble = backlog.problem is not None and backlog.problem != self._backlog.problem
        self._backlog = backlog
        if new_trouble:
            self._hurry()

    def send_if_due(self, facts: SessionFacts | None) -> None:
        """Submit the report when it is time; `facts` are of the session in this window, if there is one."""
        now = self._ports.clock.monotonic()
        if self.due_at is None or now < self.due_at:
            return
        report = self._report(facts)  # on a full disk this may fail, and it is due as before
        self.due_at, self._on_its_way = None, True
        self._submit(report)

    def stopped(self, facts: SessionFacts | None) -> None:
        """Submit the last report of a run that has been heard of; nobody waits for the answer."""
        if self._known:
            still_open = facts.identifier if facts and facts.state in OPEN else None
            self._submit(replace(self._report(facts), state=LoggerState.STOPPED, session_identifier=still_open))

    def answered(self, reply: Reply) -> None:
        """Plan the next one, whatever became of this one."""
        self._on_its_way = False
        self._known = reply.error is None
        now = self._ports.clock.monotonic()
        self.due_at = now if self._again and reply.error is None else now + REPORT_EVERY_S
        self._again = False
        if reply.error is not None:
            log.info("no report of this logger: %s", reply.error.title)

    def _submit(self, report: LoggerReport) -> None:
        from nexuslims_logger.db.tasks import report_logger

        self._ports.database.submit(report_logger, report, ticket=ReportTicket(), reply_to=self._ports.inbox)

    def _hurry(self) -> None:
        if self._on_its_way:
            self._again = True
        else:
            self.due_at = self._ports.clock.monotonic()

    def _report(self, facts: SessionFacts | None) -> LoggerReport:
        station, instrument = self._ports.station, self._ports.facts.instrument()
        pid = facts.instrument_pid if facts else instrument.instrument_pid if instrument else None
        return LoggerReport(
            logger_id=self._logger_id(),
            computer_name=station.computer_name,
            instrument=pid,
            logger_version=station.logger_version,
            state=_state(facts),
            session_identifier=facts.identifier if facts else None,
            files_waiting=self._backlog.files_waiting,
            bytes_waiting=self._backlog.bytes_waiting,
            last_good_pass_at=self._backlog.last_good_pass_at,
            last_error=(facts.database_error if facts else None) or self._backlog.problem,
            clock_offset_ms=facts.clock_offset_ms if facts else None,
            oldest_waiting_at=self._backlog.oldest_waiting_at,
            disk_free_bytes=self._backlog.disk_free_bytes,
        )

    def _logger_id(self) -> str:
        """Return this logger's name for ever; a PC that was renamed, or cloned under a new name, gets a new one."""
        facts, computer = self._ports.facts, self._ports.station.computer_name
        known = facts.meta(_LOGGER_ID)
        if known is not None and facts.meta(_LOGGER_ID_OF) == computer:
            return known
        made = self._ports.random.identifier()
        facts.set_meta(_LOGGER_ID, made)
        facts.set_meta(_LOGGER_ID_OF, computer)
        return made


def _state(facts: SessionFacts | None) -> LoggerState:
    if facts is None or facts.state is SessionState.READY:
        return LoggerState.IDLE
    if facts.state in {SessionState.RUNNING, SessionState.PAUSED}:
        return LoggerState(facts.state.value)
    return LoggerState.ENDING
