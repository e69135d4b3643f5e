"""The sessions' rows on their way to the database: what it lacks is sent, again and again, until it has it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.backoff import Backoff
from nexuslims_logger.errors import DatabaseUnavailable, Defect, LoggerError, ManifestLacking, TryLater
from nexuslims_logger.events import Problem, RecordState, SessionReady, Trouble
from nexuslims_logger.journal.records import OPEN, Applied, SessionState
from nexuslims_logger.messages import RecordAgain
from nexuslims_logger.session.clock_check import check_clock, release
from nexuslims_logger.session.end import ended_elsewhere
from nexuslims_logger.session.restored import compare

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.ports import Reply
    from nexuslims_logger.session.loop import SessionLoop

log = logging.getLogger(__name__)

#: How often an open session's rows are looked at when nothing has changed here: another hand may have written END.
LOOK_EVERY_S = 15 * 60.0
#: The same where this PC only has a part: that its session has ended is seen nowhere else.
LOOK_AT_JOINED_EVERY_S = 60.0


@dataclass(frozen=True)
class ApplyTicket:
    """A session's facts on their way to the database."""

    identifier: str
    revision: int


class Recording:
    """What is under way to the database, and when it is tried again; on the session thread alone."""

    def __init__(self, loop: SessionLoop) -> None:
        self._loop = loop
        self._sending: set[str] = set()
        self._delays: dict[str, Backoff] = {}
        self._database_is_away = False
        self._looked_at: dict[str, float] = {}

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way, and the database is there."""
        return not self._sending and not self._database_is_away

    def hurry(self) -> None:
        """Try again at once what waits."""
        for delay in self._delays.values():
            delay.hurry()

    def next_due(self) -> float | None:
        """Return when something is tried, or looked at, again (monotonic seconds)."""
        waiting = [
            delay.retry_at
            for identifier, delay in self._delays.items()
            if delay.retry_at is not None and identifier not in self._sending
        ]
        if (look_at := self._next_look()) is not None:
            waiting.append(look_at)
        return min(waiting, default=None)

    def push(self) -> None:
        """Give the database what it lacks; a session that it refuses waits alone, the others go on."""
        facts_of = {facts.identifier: facts for facts in self._loop.ports.facts.unsent()}
        now = self._loop.ports.clock.monotonic()
        look_at = self._next_look()
        if look_at is not None and now >= look_at and (current := self._loop.running()):
            facts_of.setdefault(current.identifier, current)
        for facts in facts_of.values():
            delay = self._delays.get(facts.identifier)
            if facts.identifier not in self._sending and (delay is None or delay.ready(now)):
                self._send(facts)

    def answered(self, ticket: ApplyTicket, reply: Reply) -> None:
        """Take what became of it."""
        self._sending.discard(ticket.identifier)
        self._database_is_away = isinstance(reply.error, DatabaseUnavailable)
        self._looked_at[ticket.identifier] = self._loop.ports.clock.monotonic()
        if reply.error is not None:
            # One that an earlier life of the thread had asked may fail behind one that has succeeded.
            if self._is_owed(ticket.identifier):
                self._refused(ticket.identifier, reply.error)
        else:
            self._delays.pop(ticket.identifier, None)
            self._taken(ticket, reply.value)
            if not self._loop.compared:
                compare(self._loop)

    def _is_owed(self, identifier: str) -> bool:
        """Whether the database lacks something of this session, or its rows are looked at again and again."""
        running = self._loop.running()
        return any(
            facts.identifier == identifier
            for facts in (*self._loop.ports.facts.unsent(), *((running,) if running else ()))
        )

    def _send(self, facts: SessionFacts) -> None:
        from nexuslims_logger.db.tasks import apply_part, apply_session

        self._sending.add(facts.identifier)
        self._loop.ports.database.submit(
            apply_part if facts.joined else apply_session,
            facts,
            ticket=ApplyTicket(facts.identifier, facts.revision),
            reply_to=self._loop.ports.inbox,
        )

    def _next_look(self) -> float | None:
        """Return when the open session's rows are looked at again, though nothing has changed here."""
        current = None if self._loop.ports.station.this_pc_only else self._loop.running()
        if current is None or current.identifier in self._sending or current.identifier not in self._looked_at:
            return None
        if delay := self._delays.get(current.identifier):
            return delay.retry_at  # the last look has failed
        return self._looked_at[current.identifier] + (LOOK_AT_JOINED_EVERY_S if current.joined else LOOK_EVERY_S)

    def _taken(self, ticket: ApplyTicket, applied: Applied) -> None:
        loop = self._loop
        answer: dict[str, object] = {}
        before = loop.ports.facts.session(ticket.identifier)
        present = before.revision == ticket.revision and not before.joined
        if present and before.ended_at and applied.ended_at and applied.ended_at != before.ended_at:
            answer["ended_at"] = applied.ended_at  # another hand wrote END first: the database's wins
        if applied.user is not None and applied.user != before.user:
            answer["user"] = applied.user  # a manager corrected it
        if before.clock_offset_ms is None and applied.clock_offset_ms is not None:
            answer["clock_offset_ms"] = applied.clock_offset_ms
        facts = loop.ports.facts.mark(ticket.identifier, ticket.revision, **answer)
        if "clock_offset_ms" in answer:
            check_clock(loop, facts)
        if applied.anew and not applied.ready:
            log.warning("the database has lost the START of session %s; it is sent once more", facts.identifier)
            loop.ports.transfer.put(RecordAgain(facts.identifier))
        recorded = facts.revision == facts.database_revision
        log.debug("the database has revision %d of session %s", ticket.revision, ticket.identifier)
        loop.tell(RecordState(facts.identifier, recorded, loop.ports.station.this_pc_only))
        if recorded and facts.state is SessionState.READY:
            what = "this PC's part is finished" if facts.joined else "both rows are TO_BE_BUILT"
            log.info("session %s is ready: %s", facts.identifier, what)
            loop.tell(SessionReady(facts.identifier))
            loop.track()
        elif applied.ended_at is not None and facts.state in OPEN and facts.identifier == loop.current:
            ended_elsewhere(loop, facts, applied)
        else:
            loop.tell_left()
            release(loop, facts.identifier)

    def _refused(self, identifier: str, error: LoggerError) -> None:
        ports = self._loop.ports
        problem = Problem(error.title, error.message, ports.clock.now(), isinstance(error, DatabaseUnavailable))
        first_s = 2.0 if isinstance(error, TryLater) else 60.0
        delay = self._delays.setdefault(identifier, Backoff(first_s, 300.0))
        delay.failed(ports.clock.monotonic(), ports.random.fraction(), problem)
        log.warning("%s: %s", error.title, error.message)
        if isinstance(error, ManifestLacking):
            # Nobody can do anything about it, and nobody needs to.
            ports.transfer.put(RecordAgain(identifier))
            return
        ports.facts.mark_refused(identifier, f"{error.title}: {error.message}")
        self._loop.tell(
            RecordState(identifier, recorded=False, this_pc_only=ports.station.this_pc_only, problem=delay.problem)
        )
        if isinstance(error, Defect):
            self._loop.tell(Trouble("database", problem))
