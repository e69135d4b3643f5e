"""The promises P1 to P4, checked from the outside.

What is looked at: the database in plain SQL, the store's listing, the microscope's own log, and what the
window showed. Nothing here asks the program's own code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.events import NoteSaved, SessionEnding, SessionStarted, WhoConfirmed
from tests.simulation.microscope import IGNORED
from tests.simulation.program import BUILT_AT
from tests.simulation.scheduler import SimulationFailed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from nexuslims_logger.events import Event
    from nexuslims_logger.storage.contract import StoredObject
    from tests.contract.memory_store import MemoryStore
    from tests.simulation.program import SimClock
    from tests.simulation.sim_database import SimDatabase
    from tests.simulation.watched import Change, WatchedDisk

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAITING = "WAITING_FOR_END"


@dataclass(frozen=True)
class EventRow:
    """A row of ``session_log``."""

    session: str
    kind: str
    at: datetime
    status: str
    user: str | None
    computer: str
    note: str
    reason: str | None


@dataclass(frozen=True)
class FileRow:
    """A row of ``file_manifest``."""

    session: str
    computer: str
    name: str
    state: str
    md5: str | None
    generation: int | None
    modified_at: datetime | None


@dataclass
class Observed:
    """One PC, as a bystander sees it."""

    name: str
    prefix: str
    labels: dict[str, str]
    clock: SimClock
    disk: WatchedDisk
    #: Launches of the program, by this PC's clock.
    launched_at: list[datetime] = field(default_factory=list)
    shown: list[Event] = field(default_factory=list)
    #: When notes were written, mouse or keyboard used, and users changed.
    active_at: list[datetime] = field(default_factory=list)
    #: Clicks that began the next user's session.
    changed_at: list[datetime] = field(default_factory=list)
    #: Sessions whose times somebody has called right.
    clock_confirmed: set[str] = field(default_factory=set)
    #: Somebody has given files of between two sessions to one of them.
    assigned: bool = False
    #: When this PC's session, or its part of another's, began.
    began: dict[str, datetime] = field(default_factory=dict)
    #: What END carried when it was first written, by session; of a part: when that was finished.
    first_end: dict[str, datetime] = field(default_factory=dict)

    def see_facts(self, journal: sqlite3.Connection) -> None:
        """Look at a commit of the journal's facts."""
        for session, started_at, ended_at, reason in journal.execute(
            "SELECT identifier, started_at, ended_at, end_reason FROM session"
        ):
            self.began[session] = datetime.fromisoformat(started_at)
            if ended_at is not None and session not in self.first_end:
                self.first_end[session] = at = datetime.fromisoformat(ended_at)
                if reason == "LAST_ACTIVITY":
                    self.was_active_until(at, session, self.launched_at[:-1])

    def was_active_until(self, at: datetime, session: str, launched_at: Sequence[datetime]) -> None:
        """Check that an END which nobody has clicked is no later than the last activity here."""
        active = [
            self.began[session],
            *launched_at,
            *self.active_at,
            *(_time(change.at_ns) for change in self.disk.log),
        ]
        # A slow program takes notice of a note a little later.
        near = at <= max(active) + timedelta(seconds=10)
        _check(near, "P1: ended later than the last activity", session, at, max(active))

    def object_name(self, root: str, path: str) -> str:
        """Say where a file goes by the rules (DESIGN.md section 6.3)."""
        return "/".join(part for part in (self.prefix, self.labels[root], path) if part)


