"""What became of each file of each session, until the database has it and longer.

A result is written after the store's answer and the second look at the file, and before the database hears of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.journal.files_tables import LOST
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.seen import FileKey
from nexuslims_logger.ports import FileStat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexuslims_logger.journal.files import FilesJournal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "session, root, folder, name, state, size, mtime_ns, ctime_ns, object, md5, generation, reason, decided_by, "
    "discovered_at, uploaded_at"
)
_MARKS = ", ".join("?" for _ in _COLUMNS.split(","))


def time_of(ns: int) -> datetime:
    """Turn nanoseconds since 1970 UTC into an aware time, rounded up to the microsecond.

    Up, because the record builder takes the files with START < mtime <= END.
    """
    return _EPOCH + timedelta(microseconds=-(-ns // 1000))


def ns_of(at: datetime) -> int:
    """Turn an aware time into nanoseconds since 1970 UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


@dataclass(frozen=True)
class Result:
    """What became of one file of one session.

    Attributes
    ----------
    stat
        The file as it was when it was sent.
    key
        Its place; with an empty watch folder and the object's name it is no file's, and only ends a row that waited.
    object_name, md5, generation
        Where it went; MD5 and generation are None when it did not.
    """

    session: str
    key: FileKey
    state: ResultState
    stat: FileStat
    object_name: str
    discovered_at: datetime
    md5: str | None = None
    generation: int | None = None
    reason: str | None = None
    decided_by: str | None = None
    uploaded_at: datetime | None = None


