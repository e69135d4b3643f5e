"""The transfer thread: messages in, rounds of `sync_pass`, progress out."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import JournalUnavailable
from nexuslims_logger.events import Healed, Problem, Trouble
from nexuslims_logger.journal.results import ns_of
from nexuslims_logger.journal.unassigned import give_unassigned
from nexuslims_logger.messages import (
    Assign,
    Forget,
    LeaveOut,
    ListFiles,
    RecordAgain,
    RecordedAnew,
    Recover,
    Recovered,
    Stop,
    SyncNow,
    Track,
    TransferStopped,
)
from nexuslims_logger.ports import Reply
from nexuslims_logger.transfer.answers import answered
from nexuslims_logger.transfer.leave_out import leave_out
from nexuslims_logger.transfer.listing import list_files
from nexuslims_logger.transfer.progress import Progress
from nexuslims_logger.transfer.recovery import recover
from nexuslims_logger.transfer.root_walk import ScanStopped
from nexuslims_logger.transfer.scan import roots_of
from nexuslims_logger.transfer.send import UploadBegan
from nexuslims_logger.transfer.sending import send_owed
from nexuslims_logger.transfer.settle import remember_changing
from nexuslims_logger.transfer.state import PassState
from nexuslims_logger.transfer.sync_pass import next_due, sync_pass
from nexuslims_logger.transfer.tickets import SendTicket
from nexuslims_logger.transfer.unassigned import assign, offer_unassigned

if TYPE_CHECKING:
    from nexuslims_logger.transfer.ports import TransferPorts

log = logging.getLogger(__name__)

#: The kind of trouble with `files.db`; the session thread tells of the other file.
_JOURNAL = "files journal"
#: Between two tries while the journal cannot be written.
JOURNAL_RETRY_S = 5.0
#: So many messages are answered together.
MOST_ARRIVED = 500


def transfer_main(ports: TransferPorts, state: PassState | None = None) -> None:
    """Look after the tracked sessions' files until `Stop`; then let the leaves finish, and say so.

    Parameters
    ----------
    state
        New; or after the thread's death its `PassState.successor`.
    """
    state = state or PassState()
    if isinstance(state.given_up, Recover):
        # A start waits for this one.
        lost = state.given_up
        ports.session.put(Recovered(lost.session.identifier, lost.last_activity_at, 0, 0, complete=False))
        state.given_up = None
    progress = Progress(ports, state)
    breathe = partial(_breathe, ports, state, progress)
    while not state.stopping:
        try:
            handle_arrived(ports, state)
            sync_pass(ports, state, breathe)
            progress.tell()
            wait_s = min(next_due(ports, state), progress.next_due())
            if state.journal_problem is not None:
                state.journal_problem = None
                ports.window.put(Healed(_JOURNAL))
        except JournalUnavailable as error:
            # A full disk, say: what has arrived waits as well, and nothing that is not written counts.
            _tell_of_the_journal(ports, state, error)
            state.tallies.clear()
            wait_s = JOURNAL_RETRY_S
        except ScanStopped:
            break
        _receive(ports, state, wait_s)
    for ticket in state.in_flight.values():
        ticket.control.cancelled = True
    with suppress(JournalUnavailable):  # what cannot be written now is found in the store next time
        handle_arrived(ports, state)
        while state.in_flight:
            message = ports.inbox.get(None)
            if isinstance(message, Reply | UploadBegan):
                handle(ports, state, message)
    ports.session.put(TransferStopped())


def _receive(ports: TransferPorts, state: PassState, wait_s: float) -> None:
    """Wait for a message, and take with it what else is there."""
    message = ports.inbox.get(wait_s)
    while message is not None:
        if isinstance(message, Stop):
            state.stopping = True
            return
        state.arrived.append(message)
        if len(state.arrived) >= MOST_ARRIVED:
            return
        message = ports.inbox.get(0.0)


def _breathe(ports: TransferPorts, state: PassState, progress: Progress, files_met: int) -> None:
    """Let the pool have work, and the window hear, in the middle of a long scan."""
    if not progress.scanning(files_met):
        return
    _receive(ports, state, 0.0)
    if state.stopping:
        raise ScanStopped("Stopped", "The program is being closed; the next start looks at everything again.")
    send_owed(ports, state)


def handle_arrived(ports: TransferPorts, state: PassState) -> None:
    """Answer what has arrived, in its order; files that were sent are written down many at a time."""
    while state.arrived:
        if not _is_sent(state.arrived[0]):
            handle(ports, state, state.arrived[0])
            state.arrived.popleft()
            continue
        several = list(takewhile(_is_sent, state.arrived))
        with ports.files.transaction():
            for reply in several:
                handle(ports, state, reply)
        for _ in several:
            state.arrived.popleft()


def _is_sent(message: Any) -> bool:
    return isinstance(message, Reply) and isinstance(message.ticket, SendTicket) and message.error is None


def _tell_of_the_journal(ports: TransferPorts, state: PassState, error: JournalUnavailable) -> None:
    """Tell it, however often it is tried again with the time of the first failure."""
    log.warning("%s: %s", error.title, error.message)
    since = state.journal_problem.since if state.journal_problem else ports.clock.now()
    state.journal_problem = Problem(error.title, error.message, since)
    ports.window.put(Trouble(_JOURNAL, state.journal_problem))


def handle(ports: TransferPorts, state: PassState, message: Any) -> None:
    """Answer one message: change the state, and leave the rest to the next round."""
    match message:
        case Track():
            _track(ports, state, message)
        case SyncNow():
            state.scan_at = 0.0
            state.store.hurry()
            state.database.hurry()
            state.hurry()
        case Recover():
            others = [session for session in state.sessions if session.ended]
            state.in_question[message.session.identifier] = ns_of(message.launched_at or ports.clock.now())
            ports.session.put(recover(ports, message, others, state.elsewhere))
        case ListFiles():
            list_files(ports, state, message.session_identifier)
        case Assign():
            assign(ports, state, message)
            offer_unassigned(ports, state)
        case LeaveOut():
            leave_out(ports, state, message)
        case Forget() | RecordAgain() | UploadBegan():
            _write_down(ports, state, message)
        case Reply() if not state.is_of_an_earlier_life(message):
            answered(ports, state, message)


def _write_down(ports: TransferPorts, state: PassState, message: Forget | RecordAgain | UploadBegan) -> None:
    with ports.files.transaction():
        match message:
            case Forget():
                ports.results.forget(message.session_identifier)
            case RecordAgain():
                ports.results.owe_again(message.session_identifier)
            case UploadBegan():
                ports.uploads.put(message.upload)
    if isinstance(message, RecordAgain):
        state.told_recorded.discard(message.session_identifier)
        state.unrecorded = True
        ports.session.put(RecordedAnew(message.session_identifier))


def _track(ports: TransferPorts, state: PassState, message: Track) -> None:
    """Take over the list of sessions; a new one, and a new END, are reason to look at once."""
    before = {session.identifier: session for session in state.sessions}
    fresh = False
    state.sessions, state.elsewhere = message.sessions, message.elsewhere
    for session in message.sessions:
        known = before.pop(session.identifier, None)
        if known is None or known.ended != session.ended:
            state.scan_at = 0.0
            state.lanes.look_again()
            # A round before the first list has looked for results in vain.
            state.unrecorded = True
            state.hurry(session.identifier)
            fresh = True
        since_ns = state.in_question.pop(session.identifier, None)
        if since_ns is not None and not session.ended:
            # It goes on: what changed while nobody had answered for it, and found no owner, is its own.
            with ports.files.transaction():
                give_unassigned(ports.files, session.identifier, roots_of([session]), since_ns)
    if fresh:
        remember_changing(ports, state)
    if finished := [session.identifier for session in before.values() if session.ended]:
        with ports.files.transaction():
            for identifier in finished:
                ports.files.release(identifier)
