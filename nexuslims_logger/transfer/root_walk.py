"""A walk over one watch folder, and what differs from the last one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileVanished, FolderMissing, TryLater
from nexuslims_logger.journal.seen import FileKey, Seen, seen_in
from nexuslims_logger.transfer.ownership import touched_at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from nexuslims_logger.ports import FileEntry, FileStat
    from nexuslims_logger.transfer.ports import TransferPorts


class ScanStopped(TryLater):
    """The program is being closed; what the scan has written so far is taken back."""


@dataclass(frozen=True)
class Differs:
    """A file that is new (`before` is None), or not as it was last seen.

    Attributes
    ----------
    unreadable_before
        Its folder could not be read until now: it may have stood there all the time.
    """

    key: FileKey
    before: Seen | None
    now: FileStat
    unreadable_before: bool


@dataclass(frozen=True)
class Gone:
    """A file that was seen, and is there no more."""

    before: Seen


class RootWalk:
    """A walk over one watch folder that yields what differs from the journal.

    Only differences are kept in memory, and the names of one folder at a time.

    Parameters
    ----------
    volume
        On which the watch folder stood a moment ago.
    since
        From when on what nobody owns is yielded as well, although it was seen before; told whether its folder could
        be read before. The file of a session's first seconds may have been met by a scan that did not know of it.
    doubted
        Sessions of whose files the path is asked, whatever the folder's entry says: this look may fix their final set.
    breathe
        Is called after each folder with the number of files met so far, so that other work can go on.

    Attributes
    ----------
    unreadable
        The folders that could not be read, and why.
    visited
        All folders that were met, readable or not.
    """

    def __init__(  # noqa: PLR0913 - what is looked at, and with which eyes
        self,
        ports: TransferPorts,
        root: str,
        volume: str,
        since: Callable[[bool], datetime | None],
        doubted: Collection[str] = (),
        breathe: Callable[[int], None] | None = None,
    ) -> None:
        self._since = {unreadable_before: since(unreadable_before) for unreadable_before in (False, True)}
        self._ports = ports
        self._root = root
        self._volume = volume
        self._doubted = doubted
        self._unreadable_before = ports.files.unreadable(root)
        self._breathe = breathe
        self._files_met = 0
        self.visited: set[str] = set()
        self.unreadable: dict[str, str] = {}

    def changes(self) -> Iterator[Differs | Gone]:
        """Walk the folder; raises `FolderMissing` when nothing may be concluded from it."""
        selection = self._ports.rules.selection
        for listing in self._ports.file_system.walk(self._root):
            if not selection.folder(listing.folder):
                continue
            self.visited.add(listing.folder)
            if listing.problem:
                self.unreadable[listing.folder] = listing.problem.message
                continue
            self._files_met += len(listing.files)
            yield from self.in_folder(listing.folder, listing.files)
            if self._breathe is not None:
                self._breathe(self._files_met)
        known = self._ports.files.folders(self._root)
        self._refuse_an_unmounted_share()
        for folder in sorted(known - self.visited):
            if selection.folder(folder) and not self._below_unreadable(folder):
                yield from self.in_folder(folder, ())

    def finish(self) -> None:
        """Note that the walk was complete, but for the folders that could not be read."""
        self._ports.files.set_volume(self._root, self._volume)
        self._ports.files.set_unreadable(self._root, set(self.unreadable))

    def in_folder(self, folder: str, entries: Sequence[FileEntry]) -> Iterator[Differs | Gone]:
        """Compare one folder's files with what is known of them."""
        wanted = self._ports.rules.selection.file
        known = self._ports.files.rows_in(self._root, folder)
        unreadable_before = any(is_below(folder, above) for above in self._unreadable_before)
        asked_again = self._since[unreadable_before] is not None
        for name, stat in entries:
            if not wanted(name):
                continue
            blob = os.fsencode(name)
            row = known.pop(blob, None)
            # Most files are as they were: nothing is made of them.
            doubted = row is not None and row[4] in self._doubted
            if row and row[:3] == stat and not doubted and (row[4] or not asked_again):
                continue
            before = seen_in(self._root, folder, blob, row) if row else None
            if before and before.stat == stat and not doubted and not self._reconsidered(before, unreadable_before):
                continue
            key = FileKey(self._root, folder, name)
            # A directory entry may lag behind a writer (NTFS): of a file we know, the path has the last word.
            now = self._ask(key, stat) if before else stat
            if now is None:
                if before:
                    yield Gone(before)
            elif before is None or before.stat != now or self._reconsidered(before, unreadable_before):
                yield Differs(key, before, now, unreadable_before)
        for blob, row in known.items():
            if wanted(os.fsdecode(blob)):
                yield Gone(seen_in(self._root, folder, blob, row))

    def _reconsidered(self, before: Seen, unreadable_before: bool) -> bool:
        since = self._since[unreadable_before]
        return since is not None and not before.owner and touched_at(before.stat) >= since

    def _ask(self, key: FileKey, otherwise: FileStat) -> FileStat | None:
        try:
            return self._ports.file_system.stat(self._root, key.path)
        except FileVanished:
            return None
        except FileProblem:
            return otherwise

    def _below_unreadable(self, folder: str) -> bool:
        return any(is_below(folder, above) for above in self.unreadable)

    def _refuse_an_unmounted_share(self) -> None:
        before = self._ports.files.volume(self._root)
        # Asked once more: it may have gone in the middle of the walk.
        now = self._ports.file_system.volume(self._root)
        if now != self._volume or (not self._files_met and before is not None and before != now):
            message = (
                f"{self._root} is gone, or empty and on another disk than before; a network drive may not be "
                "connected. The program waits for it and concludes nothing."
            )
            raise FolderMissing("Waiting for the watch folder", message)


def is_below(folder: str, above: str) -> bool:
    """Whether `folder` is `above` or stands below it; both below one watch folder."""
    return not above or folder == above or folder.startswith(above + "/")
