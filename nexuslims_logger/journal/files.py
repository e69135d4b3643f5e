"""``files.db``: what was seen in the watch folders, and whose it is. A scan can rebuild it.

Names are kept as the bytes that the file system gave, because not every file name is text.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nexuslims_logger.journal.files_tables import LOST, TABLES, VERSION
from nexuslims_logger.journal.seen import UNASSIGNED, Owed, Tally, seen_in, seen_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nexuslims_logger.journal.seen import FileKey, KnownRow, Seen
    from nexuslims_logger.journal.sqlite import JournalFile

#: As `sizes`: no file is left out.
ANY_SIZE = (0, 1 << 62)

# A result is good for a file that has not changed since; what a person left out stays out.
_GOOD = (
    "(r.state = 'SKIPPED' OR r.state = 'UPLOADED' AND r.size = s.size AND r.mtime_ns = s.mtime_ns "
    "AND r.ctime_ns = s.ctime_ns)"
)
_SEEN = "s.root, s.folder, s.name, s.size, s.mtime_ns, s.ctime_ns, s.settled, s.owner"
# In the order of the index over the owner, so that a page costs no more than its rows.
_BEHIND = "(s.root, s.folder, s.name) > (?, ?, ?) ORDER BY s.root, s.folder, s.name"
_WITH_RESULT = (
    "FROM seen s LEFT JOIN result r ON r.session = s.owner AND r.root = s.root AND r.folder = s.folder "
    "AND r.name = s.name WHERE s.owner = ?"
)
_WAITS = f"(r.session IS NULL OR NOT {_GOOD})"
# A time in the future is a clock's error, and says nothing.
_STANDS = (
    "MAX(CASE WHEN s.mtime_ns <= ? THEN s.mtime_ns ELSE 0 END, CASE WHEN s.ctime_ns <= ? THEN s.ctime_ns ELSE 0 END)"
)


class FilesJournal:
    """What was seen, by place. Writes belong into ``with transaction()``; blocks on the disk only."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        file.prepare(TABLES, VERSION, dict.fromkeys(range(2, VERSION + 1), TABLES))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing; inside of another one, as a part of that."""
        if self._file.connection.in_transaction:
            yield
            return
        with self._file.transaction():
            yield

    def execute(self, statement: str, values: Iterable[object] = ()) -> list[Any]:
        """Run one statement for the tables beside (`journal.results`)."""
        return self._file.select(statement, values)

    def volume(self, root: str) -> str | None:
        """Return the volume on which `root` was last scanned, None before its first scan."""
        rows = self.execute("SELECT volume FROM folder WHERE root = ?", [os.fsencode(root)])
        return rows[0][0] if rows else None

    def set_volume(self, root: str, volume: str) -> None:
        """Note a complete scan of `root` on this volume."""
        self.execute("INSERT OR REPLACE INTO folder VALUES (?, ?)", [os.fsencode(root), volume])

    def first_scan_done(self, session: str, root: str) -> bool:
        """Whether `root` has been scanned completely for `session`."""
        return bool(
            self.execute("SELECT 1 FROM first_scan WHERE session = ? AND root = ?", [session, os.fsencode(root)])
        )

    def mark_first_scan(self, session: str, root: str) -> None:
        """Note that `root` has been scanned completely for `session`."""
        self.execute("INSERT OR IGNORE INTO first_scan VALUES (?, ?)", [session, os.fsencode(root)])

    def unreadable(self, root: str) -> set[str]:
        """Return the folders below `root` that could not be read at the last scan."""
        rows = self.execute("SELECT folder FROM unreadable WHERE root = ?", [os.fsencode(root)])
        return {os.fsdecode(row[0]) for row in rows}

    def set_unreadable(self, root: str, folders: set[str]) -> None:
        """Replace what `unreadable` returns."""
        self.execute("DELETE FROM unreadable WHERE root = ?", [os.fsencode(root)])
        for folder in folders:
            self.execute("INSERT INTO unreadable VALUES (?, ?)", [os.fsencode(root), os.fsencode(folder)])

    def folders(self, root: str) -> set[str]:
        """Return every folder below `root` that holds files we know."""
        # From one folder to the next: DISTINCT would read every file.
        rows = self.execute(
            "WITH RECURSIVE below (folder) AS (SELECT MIN(folder) FROM seen WHERE root = ?1 UNION ALL "
            "SELECT (SELECT MIN(folder) FROM seen WHERE root = ?1 AND folder > below.folder) FROM below "
            "WHERE below.folder IS NOT NULL) SELECT folder FROM below WHERE folder IS NOT NULL",
            [os.fsencode(root)],
        )
        return {os.fsdecode(row[0]) for row in rows}

    def in_folder(self, root: str, folder: str) -> dict[str, Seen]:
        """Return what is known of one folder, by file name."""
        return {os.fsdecode(name): seen_in(root, folder, name, row) for name, row in self.rows_in(root, folder).items()}

    def rows_in(self, root: str, folder: str) -> dict[bytes, KnownRow]:
        """Return the same as it is kept: what a scan of unchanged files can do with."""
        rows = self.execute(
            "SELECT name, size, mtime_ns, ctime_ns, settled, owner FROM seen WHERE root = ? AND folder = ?",
            [os.fsencode(root), os.fsencode(folder)],
        )
        return {row[0]: row[1:] for row in rows}

    def get(self, key: FileKey) -> Seen | None:
        """Return what is known of one file."""
        rows = self.execute(
            f"SELECT {_SEEN} FROM seen s WHERE s.root = ? AND s.folder = ? AND s.name = ?",  # noqa: S608 - our text
            key.blobs(),
        )
        return seen_of(rows[0]) if rows else None

    def put(self, seen: Seen) -> None:
        """Write what was seen of a file."""
        stat = seen.stat
        self.execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [*seen.key.blobs(), stat.size, stat.mtime_ns, stat.ctime_ns, seen.settled, seen.owner],
        )

    def remove(self, key: FileKey) -> None:
        """Forget a file that is gone."""
        self.execute("DELETE FROM seen WHERE root = ? AND folder = ? AND name = ?", key.blobs())

    def unsettled(self, session: str, limit: int = -1, after: FileKey | None = None) -> list[Seen]:
        """Return the session's files that may still be changing, by place: up to `limit` (-1: all) behind `after`."""
        rows = self.execute(
            f"SELECT {_SEEN} FROM seen s WHERE s.owner = ? AND NOT s.settled AND {_BEHIND} LIMIT ?",  # noqa: S608 - our text
            [session, *_place(after), limit],
        )
        return [seen_of(row) for row in rows]

    def owed(
        self, session: str, limit: int, sizes: tuple[int, int] = ANY_SIZE, after: FileKey | None = None
    ) -> list[Owed]:
        """Return settled files of the session whose present content has no good result, by place.

        Parameters
        ----------
        session, limit
            Whose, and up to how many.
        sizes
            The least size (bytes), and the least that is too large.
        after
            Only those behind this place.
        """
        rows = self.execute(
            f"SELECT {_SEEN}, r.object, r.generation {_WITH_RESULT} AND s.settled AND s.size >= ? AND s.size < ? "
            f"AND {_WAITS} AND {_BEHIND} LIMIT ?",
            [session, *sizes, *_place(after), limit],
        )
        return [Owed(seen_of(row[:8]), session, row[8], row[9]) for row in rows]

    def waiting_since_ns(self, session: str, now_ns: int) -> int | None:
        """Return since when the session's longest waiting file stands as it is, None when nothing waits."""
        rows = self.execute(f"SELECT MIN({_STANDS}) {_WITH_RESULT} AND {_WAITS}", [now_ns, now_ns, session])
        since_ns: int | None = rows[0][0]
        return since_ns

    def waiting_long(self, session: str, now_ns: int, until_ns: int, limit: int) -> list[tuple[Seen, int]]:
        """Return up to `limit` unsent files, not PENDING yet, that stand as they are at most since `until_ns`."""
        rows = self.execute(
            "SELECT s.root, s.folder, s.name, s.size, s.mtime_ns, s.ctime_ns, s.settled, s.owner, "
            f"{_STANDS} AS since_ns {_WITH_RESULT} AND {_WAITS} AND r.state IS NOT 'PENDING' AND since_ns <= ? "
            "LIMIT ?",
            [now_ns, now_ns, session, until_ns, limit],
        )
        return [(seen_of(row[:8]), row[8]) for row in rows]

    def is_owed(self, seen: Seen) -> bool:
        """Whether this file, as its owner's, has no good result."""
        rows = self.execute(
            f"SELECT 1 {_WITH_RESULT} AND s.root = ? AND s.folder = ? AND s.name = ? AND {_GOOD}",
            [seen.owner, *seen.key.blobs()],
        )
        return not rows

    def tally(self, session: str) -> Tally:
        """Count the session's files."""
        total, size, done, done_size = self.execute(
            f"SELECT COUNT(*), COALESCE(SUM(s.size), 0), COALESCE(SUM({_GOOD}), 0), "
            f"COALESCE(SUM(CASE WHEN {_GOOD} THEN s.size END), 0) {_WITH_RESULT}",
            [session],
        )[0]
        missing = self.execute(f"SELECT COUNT(*) FROM result WHERE session = ? AND {LOST}", [session])[0][0]  # noqa: S608 - our text
        return Tally(total, done, size, done_size, missing)

    def unassigned(self) -> int:
        """Count the files that changed while no session ran."""
        count: int = self.execute("SELECT COUNT(*) FROM seen WHERE owner = ?", [UNASSIGNED])[0][0]
        return count

    def newest_ns(self, session: str) -> int | None:
        """Return the newest modification time among the session's files, None when it has none."""
        newest: int | None = self.execute("SELECT MAX(mtime_ns) FROM seen WHERE owner = ?", [session])[0][0]
        return newest

    def times_ns(self, session: str) -> list[tuple[int, int]]:
        """Return (mtime_ns, ctime_ns) of every file of the session."""
        return self.execute("SELECT mtime_ns, ctime_ns FROM seen WHERE owner = ?", [session])

    def final_set_fixed(self, session: str) -> bool:
        """Whether a complete scan after END has fixed the session's final set."""
        return bool(self.execute("SELECT 1 FROM final_set WHERE session = ?", [session]))

    def fix_final_set(self, session: str) -> None:
        """Note that the session's files are now all known."""
        self.execute("INSERT OR IGNORE INTO final_set (session) VALUES (?)", [session])

    def release(self, session: str) -> None:
        """Let a finished session's files go: their next change is another session's."""
        self.execute("UPDATE seen SET owner = NULL WHERE owner = ?", [session])


def _place(key: FileKey | None) -> tuple[bytes, bytes, bytes]:
    return key.blobs() if key else (b"", b"", b"")
