"""A damaged journal is put aside under a name with the date, never deleted, and saved as far as it can be read.

Of ``facts.db`` every row is saved that can still be read; ``files.db`` is left to the next scan, which rebuilds it.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import JournalDamaged
from nexuslims_logger.events import Problem
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.sqlite import open_journal_file, read_journal_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


log = logging.getLogger(__name__)

TITLE = "The journal on this PC was damaged"
#: What SQLite keeps beside a file.
_BESIDE = ("", "-wal", "-shm")
#: How the folder begins in which a journal is saved.
_WORKSHOP = "nexuslims-journal-"
#: Between what can be read from both ends of a table, so many rows are tried one by one.
_MOST_TRIED = 10_000


def open_facts(path: Path, now: datetime) -> tuple[FactsJournal, Problem | None]:
    """Open ``facts.db``; of a damaged one keep what can be read, and say what became of it.

    Parameters
    ----------
    path
        Of the file; made when it is missing.
    now
        Names the file that is put aside.

    Raises
    ------
    JournalDamaged
        It is of a newer program, or cannot be opened for a reason that a new file would not mend.
    JournalUnavailable
        The disk is full or broken, or another program holds it.
    """
    for left in path.parent.glob(f"{_WORKSHOP}*"):  # by a saving that was killed
        shutil.rmtree(left, ignore_errors=True)
    if (cause := _damage(path)) is None:
        return FactsJournal(open_journal_file(path)), None
    aside = _free_name(path, now)
    try:
        saved, lost = _save(path, aside)
    except OSError as error:
        message = f"{path} is damaged ({cause}), and cannot be saved ({error}). Make room on the disk."
        raise JournalDamaged(TITLE, message) from error
    there_were = f"{saved + lost}" if lost is not None else "nobody knows how many"
    message = (
        f"{path.name} could not be read ({cause}), and was put aside as {aside}. {saved} of {there_were} sessions were "
        "saved from it. Have the disk of this PC checked; if a session is missing, give that file to the facility "
        "manager."
    )
    log.error("%s: %s", TITLE, message)
    return FactsJournal(open_journal_file(path)), Problem(TITLE, message, now)


def open_files(path: Path, now: datetime) -> tuple[FilesJournal, Problem | None]:
    """Open ``files.db``; in place of a damaged one begin a new one. Parameters and errors are those of `open_facts`."""
    if (cause := _damage(path)) is None:
        return FilesJournal(open_journal_file(path)), None
    aside = _free_name(path, now)
    for beside in reversed(_BESIDE):
        if (part := _part(path, beside)).exists():
            part.rename(_part(aside, beside))
    message = (
        f"{path.name} could not be read ({cause}), and was put aside as {aside}. No session is concerned: the watch "
        "folders are looked at anew, and compared with what is stored. Have the disk of this PC checked."
    )
    log.error("%s: %s", TITLE, message)
    return FilesJournal(open_journal_file(path)), Problem(TITLE, message, now)


def _damage(path: Path) -> str | None:
    """Return what is wrong with the file's content, None when it is sound or not there."""
    if not path.exists():
        return None
    if path.stat().st_size == 0 and not _part(path, "-wal").exists():
        return "it is empty" if _was_in_use(path) else None
    try:
        with closing(open_journal_file(path)) as file:
            ((found,),) = file.select("PRAGMA quick_check(1)")
    except JournalDamaged as error:
        cause = error.__cause__
        if not isinstance(cause, sqlite3.DatabaseError) or not _is_content(cause):
            raise
        return str(cause)
    return None if found == "ok" else str(found).replace("\n", " ")


def _was_in_use(path: Path) -> bool:
    """Whether there was more than a start that died, or met a full disk, while it made its first journal."""
    facts, files = path.with_name("facts.db"), path.with_name("files.db")
    if any(path.parent.glob("*.damaged-*")):
        return True
    if path == facts:
        return files.exists()
    if not facts.exists():
        return False
    with closing(read_journal_file(facts)) as file:
        return bool(file.select("SELECT 1 FROM session LIMIT 1"))


def _is_content(error: sqlite3.DatabaseError) -> bool:
    """Whether the file's bytes are wrong; everything else (rights, room, a lock) is mended elsewhere."""
    return error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _free_name(path: Path, now: datetime) -> Path:
    name, number = f"{path.stem}.damaged-{now:%Y%m%dT%H%M%S}", 1
    aside = path.with_name(f"{name}{path.suffix}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name}-{number}{path.suffix}")
    return aside


def _part(path: Path, beside: str) -> Path:
    return path.with_name(f"{path.name}{beside}")


def _save(path: Path, aside: Path) -> tuple[int, int | None]:
    """Put the file aside, and a new one with all that can be read in its place.

    Cut off anywhere before the last step, it is done again at the next start. Returns how many sessions were saved and
    lost, None where nobody can tell.
    """
    for beside in ("-wal", ""):
        if (part := _part(path, beside)).exists():
            shutil.copyfile(part, _part(aside, beside))
    with tempfile.TemporaryDirectory(prefix=_WORKSHOP, dir=path.parent) as folder:
        # SQLite would change the file that was put aside.
        copy, new = Path(folder) / "damaged.db", Path(folder) / "new.db"
        for beside in ("-wal", ""):
            if (part := _part(aside, beside)).exists():
                shutil.copyfile(part, _part(copy, beside))
        file = open_journal_file(new)
        with closing(file), closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            # Otherwise SQLite refuses to read the beginning of a file whose end is missing.
            connection.execute("PRAGMA writable_schema = ON")
            connection.row_factory = sqlite3.Row
            counts = _bring_over(connection, FactsJournal(file))
        for beside in ("-shm", "-wal"):
            _part(path, beside).unlink(missing_ok=True)
        new.replace(path)
    return counts


def _bring_over(connection: sqlite3.Connection, facts: FactsJournal) -> tuple[int, int | None]:
    for table in ("meta", "instrument"):
        for row in _rows(connection, table):
            facts.save(table, dict(row))
    saved = sum(facts.save("session", dict(row)) for row in _rows(connection, "session"))
    try:
        (all_of_them,) = connection.execute("SELECT COUNT(*) FROM session").fetchone()
    except sqlite3.DatabaseError:
        return saved, None
    return saved, max(0, all_of_them - saved)


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[Any]:
    """Read a table from its beginning, from its end, and row by row in between, as far as its pages allow."""
    met: set[int] = set()
    for order in ("ASC", "DESC"):
        try:
            for row in connection.execute(f"SELECT rowid AS number_, * FROM {table} ORDER BY rowid {order}"):  # noqa: S608 - our names
                if row["number_"] in met:
                    return
                met.add(row["number_"])
                yield row
        except sqlite3.DatabaseError as error:
            log.warning("a part of %s cannot be read: %s", table, error)
        else:
            return
    for number in range(1, min(max(met, default=0), _MOST_TRIED)):
        if number not in met:
            try:
                yield from connection.execute(f"SELECT rowid AS number_, * FROM {table} WHERE rowid = ?", [number])  # noqa: S608
            except sqlite3.DatabaseError:
                continue
