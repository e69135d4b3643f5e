"""What the transfer thread is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nexuslims_logger.journal.uploads import Uploads

if TYPE_CHECKING:
    from nexuslims_logger.events import Event
    from nexuslims_logger.journal.files import FilesJournal
    from nexuslims_logger.journal.results import Results
    from nexuslims_logger.ports import Clock, FileSystem, Inbox, Pool, Random
    from nexuslims_logger.storage.contract import ObjectStore
    from nexuslims_logger.transfer.selection import Selection


@dataclass(frozen=True)
class TransferRules:
    """The settings that the transfer follows; times in seconds.

    Attributes
    ----------
    own_folder
        Where the program writes; None: nobody asks how full its disk is.
    """

    selection: Selection
    interval_s: float
    settle_s: float
    workers: int
    gap_s: float
    own_folder: str | None = None


@dataclass(frozen=True)
class TransferPorts:
    """The transfer thread's way to the world; `files` and `results` are its own."""

    clock: Clock
    random: Random
    inbox: Inbox[Any]
    session: Inbox[Any]
    window: Inbox[Event]
    database: Pool
    pool: Pool
    file_system: FileSystem
    store: ObjectStore
    files: FilesJournal
    results: Results
    rules: TransferRules

    @cached_property
    def uploads(self) -> Uploads:
        """The uploads that were begun, beside `files`."""
        return Uploads(self.files)
