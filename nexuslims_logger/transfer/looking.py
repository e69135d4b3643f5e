"""When which watch folders are looked at: all on the interval, those where something happens every second or two.

A quick look finds what has appeared or changed in a few folders, by the same rules as a scan. What is gone, and
everything else that needs the whole picture, is left to the next scan.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FolderMissing
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.journal.seen import Tally
from nexuslims_logger.messages import ActivitySeen
from nexuslims_logger.transfer.leave_out import is_left_out, take_back_readable
from nexuslims_logger.transfer.room import watch_room
from nexuslims_logger.transfer.root_walk import Differs, RootWalk
from nexuslims_logger.transfer.scan import Noticed, claims_on, likeness, roots_of, scan, sessions_on, take
from nexuslims_logger.transfer.settle import add_changing, remember_changing
from nexuslims_logger.transfer.unassigned import offer_unassigned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.scan import ScanOutcome
    from nexuslims_logger.transfer.state import PassState

#: Between two quick looks; more where a look takes long, so that it never takes more than a twentieth of the time, or a
#: hundredth where nothing has happened for a while.
LOOK_S = 1.5
_SHARE, _SHARE_QUIET = 20, 100
_QUIET_S = 120.0
#: How long a folder counts as active after its last change, and how many do at most.
_ACTIVE_S = 3600.0
_MOST_ACTIVE = 50
#: With more changes than this at once, the rest is left to the next scan.
_MOST_CHANGES = 2000


def look_at_all(ports: TransferPorts, state: PassState, breathe: Callable[[int], None] | None) -> None:
    """Scan; a first complete scan after END fixes the final set."""
    first = [session.identifier for session in state.sessions if not _scanned(ports, session)]
    state.outcome = outcome = scan(ports, state.sessions, state.appeared, breathe, state.elsewhere)
    state.work_done = True
    now = ports.clock.monotonic()
    state.scan_at = now + ports.rules.interval_s
    state.look_at = now + LOOK_S
    state.visited |= outcome.visited
    for root in outcome.visited:
        state.appeared.pop(root, None)
    take_back_readable(ports, state)
    complete = [
        session.identifier
        for session in state.sessions
        if session.ended and all(_complete(ports, outcome, session, folder.path) for folder in session.folders)
    ]
    if complete:
        with ports.files.transaction():
            for identifier in complete:
                ports.files.fix_final_set(identifier)
    for identifier in first:
        state.first_look_at[identifier] = ports.clock.now()
    if outcome.noticed.changed:
        state.lanes.look_again()
        state.unrecorded = True  # what vanished has a result now
        remember_changing(ports, state)
        _take_notice(ports, state, outcome.noticed)
    offer_unassigned(ports, state)
    watch_room(ports, state)


def _scanned(ports: TransferPorts, session: TrackedSession) -> bool:
    return all(ports.files.first_scan_done(session.identifier, folder.path) for folder in session.folders)


def _complete(ports: TransferPorts, outcome: ScanOutcome, session: TrackedSession, root: str) -> bool:
    """Whether a watch folder was looked at, but for what a person has left out of the session."""
    return root in outcome.complete_roots or (
        root in outcome.visited
        and all(is_left_out(ports, session, folder) for folder in outcome.unreadable if folder.root == root)
    )


def look_at_active(ports: TransferPorts, state: PassState) -> None:
    """Look quickly at the folders where the running session's files have lately changed, and at those above them."""
    running = state.running
    begun = ports.clock.monotonic()
    if running is None or begun < state.look_at:
        return
    noticed = Noticed()
    for root in roots_of([running]):
        try:
            _look_at_root(ports, state, root, noticed)
        except FolderMissing:
            if state.outcome.folder_problem is None:
                state.scan_at = 0.0  # a scan concludes nothing from it, and tells
    _take_notice(ports, state, noticed)
    now = ports.clock.monotonic()
    quiet = now - max(state.active.values(), default=-_QUIET_S) >= _QUIET_S
    state.look_at = now + max(LOOK_S, (_SHARE_QUIET if quiet else _SHARE) * (now - begun))


def _look_at_root(ports: TransferPorts, state: PassState, root: str, noticed: Noticed) -> None:
    sessions = sessions_on(root, state.sessions)
    volume = ports.file_system.volume(root)
    claims = claims_on(ports, root, volume, sessions)
    if not claims.known_root or any(claims.first(session.identifier) for session in sessions):
        return
    # What nobody owns is not asked about again: that is a scan's business.
    walk = RootWalk(ports, root, volume, lambda _: None)
    changes = list(_changes(ports, state, root, walk))
    if ports.file_system.volume(root) != volume:
        raise FolderMissing("Waiting for the watch folder", f"{root} has just gone.")
    if not changes:
        return
    appeared = state.appeared.setdefault(root, {})
    with ports.files.transaction():
        owners = [*state.sessions, *state.elsewhere]
        taken = [(change, take(ports, claims, change, owners, noticed)) for change in changes]
    for change, seen in taken:
        if seen is None:
            continue
        if seen.owner:
            add_changing(ports, state, seen)
        if change.before is None:
            appeared[likeness(seen)] = seen


def _changes(ports: TransferPorts, state: PassState, root: str, walk: RootWalk) -> Iterator[Differs]:
    """Yield what has appeared or changed in the active folders of `root`, and in new ones below them."""
    selection = ports.rules.selection
    met = state.visited.setdefault(root, set())
    waiting = _active_folders(ports, state, root)
    there, count = {""}, 0
    while waiting and count < _MOST_CHANGES:
        folder = waiting.pop()
        if folder not in there:
            continue  # gone, or a link stands in its place
        try:
            listing = ports.file_system.list(root, folder)
        except FileProblem:
            continue  # a scan will tell
        for name in listing.below:
            below = posixpath.join(folder, name)
            there.add(below)
            if below not in met and selection.folder(below):
                met.add(below)
                waiting.append(below)
        for change in walk.in_folder(folder, listing.files):
            if isinstance(change, Differs) and not change.unreadable_before:
                count += 1
                yield change


def _active_folders(ports: TransferPorts, state: PassState, root: str) -> list[str]:
    """Return the active folders of `root` and those above them, those above last."""
    now = ports.clock.monotonic()
    lately = sorted(state.active.items(), key=lambda item: item[1], reverse=True)[:_MOST_ACTIVE]
    state.active = {place: at for place, at in lately if now - at < _ACTIVE_S}
    folders = {""}
    for where, folder in state.active:
        while where == root and folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)  # noqa: PLW2901 - up to the watch folder
    return sorted(folders, reverse=True)


def _take_notice(ports: TransferPorts, state: PassState, noticed: Noticed) -> None:
    """Let counts, activity and the active folders follow."""
    if not noticed.changed:
        return
    now = ports.clock.monotonic()
    state.active |= dict.fromkeys(noticed.folders, now)
    state.recount |= noticed.recount
    for identifier, (files, size) in noticed.added.items():
        tally = state.tallies.get(identifier, Tally())
        if identifier in state.tallies:
            state.tallies[identifier] = replace(
                tally, files_total=tally.files_total + files, bytes_total=tally.bytes_total + size
            )
    running = state.running
    if running and running.identifier in noticed.newest_ns:
        # Whatever time the file carries: of a clock that was set back, or of a camera's that runs ahead.
        newest_at = time_of(noticed.newest_ns[running.identifier])
        ports.session.put(ActivitySeen(running.identifier, min(newest_at, ports.clock.now())))
