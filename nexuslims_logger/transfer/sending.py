"""Keep the pool busy with owed files, and write down what became of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import ChecksumMismatch, FileChanged, NameRefused
from nexuslims_logger.events import KEEPS_GROWING
from nexuslims_logger.journal.seen import Owed
from nexuslims_logger.ports import Reply
from nexuslims_logger.storage.contract import Origin
from nexuslims_logger.transfer.lanes import is_large
from nexuslims_logger.transfer.ownership import touched_at
from nexuslims_logger.transfer.placement import object_name_of
from nexuslims_logger.transfer.send import Control, FileToSend, send_one
from nexuslims_logger.transfer.settle import FILE_DELAY_MOST_S, put_off
from nexuslims_logger.transfer.state import Delay
from nexuslims_logger.transfer.tickets import SendTicket
from nexuslims_logger.transfer.waiting import take_back_elsewhere

if TYPE_CHECKING:
    from nexuslims_logger.errors import FileProblem
    from nexuslims_logger.journal.results import Result
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.lanes import Lane
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

#: A shorter rest than this is not worth remembering; and about so many are remembered.
_RESTS_FROM_S = 10.0
_MOST_RESTING = 10_000


def send_owed(ports: TransferPorts, state: PassState) -> None:
    """Keep the pool busy with owed files. Writes nothing, so it may be called in the middle of a scan."""
    now = ports.clock.monotonic()
    _release_delayed(ports, state, now)
    answered = {
        message.ticket.number
        for message in state.arrived
        if isinstance(message, Reply) and isinstance(message.ticket, SendTicket)
    }
    under_way = [ticket for number, ticket in state.in_flight.items() if number not in answered]
    # Large files take half of the threads at most; of small ones, a few more wait at the threads' door.
    for lane, most in (
        (state.lanes.large, max(1, ports.rules.workers // 2)),
        (state.lanes.small, 2 * ports.rules.workers),
    ):
        free = most - sum(is_large(ticket.owed) == (lane is state.lanes.large) for ticket in under_way)
        while free > 0 and state.store.ready(now) and (found := _next_owed(ports, state, lane, now)):
            free -= _submit(ports, state, *found, now)


def _submit(ports: TransferPorts, state: PassState, owed: Owed, session: TrackedSession, now: float) -> bool:
    key = owed.seen.key
    try:
        plain_name = object_name_of(session, key)
    except NameRefused as problem:
        put_off(state, owed.session, key, now, problem.message, FILE_DELAY_MOST_S)
        return False
    first_look_at = state.first_look_at.get(session.identifier)
    file = FileToSend(
        key=key,
        stat=owed.seen.stat,
        object_name=owed.object_name or plain_name,
        expected_generation=owed.generation,
        plain_name=plain_name,
        origin=Origin(session.identifier, session.computer_name, session.instrument_pid),
        # What the first scan has found may have been sent by a run whose journal is lost.
        ask_first=first_look_at is not None and touched_at(owed.seen.stat) <= first_look_at,
        resume=ports.uploads.get(session.identifier, key),
    )
    ticket = SendTicket(state.number(), owed, Control(), now)
    state.in_flight[ticket.number] = ticket
    ports.pool.submit(
        send_one,
        ports.file_system,
        ports.store,
        file,
        ticket.control,
        ports.inbox,
        ticket=ticket,
        reply_to=ports.inbox,
    )
    return True


def _release_delayed(ports: TransferPorts, state: PassState, now: float) -> None:
    """Let files try again whose time has come, and forget those that are owed no more."""
    if now < state.delay_at:
        return
    for (session, key), delay in list(state.delays.items()):
        if delay.until > now:
            continue
        seen = ports.files.get(key)
        if seen is None or seen.owner != session or (seen.settled and not ports.files.is_owed(seen)):
            del state.delays[session, key]
            continue
        delay.until = math.inf
        if seen.settled:
            earlier = ports.results.get(session, key)
            object_name, generation = (earlier.object_name, earlier.generation) if earlier else (None, None)
            state.lanes.push(Owed(seen, session, object_name, generation))
    state.delay_at = min((delay.until for delay in state.delays.values()), default=math.inf)


def _next_owed(ports: TransferPorts, state: PassState, lane: Lane, now: float) -> tuple[Owed, TrackedSession] | None:
    """Take the next owed file that may be tried now, as it is at this moment."""
    while owed := lane.next(ports.files, state.sessions):
        key = owed.seen.key
        delay = state.delays.get((owed.session, key))
        # One that is under way is looked at again when it is answered for.
        busy = any(ticket.owed.seen.key == key for ticket in state.in_flight.values())
        if busy or (delay and now < delay.until < math.inf):
            continue
        session = state.session(owed.session)
        if session is None or ports.files.get(key) != owed.seen or not ports.files.is_owed(owed.seen):
            continue
        resend_at = state.resend_at.get((owed.session, key), 0.0)
        if not session.ended and now < resend_at:
            state.delay(owed.session, key, Delay(KEEPS_GROWING, resend_at, 0))
            continue
        return owed, session
    return None


def sent(ports: TransferPorts, state: PassState, ticket: SendTicket, result: Result, *, overwritten: bool) -> None:
    """Write down that a file is in the store: only now does it count.

    Parameters
    ----------
    overwritten
        Somebody else has written where its earlier content went: what the database knows of that is not true any more.
    """
    place = ticket.owed.session, ticket.owed.seen.key
    with ports.files.transaction():
        earlier = ports.results.get(*place)
        if overwritten and earlier and earlier.object_name != result.object_name:
            ports.results.retract(earlier, f"overwritten by somebody else; the file is stored as {result.object_name}")
        elif state.pending:
            take_back_elsewhere(ports, result)
        ports.results.put(result)
    state.store.succeeded()
    if verification := state.verifying.get(result.session):
        verification.failed = True  # it has not seen this one
    state.delays.pop(place, None)
    if earlier is not None:
        state.recount.add(result.session)
    elif tally := state.tallies.get(result.session):
        state.tallies[result.session] = replace(
            tally, files_done=tally.files_done + 1, bytes_done=tally.bytes_done + result.stat.size
        )
    state.bytes_before += ticket.control.bytes_before
    state.unrecorded = True
    state.work_done = True
    now = ports.clock.monotonic()
    # A file that grows for hours and rests now and then is not sent over and over again.
    rest_s = 2 * (now - ticket.since)
    state.resend_at.pop(place, None)
    if rest_s > max(ports.rules.settle_s, _RESTS_FROM_S):
        if len(state.resend_at) >= _MOST_RESTING:
            state.resend_at = {place: at for place, at in state.resend_at.items() if at > now}
        state.resend_at[place] = now + rest_s
    seen = ports.files.get(ticket.owed.seen.key)
    if seen and seen.settled and seen.owner == result.session and ports.files.is_owed(seen):
        state.lanes.push(Owed(seen, result.session, result.object_name, result.generation))


def not_sent(ports: TransferPorts, state: PassState, ticket: SendTicket, problem: FileProblem) -> None:
    """Let a file wait: it stays owed, and the next scan says what has become of it."""
    now = ports.clock.monotonic()
    session = state.session(ticket.owed.session)
    if isinstance(problem, ChecksumMismatch):
        # What has arrived of it is worth nothing, however often it is taken up again.
        with ports.files.transaction():
            ports.uploads.drop(ticket.owed.session, ticket.owed.seen.key)
    # One that grows for hours must not be sent over and over again; at the end it is sent once more.
    spent = 0.0 if session and session.ended else 2 * (now - ticket.since)
    put_off(
        state,
        ticket.owed.session,
        ticket.owed.seen.key,
        now,
        problem.message,
        max(ports.rules.settle_s, spent),
    )
    key = ticket.owed.seen.key
    if isinstance(problem, FileChanged) and session and not session.ended:
        state.active[key.root, key.folder] = now
    else:
        state.scan_at = min(state.scan_at, now + ports.rules.settle_s)
