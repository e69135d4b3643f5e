"""From END to ready: the final set complete, compared with the store, and known to the database."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, JournalUnavailable
from nexuslims_logger.journal.records import ManifestRow, ResultState
from nexuslims_logger.journal.results import Result, time_of
from nexuslims_logger.messages import AllRecorded, AllStored, FinalSetFixed
from nexuslims_logger.transfer.session_manifest import store_manifest, write_manifest
from nexuslims_logger.transfer.state import Verification
from nexuslims_logger.transfer.tickets import ManifestTicket, RecordTicket, VerifyTicket
from nexuslims_logger.transfer.verify import verify_some
from nexuslims_logger.transfer.waiting import take_back_gone

if TYPE_CHECKING:
    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState
    from nexuslims_logger.transfer.verify import Compared

log = logging.getLogger(__name__)

VERIFY_BATCH = 50
#: As many as the database takes in one transaction (`db.apply_manifest`).
RECORD_BATCH = 2000


def finish(ports: TransferPorts, state: PassState, session: TrackedSession) -> None:
    """Lead an ended session from its final set to the comparison with the store, and tell each step."""
    identifier = session.identifier
    if identifier in state.verifying or identifier in state.told_recorded:
        return
    if not ports.files.final_set_fixed(identifier) or _anything_open(ports, state, identifier):
        return
    if not ports.results.verified(identifier):
        if not state.store.ready(ports.clock.monotonic()):
            return
        with ports.files.transaction():
            take_back_gone(ports, state, identifier)
        _verify(ports, state, identifier)
        if not ports.results.verified(identifier):
            return
    if identifier not in state.told_stored:
        state.told_stored.add(identifier)
        ports.session.put(FinalSetFixed(identifier))
        ports.session.put(_all_stored(ports, identifier))
    if identifier not in state.told_recorded and not ports.results.has_unrecorded(identifier):
        state.told_recorded.add(identifier)
        ports.session.put(AllRecorded(identifier, *ports.results.extent(identifier)))


def _anything_open(ports: TransferPorts, state: PassState, identifier: str) -> bool:
    # The cheap questions first: while files are under way this is asked after each of them.
    return (
        state.lanes.waiting
        or any(ticket.owed.session == identifier for ticket in state.in_flight.values())
        or bool(ports.files.unsettled(identifier, 1))
        or bool(ports.files.owed(identifier, 1))
    )


def _verify(ports: TransferPorts, state: PassState, identifier: str) -> None:
    """Begin to compare the final set with the store, a few batches at a time."""
    state.verifying[identifier] = Verification()
    for _ in range(ports.rules.workers):
        _verify_more(ports, state, identifier)
    _verification_ended(ports, state, identifier)


def _verify_more(ports: TransferPorts, state: PassState, identifier: str) -> None:
    verification = state.verifying[identifier]
    batch = tuple(ports.results.uploaded_after(identifier, verification.last, VERIFY_BATCH))
    if batch:
        verification.last = batch[-1].object_name
        verification.under_way += 1
        ticket = VerifyTicket(state.number(), identifier)
        ports.pool.submit(verify_some, ports.store, batch, ticket=ticket, reply_to=ports.inbox)


def verified_some(ports: TransferPorts, state: PassState, ticket: VerifyTicket, compared: Compared | None) -> None:
    """Take a part's comparison: what the store lost is owed again; None says that it could not be asked."""
    lost = compared.lost if compared else ()
    with ports.files.transaction():
        for result in lost:
            _lost_in_the_store(ports, state, result)
    verification = state.verifying.get(ticket.session)
    if verification is None:
        return
    verification.under_way -= 1
    verification.failed |= compared is None or bool(lost)
    verification.moved.update(compared.moved if compared else ())
    if not verification.failed:
        _verify_more(ports, state, ticket.session)
    _verification_ended(ports, state, ticket.session)