class Results:
    """The results beside `FilesJournal`, in its file and its transactions."""

    def __init__(self, files: FilesJournal) -> None:
        self._files = files

    def put(self, result: Result) -> None:
        """Write what became of a file; the database does not know it yet, the store has to be asked again.

        Unless it still waits, an upload of it that was begun is over; and so is what `retract` said of the object.
        """
        self._files.execute(
            f"INSERT OR REPLACE INTO result ({_COLUMNS}, recorded) VALUES ({_MARKS}, 0)",  # noqa: S608 - our text
            _values(result),
        )
        self._files.execute("UPDATE final_set SET verified = 0 WHERE session = ?", [result.session])
        if result.state is not ResultState.PENDING:
            self._files.execute(
                "DELETE FROM upload WHERE session = ? AND root = ? AND folder = ? AND name = ?",
                [result.session, *result.key.blobs()],
            )
        if result.key.root:
            self._files.execute(
                "DELETE FROM result WHERE session = ? AND root = x'' AND object = ?",
                [result.session, result.object_name],
            )

    def retract(self, result: Result, reason: str) -> None:
        """Take back what the database was told of an object which the store does not hold any more.

        The file itself is another matter: it is sent again, perhaps under another name. So this is the result of no
        file, kept under the object's name, until the database knows.
        """
        key = FileKey("", "", result.object_name)
        gone = replace(result, key=key, state=ResultState.MISSING, reason=reason)
        self.put(replace(gone, md5=None, generation=None, uploaded_at=None, decided_by=None))

    def of(self, session: str, state: ResultState | None = None) -> list[Result]:
        """Return the session's results, in the order of their object names."""
        return self._select("session = ? AND (? IS NULL OR state = ?) ORDER BY object", session, state, state)

    def get(self, session: str, key: FileKey) -> Result | None:
        """Return what became of one file of the session, None when nothing did yet."""
        found = self._select("session = ? AND root = ? AND folder = ? AND name = ?", session, *key.blobs())
        return found[0] if found else None

    def by_object(self, session: str, object_names: Sequence[str]) -> dict[str, Result]:
        """Return the session's results for these objects, by name."""
        marks = ",".join("?" * len(object_names))
        found = self._select(f"session = ? AND object IN ({marks})", session, *object_names)
        return {result.object_name: result for result in found}

    def uploaded_after(self, session: str, object_name: str, limit: int) -> list[Result]:
        """Return up to `limit` uploaded results of the session, by name, behind `object_name`."""
        return self._select(
            "session = ? AND state = ? AND object > ? ORDER BY object LIMIT ?",
            session,
            ResultState.UPLOADED,
            object_name,
            limit,
        )

    def sums(self, session: str) -> tuple[int, int, int | None, int]:
        """Return the uploaded files, their bytes, the newest mtime_ns in the store (None: no file), and the lost files.

        A file whose last version was lost counts with the lost alone, though the version before it is in the store.
        """
        row = self._files.execute(
            f"SELECT COALESCE(SUM(state = 'UPLOADED' AND NOT {LOST}), 0), "  # noqa: S608 - our text
            f"COALESCE(SUM(CASE WHEN state = 'UPLOADED' AND NOT {LOST} THEN size END), 0), "
            "MAX(CASE WHEN state = 'UPLOADED' THEN mtime_ns END), "
            f"COALESCE(SUM({LOST}), 0) "
            "FROM result WHERE session = ?",
            [session],
        )[0]
        files, size, newest_ns, missing = row
        return files, size, newest_ns, missing

    def left_out(self, session: str) -> int:
        """Count the session's files that a person has left out."""
        rows = self._files.execute(
            "SELECT COUNT(*) FROM result WHERE session = ? AND state = ?", [session, ResultState.SKIPPED]
        )
        count: int = rows[0][0]
        return count

    def stored_sessions(self) -> set[str]:
        """Return the sessions of which a file has reached the store."""
        rows = self._files.execute("SELECT DISTINCT session FROM result WHERE generation IS NOT NULL")
        return {row[0] for row in rows}

    def has_pending(self, session: str) -> bool:
        """Whether the manifest says of a file of the session that it waits."""
        return bool(
            self._files.execute(
                "SELECT 1 FROM result WHERE session = ? AND state = ? LIMIT 1", [session, ResultState.PENDING]
            )
        )

    def pending_of_nothing(self, session: str) -> list[Result]:
        """Return the PENDING results of files that are gone, or another's now."""
        return self._select(
            "session = ? AND state = ? AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.root = result.root "
            "AND seen.folder = result.folder AND seen.name = result.name AND seen.owner = result.session)",
            session,
            ResultState.PENDING,
        )

    def unrecorded(self, session: str, limit: int) -> list[Result]:
        """Return up to `limit` results of the session that the database does not have yet."""
        return self._select("session = ? AND recorded = 0 LIMIT ?", session, limit)

    def has_unrecorded(self, session: str) -> bool:
        """Whether the database still lacks a result of the session."""
        return bool(self._files.execute("SELECT 1 FROM result WHERE session = ? AND recorded = 0 LIMIT 1", [session]))

    def extent(self, session: str) -> tuple[int, datetime | None]:
        """Return how many rows the session's manifest has, and the newest time of an upload in them.

        Of two results for one object either may stand there: they are one row, and tell no time.
        """
        rows, newest_at = self._files.execute(
            "SELECT COUNT(*), MAX(CASE WHEN results = 1 THEN at END) FROM "
            "(SELECT COUNT(*) AS results, MAX(uploaded_at) AS at FROM result WHERE session = ? GROUP BY object)",
            [session],
        )[0]
        return rows, datetime.fromisoformat(newest_at) if newest_at else None

    def mark_recorded(self, result: Result) -> None:
        """Note that the database has exactly this result; one written since stays owed."""
        self._files.execute(
            "UPDATE result SET recorded = 1 WHERE session = ? AND root = ? AND folder = ? AND name = ? "  # noqa: S608 - our text
            f"AND ({_COLUMNS}) IS ({_MARKS})",
            [result.session, *result.key.blobs(), *_values(result)],
        )

    def owe_again(self, session: str) -> None:
        """Owe the database all of a session's results: it has lost them."""
        self._files.execute("UPDATE result SET recorded = 0 WHERE session = ?", [session])

    def invalidate(self, result: Result) -> None:
        """Forget the result of a file that the store does not have after all: it is owed again."""
        self._files.execute(
            "DELETE FROM result WHERE session = ? AND root = ? AND folder = ? AND name = ?",
            [result.session, *result.key.blobs()],
        )

    def verified(self, session: str) -> bool:
        """Whether the session's final set was compared with the store, and nothing was sent since."""
        return bool(self._files.execute("SELECT 1 FROM final_set WHERE session = ? AND verified", [session]))

    def mark_verified(self, session: str) -> None:
        """Note that the session's final set was compared with the store."""
        self._files.execute("UPDATE final_set SET verified = 1 WHERE session = ?", [session])

    def forget(self, session: str) -> None:
        """Drop the results of a session that nobody will ask for any more."""
        for table in ("result", "first_scan", "final_set", "upload"):
            self._files.execute(f"DELETE FROM {table} WHERE session = ?", [session])  # noqa: S608 - our names

    def _select(self, where: str, *values: object) -> list[Result]:
        rows = self._files.execute(f"SELECT {_COLUMNS} FROM result WHERE {where}", values)  # noqa: S608 - our text
        return [
            Result(
                session=session,
                key=FileKey(os.fsdecode(root), os.fsdecode(folder), os.fsdecode(name)),
                state=ResultState(state),
                stat=FileStat(size, mtime_ns, ctime_ns),
                object_name=object_name,
                md5=md5,
                generation=generation,
                reason=reason,
                decided_by=decided_by,
                discovered_at=datetime.fromisoformat(discovered_at),
                uploaded_at=datetime.fromisoformat(uploaded_at) if uploaded_at else None,
            )
            for (
                session,
                root,
                folder,
                name,
                state,
                size,
                mtime_ns,
                ctime_ns,
                object_name,
                md5,
                generation,
                reason,
                decided_by,
                discovered_at,
                uploaded_at,
            ) in rows
        ]


def _values(result: Result) -> list[object]:
    """Return a result as it is kept, in the order of `_COLUMNS`."""
    stat = result.stat
    return [
        result.session,
        *result.key.blobs(),
        result.state.value,
        stat.size,
        stat.mtime_ns,
        stat.ctime_ns,
        result.object_name,
        result.md5,
        result.generation,
        result.reason,
        result.decided_by,
        result.discovered_at.isoformat(),
        result.uploaded_at.isoformat() if result.uploaded_at else None,
    ]
