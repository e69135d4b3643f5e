"""The promises P1 to P4, checked from the outside.

What is looked at: the database in plain SQL, the stores' listings, the microscope's own log, and what the
window showed. Nothing here asks the program's own code.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.microscope import IGNORED
from tests.simulation.observed import check, time_of
from tests.simulation.rows import read_events, read_files
from tests.simulation.shown import as_shown
from tests.simulation.sim_clock import BUILT_AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from nexuslims_logger.storage.contract import StoredObject
    from tests.simulation.observed import Observed
    from tests.simulation.rows import EventRow, FileRow
    from tests.simulation.sim_database import SimDatabase
    from tests.simulation.sim_store import Bucket
    from tests.simulation.watched import Change

_WAITING, _READY = "WAITING_FOR_END", "TO_BE_BUILT"
#: A clock that is further away, or was set by more, holds the session.
_HELD = timedelta(minutes=5)


class Checks:
    """Watches the database's commits, and judges the end of a run."""

    def __init__(self, database: SimDatabase, buckets: Mapping[str, Bucket], pcs: Sequence[Observed]) -> None:
        self._connection = database.connect()
        self._buckets = buckets
        self._pcs = {pc.name: pc for pc in pcs}
        self._ready: set[str] = set()
        self._started: dict[str, datetime] = {}
        #: What each row's status was, the END that was ready, and what a taken-over session's last activity was.
        self._status: dict[int, str] = {}
        self._built: dict[str, tuple[datetime, str | None]] = {}
        self._taken_over: set[str] = set()
        self._ever_stored: set[tuple[str, str, str | None, int | None]] = set()
        self._counted = dict.fromkeys(buckets, 0)
        database.on_commit.append(self.after_commit)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def moved_on(self, row: int, status: str) -> None:
        """Take note of what the record builder has written."""
        self._status[row] = status

    # After every commit.

    def after_commit(self) -> None:
        """Check what must hold at any moment."""
        events = read_events(self._connection)
        for session, rows in events.items():
            starts = [row for row in rows if row.kind == "START"]
            ends = [row for row in rows if row.kind == "END"]
            check(len(starts) <= 1, "P4: two STARTs", session)
            check(len(ends) <= 1, "P4: two ENDs", session)
            check(len(starts) == 1, "P4: an END without a START", session)
            (start,) = starts
            check(start.user is not None, "P4: a START without a name", session)
            known = self._started.setdefault(session, start.at)
            check(known == start.at, "P1: START moved", session, known, start.at)
            ready = start.status != _WAITING
            if ready:
                check(bool(ends), "P3: a ready START without END", session)
            for row in rows:
                self._moves_rightly(row)
            for end in ends:
                self._fits(start, end)
                check(not ready or end.status != _WAITING, "P3: START ready, END not", session)
                if ready and session not in self._ready:
                    self._ready.add(session)
                    self._built[session] = (end.at, end.user)
                    check(self._is_trusted(start), "P3: ready with the times of a wrong clock", session)
                    self._complete(start, end)
                built = self._built.get(session, (end.at, end.user))
                check(built == (end.at, end.user), "P3: ready, and changed afterwards", session, built, end)
        check(self._ready <= events.keys(), "P1: a ready session is gone")
        for file in read_files(self._connection):
            if file.state == "UPLOADED":
                self._was_stored(file)

    def _moves_rightly(self, row: EventRow) -> None:
        """Check that a status moves once, and only the record builder moves it any further."""
        before = self._status.setdefault(row.number, _WAITING)
        rightly = row.status == before or (before, row.status) == (_WAITING, _READY)
        check(rightly, "P3: a status was moved back, or twice", row.session, row.kind, before, row.status)
        self._status[row.number] = row.status

    def _fits(self, start: EventRow, end: EventRow) -> None:
        """Check an END against its START."""
        session = start.session
        check(end.user == start.user, "P4: two users", session, start.user, end.user)
        check(end.at > start.at, "P4: END not after START", session, start.at, end.at)
        # Another PC may have written it, with a clock of its own.
        latest = max(pc.clock.highest() for pc in self._pcs.values())
        check(end.at <= latest, "P1: END in the future", session, end.at, latest)
        if end.reason != "TAKEN_OVER":
            return
        owner = self._pcs[start.computer]
        owner.was_active_until(end.at, session, owner.launched_at)
        if session not in self._taken_over and start.last_activity_at and not owner.clock.steps:
            # What comes in later does not move it.
            self._taken_over.add(session)
            check(end.at >= start.last_activity_at, "P1: taken over before its last activity", session, start, end)

    def _is_trusted(self, start: EventRow) -> bool:
        """Whether the times are possible, or somebody has called them right."""
        pc = self._pcs[start.computer]
        offset = timedelta(milliseconds=abs(start.clock_offset_ms or 0))
        was_set = timedelta(seconds=abs(pc.clock_was_set_in(start.session)))
        possible = start.at >= BUILT_AT and offset <= _HELD and was_set <= _HELD
        return possible or start.session in pc.clock_confirmed

    def _complete(self, start: EventRow, end: EventRow) -> None:
        """Check at the moment of ready that every file of the session is in the store (P3)."""
        files = read_files(self._connection)
        own = [row for row in files if row.session == start.session]
        for row in own:
            self._in_store(row)
            if row.state == "UPLOADED":
                self._was_on_the_disk(row)
        self._has_manifest(start, own)
        for pc in self._parts(start):
            check(start.session in pc.first_end, "P3: ready before a part is finished", start.session, pc.name)
            # What an earlier session began and this one saw finished is the earlier one's, ready or not yet.
            if not pc.had_steady_clock(start.session):
                continue  # looked at when all is done
            earlier = pc.earlier_than(start.session)
            all_ready = earlier <= self._ready
            for place in self._touched(pc, start, end):
                known = self._find(place, pc.name, own) or not all_ready
                known = known or self._find(place, pc.name, [row for row in files if row.session in earlier])
                known = known or _is_for_a_person(pc, start.session, *place)
                check(known, "P3: ready without a file", start.session, pc.name, *place)

    def _has_manifest(self, start: EventRow, own: Sequence[FileRow]) -> None:
        """Check that the list of the files stands beside them."""
        lines = [
            line
            for bucket in self._buckets.values()
            for stored in bucket.store.list("")
            if stored.origin and stored.origin.session_identifier == start.session
            if "/.manifests/" in f"/{stored.name}"
            for line in bucket.store.content(stored.name).decode().splitlines()
        ]
        for row in own:
            places = (f"{row.md5}  {row.name}", f"{row.md5}  .versions/{row.name}/{row.generation}")
            check(row.state != "UPLOADED" or not {*places}.isdisjoint(lines), "P3: ready, and not in its manifest", row)

    def _parts(self, start: EventRow) -> list[Observed]:
        """Return the PCs that have a part of the session, its own first."""
        others = (pc for pc in self._pcs.values() if pc.name != start.computer and start.session in pc.began)
        return [self._pcs[start.computer], *others]

    def _touched(self, pc: Observed, start: EventRow, end: EventRow) -> Iterator[tuple[str, str, Change]]:
        """Return the files that changed last between START and the first END: the session's, whoever asks."""
        # A file that was finished after the click has moved END; what appeared after the click is another's.
        until = pc.first_end[start.session]
        if pc.name == start.computer:
            until = min(end.at, until)
        for (root, path), change in pc.disk.latest.items():
            if change.md5 is None or path.rpartition("/")[2] in IGNORED:
                continue
            within = pc.began_ns[start.session] < change.true_ns
            if pc.had_steady_clock(start.session):
                within = within and pc.began[start.session] < time_of(change.at_ns) <= until
            else:
                within = within and change.true_ns <= pc.ended_ns[start.session]
                within = within and pc.could_be_known(start.session, root, change.true_ns)
            if within:
                yield root, path, change

    def _find(self, place: tuple[str, str, Change], computer: str, rows: Sequence[FileRow]) -> bool:
        """Whether the file is in the manifest as it is, with its own modification time, or somebody has left it out."""
        pc = self._pcs[computer]
        root, path, change = place
        expected = pc.object_name(root, path)
        modified_at = time_of(change.mtime_ns)
        return any(
            row.computer == computer
            and (
                row.state == "SKIPPED" or (row.state, row.md5, row.modified_at) == ("UPLOADED", change.md5, modified_at)
            )
            and _is_named(row.name, expected, pc.name)
            for row in rows
        )

    def _in_store(self, row: FileRow) -> None:
        if row.state != "UPLOADED":
            return
        assert row.generation is not None
        store = self._buckets[row.bucket].store
        there = store.stat(row.name)
        aside = store.stat(f".versions/{row.name}/{row.generation}")
        present = (there is not None and (there.md5, there.generation) == (row.md5, row.generation)) or (
            aside is not None and aside.md5 == row.md5
        )
        check(present, "P2: not in the store as the manifest says", row, there)

    # At the end.

    def finally_all(self) -> None:
        """Check what must hold when all is calm and done."""
        events = read_events(self._connection)
        check(self._ready == events.keys(), "P3: not ready", events.keys() - self._ready)
        files = read_files(self._connection)
        for row in files:
            self._in_store(row)
            check(row.state != "PENDING", "P3: ready, and a file is pending", row)
        check(len({(row.session, row.computer, row.name) for row in files}) == len(files), "P4: two rows of one object")
        for start, end in events.values():
            for pc in self._parts(start):
                for place in self._touched(pc, start, end):
                    known = self._find(place, pc.name, files)
                    known = known or _is_for_a_person(pc, start.session, *place)
                    check(known, "P3: a file is nowhere", start.session, *place)
        for pc in self._pcs.values():
            as_shown(pc, events)
        for bucket in self._buckets.values():
            _nothing_lost(bucket)

    def _was_stored(self, row: FileRow) -> None:
        """Check that the store has had what the manifest names: nothing is recorded before the store's answer."""
        history = self._buckets[row.bucket].history
        for stored in history[self._counted[row.bucket] :]:
            self._ever_stored.add((row.bucket, stored.name, stored.md5, stored.generation))
        self._counted[row.bucket] = len(history)
        known = (row.bucket, row.name, row.md5, row.generation) in self._ever_stored
        check(known, "P2: it was never stored", row)
        bucket = self._pcs[row.computer].store_of[row.session]
        check(row.bucket == bucket, "P2: not in the store that was set at START", row, bucket)

    def _was_on_the_disk(self, row: FileRow) -> None:
        """Check that the PC had this content with this time, changed after START or assigned by somebody."""
        pc = self._pcs[row.computer]
        own = any(
            (change.md5, time_of(change.mtime_ns)) == (row.md5, row.modified_at)
            and (pc.assigned or pc.clock.steps or time_of(change.at_ns) >= pc.began[row.session])
            for change in pc.disk.log
        )
        if pc.clock.steps and not own:
            # By a clock that was set back hours it may seem new; by one that was reset only after a crash.
            began = pc.began[row.session]
            reset = began < BUILT_AT and pc.went_down_since(row.session)
            own = any(
                md5 == row.md5 and (reset or abs(time_of(mtime_ns) - began) < timedelta(days=1.1))
                for md5, mtime_ns in pc.disk.old
            )
        check(own, "P2: the session had no such file", row)


