"""Answers the window's question for one session's files, each with its state and why it waits."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileVanished, FolderMissing
from nexuslims_logger.events import FileRow, FilesListed, FileState
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.journal.seen import FileKey
from nexuslims_logger.ports import FileStat
from nexuslims_logger.transfer.tickets import ListTicket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nexuslims_logger.ports import FileSystem
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

_COLUMNS = (
    "{0}.root, {0}.folder, {0}.name, {0}.size, {0}.mtime_ns, r.state, r.reason, "
    "r.size IS s.size AND r.mtime_ns IS s.mtime_ns AND r.ctime_ns IS s.ctime_ns, s.settled, "
    "r.size, r.mtime_ns, r.ctime_ns"
)
_ON_KEY = "r.root = s.root AND r.folder = s.folder AND r.name = s.name"
_DONE = {
    ResultState.UPLOADED: FileState.STORED,
    ResultState.SKIPPED: FileState.LEFT_OUT,
    ResultState.MISSING: FileState.MISSING,
}
#: What is known of the session's files, and what became of those that are not its own any more.
_STATEMENT = " ".join(
    (
        f"SELECT {_COLUMNS.format('s')} FROM seen s",  # noqa: S608 - our own words
        f"LEFT JOIN result r ON r.session = s.owner AND {_ON_KEY}",
        "WHERE s.owner = ?1 UNION ALL",
        f"SELECT {_COLUMNS.format('r')} FROM result r",  # noqa: S608 - our own words
        f"LEFT JOIN seen s ON s.owner = r.session AND {_ON_KEY}",
        # Without a watch folder it is no file's (`Result`).
        "WHERE r.session = ?1 AND r.root <> x'' AND s.root IS NULL",
    )
)


GONE = "no longer on this PC"
CHANGED = "changed on this PC since; the store has the version of the session"
NOT_CONNECTED = "its watch folder is not connected at present"


def list_files(ports: TransferPorts, state: PassState, session: str) -> None:
    """Tell the window all files of `session`; those to be called verified are looked at first, by a leaf.

    Reads the journal: on the transfer thread alone. What is asked while a leaf looks is answered after it.
    """
    if session in state.listing:
        state.listing[session] = True
        return
    verified = ports.results.verified(session)
    sending = {ticket.owed.seen.key for ticket in state.in_flight.values() if ticket.owed.session == session}
    rows: list[FileRow] = []
    compared: dict[int, FileStat] = {}
    for root, folder, name, size, mtime_ns, result, reason, unchanged, settled, *stored in ports.files.execute(
        _STATEMENT, [session]
    ):
        key = FileKey(os.fsdecode(root), os.fsdecode(folder), os.fsdecode(name))
        # A result stands for the content that it was made of; of a file that is gone or released it is all there is.
        done = _DONE.get(result)
        if done and (done is FileState.LEFT_OUT or settled is None or unchanged):
            file_state, why = done, reason or ""
            if done is FileState.STORED and reason:
                file_state, why = FileState.MISSING, f"{reason}; the store has the version before it"
            elif verified and done is FileState.STORED:
                file_state = FileState.VERIFIED
                compared[len(rows)] = FileStat(*stored)
        else:
            delay = state.delays.get((session, key))
            waiting = FileState.WAITING if settled or delay else FileState.CHANGING
            file_state = FileState.SENDING if key in sending else waiting
            store = state.store.problem if file_state is FileState.WAITING else None
            why = delay.reason if delay else store.title if store else ""
        rows.append(FileRow(key.root, key.path, size, time_of(mtime_ns), file_state, why))
    listed = FilesListed(session, tuple(rows), state.verified_at.get(session))
    if not compared:
        ports.window.put(listed)
        return
    volumes = {root: ports.files.volume(root) for root in {rows[number].root for number in compared}}
    ticket = ListTicket(state.number(), session)
    state.listing[session] = False
    ports.pool.submit(look_at_files, ports.file_system, listed, compared, volumes, ticket=ticket, reply_to=ports.inbox)


def files_looked_at(ports: TransferPorts, state: PassState, ticket: ListTicket, listed: FilesListed | None) -> None:
    """Tell the window what the leaf has found (None: nothing), and answer who has asked meanwhile."""
    asked_again = state.listing.pop(ticket.session, False)
    if listed is not None:
        ports.window.put(listed)
    if asked_again:
        list_files(ports, state, ticket.session)


def look_at_files(
    file_system: FileSystem, listed: FilesListed, compared: Mapping[int, FileStat], volumes: Mapping[str, str | None]
) -> FilesListed:
    """Return the list with the verified files as this PC has them now: a leaf, for a share may be slow.

    "Safe to delete" is said of the file that is there now, and nobody tells when it changes after END.

    Parameters
    ----------
    compared
        How the verified files stood when they were sent, by their place in the list.
    volumes
        On which volume each watch folder was last scanned.
    """
    rows = list(listed.rows)
    present = {root: _volume(file_system, root) for root in volumes}
    for number, stat in compared.items():
        row = rows[number]
        away = present[row.root] is None
        why = NOT_CONNECTED if away else _differs(file_system, row, stat)
        if why == GONE and present[row.root] != volumes[row.root]:
            why = NOT_CONNECTED  # an unmounted share looks empty
        if why:
            rows[number] = replace(row, state=FileState.STORED, reason=why)
    return replace(listed, rows=tuple(rows))


def _volume(file_system: FileSystem, root: str) -> str | None:
    try:
        return file_system.volume(root)
    except FolderMissing:
        return None


def _differs(file_system: FileSystem, row: FileRow, stored: FileStat) -> str:
    """Return why the file on this PC is not the one that was compared with the store, "" when it is."""
    try:
        now = file_system.stat(row.root, row.path)
    except FileVanished:
        return GONE
    except FileProblem as problem:
        return problem.message
    return "" if now == stored else CHANGED
