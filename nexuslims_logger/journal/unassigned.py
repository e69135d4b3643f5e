"""The files that changed while no session ran: found together, and given to a session together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.journal.seen import UNASSIGNED, FileKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexuslims_logger.journal.files import FilesJournal


@dataclass(frozen=True)
class UnassignedFiles:
    """What belongs to nobody: how much, the first few by time, and between which times (ns) it changed."""

    files: int
    bytes: int
    first: tuple[FileKey, ...]
    first_ns: int
    last_ns: int


def unassigned_files(files: FilesJournal, named: int) -> UnassignedFiles | None:
    """Return what changed while no session ran, with the first `named` of it; None when there is nothing."""
    count, size, first_ns, last_ns = files.execute(
        "SELECT COUNT(*), COALESCE(SUM(size), 0), MIN(mtime_ns), MAX(mtime_ns) FROM seen WHERE owner = ?", [UNASSIGNED]
    )[0]
    if not count:
        return None
    rows = files.execute(
        "SELECT root, folder, name FROM seen WHERE owner = ? ORDER BY mtime_ns LIMIT ?", [UNASSIGNED, named]
    )
    first = tuple(FileKey(*map(os.fsdecode, row)) for row in rows)
    return UnassignedFiles(count, size, first, first_ns, last_ns)


def give_unassigned(files: FilesJournal, session: str, roots: Sequence[str], since_ns: int = 0) -> None:
    """Give a session what changed below these watch folders since then while none ran; it is looked at once more."""
    for root in roots:
        files.execute(
            "UPDATE seen SET owner = ?, settled = 0 WHERE owner = ? AND root = ? AND MAX(mtime_ns, ctime_ns) >= ?",
            [session, UNASSIGNED, os.fsencode(root), since_ns],
        )


def leave_unassigned(files: FilesJournal) -> None:
    """Let the files lie where they are, for good: until they change again nobody asks for them."""
    files.execute("UPDATE seen SET owner = NULL WHERE owner = ?", [UNASSIGNED])
