"""Answers the window's question for one session's files, each with its state and why it waits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileVanished
from nexuslims_logger.events import FileRow, FilesListed, FileState
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.journal.seen import FileKey
from nexuslims_logger.ports import FileStat

if TYPE_CHECKING:
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


def list_files(ports: TransferPorts, state: PassState, session: str) -> FilesListed:
    """Return all files of `session`. Reads the journal: on the transfer thread alone."""
    verified = ports.results.verified(session)
    sending = {ticket.owed.seen.key for ticket in state.in_flight.values() if ticket.owed.session == session}
    rows = []
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
                # "Safe to delete" is said of the file that is there now, and nobody tells when it changes after END.
                why = _differs(ports, key, FileStat(*stored))
                file_state = FileState.STORED if why else FileState.VERIFIED
        else:
            delay = state.delays.get((session, key))
            waiting = FileState.WAITING if settled or delay else FileState.CHANGING
            file_state = FileState.SENDING if key in sending else waiting
            store = state.store.problem if file_state is FileState.WAITING else None
            why = delay.reason if delay else store.title if store else ""
        rows.append(FileRow(key.root, key.path, size, time_of(mtime_ns), file_state, why))
    return FilesListed(session, tuple(rows), state.verified_at.get(session))


def _differs(ports: TransferPorts, key: FileKey, stored: FileStat) -> str:
    """Return why the file on this PC is not the one that was compared with the store, "" when it is."""
    try:
        now = ports.file_system.stat(key.root, key.path)
    except FileVanished:
        return "no longer on this PC"
    except FileProblem as problem:
        return problem.message
    return "" if now == stored else "changed on this PC since; the store has the version of the session"
