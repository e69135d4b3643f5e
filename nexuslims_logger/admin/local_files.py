"""Where this PC's journal says that a session's files were, read beside a logger that may be writing it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from nexuslims_logger.errors import JournalDamaged, JournalUnavailable
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.results import Results
from nexuslims_logger.journal.sqlite import read_journal_file
from nexuslims_logger.transfer.file_check import FileToCheck

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from nexuslims_logger.config import Settings
    from nexuslims_logger.journal.records import ManifestRow
    from nexuslims_logger.journal.sqlite import JournalFile

log = logging.getLogger(__name__)


class LocalFiles:
    """Answers for the sessions of this PC that its journal still remembers; for others there is nothing here.

    A journal that is missing or cannot be read answers nothing: the store can be compared without it.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "files.db"
        self._file: JournalFile | None = None
        self._results: Results | None = None

    def __enter__(self) -> Self:
        """Open the journal, if there is one."""
        if self._path.exists():
            try:
                self._file = read_journal_file(self._path)
                self._results = Results(FilesJournal(self._file))
            except (JournalDamaged, JournalUnavailable, sqlite3.Error) as error:
                log.warning("%s cannot be read: %s", self._path, error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()

    def located(self, session: str, rows: Sequence[ManifestRow]) -> list[FileToCheck]:
        """Say of each of the session's rows where its file was on this PC, where that is known."""
        known = {}
        if self._results is not None:
            with suppress(JournalDamaged, JournalUnavailable, sqlite3.Error):
                known = self._results.by_object(session, [row.object_name for row in rows])
        files = []
        for row in rows:
            result = known.get(row.object_name)
            files.append(FileToCheck(row, result.key, result.stat) if result else FileToCheck(row))
        return files
