"""What the leaves and the database answer to the transfer thread, taken into its state."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from nexuslims_logger.errors import Defect, FileChanged, FileProblem, LoggerError, TryLater
from nexuslims_logger.events import Problem, Trouble
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result
from nexuslims_logger.transfer.finish import manifest_stored, verified_some
from nexuslims_logger.transfer.listing import files_looked_at
from nexuslims_logger.transfer.sending import not_sent, sent
from nexuslims_logger.transfer.tickets import (
    ListTicket,
    ManifestTicket,
    ProbeTicket,
    RecordTicket,
    SendTicket,
    VerifyTicket,
)

if TYPE_CHECKING:
    from nexuslims_logger.backoff import Backoff
    from nexuslims_logger.ports import Reply
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.send import Sent
    from nexuslims_logger.transfer.state import PassState

log = logging.getLogger(__name__)


def answered(ports: TransferPorts, state: PassState, reply: Reply) -> None:
    """Take what a leaf or the database has answered."""
    match reply.ticket:
        case SendTicket() as ticket:
            _sent_or_not(ports, state, ticket, reply)
        case VerifyTicket() as ticket:
            _store_answered(ports, state, reply)
            verified_some(ports, state, ticket, reply.value)
        case ManifestTicket() as ticket:
            if not isinstance(reply.error, FileProblem):
                _store_answered(ports, state, reply)
            manifest_stored(ports, state, ticket.session, reply.error)
        case ProbeTicket():
            state.probing = False
            _store_answered(ports, state, reply)
        case ListTicket() as ticket:
            if reply.error is not None:
                ports.window.put(Trouble("transfer", _problem(ports, reply.error)))
            files_looked_at(ports, state, ticket, reply.value)
        case RecordTicket() as ticket:
            _recorded_or_not(ports, state, ticket, reply)


def _store_answered(ports: TransferPorts, state: PassState, reply: Reply) -> None:
    if reply.error is not None:
        _failed(ports, state, state.store, reply.error)
    else:
        state.store.succeeded()


def _sent_or_not(ports: TransferPorts, state: PassState, ticket: SendTicket, reply: Reply) -> None:
    state.in_flight.pop(ticket.number, None)
    error = reply.error
    if error is None:
        done: Sent = reply.value
        stored = done.object
        now = ports.clock.now()
        result = Result(
            session=ticket.owed.session,
            key=ticket.owed.seen.key,
            state=ResultState.UPLOADED,
            stat=done.stat,
            object_name=stored.name,
            md5=stored.md5,
            generation=stored.generation,
            discovered_at=now,
            uploaded_at=now,
        )
        sent(ports, state, ticket, result, overwritten=done.overwritten)
        log.info("stored %s (%d bytes)", stored.name, stored.size)
    elif isinstance(error, FileProblem):
        level = logging.INFO if isinstance(error, FileChanged) else logging.WARNING
        log.log(level, "%s: %s", error.title, error.message)
        not_sent(ports, state, ticket, error)
    else:
        state.lanes.push(ticket.owed)
        if not ticket.control.cancelled:
            _failed(ports, state, state.store, error)


def _recorded_or_not(ports: TransferPorts, state: PassState, ticket: RecordTicket, reply: Reply) -> None:
    state.recording = False
    state.unrecorded = True
    if reply.error is not None:
        _failed(ports, state, state.database, reply.error)
        return
    state.database.succeeded()
    with ports.files.transaction():
        for result in ticket.results:
            ports.results.mark_recorded(result)


def _failed(ports: TransferPorts, state: PassState, backoff: Backoff, error: LoggerError) -> None:
    """Wait longer after each round of failures; what a person must mend is told at once."""
    now = ports.clock.monotonic()
    problem = _problem(ports, error)
    if backoff.ready(now):
        backoff.failed(now, ports.random.fraction(), problem)
        log.warning("%s: %s", error.title, error.message)
    if isinstance(error, Defect) or (backoff is state.database and not isinstance(error, TryLater)):
        ports.window.put(Trouble("transfer", problem))


def _problem(ports: TransferPorts, error: LoggerError) -> Problem:
    return Problem(error.title, error.message, ports.clock.now())