def _verification_ended(ports: TransferPorts, state: PassState, identifier: str) -> None:
    """When all parts are in: nothing counts as verified before its manifest stands beside the data."""
    verification = state.verifying[identifier]
    if verification.under_way:
        return
    session = state.session(identifier)
    if verification.failed or session is None:
        del state.verifying[identifier]
        return
    try:
        manifest = write_manifest(ports.results, session, verification.moved)
    except FileProblem as problem:
        manifest_stored(ports, state, identifier, problem)
        return
    except JournalUnavailable:
        del state.verifying[identifier]
        raise
    if manifest is None:
        manifest_stored(ports, state, identifier, None)
        return
    verification.under_way += 1
    ticket = ManifestTicket(state.number(), identifier)
    ports.pool.submit(store_manifest, ports.store, manifest, ticket=ticket, reply_to=ports.inbox)


def manifest_stored(ports: TransferPorts, state: PassState, identifier: str, error: LoggerError | None) -> None:
    """Note that the session is verified, unless the store could not be asked or something was sent meanwhile.

    A manifest that has no place (somebody else's object stands there) keeps no session from becoming ready.
    """
    verification = state.verifying.pop(identifier, None)
    if verification is None:
        return  # it was taken in already, but could not be written down: it is compared anew
    if isinstance(error, FileProblem):
        log.warning("%s: %s", error.title, error.message)
    elif error is not None:
        return
    if not verification.failed:
        with ports.files.transaction():
            ports.results.mark_verified(identifier)
        state.verified_at[identifier] = ports.clock.now()


def _lost_in_the_store(ports: TransferPorts, state: PassState, result: Result) -> None:
    seen = ports.files.get(result.key)
    state.lanes.look_again()
    state.unrecorded = True
    state.tallies.pop(result.session, None)
    if seen and seen.owner == result.session:
        # It is sent again, perhaps to another name: until then the database must not call it uploaded.
        ports.results.invalidate(result)
        ports.results.retract(result, "deleted or overwritten in the store by somebody else; it is sent again")
        return
    reason = "no longer in the store, and changed or deleted on this PC"
    ports.results.put(
        Result(
            session=result.session,
            key=result.key,
            state=ResultState.MISSING,
            stat=result.stat,
            object_name=result.object_name,
            discovered_at=result.discovered_at,
            reason=reason,
        )
    )


def _all_stored(ports: TransferPorts, identifier: str) -> AllStored:
    files, size, newest_ns, missing = ports.results.sums(identifier)
    last_file_at = None if newest_ns is None else time_of(newest_ns)
    return AllStored(identifier, last_file_at, files, size, missing, ports.results.left_out(identifier))


def record(ports: TransferPorts, state: PassState) -> None:
    """Give the database what it lacks: on the interval, and at once when a session waits for nothing else."""
    now = ports.clock.monotonic()
    if not state.unrecorded or state.recording or not state.database.ready(now):
        return
    waited_for = any(session.ended and ports.results.verified(session.identifier) for session in state.sessions)
    if now < state.record_at and not waited_for:
        return
    batch: list[Result] = []
    rows: list[ManifestRow] = []
    for session in state.sessions:
        results = ports.results.unrecorded(session.identifier, RECORD_BATCH - len(batch))
        batch += results
        rows += (_row(ports, state, session, result) for result in results)
    state.record_at = now + ports.rules.interval_s
    state.unrecorded = bool(batch)
    if batch:
        from nexuslims_logger.db.tasks import apply_manifest

        state.recording = True
        ticket = RecordTicket(state.number(), tuple(batch))
        ports.database.submit(apply_manifest, tuple(rows), ticket=ticket, reply_to=ports.inbox)


def _row(ports: TransferPorts, state: PassState, session: TrackedSession, result: Result) -> ManifestRow:
    waits = result.state is ResultState.PENDING
    delay = state.delays.get((result.session, result.key)) if waits else None
    problem = state.store.problem if waits else None
    return ManifestRow(
        session_identifier=result.session,
        instrument_pid=session.instrument_pid,
        computer_name=session.computer_name,
        bucket=ports.store.url,
        object_name=result.object_name,
        state=result.state,
        size_bytes=result.stat.size,
        md5=result.md5,
        modified_at=time_of(result.stat.mtime_ns),
        generation=result.generation,
        attempts=delay.attempts if delay else 0,
        last_error=delay.reason if delay else f"{problem.title}: {problem.message}" if problem else None,
        reason=result.reason,
        decided_by=result.decided_by,
        discovered_at=result.discovered_at,
        uploaded_at=result.uploaded_at,
    )
