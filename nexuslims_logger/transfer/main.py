"""The transfer thread: messages in, rounds of `sync_pass`, progress out."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import Defect, FileChanged, FileProblem, JournalUnavailable, LoggerError, TryLater
from nexuslims_logger.events import Problem, Trouble
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result
from nexuslims_logger.messages import (
    Assign,
    Forget,
    LeaveOut,
    ListFiles,
    Recover,
    Stop,
    SyncNow,
    Track,
    TransferStopped,
)
from nexuslims_logger.ports import Reply
from nexuslims_logger.transfer.finish import verified_some
from nexuslims_logger.transfer.leave_out import leave_out
from nexuslims_logger.transfer.listing import list_files
from nexuslims_logger.transfer.progress import Progress
from nexuslims_logger.transfer.recovery import recover
from nexuslims_logger.transfer.state import PassState, ProbeTicket, RecordTicket, SendTicket, VerifyTicket
from nexuslims_logger.transfer.sync_pass import next_due, not_sent, sent, sync_pass
from nexuslims_logger.transfer.unassigned import assign, offer_unassigned

if TYPE_CHECKING:
    from nexuslims_logger.backoff import Backoff
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.send import Sent

log = logging.getLogger(__name__)

#: Between two tries while the journal cannot be written.
JOURNAL_RETRY_S = 5.0


def transfer_main(ports: TransferPorts) -> None:
    """Look after the tracked sessions' files until `Stop`; then let the leaves finish, and say so."""
    state = PassState()
    progress = Progress(ports, state)
    arrived: deque[Any] = deque()
    while True:
        try:
            while arrived:
                handle(ports, state, arrived[0])
                arrived.popleft()
            sync_pass(ports, state)
            progress.tell()
            wait_s = min(next_due(ports, state), progress.next_due())
        except JournalUnavailable as error:
            # A full disk, say: what has arrived waits as well, and nothing that is not written counts.
            _told_of_the_journal(ports, error)
            wait_s = JOURNAL_RETRY_S
        message = ports.inbox.get(wait_s)
        if isinstance(message, Stop):
            break
        if message is not None:
            arrived.append(message)
    for ticket in state.in_flight.values():
        ticket.control.cancelled = True
    with suppress(JournalUnavailable):  # what cannot be written now is found in the store next time
        while arrived:
            handle(ports, state, arrived.popleft())
        while state.in_flight:
            message = ports.inbox.get(None)
            if isinstance(message, Reply):
                handle(ports, state, message)
    ports.session.put(TransferStopped())


def _told_of_the_journal(ports: TransferPorts, error: JournalUnavailable) -> None:
    log.warning("%s: %s", error.title, error.message)
    ports.window.put(Trouble("journal", Problem(error.title, error.message, ports.clock.now())))


def handle(ports: TransferPorts, state: PassState, message: Any) -> None:
    """Answer one message: change the state, and leave the rest to the next round."""
    match message:
        case Track():
            _track(ports, state, message)
        case SyncNow():
            state.scan_at = 0.0
            state.store.hurry()
            state.database.hurry()
            for delay in state.delays.values():
                delay.until = 0.0
        case Recover():
            others = [session for session in state.sessions if session.ended]
            ports.session.put(recover(ports, message.session, others, message.last_activity_at))
        case ListFiles():
            ports.window.put(list_files(ports, state, message.session_identifier))
        case Assign():
            assign(ports, state, message)
            offer_unassigned(ports, state)
        case LeaveOut():
            leave_out(ports, state, message)
        case Forget():
            with ports.files.transaction():
                ports.results.forget(message.session_identifier)
        case Reply():
            _answered(ports, state, message)


def _answered(ports: TransferPorts, state: PassState, reply: Reply) -> None:
    """Take what a leaf or the database has answered."""
    match reply.ticket:
        case SendTicket() as ticket:
            _sent_or_not(ports, state, ticket, reply)
        case VerifyTicket() as ticket:
            _store_answered(ports, state, reply)
            verified_some(ports, state, ticket, reply.value)
        case ProbeTicket():
            state.probing = False
            _store_answered(ports, state, reply)
        case RecordTicket() as ticket:
            _recorded_or_not(ports, state, ticket, reply)


def _store_answered(ports: TransferPorts, state: PassState, reply: Reply) -> None:
    if reply.error is not None:
        _failed(ports, state, state.store, reply.error)
    else:
        state.store.succeeded()


def _track(ports: TransferPorts, state: PassState, message: Track) -> None:
    """Take over the list of sessions; a new one, and a new END, are reason to look at once."""
    before = {session.identifier: session for session in state.sessions}
    state.sessions = message.sessions
    for session in message.sessions:
        known = before.pop(session.identifier, None)
        if known is None or known.ended != session.ended:
            state.scan_at = 0.0
            state.more_owed = True
            # A round before the first list has looked for results in vain.
            state.unrecorded = True
            state.changing.update(
                (seen.key, (seen.stat, ports.clock.monotonic()))
                for seen in ports.files.unsettled(session.identifier)
                if seen.key not in state.changing
            )
            for (owner, _), delay in state.delays.items():
                if owner == session.identifier:
                    delay.until = 0.0
    if finished := [session.identifier for session in before.values() if session.ended]:
        with ports.files.transaction():
            for identifier in finished:
                ports.files.release(identifier)


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
        sent(ports, state, ticket, result)
        log.info("stored %s (%d bytes)", stored.name, stored.size)
    elif isinstance(error, FileProblem):
        level = logging.INFO if isinstance(error, FileChanged) else logging.WARNING
        log.log(level, "%s: %s", error.title, error.message)
        not_sent(ports, state, ticket, error)
    else:
        state.more_owed = True
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
    problem = Problem(error.title, error.message, ports.clock.now())
    if backoff.ready(now):
        backoff.failed(now, ports.random.fraction(), problem)
        log.warning("%s: %s", error.title, error.message)
    if isinstance(error, Defect) or (backoff is state.database and not isinstance(error, TryLater)):
        ports.window.put(Trouble("transfer", problem))
