"""One look at the watch folders: what has appeared, changed and gone since the last one.

A watch folder is scanned in one transaction: a crash in the middle leaves the journal as it was before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FolderMissing, LoggerError
from nexuslims_logger.journal.seen import UNASSIGNED, FileKey, Seen
from nexuslims_logger.transfer.ownership import Claims, spans
from nexuslims_logger.transfer.root_walk import Gone, RootWalk
from nexuslims_logger.transfer.vanished import TAKEN_OVER, missing, vanished
from nexuslims_logger.transfer.waiting import take_back_renamed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.root_walk import Differs

#: How many new files of one scan are remembered, in case one of them is a renamed one: some 30 MB.
_MOST_APPEARED = 50_000

#: New files by what a file keeps when it is renamed (see `likeness`).
Appeared = dict[tuple[int, int], Seen]


@dataclass
class Noticed:
    """What a look has changed in the journal, so that nothing need be counted anew.

    Attributes
    ----------
    changed
        How many files have appeared, changed or gone.
    added
        Files and bytes that a session has more than before.
    recount
        Sessions of which more than that has changed.
    newest_ns
        The newest modification time among a session's changes.
    folders
        Where sessions' files have appeared or changed, as watch folder and folder.
    """

    changed: int = 0
    added: dict[str, tuple[int, int]] = field(default_factory=dict)
    recount: set[str] = field(default_factory=set)
    newest_ns: dict[str, int] = field(default_factory=dict)
    folders: set[tuple[str, str]] = field(default_factory=set)

    def note(self, before: Seen | None, now: Seen, *, is_owed: bool) -> None:
        """Note a file that has appeared or changed, and whether it has to be sent."""
        self.changed += 1
        if before and before.owner:
            self.recount.add(before.owner)
        if not now.owner:
            return
        owner = now.owner
        self.folders.add((now.key.root, now.key.folder))
        self.newest_ns[owner] = max(now.stat.mtime_ns, self.newest_ns.get(owner, 0))
        if before or not is_owed:
            self.recount.add(owner)
        else:
            files, size = self.added.get(owner, (0, 0))
            self.added[owner] = files + 1, size + now.stat.size

    def note_gone(self, before: Seen) -> None:
        """Note a file that is there no more."""
        self.changed += 1
        if before.owner:
            self.recount.add(before.owner)

    def merge(self, other: Noticed) -> None:
        """Take over what another look has changed."""
        self.changed += other.changed
        self.recount |= other.recount
        self.folders |= other.folders
        for owner, (files, size) in other.added.items():
            known = self.added.get(owner, (0, 0))
            self.added[owner] = known[0] + files, known[1] + size
        for owner, newest_ns in other.newest_ns.items():
            self.newest_ns[owner] = max(newest_ns, self.newest_ns.get(owner, 0))


@dataclass
class ScanOutcome:
    """What a scan of all watch folders came to.

    Attributes
    ----------
    complete
        Every folder and sub-folder could be looked at.
    complete_roots
        The watch folders of which that is true.
    noticed
        What has changed.
    visited
        The folders that were met, by watch folder.
    folder_problem
        Why a whole watch folder could not be looked at.
    unreadable
        The sub-folders that could not be, and why.
    """

    complete: bool = True
    complete_roots: set[str] = field(default_factory=set)
    noticed: Noticed = field(default_factory=Noticed)
    visited: dict[str, set[str]] = field(default_factory=dict)
    folder_problem: LoggerError | None = None
    unreadable: dict[FileKey, str] = field(default_factory=dict)


def roots_of(sessions: Sequence[TrackedSession]) -> list[str]:
    """Return the watch folders of the sessions, each once."""
    return list(dict.fromkeys(folder.path for session in sessions for folder in session.folders))


def scan(
    ports: TransferPorts,
    sessions: Sequence[TrackedSession],
    appeared: dict[str, Appeared] | None = None,
    breathe: Callable[[int], None] | None = None,
    elsewhere: Sequence[TrackedSession] = (),
) -> ScanOutcome:
    """Look at every watch folder, and write down what is new and whose it is.

    A watch folder that is gone is reported, and the others are looked at.

    Parameters
    ----------
    appeared
        What quick looks have found since the last scan, by watch folder.
    breathe
        As `RootWalk` has it.
    elsewhere
        Sessions that claim nothing now, but may lose a file.
    """
    outcome = ScanOutcome()
    for root in roots_of(sessions):
        noticed = Noticed()
        try:
            with ports.files.transaction():
                walk = _scan_root(
                    ports, root, sessions, [*sessions, *elsewhere], noticed, (appeared or {}).get(root, {}), breathe
                )
        except FolderMissing as problem:
            outcome.complete = False
            outcome.folder_problem = problem
            continue
        outcome.noticed.merge(noticed)
        outcome.visited[root] = walk.visited
        outcome.unreadable |= {FileKey.of(root, folder): why for folder, why in walk.unreadable.items()}
        if walk.unreadable:
            outcome.complete = False
        else:
            outcome.complete_roots.add(root)
    return outcome


def _scan_root(  # noqa: PLR0913 - what is looked at, for whom, and who hears of it
    ports: TransferPorts,
    root: str,
    sessions: Sequence[TrackedSession],
    owners: Sequence[TrackedSession],
    noticed: Noticed,
    appeared_before: Appeared,
    breathe: Callable[[int], None] | None,
) -> RootWalk:
    files = ports.files
    here = sessions_on(root, sessions)
    volume = ports.file_system.volume(root)
    claims = claims_on(ports, root, volume, here)
    final = frozenset(one.identifier for one in here if one.ended and not files.final_set_fixed(one.identifier))
    walk = RootWalk(ports, root, volume, claims.reconsider_since, final, breathe)
    gone: list[Seen] = []
    appeared = dict(appeared_before)
    for change in walk.changes():
        if not isinstance(change, Gone):
            seen = take(ports, claims, change, owners, noticed)
            if seen and change.before is None and claims.known_root and len(appeared) < _MOST_APPEARED:
                appeared[likeness(seen)] = seen
        elif change.before.owner:
            gone.append(change.before)  # perhaps it has only another name, which comes later
        else:
            noticed.note_gone(change.before)
            files.remove(change.before.key)
    for before in gone:
        noticed.note_gone(before)
        if not _renamed(ports, before, appeared.get(likeness(before)), owners):
            vanished(ports, before, owners)
    walk.finish()
    for session in here:
        files.mark_first_scan(session.identifier, root)
    return walk


def take(
    ports: TransferPorts, claims: Claims, change: Differs, sessions: Sequence[TrackedSession], noticed: Noticed
) -> Seen | None:
    """Write down a file that has appeared or changed, and whose it is; None when nothing is new after all."""
    before = change.before
    owner = claims.owner(change.now, before, unreadable_before=change.unreadable_before)
    if before and before.stat == change.now and before.owner == owner:
        return None  # asked about again, with the same answer
    if before and before.owner != owner:
        missing(ports, before, sessions, TAKEN_OVER)
    seen = Seen(change.key, change.now, settled=False, owner=owner)
    ports.files.put(seen)
    noticed.note(before, seen, is_owed=not owner or not claims.known_root or ports.files.is_owed(seen))
    return seen


def likeness(seen: Seen) -> tuple[int, int]:
    """Return what a file keeps when it is renamed, on every disk and share."""
    return seen.stat.size, seen.stat.mtime_ns


def _renamed(ports: TransferPorts, before: Seen, like: Seen | None, sessions: Sequence[TrackedSession]) -> bool:
    """Let a renamed file stay its session's; False when it is gone, or was another's business already.

    After END nobody may claim a new name any more; what was still on its way keeps its owner under the new one.
    """
    # What a quick look has found may have gone or changed since.
    now = ports.files.get(like.key) if like else None
    if now is None or likeness(now) != likeness(before):
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


def sessions_on(root: str, sessions: Sequence[TrackedSession]) -> list[TrackedSession]:
    """Return the sessions to which this watch folder belongs."""
    return [session for session in sessions if any(folder.path == root for folder in session.folders)]


def claims_on(ports: TransferPorts, root: str, volume: str, sessions: Sequence[TrackedSession]) -> Claims:
    """Return who may claim what a scan of `root` finds on this volume."""
    files = ports.files
    # What was seen on another volume does not tell what is new on this one: the files' own times decide.
    known = files.volume(root) == volume
    return Claims(
        sessions,
        known_root=known,
        first=lambda session: not known or not files.first_scan_done(session, root),
        final_fixed=files.final_set_fixed,
        is_owed=files.is_owed,
        spans={session.identifier: spans(session, ports.clock) for session in sessions},
    )
