"""One SQLite file of the journal: opened with care, written in whole transactions."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import JournalDamaged, JournalUnavailable
from nexuslims_logger.journal.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_BUSY_MS = 5000
_REMEDY = "Make room on the disk, and close what holds the program's folder."
#: By SQLite's error, whose lowest byte is the kind.
_REMEDIES = {
    sqlite3.SQLITE_FULL: "Its disk is full: make room.",
    sqlite3.SQLITE_READONLY: "It may not be written: give this account the right to write to its folder again, or have "
    "the disk checked (a failing one is made read-only).",
    sqlite3.SQLITE_IOERR: "Its disk is full, read-only, or broken: make room, and have it checked.",
    sqlite3.SQLITE_CANTOPEN: "See that its folder is there, and may be written.",
    sqlite3.SQLITE_BUSY: "Close what holds it: a virus scanner, a backup, an editor.",
}


class JournalFile:
    """A connection that commits on purpose, and only in `transaction`.

    Parameters
    ----------
    connection
        In autocommit mode (``isolation_level=None``); used by one thread at a time.
    path
        Where the file is; None: nobody can take it away.
    read_only
        Only to look at it: one of an older program is brought up in a copy.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None, *, read_only: bool = False) -> None:
        self.connection = connection
        self._read_only = read_only
        self._path = path
        self._standing = None if path is None else Standing(path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing; on the disk when the block has ended.

        Raises
        ------
        JournalUnavailable, JournalDamaged
            With the path, and what to do.
        """
        with _translated(self._path):
            self._stand()
            self.connection.execute("BEGIN IMMEDIATE")
            with self.connection:  # rolls back, also after a commit that failed: a full disk leaves all of it open
                yield self.connection
                self._commit()

    def select(self, statement: str, values: Iterable[object] = ()) -> list[Any]:
        """Run one statement and return its rows; outside of a transaction only to read.

        Raises
        ------
        JournalUnavailable, JournalDamaged
            As `transaction` does.
        """
        with _translated(self._path):
            return self.connection.execute(statement, tuple(values)).fetchall()

    def _commit(self) -> None:
        self.connection.commit()

    def _stand(self) -> None:
        """See that what is written is where the next start will look for it."""
        if self._standing is None or self._standing.holds():
            return
        if not self._standing.is_free():
            raise JournalUnavailable("The journal of this PC has gone", self._standing.complaint())
        self.connection = self._standing.write_anew(self.connection)
        _configure(self.connection)

    def prepare(self, schema: str, version: int, changes: Mapping[int, str] | None = None) -> None:
        """Make the tables of a new file, bring an older one up; refuse one that a newer program has written.

        Parameters
        ----------
        schema
            Of a new file.
        version
            Of that schema.
        changes
            The statements that lead from the version before to each later one.

        Raises
        ------
        JournalDamaged
            The file is of a later version.
        """
        found = self.select("PRAGMA user_version")[0][0]
        if found > version:
            message = (
                f"The journal on this PC was written by a newer NexusLIMS-Logger (version {found}, this one knows "
                f"{version}). Install the newer program again; nothing was changed."
            )
            raise JournalDamaged("The journal is newer than this program", message)
        if found < version:
            if self._read_only:
                self._copy()
            with self.transaction() as connection:
                steps = [schema] if found == 0 else [(changes or {})[step] for step in range(found + 1, version + 1)]
                for statement in ";".join(steps).split(";"):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version}")

    def _copy(self) -> None:
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with _translated(self._path):
            self.connection.backup(copy)
        self.connection.close()
        self.connection = copy

    def close(self) -> None:
        """Give the file back."""
        self.connection.close()


def read_journal_file(path: Path) -> JournalFile:
    """Open a journal that exists, to look at it beside a logger that may be writing it.

    Raises
    ------
    JournalDamaged
        The file cannot be opened.
    """
    # Without a log beside it nobody writes: then SQLite need not make its own files there either.
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if at_rest else ''}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    except sqlite3.Error as error:
        raise JournalDamaged("The journal cannot be opened", f"{path}: {error}.") from error
    return JournalFile(connection, read_only=True)


@contextmanager
def _translated(path: Path | None) -> Iterator[None]:
    """Say what SQLite's errors mean for the journal; a broken rule of its schema stays what it is, our defect."""
    place = path or "The journal on this PC"
    try:
        yield
    except sqlite3.OperationalError as error:
        remedy = _REMEDIES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _REMEDY)
        message = (
            f"{place} cannot be used ({error}). {remedy} What was recorded before is safe, and the step is tried again."
        )
        raise JournalUnavailable("The journal cannot be written", message) from error
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        message = (
            f"{place} is damaged ({error}). Close the program and start it again: it puts the damaged file aside and "
            "saves what can be read. Have the disk of this PC checked."
        )
        raise JournalDamaged("The journal is damaged", message) from error


def open_journal_file(path: Path) -> JournalFile:
    """Open `path`, made when it is missing, so that a commit survives a power cut (WAL, synchronous=FULL).

    Raises
    ------
    JournalDamaged
        The file cannot be opened, is read-only, or is no database.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The thread that opens is not always the one that works with it; only one does at a time.
        with ExitStack() as failed:  # Windows lets nobody put aside a file that is held
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            failed.callback(connection.close)
            _configure(connection)
            failed.pop_all()
    except (sqlite3.Error, OSError) as error:
        message = f"{path} cannot be opened ({error}). Check that the folder exists, may be written, and has room."
        raise JournalDamaged("The journal cannot be opened", message) from error
    return JournalFile(connection, path)


def _configure(connection: sqlite3.Connection) -> None:
    for pragma in (f"busy_timeout = {_BUSY_MS}", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
