"""What is known of a file: where it stands, how it was last seen, what is owed of it, and how many there are.

Names are text that ``os.fsencode`` turns into the bytes the file system gave.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from nexuslims_logger.ports import FileStat

#: The owner of a file that changed while no session ran. (None: it stood there before we looked.)
UNASSIGNED = ""
#: Size, mtime_ns, ctime_ns, settled, owner.
KnownRow = tuple[int, int, int, int, str | None]


@dataclass(frozen=True)
class FileKey:
    """A file by its place: watch folder, folder below it ("" for itself), name."""

    root: str
    folder: str
    name: str

    @classmethod
    def of(cls, root: str, path: str) -> FileKey:
        """Return the place of what stands at `path` below `root`; "" is the watch folder itself."""
        folder, _, name = path.rpartition("/")
        return cls(root, folder, name)

    @property
    def path(self) -> str:
        """The path below the watch folder, forward slashes."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    def blobs(self) -> tuple[bytes, bytes, bytes]:
        """Return the three parts as they are kept."""
        return os.fsencode(self.root), os.fsencode(self.folder), os.fsencode(self.name)


@dataclass(frozen=True)
class Seen:
    """One file as it was last seen.

    Attributes
    ----------
    settled
        It has stopped changing.
    owner
        A session, `UNASSIGNED`, or None.
    """

    key: FileKey
    stat: FileStat
    settled: bool
    owner: str | None


@dataclass(frozen=True)
class Owed:
    """A settled file of a session that is not in the store as it is now.

    Attributes
    ----------
    object_name, generation
        Where an earlier content of this file went, None when there was none.
    """

    seen: Seen
    session: str
    object_name: str | None
    generation: int | None


@dataclass(frozen=True)
class Tally:
    """Counts of one session's files; bytes as on the disk."""

    files_total: int = 0
    files_done: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    files_missing: int = 0

    @property
    def files_waiting(self) -> int:
        """How many are not in the store as they are now."""
        return self.files_total - self.files_done


def seen_in(root: str, folder: str, name: bytes, row: KnownRow) -> Seen:
    """Make a value of what `FilesJournal.rows_in` has returned."""
    size, mtime_ns, ctime_ns, settled, owner = row
    return Seen(FileKey(root, folder, os.fsdecode(name)), FileStat(size, mtime_ns, ctime_ns), bool(settled), owner)


def seen_of(row: Any) -> Seen:
    """Make a value of a whole row of the table ``seen``."""
    root, folder, name, size, mtime_ns, ctime_ns, settled, owner = row
    key = FileKey(os.fsdecode(root), os.fsdecode(folder), os.fsdecode(name))
    return Seen(key, FileStat(size, mtime_ns, ctime_ns), bool(settled), owner)
