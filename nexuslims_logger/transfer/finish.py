"""From END to ready: the final set complete, compared with the store, and known to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.journal.records import ManifestRow, ResultState
from nexuslims_logger.journal.results import Result, time_of
from nexuslims_logger.messages import AllRecorded, AllStored, FinalSetFixed
from nexuslims_logger.transfer.state import RecordTicket, VerifyTicket
from nexuslims_logger.transfer.verify import verify_some

if TYPE_CHECKING:
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

VERIFY_BATCH = 50
RECORD_BATCH = 500


def finish(ports: TransferPorts, state: PassState, session: TrackedSession) -> None:
    """Lead an ended session from its final set to the comparison with the store, and tell each step."""
    identifier = session.identifier
    if not ports.files.final_set_fixed(identifier) or _anything_open(ports, state, identifier):
        return
    if not ports.results.verified(identifier):
        if identifier in state.verifying or not state.store.ready(ports.clock.monotonic()):
            return
        _verify(ports, state, identifier)
        if not ports.results.verified(identifier):
            return
    if identifier not in state.told_stored:
        state.told_stored.add(identifier)
        ports.session.put(FinalSetFixed(identifier))
        ports.session.put(_all_stored(ports, identifier))
    if identifier not in state.told_recorded and not ports.results.has_unrecorded(identifier):
        state.told_recorded.add(identifier)
        ports.session.put(AllRecorded(identifier))


def _anything_open(ports: TransferPorts, state: PassState, identifier: str) -> bool:
    # The cheap questions first: while files are under way this is asked after each of them.
    return (
        bool(state.queue)
        or any(ticket.owed.session == identifier for ticket in state.in_flight.values())
        or bool(ports.files.unsettled(identifier))
        or bool(ports.files.owed(identifier, 1))
    )


def _verify(ports: TransferPorts, state: PassState, identifier: str) -> None:
    uploaded = ports.results.of(identifier, ResultState.UPLOADED)
    batches = [tuple(uploaded[start : start + VERIFY_BATCH]) for start in range(0, len(uploaded), VERIFY_BATCH)]
    state.verifying[identifier] = len(batches)
    state.failed_verification.discard(identifier)
    for batch in batches:
        ticket = VerifyTicket(state.number(), identifier)
        ports.pool.submit(verify_some, ports.store, batch, ticket=ticket, reply_to=ports.inbox)
    if not batches:
        verified_some(ports, state, identifier, ())


def verified_some(ports: TransferPorts, state: PassState, identifier: str, lost: tuple[Result, ...] | None) -> None:
    """Take a part's comparison: what the store lost is owed again; None says that it could not be asked."""
    if lost is None or lost:
        state.failed_verification.add(identifier)
    with ports.files.transaction():
        for result in lost or ():
            _lost_in_the_store(ports, state, result)
        state.verifying[identifier] = state.verifying.get(identifier, 0) - 1
        if state.verifying[identifier] > 0:
            return
        del state.verifying[identifier]
        if identifier not in state.failed_verification:
            ports.results.mark_verified(identifier)


def _lost_in_the_store(ports: TransferPorts, state: PassState, result: Result) -> None:
    seen = ports.files.get(result.key)
    state.more_owed = True
    state.unrecorded = True
    state.tallies.pop(result.session, None)
    if seen and seen.owner == result.session:
        ports.results.invalidate(result)
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
    results = ports.results.of(identifier)
    uploaded = [result for result in results if result.state is ResultState.UPLOADED]
    newest = max((result.stat.mtime_ns for result in uploaded), default=None)
    return AllStored(
        session_identifier=identifier,
        last_file_at=None if newest is None else time_of(newest),
        files=len(uploaded),
        bytes=sum(result.stat.size for result in uploaded),
        missing=sum(result.state is ResultState.MISSING for result in results),
    )


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
        rows += (_row(ports, session, result) for result in results)
    state.record_at = now + ports.rules.interval_s
    state.unrecorded = bool(batch)
    if batch:
        from nexuslims_logger.db.tasks import apply_manifest

        state.recording = True
        ports.database.submit(apply_manifest, tuple(rows), ticket=RecordTicket(tuple(batch)), reply_to=ports.inbox)


def _row(ports: TransferPorts, session: TrackedSession, result: Result) -> ManifestRow:
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
        reason=result.reason,
        decided_by=result.decided_by,
        discovered_at=result.discovered_at,
        uploaded_at=result.uploaded_at,
    )