class Checks:
    """Watches the database's commits, and judges the end of a run."""

    def __init__(
        self, database: SimDatabase, store: MemoryStore, history: list[StoredObject], pcs: Sequence[Observed]
    ) -> None:
        self._connection = database.connect()
        self._store = store
        self._history = history
        self._pcs = {pc.name: pc for pc in pcs}
        self._ready: set[str] = set()
        self._started: dict[str, datetime] = {}
        self._ever_stored: set[tuple[str, str | None, int | None]] = set()
        self._counted = 0
        database.on_commit.append(self.after_commit)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    # After every commit.

    def after_commit(self) -> None:
        """Check what must hold at any moment."""
        events = self._events()
        for session, rows in events.items():
            starts = [row for row in rows if row.kind == "START"]
            ends = [row for row in rows if row.kind == "END"]
            _check(len(starts) <= 1, "P4: two STARTs", session)
            _check(len(ends) <= 1, "P4: two ENDs", session)
            _check(len(starts) == 1, "P4: an END without a START", session)
            (start,) = starts
            _check(start.user is not None, "P4: a START without a name", session)
            known = self._started.setdefault(session, start.at)
            _check(known == start.at, "P1: START moved", session, known, start.at)
            ready = start.status != _WAITING
            if ready:
                _check(bool(ends), "P3: a ready START without END", session)
            for end in ends:
                _check(end.user == start.user, "P4: two users", session, start.user, end.user)
                _check(end.at >= start.at, "P4: END before START", session, start.at, end.at)
                # Another PC may have written it, with a clock of its own.
                now = max(pc.clock.now() for pc in self._pcs.values())
                _check(end.at <= now, "P1: END in the future", session, end.at, now)
                if end.reason == "TAKEN_OVER":
                    owner = self._pcs[start.computer]
                    owner.was_active_until(end.at, session, owner.launched_at)
                _check(not ready or end.status != _WAITING, "P3: START ready, END not", session)
                pc = self._pcs[start.computer]
                trusted = start.at >= BUILT_AT or session in pc.clock_confirmed
                _check(not ready or trusted, "P3: ready with the times of a wrong clock", session)
                if ready and session not in self._ready:
                    self._ready.add(session)
                    self._complete(start, end)
        _check(self._ready <= events.keys(), "P1: a ready session is gone")
        for row in self._files():
            if row.state == "UPLOADED":
                self._was_stored(row)

    def _complete(self, start: EventRow, end: EventRow) -> None:
        """Check at the moment of ready that every file of the session is in the store (P3)."""
        files = self._files()
        own = [row for row in files if row.session == start.session]
        for row in own:
            self._in_store(row)
            if row.state == "UPLOADED":
                self._was_on_the_disk(row)
        self._has_manifest(start, own)
        for pc in self._parts(start):
            _check(start.session in pc.first_end, "P3: ready before a part is finished", start.session, pc.name)
            # What an earlier session began and this one saw finished is the earlier one's, ready or not yet.
            earlier = {session for session, at in pc.began.items() if at < pc.began[start.session]}
            all_ready = earlier <= self._ready
            for place in self._touched(pc, start, end):
                known = self._find(place, pc.name, own) or not all_ready
                known = known or self._find(place, pc.name, [row for row in files if row.session in earlier])
                _check(known, "P3: ready without a file", start.session, pc.name, *place)

    def _has_manifest(self, start: EventRow, own: Sequence[FileRow]) -> None:
        """Check that the list of the files stands beside them."""
        lines = [
            line
            for stored in self._store.list("")
            if stored.origin and stored.origin.session_identifier == start.session
            if "/.manifests/" in f"/{stored.name}"
            for line in self._store.content(stored.name).decode().splitlines()
        ]
        for row in own:
            places = (f"{row.md5}  {row.name}", f"{row.md5}  .versions/{row.name}/{row.generation}")
            _check(
                row.state != "UPLOADED" or not {*places}.isdisjoint(lines), "P3: ready, and not in its manifest", row
            )

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
            wanted = change.md5 is not None and path.rpartition("/")[2] not in IGNORED
            if wanted and pc.began[start.session] < _time(change.at_ns) <= until:
                yield root, path, change

    def _find(self, place: tuple[str, str, Change], computer: str, rows: Sequence[FileRow]) -> bool:
        """Whether the file is in the manifest as it is, with its own modification time, or somebody has left it out."""
        pc = self._pcs[computer]
        root, path, change = place
        expected = pc.object_name(root, path)
        modified_at = _time(change.mtime_ns)
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
        there = self._store.stat(row.name)
        aside = self._store.stat(f".versions/{row.name}/{row.generation}")
        present = (there is not None and (there.md5, there.generation) == (row.md5, row.generation)) or (
            aside is not None and aside.md5 == row.md5
        )
        _check(present, "P2: not in the store as the manifest says", row, there)

    # At the end.

    def finally_all(self) -> None:
        """Check what must hold when all is calm and done."""
        events = self._events()
        _check(self._ready == events.keys(), "P3: not ready", events.keys() - self._ready)
        files = self._files()
        for row in files:
            self._in_store(row)
            _check(row.state != "PENDING", "P3: ready, and a file is pending", row)
        _check(
            len({(row.session, row.computer, row.name) for row in files}) == len(files), "P4: two rows of one object"
        )
        for start, end in events.values():
            for pc in self._parts(start):
                for place in self._touched(pc, start, end):
                    _check(self._find(place, pc.name, files), "P3: a file is nowhere", start.session, *place)
        for pc in self._pcs.values():
            self._as_shown(pc, events)
        self._nothing_lost()

    def _as_shown(self, pc: Observed, events: dict[str, list[EventRow]]) -> None:
        notes: dict[str, str] = {}
        # START and END of these are another PC's, and so is what it shows.
        joined = {event.session_identifier for event in pc.shown if isinstance(event, SessionStarted) and event.joined}
        _check(joined <= events.keys(), "P1: a session that was joined is lost", joined)
        users: dict[str, str] = {}
        for event in pc.shown:
            if getattr(event, "session_identifier", None) in joined:
                continue
            if isinstance(event, SessionStarted):
                rows = {row.kind: row for row in events.get(event.session_identifier, [])}
                _check("START" in rows, "P1: a START that was shown is lost", event)
                start = rows["START"]
                _check(start.at == event.started_at, "P1: another START than shown", event, start)
                if event.user is not None:
                    users[event.session_identifier] = event.user
                _check(start.computer == pc.name, "P1: another computer", event, start)
                begun_at = [*pc.launched_at, *pc.changed_at]
                near = min(abs(at - event.started_at) for at in begun_at)
                _check(near < timedelta(seconds=20), "P1: START is not the launch", event, near)
                notes.setdefault(event.session_identifier, "")
            elif isinstance(event, SessionEnding):
                rows = {row.kind: row for row in events.get(event.session_identifier, [])}
                _check("END" in rows, "P1: an END that was shown is lost", event)
                end = rows["END"]
                moved = end.reason in {"LAST_FILE", "LAST_ACTIVITY"} and end.at > event.ended_at
                same = end.at == event.ended_at or end.reason == "TAKEN_OVER"
                _check(moved or same, "P1: another END than shown", event, end)
            elif isinstance(event, WhoConfirmed):
                users[event.session_identifier] = event.user
            elif isinstance(event, NoteSaved):
                notes[event.session_identifier] = event.note
        for session, user in users.items():
            # A name may be safe without having been shown; one that was shown stays.
            _check(events[session][0].user == user, "P4: another user than shown", session, user, events[session][0])
        for session, note in notes.items():
            start = events[session][0]
            # A note may be safe without having been shown; one that was shown is never older.
            _check(start.note >= note, "P1: a note is lost", session, note, start.note)

    def _was_stored(self, row: FileRow) -> None:
        """Check that the store has had what the manifest names: nothing is recorded before the store's answer."""
        for stored in self._history[self._counted :]:
            self._ever_stored.add((stored.name, stored.md5, stored.generation))
        self._counted = len(self._history)
        _check((row.name, row.md5, row.generation) in self._ever_stored, "P2: it was never stored", row)

    def _was_on_the_disk(self, row: FileRow) -> None:
        """Check that the PC had this content with this time, changed after START or assigned by somebody."""
        pc = self._pcs[row.computer]
        own = any(
            (change.md5, _time(change.mtime_ns)) == (row.md5, row.modified_at)
            and (pc.assigned or _time(change.at_ns) >= pc.began[row.session])
            for change in pc.disk.log
        )
        _check(own, "P2: the session had no such file", row)

    def _nothing_lost(self) -> None:
        """Check that every content which was ever stored is there, or was replaced by its own writer."""
        last: dict[str, StoredObject] = {}
        for stored in self._history:
            before = last.get(stored.name)
            last[stored.name] = stored
            if before is None or before.generation == stored.generation:
                continue
            aside = self._store.stat(f".versions/{before.name}/{before.generation}")
            kept = aside is not None and aside.md5 == before.md5
            own = before.origin is not None and before.origin == stored.origin
            _check(kept or own, "P2: content of another was replaced", before, stored)
        for stored in last.values():
            there = self._store.stat(stored.name)
            _check(
                there is not None and (there.md5, there.generation) == (stored.md5, stored.generation),
                "P2: content is gone",
                stored,
                there,
            )

    # What is there.

    def _events(self) -> dict[str, list[EventRow]]:
        events: dict[str, list[EventRow]] = {}
        for row in self._connection.execute(
            'SELECT session_identifier, event_type, "timestamp", record_status, user, computer_name, '
            "COALESCE(session_note, ''), end_reason FROM session_log ORDER BY event_type DESC"
        ):
            session, kind, at, *rest = row
            events.setdefault(session, []).append(EventRow(session, kind, _parsed(at), *rest))
        return events

    def _files(self) -> list[FileRow]:
        return [
            FileRow(session, computer, name, state, md5, generation, _parsed(modified_at) if modified_at else None)
            for session, computer, name, state, md5, generation, modified_at in self._connection.execute(
                "SELECT session_identifier, computer_name, object_name, state, md5, generation, modified_at "
                "FROM file_manifest"
            )
        ]


def _check(holds: bool, promise: str, *detail: object) -> None:
    if not holds:
        raise SimulationFailed(f"{promise}: {', '.join(map(str, detail))}")


def _is_named(name: str, expected: str, computer: str) -> bool:
    """Whether this is the expected object name, or the second one for this computer's content."""
    if name == expected:
        return True
    folder, _, last = expected.rpartition("/")
    stem = last.rpartition(".")[0] or last
    beginning = f"{folder}/{stem[:100]}" if folder else stem[:100]
    return name.startswith(beginning) and computer in name


def _time(ns: int) -> datetime:
    """Round up to the microsecond, as the manifest does for the record builder's sake."""
    return _EPOCH + timedelta(microseconds=-(-ns // 1000))


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
