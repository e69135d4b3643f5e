"""One round of the transfer: scan, settle, send, verify, record (DESIGN.md sections 4 and 6).

`sync_pass` never waits: it does what is due and gives the leaves their work; their answers come back as
messages, each of which leads to the next round. What is owed is asked of the journal, so a round may be cut anywhere.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileVanished, NameRefused
from nexuslims_logger.journal.files import Owed, Seen
from nexuslims_logger.journal.results import Result, time_of
from nexuslims_logger.messages import ActivitySeen
from nexuslims_logger.storage.contract import Origin
from nexuslims_logger.transfer.finish import finish, record
from nexuslims_logger.transfer.placement import object_name_of
from nexuslims_logger.transfer.room import watch_room
from nexuslims_logger.transfer.scan import scan
from nexuslims_logger.transfer.send import Control, FileToSend, send_one
from nexuslims_logger.transfer.state import Delay, ProbeTicket, SendTicket
from nexuslims_logger.transfer.unassigned import offer_unassigned

if TYPE_CHECKING:
    from nexuslims_logger.journal.files import FileKey
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

#: Owed files fetched ahead: enough that fetching costs little, few enough for the memory.
FETCH = 2000
#: A name that nobody stores under: asking for it tells whether the store answers.
PROBE = "nexuslims-logger-probe"
#: How long a file that cannot be read or named waits before it is tried again, at first and at most.
FILE_DELAY_S, FILE_DELAY_MOST_S = 5.0, 300.0


def sync_pass(ports: TransferPorts, state: PassState) -> None:
    """Do everything that is due now."""
    if ports.clock.monotonic() >= state.scan_at:
        _look(ports, state)
    _settle(ports, state)
    _send(ports, state)
    for session in state.sessions:
        if session.ended:
            finish(ports, state, session)
    _probe(ports, state)
    record(ports, state)
    _note_good_pass(ports, state)


def next_due(ports: TransferPorts, state: PassState) -> float:
    """Return the seconds until `sync_pass` has something to do, were no message to come."""
    due = [state.scan_at] if state.sessions else []
    due += [since + ports.rules.settle_s for _, since in state.changing.values()]
    due += [delay.until for delay in state.delays.values()]
    now = ports.clock.monotonic()
    if state.store.retry_at is not None and state.store.retry_at > now:
        due.append(state.store.retry_at)
    if state.unrecorded and not state.recording:
        due.append(max(state.record_at, state.database.retry_at or 0.0))
    # An empty list cannot last: a new session arrives as a message.
    return max(0.0, min(due, default=now + ports.rules.interval_s) - now)


# --- scan and settle ---------------------------------------------------------------------------------------------


def _look(ports: TransferPorts, state: PassState) -> None:
    """Scan; a first complete scan after END fixes the final set."""
    state.outcome = scan(ports, state.sessions)
    state.scanned = True
    state.scan_at = ports.clock.monotonic() + ports.rules.interval_s
    complete = [
        session.identifier
        for session in state.sessions
        if session.ended and all(folder.path in state.outcome.complete_roots for folder in session.folders)
    ]
    if complete:
        with ports.files.transaction():
            for identifier in complete:
                ports.files.fix_final_set(identifier)
    if state.outcome.changed:
        state.files_changed(ports)
    offer_unassigned(ports, state)
    watch_room(ports, state)
    if running := state.running:
        _tell_activity(ports, state, running)


def _tell_activity(ports: TransferPorts, state: PassState, running: TrackedSession) -> None:
    newest = ports.files.newest_ns(running.identifier) if state.outcome.changed else None
    if newest and newest > state.activity_ns:
        state.activity_ns = newest
        ports.session.put(ActivitySeen(running.identifier, min(time_of(newest), ports.clock.now())))


def _settle(ports: TransferPorts, state: PassState) -> None:
    """Look again, through a handle, at the files that have stood still for long enough."""
    now = ports.clock.monotonic()
    due = [key for key, (_, since) in state.changing.items() if since + ports.rules.settle_s <= now]
    if not due:
        return
    with ports.files.transaction():
        for key in due:
            _settle_one(ports, state, key, now)
    state.more_owed = True
    state.tallies.clear()


def _settle_one(ports: TransferPorts, state: PassState, key: FileKey, now: float) -> None:
    before = ports.files.get(key)
    if before is None:
        del state.changing[key]
        return
    try:
        handle = ports.file_system.open(key.root, key.path)
        try:
            stat = handle.stat()
        finally:
            handle.close()
    except FileVanished:
        # It is gone, or its whole watch folder is for a while: only a scan can tell.
        state.changing[key] = (before.stat, now)
        state.scan_at = now
    except FileProblem as problem:
        delay = _delay(state, before.owner or "", key, now, problem.message, ports.rules.settle_s)
        state.changing[key] = (before.stat, delay.until - ports.rules.settle_s)
    else:
        state.delays.pop((before.owner or "", key), None)
        settled = stat == before.stat
        ports.files.put(Seen(key, stat, settled, before.owner))
        if settled:
            del state.changing[key]
        else:
            state.changing[key] = (stat, now)


def _delay(  # noqa: PLR0913 - one line each at its three callers
    state: PassState, session: str, key: FileKey, now: float, reason: str, least_s: float
) -> Delay:
    known = state.delays.get((session, key))
    attempts = known.attempts + 1 if known else 1
    # The exponent ends early: a file may stay locked for days, and a float does not.
    delay = max(least_s, min(FILE_DELAY_S * 2 ** min(attempts - 1, 10), FILE_DELAY_MOST_S))
    state.delays[session, key] = Delay(reason, now + delay, attempts)
    return state.delays[session, key]


# --- send --------------------------------------------------------------------------------------------------------


def _send(ports: TransferPorts, state: PassState) -> None:
    """Keep the pool busy with owed files."""
    now = ports.clock.monotonic()
    _release_delayed(ports, state, now)
    while len(state.in_flight) < ports.rules.workers and state.store.ready(now):
        owed = _next_owed(ports, state, now)
        if owed is None:
            return
        session = state.session(owed.session)
        if session is None:
            continue
        key = owed.seen.key
        try:
            name = owed.object_name or object_name_of(session, key)
        except NameRefused as problem:
            _delay(state, owed.session, key, now, problem.message, FILE_DELAY_MOST_S)
            continue
        ticket = SendTicket(state.number(), owed, name, Control(), now)
        origin = Origin(session.identifier, session.computer_name, session.instrument_pid)
        file = FileToSend(key.root, key.path, owed.seen.stat, name, owed.generation, origin)
        state.in_flight[ticket.number] = ticket
        ports.pool.submit(
            send_one,
            ports.file_system,
            ports.store,
            file,
            ticket.control,
            ticket=ticket,
            reply_to=ports.inbox,
        )


def _release_delayed(ports: TransferPorts, state: PassState, now: float) -> None:
    """Let files try again whose time has come, and forget those that are owed no more."""
    for (session, key), delay in list(state.delays.items()):
        if delay.until > now:
            continue
        seen = ports.files.get(key)
        if seen and seen.owner == session and (not seen.settled or ports.files.is_owed(seen)):
            delay.until = math.inf
            state.more_owed = True
        else:
            del state.delays[session, key]


def _next_owed(ports: TransferPorts, state: PassState, now: float) -> Owed | None:
    """Take the next owed file that may be tried now, as it is at this moment."""
    for _ in range(2):
        while state.queue:
            owed = state.queue.popleft()
            delay = state.delays.get((owed.session, owed.seen.key))
            busy = any(ticket.owed.seen.key == owed.seen.key for ticket in state.in_flight.values())
            if busy or (delay and now < delay.until < math.inf):
                continue
            if ports.files.get(owed.seen.key) == owed.seen and ports.files.is_owed(owed.seen):
                return owed
        if not state.more_owed:
            return None
        for session in state.sessions:
            limit = FETCH + len(state.in_flight) + len(state.delays)
            state.queue += ports.files.owed(session.identifier, limit)
        state.more_owed = len(state.queue) >= FETCH
    return None


def sent(ports: TransferPorts, state: PassState, ticket: SendTicket, result: Result) -> None:
    """Write down that a file is in the store: only now does it count."""
    with ports.files.transaction():
        ports.results.put(result)
    state.store.succeeded()
    state.delays.pop((ticket.owed.session, ticket.owed.seen.key), None)
    if tally := state.tallies.get(result.session):
        state.tallies[result.session] = replace(
            tally, files_done=tally.files_done + 1, bytes_done=tally.bytes_done + result.stat.size
        )
    state.unrecorded = True


def not_sent(ports: TransferPorts, state: PassState, ticket: SendTicket, problem: FileProblem) -> None:
    """Let a file wait: it stays owed, and the next scan says what has become of it."""
    now = ports.clock.monotonic()
    session = state.session(ticket.owed.session)
    # One that grows for hours must not be sent over and over again; at the end it is sent once more.
    spent = 0.0 if session and session.ended else 2 * (now - ticket.since)
    _delay(
        state,
        ticket.owed.session,
        ticket.owed.seen.key,
        now,
        problem.message,
        max(ports.rules.settle_s, spent),
    )
    state.scan_at = min(state.scan_at, now + ports.rules.settle_s)
    state.more_owed = True


def _probe(ports: TransferPorts, state: PassState) -> None:
    """Ask whether the store is back when nothing that is owed would find out."""
    busy = state.queue or state.in_flight or state.verifying or state.probing
    if state.store.problem is not None and not busy and state.store.ready(ports.clock.monotonic()):
        state.probing = True
        ports.pool.submit(ports.store.stat, PROBE, ticket=ProbeTicket(), reply_to=ports.inbox)


def _note_good_pass(ports: TransferPorts, state: PassState) -> None:
    # A file that is still being written is not undone: nothing could be done about it.
    idle = not state.in_flight and not state.queue and not state.delays
    if state.scanned and state.outcome.complete and idle and state.store.problem is None:
        state.last_good_pass_at = ports.clock.now()
        state.scanned = False
