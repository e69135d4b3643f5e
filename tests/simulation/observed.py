"""One PC of a simulated world as a bystander sees it, who knows the true time and forgets nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.events import SessionStarted
from tests.simulation.scheduler import SimulationFailed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from nexuslims_logger.events import Event
    from tests.simulation.sim_clock import SimClock
    from tests.simulation.watched import WatchedDisk

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A slow program takes notice of a note a little later.
SLACK = timedelta(seconds=10)
#: It takes note of the clock within so much of its launch, nanoseconds.
_NOTED_NS = 10 * 10**9


@dataclass
class Observed:
    """One PC: what was done there, and what its journal and its window said when.

    Attributes
    ----------
    gap
        ``REMIND_AFTER_HOURS``.
    unassigned
        Asks the journal for the files that nobody owns.
    all_readable
        No folder ever refuses to be read; else what is found in it late goes by its time.
    """

    name: str
    prefix: str
    labels: dict[str, str]
    clock: SimClock
    disk: WatchedDisk
    gap: timedelta
    unassigned: Callable[[], set[tuple[bytes, ...]]]
    all_readable: bool
    #: Launches of the program, by this PC's clock; their number is that of the run.
    launched_at: list[datetime] = field(default_factory=list)
    shown: list[Event] = field(default_factory=list)
    #: When notes were written, mouse or keyboard used while nothing was asked, and the work said to go on.
    active_at: list[datetime] = field(default_factory=list)
    #: Launches, and clicks that began the next user's session: virtual time (ns), and whose (None: is asked).
    begun: list[tuple[int, str | None]] = field(default_factory=list)
    #: Sessions whose times somebody has called right.
    clock_confirmed: set[str] = field(default_factory=set)
    #: Somebody has given files of between two sessions to one of them; or left them alone.
    assigned: bool = False
    left_alone: bool = False
    #: When this PC's session, or its part of another's, began; by its clock, in virtual time (ns), and in which run.
    began: dict[str, datetime] = field(default_factory=dict)
    began_ns: dict[str, int] = field(default_factory=dict)
    began_in: dict[str, int] = field(default_factory=dict)
    #: Where its files go.
    store_of: dict[str, str] = field(default_factory=dict)
    #: What END carried when it was first written, by session; of a part: when that was finished.
    first_end: dict[str, datetime] = field(default_factory=dict)
    #: When that was decided, and written: virtual time (ns).
    clicked_ns: dict[str, int] = field(default_factory=dict)
    ended_ns: dict[str, int] = field(default_factory=dict)
    #: In which run somebody has clicked for it; not of those that ended at the last activity.
    clicked_in: dict[str, int] = field(default_factory=dict)
    #: When (virtual ns) a session's first complete scan of a watch folder was over, and in which run.
    scanned: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    #: Sessions that this run has shown as running; and when one was last continued.
    running: set[str] = field(default_factory=set)
    continued_at: dict[str, datetime] = field(default_factory=dict)

    def launch(self, at: datetime, user: str | None) -> None:
        """Note a launch of the program."""
        self.launched_at.append(at)
        self.begun.append((self.clock.true_ns(), user))
        self.running.clear()

    def show(self, event: Event) -> None:
        """Note what the window shows."""
        self.shown.append(event)
        if isinstance(event, SessionStarted):
            # A thread that has died tells it once more.
            if event.continued and event.session_identifier not in self.running:
                at = self.launched_at[-1] if event.by_itself else self.clock.now()
                self.continued_at[event.session_identifier] = at
            self.running.add(event.session_identifier)

    def see_facts(self, journal: sqlite3.Connection) -> None:
        """Look at a commit of the journal's facts."""
        run = len(self.launched_at)
        # Whoever was told so, or not, before the next crash.
        for key, value in journal.execute("SELECT key, value FROM meta WHERE key LIKE 'resumed_at %'"):
            self.continued_at[key.removeprefix("resumed_at ")] = datetime.fromisoformat(value)
        for session, started_at, ended_at, clicked_at, reason, store_url in journal.execute(
            "SELECT identifier, started_at, ended_at, clicked_at, end_reason, store_url FROM session"
        ):
            if session not in self.began:
                self.began[session] = began = datetime.fromisoformat(started_at)
                self.began_ns[session] = self.clock.true_ns(began)
                self.began_in[session] = run
            frozen = self.store_of.setdefault(session, store_url)
            check(frozen == store_url, "P2: a session goes to another store than at START", session, frozen, store_url)
            if ended_at is not None and session not in self.first_end:
                self.first_end[session] = at = datetime.fromisoformat(ended_at)
                self.clicked_ns[session] = self.clock.true_ns(datetime.fromisoformat(clicked_at))
                self.ended_ns[session] = self.clock.true_ns()
                if reason is None:
                    self.clicked_in[session] = run
                elif reason == "LAST_ACTIVITY":
                    self.was_active_until(at, session, self.launched_at[:-1])
                    self._was_cut_at_the_gap(at, session)

    def see_files(self, journal: sqlite3.Connection) -> None:
        """Look at a commit of the journal's files, where the clock is no help."""
        if self.clock.steps:
            for session, root in journal.execute("SELECT session, root FROM first_scan"):
                self.scanned.setdefault((session, root.decode()), (self.clock.true_ns(), len(self.launched_at)))

    def was_active_until(self, at: datetime, session: str, launched_at: Sequence[datetime]) -> None:
        """Check that an END which nobody has clicked is no later than the last activity here."""
        if self.clock.steps:
            return  # which time would that be
        # Who lets it go on is there; where it goes on by itself that is the launch.
        last = max(*self._active(session, launched_at), self.continued_at.get(session, self.began[session]))
        check(at <= last + SLACK, "P1: ended later than the last activity", session, at, last)

    def _was_cut_at_the_gap(self, at: datetime, session: str) -> None:
        """Check that a session of an earlier run did not end behind a gap, nor before it was last continued."""
        if self.clock.steps or session in self.running:
            return
        began = self.continued_at.get(session, self.began[session])
        last = began
        for moment in sorted(self._active(session, self.launched_at[:-1])):
            if moment > last + self.gap + SLACK:
                break
            last = max(last, moment)
        check(at <= last + SLACK, "P1: ended behind a gap", session, at, last)
        # The next session begins with the launch, also where this one was continued since by a thread that has died.
        check(at >= min(began, self.launched_at[-1]) - SLACK, "P1: ended before it was continued", session, at, began)

    def _active(self, session: str, launched_at: Sequence[datetime]) -> list[datetime]:
        changes = (time_of(change.at_ns) for change in self.disk.log)
        return [self.began[session], *launched_at, *self.active_at, *changes]

    def earlier_than(self, session: str) -> set[str]:
        """Return the sessions that began before this one."""
        return {one for one, at_ns in self.began_ns.items() if at_ns < self.began_ns[session]}

    def had_steady_clock(self, session: str) -> bool:
        """Whether nobody has set the clock since the session began."""
        return not any(at_ns >= self.began_ns[session] for at_ns, _ in self.clock.steps)

    def could_be_known(self, session: str, root: str, change_ns: int) -> bool:
        """Whether a change was the session's by more than the clock: by a scan of the same run, or an earlier one."""
        if not self.all_readable:
            return False
        scanned_ns, run = self.scanned.get((session, root), (None, 0))
        return scanned_ns is not None and (run == self.began_in[session] or scanned_ns <= change_ns)

    def went_down_since(self, session: str) -> bool:
        """Whether this is another run than the one in which the session began."""
        return len(self.launched_at) != self.began_in[session]

    def clock_was_set_in(self, session: str) -> float:
        """Return by how many seconds the clock was set between START and END, where both are of one run."""
        if session not in self.clicked_in or self.clicked_in[session] != self.began_in[session]:
            return 0.0
        began_ns, clicked_ns = self.began_ns[session], self.clicked_ns[session]
        # The program takes note of the clock within a moment after it was launched; nobody knows which.
        noted_ns = [began_ns, *(at + 1 for at, _ in self.clock.steps if began_ns <= at <= began_ns + _NOTED_NS)]
        return min((self.clock.was_set_between(at, clicked_ns) for at in noted_ns), key=abs)

    def is_offered(self, root: str, path: str) -> bool:
        """Whether a file is among those that nobody owns, which the next user is asked about."""
        if self.left_alone:
            return True  # and somebody has answered
        folder, _, name = path.rpartition("/")
        place = tuple(part.encode(errors="surrogateescape") for part in (root, folder, name))
        return place in self.unassigned()

    def object_name(self, root: str, path: str) -> str:
        """Say where a file goes by the rules (DESIGN.md section 6.3)."""
        return "/".join(part for part in (self.prefix, self.labels[root], path) if part)


def check(holds: bool, promise: str, *detail: object) -> None:
    """Let the run fail when a promise is broken.

    Raises
    ------
    SimulationFailed
        Says which, and what is known.
    """
    if not holds:
        raise SimulationFailed(f"{promise}: {', '.join(map(str, detail))}")


def time_of(ns: int) -> datetime:
    """Round up to the microsecond, as the manifest does for the record builder's sake."""
    return _EPOCH + timedelta(microseconds=-(-ns // 1000))
