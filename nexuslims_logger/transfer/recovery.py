"""What an interrupted session left behind: which files are its own, and when it was last active.

Its own is what changed since its START, seen before the crash or not, up to the first gap without activity that
is longer than ``REMIND_AFTER_HOURS``; the rest belongs to nobody (DESIGN.md sections 4 and 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FolderMissing
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.journal.seen import UNASSIGNED, FileKey, Seen
from nexuslims_logger.messages import Recovered
from nexuslims_logger.transfer.root_walk import Gone, RootWalk
from nexuslims_logger.transfer.scan import claims_on, roots_of
from nexuslims_logger.transfer.vanished import TAKEN_OVER, missing, vanished

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from nexuslims_logger.messages import Recover, TrackedSession
    from nexuslims_logger.ports import FileStat
    from nexuslims_logger.transfer.ports import TransferPorts


@dataclass(frozen=True)
class _Found:
    key: FileKey
    before: Seen | None
    now: FileStat
    owner: str | None


def recover(
    ports: TransferPorts,
    message: Recover,
    others: Sequence[TrackedSession],
    elsewhere: Sequence[TrackedSession] = (),
) -> Recovered:
    """Find the session's last activity, and write down which files are its own. May be repeated.

    Parameters
    ----------
    message
        With the interrupted session, as if it still ran.
    others
        Ended sessions whose files may still be unsettled.
    elsewhere
        Sessions that claim nothing now, but may lose a file.
    """
    session, now = message.session, ports.clock.now()
    # Two sessions of one PC do not overlap: the next one's START would be the launch.
    until = min(now, message.launched_at or now)
    found: list[_Found] = []
    complete = True
    for root in roots_of([session]):
        try:
            with ports.files.transaction():
                found += _walk(ports, root, session, others, elsewhere)
        except FolderMissing:
            complete = False  # its files stay unknown; the session's first complete scan after END asks again
    own = [one for one in found if one.owner == session.identifier]
    # A *Continue* that is still to come was by a clock that has been set back since: it tells nothing.
    # (One of this run, before its thread died, is later than the launch, and good for all before that.)
    resumed_at = message.resumed_at if message.resumed_at and message.resumed_at <= now else session.started_at
    latest = last_before_gap(
        max(session.started_at, min(resumed_at, until)),
        [
            message.last_activity_at,
            *_activity(session.started_at, until, ((one.now.mtime_ns, one.now.ctime_ns) for one in own)),
            *_activity(session.started_at, until, ports.files.times_ns(session.identifier)),
        ],
        timedelta(seconds=ports.rules.gap_s),
    )
    with ports.files.transaction():
        for one in own:
            at = _activity(session.started_at, now, [(one.now.mtime_ns, one.now.ctime_ns)])
            owner = session.identifier if not at or at[0] <= latest else UNASSIGNED
            if one.before and one.before.owner != owner:
                missing(ports, one.before, [*others, *elsewhere, session], TAKEN_OVER)
            ports.files.put(Seen(one.key, one.now, settled=False, owner=owner))
    tally = ports.files.tally(session.identifier)
    bytes_waiting = tally.bytes_total - tally.bytes_done
    return Recovered(session.identifier, latest, tally.files_waiting, bytes_waiting, complete)


def _walk(
    ports: TransferPorts,
    root: str,
    session: TrackedSession,
    others: Sequence[TrackedSession],
    elsewhere: Sequence[TrackedSession],
) -> list[_Found]:
    """Note what is another's or nobody's, and return what may be the session's."""
    files = ports.files
    volume = ports.file_system.volume(root)
    claims = claims_on(ports, root, volume, [*others, session])

    # A scan for the ended sessions may have met this one's last files before, and found no owner for them.
    def since(unreadable_before: bool) -> datetime:
        return min(session.started_at, claims.reconsider_since(unreadable_before) or session.started_at)

    walk = RootWalk(ports, root, volume, since)
    candidates: list[_Found] = []
    for change in walk.changes():
        if isinstance(change, Gone):
            vanished(ports, change.before, [*others, *elsewhere, session])
            continue
        owner = claims.owner(change.now, change.before, unreadable_before=change.unreadable_before)
        if owner == session.identifier:
            candidates.append(_Found(change.key, change.before, change.now, owner))
        elif change.before is None or change.before.stat != change.now or change.before.owner != owner:
            files.put(Seen(change.key, change.now, settled=False, owner=owner))
    return candidates


def _activity(start: datetime, now: datetime, times_ns: Iterable[tuple[int, int]]) -> list[datetime]:
    """Return when each file was written: its modification time, or else its change time, within [start, now]."""
    moments = []
    for mtime_ns, ctime_ns in times_ns:
        within = [at for at in (time_of(mtime_ns), time_of(ctime_ns)) if start <= at <= now]
        moments += within[:1]
    return moments


def last_before_gap(start: datetime, moments: Iterable[datetime], gap: timedelta) -> datetime:
    """Return the last of `moments` that is reached from `start` without a step longer than `gap`."""
    last = start
    for moment in sorted(moments):
        if moment - last > gap:
            break
        last = max(last, moment)
    return last
