"""What has waited for long: told to the database as PENDING, so that a facility sees it; taken back when it is over.

A row is PENDING only after a quarter of an hour: most files are in the store before that, and their row is inserted
finished. Nothing is ever deleted from the manifest, so what was PENDING always becomes something else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.errors import NameRefused
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result, ns_of, time_of
from nexuslims_logger.transfer.placement import object_name_of
from nexuslims_logger.transfer.vanished import DELETED, LATER_VERSION

if TYPE_CHECKING:
    from nexuslims_logger.journal.seen import Seen
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

#: How long a file stands there unsent before it is worth a row.
LONG = timedelta(minutes=15)
LOOK_EVERY_S = 60.0
#: At one look; the next look goes on.
AT_ONCE = 500

RENAMED = "renamed before it was sent; it is sent under its new name"
ELSEWHERE = "the name was taken in the store; it was sent under another one"


def look_at_waiting(ports: TransferPorts, state: PassState) -> None:
    """Find out once a minute what waits since when, and write down what has waited for long."""
    if not state.sessions or ports.clock.monotonic() < state.waiting_at:
        return
    state.waiting_at = ports.clock.monotonic() + LOOK_EVERY_S
    state.oldest_waiting_at = None
    if not state.pending and not any(tally.files_waiting for tally in state.tallies.values()):
        return
    now = ports.clock.now()
    oldest = []
    with ports.files.transaction():
        for session in state.sessions:
            take_back_gone(ports, state, session.identifier)
            since_ns = ports.files.waiting_since_ns(session.identifier, ns_of(now))
            if since_ns is None:
                continue
            oldest.append(max(session.started_at, time_of(since_ns)))
            if oldest[-1] <= now - LONG:
                _report(ports, state, session, ns_of(now), ns_of(now - LONG))
        state.pending = any(ports.results.has_pending(session.identifier) for session in state.sessions)
    state.oldest_waiting_at = min(oldest, default=None)


def _report(ports: TransferPorts, state: PassState, session: TrackedSession, now_ns: int, until_ns: int) -> None:
    for seen, since_ns in ports.files.waiting_long(session.identifier, now_ns, until_ns, AT_ONCE):
        earlier = ports.results.get(session.identifier, seen.key)
        if earlier and earlier.generation is not None:
            # The row goes on saying what is in the store.
            ports.results.put(replace(earlier, state=ResultState.PENDING))
        else:
            try:
                name = earlier.object_name if earlier else object_name_of(session, seen.key)
            except NameRefused:
                continue  # the manifest could not name it, either; the window does
            ports.results.put(
                Result(
                    session=session.identifier,
                    key=seen.key,
                    state=ResultState.PENDING,
                    stat=seen.stat,
                    object_name=name,
                    discovered_at=max(session.started_at, time_of(since_ns)),
                )
            )
        state.unrecorded = True


def take_back_gone(ports: TransferPorts, state: PassState, session: str) -> None:
    """Let what was PENDING and is not there any more be MISSING. Within a transaction."""
    for pending in ports.results.pending_of_nothing(session):
        if pending.generation is not None:
            reason = LATER_VERSION.format(reason=DELETED)
            ports.results.put(replace(pending, state=ResultState.UPLOADED, reason=reason))
        else:
            ports.results.put(_missing(pending, DELETED))
        state.unrecorded = True
        state.tallies.pop(session, None)


def take_back_renamed(ports: TransferPorts, before: Seen) -> None:
    """End the wait under the old name of a file that waits under a new one. Within a transaction."""
    pending = ports.results.get(before.owner or "", before.key)
    if pending is None or pending.state is not ResultState.PENDING:
        return
    if pending.generation is not None:
        ports.results.put(replace(pending, state=ResultState.UPLOADED))
        return
    ports.results.invalidate(pending)
    ports.results.retract(pending, RENAMED)


def take_back_elsewhere(ports: TransferPorts, sent: Result) -> None:
    """End the wait under a name that was taken, of a file that went to a second one. Within a transaction."""
    pending = ports.results.get(sent.session, sent.key)
    if pending and pending.state is ResultState.PENDING and pending.object_name != sent.object_name:
        ports.results.retract(pending, ELSEWHERE)


def _missing(pending: Result, reason: str) -> Result:
    return replace(
        pending, state=ResultState.MISSING, reason=reason, md5=None, generation=None, uploaded_at=None, decided_by=None
    )
