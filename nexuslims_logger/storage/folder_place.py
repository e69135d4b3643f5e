"""Where a folder store is: how it is made, opened, and told from an empty place, and what of it is its own."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.storage.folder_disk import make_folder, remove, write_file
from nexuslims_logger.storage.folder_lock import locked
from nexuslims_logger.storage.names import OWN_FOLDER
from nexuslims_logger.storage.windows_names import long_path

log = logging.getLogger(__name__)

_LEFT_BEHIND_NS = 24 * 3600 * 10**9
_MARKER = """\
The folder above is an object store of NexusLIMS-Logger: read and copy its files as you like.
What is in here belongs to the store. Please leave it alone: without this file the store counts as away.
"""


class StorePlace:
    """The folder of a store; the objects stand in it, and below `own` what the store needs for itself.

    Parameters
    ----------
    folder
        As it was configured; nothing is touched before `open`.
    create
        As in `FolderStore`.

    Attributes
    ----------
    shown, folder
        The folder as it is told, and as the operating system takes it (on Windows with any length).
    own, temporary, locks
        The store's own folders.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        self.shown = Path(os.path.abspath(folder))  # noqa: PTH100 - Path.absolute keeps ".."
        self.folder = Path(long_path(str(self.shown))) if os.name == "nt" else self.shown
        self.own = self.folder / OWN_FOLDER
        self.temporary = self.own / "tmp"
        self.locks = self.own / "locks"
        self._marker = self.own / "README.txt"
        self._create = create
        self._opened = False

    def open(self, now_ns: int) -> None:
        """Make the store, the first time, if it is to be made; remove what crashes left behind. Blocks on the disk.

        Raises
        ------
        OSError
            What the disk says.
        StoreUnavailable
            As `check_present`.
        """
        if not self._opened and self._create:
            for folder in (self.temporary, self.locks):
                make_folder(folder)
            # Another PC may make the same store now, and Windows exchanges no file that is being written.
            with locked(self.locks, ""):
                if not self._marker.exists():
                    write_file(self._marker, _MARKER.encode("ascii"), temporary=self.temporary)
                    log.info("made a new store in the folder %s", self.shown)
        self.check_present()
        if self._opened:
            return
        with contextlib.suppress(FileNotFoundError), os.scandir(self.temporary) as entries:
            for entry in entries:
                # Not the modification time: a file under way already has the one of its source.
                if now_ns - entry.stat(follow_symlinks=False).st_ctime_ns > _LEFT_BEHIND_NS:
                    remove(Path(entry.path))
        self._opened = True

    def check_present(self) -> None:
        """Tell an empty place of a store from a store that is away.

        Raises
        ------
        StoreUnavailable
            The folder is not there, or is no store.
        """
        if not self._marker.is_file():
            raise StoreUnavailable(
                "The store's folder is not there",
                f"{self.shown} is missing, or is not the store that it was. Check that the share is "
                "connected; the files wait on this PC meanwhile.",
            )
