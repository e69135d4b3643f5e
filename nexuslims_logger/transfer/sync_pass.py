"""One round of the transfer: scan, settle, send, verify, record (DESIGN.md sections 4 and 6).

`sync_pass` never waits: it does what is due and gives the leaves their work; their answers come back as
messages, each of which leads to the next round. What is owed is asked of the journal, so a round may be cut anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.transfer.finish import finish, record
from nexuslims_logger.transfer.looking import look_at_active, look_at_all
from nexuslims_logger.transfer.sending import send_owed
from nexuslims_logger.transfer.settle import settle
from nexuslims_logger.transfer.tickets import ProbeTicket
from nexuslims_logger.transfer.waiting import look_at_waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

#: A name that nobody stores under: asking for it tells whether the store answers.
PROBE = "nexuslims-logger-probe"


def sync_pass(ports: TransferPorts, state: PassState, breathe: Callable[[int], None] | None = None) -> None:
    """Do everything that is due now.

    Parameters
    ----------
    breathe
        Is called now and then in the middle of a scan, with the number of files met so far.
    """
    if ports.clock.monotonic() >= state.scan_at:
        look_at_all(ports, state, breathe)
    else:
        look_at_active(ports, state)
    settle(ports, state)
    send_owed(ports, state)
    for session in state.sessions:
        if session.ended:
            finish(ports, state, session)
    _probe(ports, state)
    look_at_waiting(ports, state)
    record(ports, state)
    _note_good_pass(ports, state)


def next_due(ports: TransferPorts, state: PassState) -> float:
    """Return the seconds until `sync_pass` has something to do, were no message to come."""
    due = [state.scan_at] if state.sessions else []
    if state.running:
        due.append(state.look_at)
    due += [state.settle_at, state.delay_at]
    now = ports.clock.monotonic()
    if state.store.retry_at is not None and state.store.retry_at > now:
        due.append(state.store.retry_at)
    if state.unrecorded and not state.recording:
        due.append(max(state.record_at, state.database.retry_at or 0.0))
    # An empty list cannot last: a new session arrives as a message.
    return max(0.0, min(*due, now + ports.rules.interval_s) - now)


def _probe(ports: TransferPorts, state: PassState) -> None:
    """Ask whether the store is back when nothing that is owed would find out."""
    busy = state.lanes.waiting or state.in_flight or state.verifying or state.probing
    if state.store.problem is not None and not busy and state.store.ready(ports.clock.monotonic()):
        state.probing = True
        ports.pool.submit(ports.store.stat, PROBE, ticket=ProbeTicket(state.number()), reply_to=ports.inbox)


def _note_good_pass(ports: TransferPorts, state: PassState) -> None:
    # A file that is still being written is not undone: nothing could be done about it.
    idle = not state.in_flight and not state.lanes.waiting and not state.delays
    # A scan for no session has looked at nothing. The pass in which the last file was stored counts, too.
    if state.work_done and state.sessions and state.outcome.complete and idle and state.store.problem is None:
        state.last_good_pass_at = ports.clock.now()
        state.work_done = False
