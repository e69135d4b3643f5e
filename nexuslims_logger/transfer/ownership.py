"""Say whose file it is (DESIGN.md section 6.1).

A session's first scan of a watch folder goes by the file's own times; every later scan by what has appeared or
changed since the scan before. So neither clocks nor preserved times decide, and a crash in between changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.journal.results import time_of
from nexuslims_logger.journal.seen import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nexuslims_logger.journal.seen import Seen
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.ports import Clock, FileStat


#: A share's clock may be so far ahead; a file with a later time is of before this PC's clock was reset.
_AHEAD = timedelta(days=1)
#: Below this nobody has set the clock: it only runs a little fast.
_STEP = timedelta(milliseconds=10)
_NEVER = datetime.max.replace(tzinfo=UTC)


def touched_at(stat: FileStat) -> datetime:
    """Return the later of modification and change (on Windows: creation) time."""
    return time_of(max(stat.mtime_ns, stat.ctime_ns))


def spans(session: TrackedSession, clock: Clock) -> list[tuple[datetime, datetime]]:
    """Return between which times a file's own time may be that changed since START, whatever became of the clock.

    By the clock as it was at START, and by the one that it was set to since, if it was.
    """
    now, start = clock.now(), session.started_at
    if session.began_monotonic is None:
        # Set back meanwhile: nobody knows what it had shown by then.
        return [(start, now + _AHEAD if now >= start else _NEVER)]
    elapsed = timedelta(seconds=clock.monotonic() - session.began_monotonic)
    as_it_was, as_it_is = (start, start + elapsed), (now - elapsed, now)
    if abs(as_it_is[0] - start) < _STEP:
        return [(start, now + _AHEAD)]
    earlier, later = sorted((as_it_was, as_it_is))
    return [earlier, (later[0], later[1] + _AHEAD)]


@dataclass(frozen=True)
class Claims:
    """The sessions that may claim a file of one watch folder, in one scan.

    Attributes
    ----------
    sessions
        As tracked: ended ones first, the running one last.
    known_root
        The watch folder was scanned completely before, for whomever.
    first
        Whether this is the first complete scan of the watch folder for a session.
    final_fixed
        Whether a session's final set is already fixed: it claims nothing new.
    is_owed
        Whether a file, as its owner's, is not in the store as it was seen.
    spans
        Between which times, first and last, a file's own time must be to tell that it changed since START (`spans`).
    """

    sessions: Sequence[TrackedSession]
    known_root: bool
    first: Callable[[str], bool]
    final_fixed: Callable[[str], bool]
    is_owed: Callable[[Seen], bool]
    spans: Mapping[str, Sequence[tuple[datetime, datetime]]]

    def reconsider_since(self, unreadable_before: bool) -> datetime | None:
        """Return from when on files that nobody owns are asked about again, None when they are not.

        A scan that did not know of a session yet, or not any more (it was interrupted, and nobody had answered for
        it), has left its files to nobody; and its own first scan may have missed a folder that could not be read.
        """
        undecided = (
            min(first for first, _ in self.spans[session.identifier])
            for session in self.sessions
            if not (session.ended and self.final_fixed(session.identifier))
            and (unreadable_before or session.take_until is not None or self.first(session.identifier))
        )
        return min(undecided, default=None)

    def owner(self, stat: FileStat, before: Seen | None, *, unreadable_before: bool) -> str | None:
        """Say whose a file is that has appeared or changed.

        Parameters
        ----------
        stat
            The file as it is now.
        before
            As it was last seen, None when it is new.
        unreadable_before
            Its folder could not be read until now: it may have stood there, or changed, at any time.

        Returns
        -------
        str or None
            A session, `UNASSIGNED`, or None: it stood there before anybody looked.
        """
        if before and self._still_its_own(before):
            return before.owner
        touched = touched_at(stat)
        unchanged = before is not None and before.stat == stat  # asked about again
        for session in reversed(self.sessions):
            if session.ended and self.final_fixed(session.identifier):
                continue
            by_time = self.first(session.identifier) or unreadable_before or unchanged
            if by_time and not self._since_start(session, stat):
                continue
            if session.take_until is not None and touched > session.take_until:
                continue
            return session.identifier
        if before is not None and unchanged:
            return before.owner
        if self.known_root and not (unreadable_before and before is None):
            return UNASSIGNED
        return None

    def _since_start(self, session: TrackedSession, stat: FileStat) -> bool:
        times = (time_of(stat.mtime_ns), time_of(stat.ctime_ns))
        return any(first <= at <= last for first, last in self.spans[session.identifier] for at in times)

    def _still_its_own(self, before: Seen) -> bool:
        """Whether an ended session keeps a file that changes: while it is being finished, or on its way to the store.

        A file that had settled belongs to the next session as soon as that one changes it.
        """
        if not any(session.ended and session.identifier == before.owner for session in self.sessions):
            return False
        next_one_runs = any(not session.ended for session in self.sessions)
        return not before.settled or (not next_one_runs and self.is_owed(before))
