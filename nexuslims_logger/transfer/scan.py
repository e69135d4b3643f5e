"""One look at the watch folders: what has appeared, changed and gone since the last one.

A watch folder is scanned in one transaction: a crash in the middle leaves the journal as it was before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileVanished, FolderMissing, LoggerError, NameRefused
from nexuslims_logger.events import WaitingFile
from nexuslims_logger.journal.files import UNASSIGNED, FileKey, Seen
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result
from nexuslims_logger.transfer.ownership import Claims, touched_at
from nexuslims_logger.transfer.placement import object_name_of
from nexuslims_logger.transfer.waiting import DELETED, take_back_renamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from nexuslims_logger.journal.files import FilesJournal
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.ports import FileEntry, FileStat
    from nexuslims_logger.transfer.ports import TransferPorts

TAKEN_OVER = "changed by the next session before it was sent"


@dataclass
class ScanOutcome:
    """What a scan of all watch folders came to.

    Attributes
    ----------
    complete
        Every folder and sub-folder could be looked at.
    complete_roots
        The watch folders of which that is true.
    changed
        How many files have appeared, changed or gone.
    folder_problem
        Why a whole watch folder could not be looked at.
    unreadable
        The sub-folders that could not be.
    """

    complete: bool = True
    complete_roots: set[str] = field(default_factory=set)
    changed: int = 0
    folder_problem: LoggerError | None = None
    unreadable: list[WaitingFile] = field(default_factory=list)


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


def roots_of(sessions: Sequence[TrackedSession]) -> list[str]:
    """Return the watch folders of the sessions, each once."""
    return list(dict.fromkeys(folder.path for session in sessions for folder in session.folders))


def scan(ports: TransferPorts, sessions: Sequence[TrackedSession]) -> ScanOutcome:
    """Look at every watch folder, and write down what is new and whose it is.

    A watch folder that is gone is reported, and the others are looked at.
    """
    outcome = ScanOutcome()
    for root in roots_of(sessions):
        try:
            with ports.files.transaction():
                _scan_root(ports, root, sessions, outcome)
        except FolderMissing as problem:
            outcome.complete = False
            outcome.folder_problem = problem
    return outcome


def _scan_root(ports: TransferPorts, root: str, sessions: Sequence[TrackedSession], outcome: ScanOutcome) -> None:
    files = ports.files
    here = [session for session in sessions if any(folder.path == root for folder in session.folders)]
    volume = ports.file_system.volume(root)
    claims = claims_on(files, root, volume, here)
    walk = RootWalk(ports, root, volume, since=claims.reconsider_since)
    gone: list[Seen] = []
    appeared: dict[tuple[int, int], Seen] = {}
    for change in walk.changes():
        if isinstance(change, Gone):
            outcome.changed += 1
            gone.append(change.before)
            continue
        owner = claims.owner(change.now, change.before, unreadable_before=change.unreadable_before)
        if change.before and change.before.stat == change.now and change.before.owner == owner:
            continue  # asked about again, with the same answer
        outcome.changed += 1
        if change.before and change.before.owner != owner:
            missing(ports, change.before, sessions, TAKEN_OVER)
        seen = Seen(change.key, change.now, settled=False, owner=owner)
        files.put(seen)
        if change.before is None and claims.known_root:
            appeared[_likeness(seen)] = seen
    for before in gone:
        if not _renamed(ports, before, appeared.get(_likeness(before)), sessions):
            vanished(ports, before, sessions)
    walk.finish()
    for session in here:
        files.mark_first_scan(session.identifier, root)
    if walk.unreadable:
        outcome.complete = False
    else:
        outcome.complete_roots.add(root)
    outcome.unreadable += walk.unreadable.values()


def _likeness(seen: Seen) -> tuple[int, int]:
    """Return what a file keeps when it is renamed, on every disk and share."""
    return seen.stat.size, seen.stat.mtime_ns


def _renamed(ports: TransferPorts, before: Seen, now: Seen | None, sessions: Sequence[TrackedSession]) -> bool:
    """Let a renamed file stay its session's; False when it is gone, or was another's business already.

    After END nobody may claim a new name any more; what was still on its way keeps its owner under the new one.
    """
    if now is None or not before.owner:
        return False
    if now.owner == UNASSIGNED and any(one.ended and one.identifier == before.owner for one in sessions):
        if before.settled and not ports.files.is_owed(before):
            return False
        ports.files.put(replace(now, owner=before.owner))
    elif now.owner != before.owner:
        return False
    take_back_renamed(ports, before)
    ports.files.remove(before.key)
    return True


def claims_on(files: FilesJournal, root: str, volume: str, sessions: Sequence[TrackedSession]) -> Claims:
    """Return who may claim what a scan of `root` finds on this volume."""
    # What was seen on another volume does not tell what is new on this one: the files' own times decide.
    known = files.volume(root) == volume
    return Claims(
        sessions,
        known_root=known,
        first=lambda session: not known or not files.first_scan_done(session, root),
        final_fixed=files.final_set_fixed,
        is_owed=files.is_owed,
    )


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
    """

    def __init__(self, ports: TransferPorts, root: str, volume: str, since: Callable[[bool], datetime | None]) -> None:
        self._since = {unreadable_before: since(unreadable_before) for unreadable_before in (False, True)}
        self._ports = ports
        self._root = root
        self._volume = volume
        self._unreadable_before = ports.files.unreadable(root)
        self._files_met = 0
        self.unreadable: dict[str, WaitingFile] = {}

    def changes(self) -> Iterator[Differs | Gone]:
        """Walk the folder; raises `FolderMissing` when nothing may be concluded from it."""
        selection = self._ports.rules.selection
        visited: set[str] = set()
        for listing in self._ports.file_system.walk(self._root):
            if not selection.folder(listing.folder):
                continue
            if listing.problem:
                self.unreadable[listing.folder] = WaitingFile(listing.folder or self._root, listing.problem.message)
                continue
            visited.add(listing.folder)
            self._files_met += len(listing.files)
            yield from self._in_folder(listing.folder, listing.files)
        known = self._ports.files.folders(self._root)
        self._refuse_an_unmounted_share()
        for folder in sorted(known - visited):
            if selection.folder(folder) and not self._below_unreadable(folder):
                yield from self._in_folder(folder, ())

    def finish(self) -> None:
        """Note that the walk was complete, but for the folders that could not be read."""
        self._ports.files.set_volume(self._root, self._volume)
        self._ports.files.set_unreadable(self._root, set(self.unreadable))

    def _in_folder(self, folder: str, entries: Sequence[FileEntry]) -> Iterator[Differs | Gone]:
        selection = self._ports.rules.selection
        known = self._ports.files.in_folder(self._root, folder)
        unreadable_before = any(_is_below(folder, above) for above in self._unreadable_before)
        for entry in entries:
            if not selection.file(entry.name):
                continue
            before = known.pop(entry.name, None)
            if before and before.stat == entry.stat and not self._reconsidered(before, unreadable_before):
                continue
            key = FileKey(self._root, folder, entry.name)
            # A directory entry may lag behind a writer (NTFS): of a file we know, the path has the last word.
            now = self._ask(key, entry.stat) if before else entry.stat
            if now is None:
                if before:
                    yield Gone(before)
            elif before is None or before.stat != now or self._reconsidered(before, unreadable_before):
                yield Differs(key, before, now, unreadable_before)
        for before in known.values():
            if selection.file(before.key.name):
                yield Gone(before)

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
        return any(_is_below(folder, above) for above in self.unreadable)

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


def _is_below(folder: str, above: str) -> bool:
    return not above or folder == above or folder.startswith(above + "/")


def vanished(ports: TransferPorts, before: Seen, sessions: Sequence[TrackedSession]) -> None:
    """Forget a file that is gone, and tell of it when it should have been sent."""
    missing(ports, before, sessions, DELETED)
    ports.files.remove(before.key)


def missing(ports: TransferPorts, before: Seen, sessions: Sequence[TrackedSession], reason: str) -> None:
    """Write MISSING for a settled file whose content was never sent, so that it is told and counted."""
    session = next((session for session in sessions if session.identifier == before.owner), None)
    if session is None or not before.settled or not ports.files.is_owed(before):
        return
    earlier = ports.results.get(session.identifier, before.key)
    try:
        # An earlier content may have gone to a second name: that row of the manifest is no longer true, either.
        name = earlier.object_name if earlier else object_name_of(session, before.key)
    except NameRefused:
        return  # it could never be sent, was told as such, and the manifest cannot name it
    ports.results.put(
        Result(
            session=session.identifier,
            key=before.key,
            state=ResultState.MISSING,
            stat=before.stat,
            object_name=name,
            discovered_at=ports.clock.now(),
            reason=reason,
        )
    )
