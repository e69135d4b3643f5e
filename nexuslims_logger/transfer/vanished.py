"""A file that is gone, or is another session's now, before its content was sent."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import NameRefused
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result
from nexuslims_logger.transfer.placement import object_name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexuslims_logger.journal.seen import Seen
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts

log = logging.getLogger(__name__)

DELETED = "deleted or renamed before it was sent"
LATER_VERSION = "a later version was {reason}"
TAKEN_OVER = "changed by the next session before it was sent"


def vanished(ports: TransferPorts, before: Seen, sessions: Sequence[TrackedSession]) -> None:
    """Forget a file that is gone, and tell of it when it should have been sent."""
    missing(ports, before, sessions, DELETED)
    ports.files.remove(before.key)


def missing(ports: TransferPorts, before: Seen, sessions: Sequence[TrackedSession], reason: str) -> None:
    """Write MISSING for a settled file whose content was never sent, so that it is told and counted."""
    session = next((session for session in sessions if session.identifier == before.owner), None)
    if session is None or not before.settled or not ports.files.is_owed(before):
        return
    earlier = ports.results.get(session.identifier, before.key)
    if earlier and earlier.generation is not None:
        # An earlier content of it is in the store, and its row goes on saying so.
        log.warning("%s of session %s: a later version was %s", earlier.object_name, session.identifier, reason)
        ports.results.put(replace(earlier, state=ResultState.UPLOADED, reason=LATER_VERSION.format(reason=reason)))
        return
    try:
        # An earlier content may have gone to a second name: that row of the manifest is no longer true, either.
        name = earlier.object_name if earlier else object_name_of(session, before.key)
    except NameRefused:
        return  # it could never be sent, was told as such, and the manifest cannot name it
    ports.results.put(
        Result(
            session=session.identifier,
            key=before.key,
            state=ResultState.MISSING,
            stat=before.stat,
            object_name=name,
            discovered_at=ports.clock.now(),
            reason=reason,
        )
    )
