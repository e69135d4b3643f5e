"""A SQLite file that is open, and whether it still is where the next start will look for it.

Where files can be deleted while they are open (not on Windows), what is written afterwards is on no disk any more.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


class Standing:
    """The place of a file that was just opened.

    Parameters
    ----------
    path
        Of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stood = _place(path)

    def holds(self) -> bool:
        """Whether the same file is still there."""
        return _place(self._path) == self._stood

    def is_free(self) -> bool:
        """Whether it may be written anew: nothing is there, but its folder is, and on the same disk."""
        folder = _place(self._path.parent)
        return (
            _place(self._path) is None
            and folder is not None
            and self._stood is not None
            and folder[0] == self._stood[0]
        )

    def complaint(self) -> str:
        """Say what has happened, and what to do."""
        what = "has gone" if _place(self._path) is None else "was replaced by another file"
        return (
            f"{self._path} {what} while the program runs. Put it back; or make its folder again, without this file: "
            "the program still has all of it, and writes it there anew. Until then do not end the program."
        )

    def write_anew(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Write all that the open file still holds to its old place.

        Parameters
        ----------
        connection
            To the file that has gone; closed when this succeeds.

        Returns
        -------
        sqlite3.Connection
            To the new file, in autocommit mode, with no setting made.

        Raises
        ------
        sqlite3.Error
            It cannot be written; `connection` is as before.
        """
        with ExitStack() as failed:  # a half is worse than nothing
            failed.callback(_remove, self._path)
            new = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            failed.callback(new.close)
            connection.backup(new)
            failed.pop_all()
        # Before anything else is written: with its end it removes what stands beside that name.
        connection.close()
        self._stood = _place(self._path)
        log.warning("%s had gone, and was written anew", self._path)
        return new


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _place(path: Path) -> tuple[int, int] | None:
    """Return the disk and the number of what is at `path`, None for nothing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - as cheap as can be: it is asked at every write
    except OSError:
        return None
    return found.st_dev, found.st_ino