def _is_for_a_person(pc: Observed, session: str, root: str, path: str, change: Change) -> bool:
    """Whether only a person can say whose a file is, and is asked."""
    by_a_clock_that_tells_nothing = not pc.had_steady_clock(session)
    continued_at = pc.continued_at.get(session)
    behind_a_gap = continued_at is not None and time_of(change.at_ns) <= continued_at
    return (by_a_clock_that_tells_nothing or behind_a_gap) and pc.is_offered(root, path)


def _is_named(name: str, expected: str, computer: str) -> bool:
    """Whether this is the expected object name, or the second one for this computer's content."""
    if name == expected:
        return True
    folder, _, last = expected.rpartition("/")
    stem = last.rpartition(".")[0] or last
    beginning = f"{folder}/{stem[:100]}" if folder else stem[:100]
    return name.startswith(beginning) and computer in name


def _nothing_lost(bucket: Bucket) -> None:
    """Check that every content which was ever stored is there, or was replaced by its own writer."""
    last: dict[str, StoredObject] = {}
    for stored in bucket.history:
        before = last.get(stored.name)
        last[stored.name] = stored
        if before is None or before.generation == stored.generation:
            continue
        aside = bucket.store.stat(f".versions/{before.name}/{before.generation}")
        kept = aside is not None and aside.md5 == before.md5
        own = before.origin is not None and before.origin == stored.origin
        check(kept or own, "P2: content of another was replaced", before, stored)
    for stored in last.values():
        there = bucket.store.stat(stored.name)
        check(
            there is not None and (there.md5, there.generation) == (stored.md5, stored.generation),
            "P2: content is gone",
            stored,
            there,
        )
