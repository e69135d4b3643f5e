"""Leave named files of an ended session out: SKIPPED, with who and why, and the session need not wait for them.

A sub-folder that cannot be read stands for whatever may be in it: one row, whose name ends in a slash. Should it be
readable after all before the final set is fixed, it is not left out any more.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result, ns_of
from nexuslims_logger.ports import FileStat
from nexuslims_logger.transfer.placement import folder_in_manifest, name_in_manifest, shown_name
from nexuslims_logger.transfer.root_walk import is_below
from nexuslims_logger.transfer.settle import files_changed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from nexuslims_logger.journal.seen import FileKey
    from nexuslims_logger.messages import LeaveOut, TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

log = logging.getLogger(__name__)

READ_AFTER_ALL = "the folder could be read after all; its files are sent"


def leave_out(ports: TransferPorts, state: PassState, message: LeaveOut) -> None:
    """Write SKIPPED for the files that the person has named, as far as they still wait.

    What reaches the store all the same, because it was under way, is recorded as such.
    """
    session = state.session(message.session_identifier)
    if session is None or not session.ended:
        return
    folders = [
        folder
        for folder in state.outcome.unreadable
        if shown_name(session, folder) in message.names and watches(session, folder)
    ]
    delayed = (key for owner, key in state.delays if owner == session.identifier)
    waiting = list(dict.fromkeys((*state.changing, *delayed)))
    with ports.files.transaction():
        for key in waiting:
            seen = ports.files.get(key)
            named = shown_name(session, key) in message.names or _below(key, folders)
            if seen is None or seen.owner != session.identifier or not named:
                continue
            earlier = ports.results.get(session.identifier, key)
            name = earlier.object_name if earlier else name_in_manifest(session, key)
            discovered_at = earlier.discovered_at if earlier else ports.clock.now()
            ports.results.put(_skipped(message, key, seen.stat, name, discovered_at))
            ports.files.put(replace(seen, settled=True))
            state.changing.pop(key, None)
            state.delays.pop((session.identifier, key), None)
            log.info("left out of session %s: %s", session.identifier, shown_name(session, key))
        for folder in folders:
            # Nobody knows how much is in it, and from when.
            stat = FileStat(0, ns_of(session.started_at), ns_of(session.started_at))
            name = folder_in_manifest(session, folder)
            ports.results.put(_skipped(message, folder, stat, name, ports.clock.now()))
            log.info("left out of session %s: the folder %s", session.identifier, shown_name(session, folder))
            state.scan_at = 0.0  # without it, the next one may be the one that fixes the final set
    for ticket in state.in_flight.values():
        key = ticket.owed.seen.key
        named = shown_name(session, key) in message.names or _below(key, folders)
        if ticket.owed.session == session.identifier and named:
            ticket.control.cancelled = True
    files_changed(ports, state)


def take_back_readable(ports: TransferPorts, state: PassState) -> None:
    """Leave no folder out, nor what was left out together with it, that the last scan has read after all."""
    for session in state.sessions:
        if not session.ended or ports.files.final_set_fixed(session.identifier):
            continue
        skipped = ports.results.of(session.identifier, ResultState.SKIPPED)
        folders = [one for one in skipped if _was_read(state, one.key)]
        if not folders:
            continue
        with ports.files.transaction():
            for folder in folders:
                ports.results.invalidate(folder)
                ports.results.retract(folder, READ_AFTER_ALL)
                log.info("read after all, for session %s: the folder %s", session.identifier, folder.key.path)
            for one in skipped:
                seen = ports.files.get(one.key)
                if seen and seen.owner == session.identifier and any(_went_with(one, folder) for folder in folders):
                    ports.results.invalidate(one)
        files_changed(ports, state)


def _was_read(state: PassState, key: FileKey) -> bool:
    return key.path in state.outcome.visited.get(key.root, ()) and key not in state.outcome.unreadable


def _went_with(one: Result, folder: Result) -> bool:
    """Whether a file was left out because its folder was."""
    return _below(one.key, [folder.key]) and (one.reason, one.decided_by) == (folder.reason, folder.decided_by)


def is_left_out(ports: TransferPorts, session: TrackedSession, folder: FileKey) -> bool:
    """Whether the session does not wait for this sub-folder any more."""
    result = ports.results.get(session.identifier, folder)
    return result is not None and result.state is ResultState.SKIPPED


def _below(key: FileKey, folders: Sequence[FileKey]) -> bool:
    return any(key.root == folder.root and is_below(key.folder, folder.path) for folder in folders)


def watches(session: TrackedSession, folder: FileKey) -> bool:
    """Whether a folder stands below one that the session watches."""
    return any(watched.path == folder.root for watched in session.folders)


def _skipped(message: LeaveOut, key: FileKey, stat: FileStat, object_name: str, discovered_at: datetime) -> Result:
    return Result(
        session=message.session_identifier,
        key=key,
        state=ResultState.SKIPPED,
        stat=stat,
        object_name=object_name,
        discovered_at=discovered_at,
        reason=message.reason,
        decided_by=message.decided_by,
    )
