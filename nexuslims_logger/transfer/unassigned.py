"""Files that changed while no session ran: found by the next session's first complete scan, offered once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from nexuslims_logger.journal.results import time_of
from nexuslims_logger.journal.unassigned import give_unassigned, leave_unassigned, unassigned_files
from nexuslims_logger.messages import UnassignedSeen
from nexuslims_logger.transfer.settle import files_changed

if TYPE_CHECKING:
    from nexuslims_logger.messages import Assign
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

log = logging.getLogger(__name__)

#: How many are named.
NAMED = 20


def offer_unassigned(ports: TransferPorts, state: PassState) -> None:
    """Tell what nobody owns, once for each running session, after its first complete scan."""
    running = state.running
    if running is None or running.identifier == state.offered_to:
        return
    if not all(ports.files.first_scan_done(running.identifier, folder.path) for folder in running.folders):
        return
    state.offered_to = running.identifier
    if found := unassigned_files(ports.files, NAMED):
        ports.session.put(
            UnassignedSeen(
                running.identifier,
                files=found.files,
                bytes=found.bytes,
                names=tuple(key.path for key in found.first),
                first_at=time_of(found.first_ns),
                last_at=time_of(found.last_ns),
            )
        )


def assign(ports: TransferPorts, state: PassState, message: Assign) -> None:
    """Give the unassigned files to a session, or leave them; when it can take no more, they are offered once more."""
    session = state.session(message.session_identifier) if message.session_identifier else None
    if session is None and message.session_identifier is not None:
        state.offered_to = None
        return
    if session is not None and session.ended and session.identifier in state.told_stored:
        state.offered_to = None  # it was compared with the store as it was
        return
    with ports.files.transaction():
        if session is None:
            leave_unassigned(ports.files)
        else:
            give_unassigned(ports.files, session.identifier, [folder.path for folder in session.folders])
    log.info("the unassigned files: %s", session.identifier if session else "left alone")
    files_changed(ports, state)
