"""Leave named files of an ended session out: SKIPPED, with who and why, and the session need not wait for them."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result
from nexuslims_logger.transfer.placement import name_in_manifest, shown_name
from nexuslims_logger.transfer.settle import files_changed

if TYPE_CHECKING:
    from nexuslims_logger.messages import LeaveOut
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

log = logging.getLogger(__name__)


def leave_out(ports: TransferPorts, state: PassState, message: LeaveOut) -> None:
    """Write SKIPPED for the files that the person has named, as far as they still wait.

    What reaches the store all the same, because it was under way, is recorded as such.
    """
    session = state.session(message.session_identifier)
    if session is None or not session.ended:
        return
    delayed = (key for owner, key in state.delays if owner == session.identifier)
    waiting = list(dict.fromkeys((*state.changing, *delayed)))
    with ports.files.transaction():
        for key in waiting:
            seen = ports.files.get(key)
            if seen is None or seen.owner != session.identifier or shown_name(session, key) not in message.names:
                continue
            earlier = ports.results.get(session.identifier, key)
            ports.results.put(
                Result(
                    session=session.identifier,
                    key=key,
                    state=ResultState.SKIPPED,
                    stat=seen.stat,
                    object_name=earlier.object_name if earlier else name_in_manifest(session, key),
                    discovered_at=earlier.discovered_at if earlier else ports.clock.now(),
                    reason=message.reason,
                    decided_by=message.decided_by,
                )
            )
            ports.files.put(replace(seen, settled=True))
            state.changing.pop(key, None)
            state.delays.pop((session.identifier, key), None)
            log.info("left out of session %s: %s", session.identifier, shown_name(session, key))
    for ticket in state.in_flight.values():
        if ticket.owed.session == session.identifier and shown_name(session, ticket.owed.seen.key) in message.names:
            ticket.control.cancelled = True
    files_changed(ports, state)
