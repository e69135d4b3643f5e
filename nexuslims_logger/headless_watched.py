"""What a run without a window has been told, and what it says of it on stdout and stderr."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.events import (
    HEALED_BY_A_PASS,
    CatchUp,
    ClockInDoubt,
    DiskLow,
    Event,
    Healed,
    InstrumentUnknown,
    NeighbourFound,
    PassStage,
    RecordState,
    SessionEnding,
    SessionReady,
    SessionStarted,
    SessionStored,
    TransferProgress,
    Trouble,
)
from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.bootstrap_threads import SystemClock
    from nexuslims_logger.events import Problem

#: A part that dies so often is not waited for.
MOST_DEATHS = 3
#: How long nobody waits for files that cannot be sent, or for what does not move, seconds.
UNATTENDED_S = 300.0
#: How long a catch-up waits when nothing moves, seconds; beside the time in which a file settles, where one still may.
_PATIENCE_S = 5.0
#: The kinds of trouble that hold a session up until they are over. Most others tell what has happened: a neighbour's
#: session was not joined, this one was ended from another place, a journal was damaged.
_HOLD_UP = frozenset({"journal", "files journal", "transfer"})
#: The same, with a thread's name at the end.
_PARTS = ("nexuslims-", "stuck ")


@dataclass
class Watched:
    """What the events have told so far."""

    session: str | None = None
    ending: bool = False
    stored: bool = False
    #: A person has to say something of this session's times before it is ready.
    held: bool = False
    ready: bool = False
    sessions_left: int | None = None
    #: Of how many of them the transfer will tell something.
    looked_after: int = 0
    #: Why there will be no session, None while there may be one.
    failed: ExitCode | None = None
    #: What something waits for, by what it is that waits.
    why: dict[object, str] = field(default_factory=dict)
    #: Since when a trouble stands that a later good pass disproves.
    passing: dict[str, datetime] = field(default_factory=dict)
    #: The sessions whose rows wait for a database that does not answer.
    offline: set[str] = field(default_factory=set)
    deaths: int = 0
    #: What does not go on, by the kind of its trouble.
    stuck: dict[str, str] = field(default_factory=dict)
    unassigned: int = 0
    progress: TransferProgress | None = None
    #: How often something was answered for.
    steps: int = 0
    said: str = ""

    @property
    def hopeless(self) -> bool:
        """Whether nothing more will come of it."""
        dying = self.deaths >= MOST_DEATHS
        return (self.session is None and (self.failed is not None or dying)) or (self.ending and dying)

    @property
    def stage(self) -> PassStage | None:
        """What the transfer does; None before it has said anything."""
        return self.progress.stage if self.progress else None

    @property
    def how_far(self) -> tuple[object, ...]:
        """What is another one as soon as anything moves."""
        now = self.progress
        files = (now.files_done, now.bytes_done, now.files_waiting, now.left_over) if now else ()
        return (*files, self.sessions_left, self.steps)

    @property
    def away(self) -> bool:
        """Whether nothing can move, because what everything needs does not answer."""
        now = self.progress
        files_wait = now.files_waiting + now.left_over > 0 if now else self.looked_after > 0
        return (now is not None and now.store_problem is not None) or (bool(self.offline) and not files_wait)

    @property
    def refused(self) -> bool:
        """Whether this session's rows are not taken at present."""
        return ("rows", self.session) in self.why

    def take(self, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915 - one case for each kind of event
        """Take notice of an event, and say what of it matters to who reads a terminal or a task's log."""
        match event:
            case SessionStarted():
                if self.session != event.session_identifier:
                    print(event.session_identifier, flush=True)
                self.session = event.session_identifier
                verb = "continues" if event.continued else "started"
                what = "This PC's part of the session" if event.joined else "The session"
                self.say(f"{what} of {event.user} at {event.instrument_name} {verb}.")
            case NeighbourFound():
                self.say(
                    f"{event.user or 'Somebody'} has an open session at this instrument on {event.computer_name}, "
                    f"since {event.started_at:%Y-%m-%d %H:%M} UTC, last active at "
                    f"{event.last_activity_at:%Y-%m-%d %H:%M} UTC."
                )
            case SessionEnding():
                self.ending = True
                if event.by_itself:
                    self.say(f"Nobody has worked for long: the session ends at {event.ended_at:%Y-%m-%d %H:%M} UTC.")
                self.say("END is recorded on this PC; the last files are being brought to the store.")
            case SessionStored(session_identifier=identifier) if identifier == self.session:
                self.stored = True
                self.steps += 1
                missing = f", {event.missing} missing" if event.missing else ""
                missing += f", {event.left_out} left out" if event.left_out else ""
                self.say(f"{event.files} of {event.files} files verified in the store{missing}.")
            case SessionStored():
                self.steps += 1
            case SessionReady(session_identifier=identifier):
                self.why.pop(("clock", identifier), None)
                if identifier == self.session:
                    self.ready = True
                    self.say("The session is recorded and ready.")
            case RecordState():
                self._rows(event)
            case TransferProgress():
                self._progress(event)
            case InstrumentUnknown():
                self.failed = ExitCode.FAILED
                self.say(f"{event.problem.title}: {event.problem.message}")
            case ClockInDoubt():
                held = (
                    " It becomes ready when somebody has said, in the window or by "
                    f"'nexuslims-logger sync --confirm-clock {event.session_identifier}', that its times are right."
                )
                self.held |= event.held and event.session_identifier == self.session
                if event.held:
                    self.why["clock", event.session_identifier] = (
                        f"somebody's word that the times of session {event.session_identifier} are right"
                    )
                self.say(
                    f"The clock of this PC is in doubt: the session began at {event.pc_at:%Y-%m-%d %H:%M} UTC."
                    + (held if event.held else "")
                )
            case DiskLow(free_bytes=int() as free):
                self.say(f"The disk with {event.folder} is nearly full: {free / 1e9:.1f} GB are left.")
            case Trouble():
                self._trouble(event)
            case Healed(kind=kind):
                self.why.pop(kind, None)
                if kind in self.stuck:
                    self.say(f"It goes on again ({self.stuck.pop(kind)}).")
            case CatchUp():
                self.sessions_left, self.looked_after = event.sessions_left, event.looked_after

    def _rows(self, event: RecordState) -> None:
        rows = ("rows", event.session_identifier)
        self.offline.discard(event.session_identifier)
        if event.problem is None:
            self.why.pop(rows, None)
            self.steps += 1
            return
        words = _in_words(event.problem)
        self.say(words)
        if event.problem.offline:
            self.offline.add(event.session_identifier)
        else:
            words = f"session {event.session_identifier}: {words}"
        self.why[rows] = words

    def _trouble(self, event: Trouble) -> None:
        kind, problem = event.kind, event.problem
        if kind == "start":
            self.failed = ExitCode.USAGE if problem.setting else ExitCode.FAILED
        self.deaths += kind.startswith("nexuslims-")
        title = problem.title
        if kind.startswith("stuck "):
            self.stuck[kind] = title
            title += f" since {problem.since:%H:%M} UTC"
        if kind == "store":
            if problem.message in self.why:
                return  # it is told again and again
            self.why[problem.message] = _in_words(problem)  # each of several sessions may go to another one
        elif kind in _HOLD_UP or kind.startswith(_PARTS):
            self.why[kind] = f"{title}: {problem.message}"
        if kind in HEALED_BY_A_PASS:
            self.passing[kind] = problem.since
        self.say(f"{title}: {problem.message}")

    def _progress(self, event: TransferProgress) -> None:
        self.progress = event
        problem = event.store_problem or event.folder_problem
        good_at = event.last_good_pass_at
        for kind in [kind for kind, since in self.passing.items() if good_at is not None and since < good_at]:
            self.why.pop(kind, None)
            del self.passing[kind]
        self._now("store or folder", _in_words(problem) if problem else "")
        more = f" (and {event.files_waiting - 1} more files)" if event.files_waiting > 1 else ""
        self._now("files", "".join(f"{one.name}: {one.reason.rstrip('.')}{more}" for one in event.waiting[:1]))
        if event.unassigned != self.unassigned:
            self.unassigned = event.unassigned
            self.say(f"{event.unassigned} files changed while no session ran; they belong to none and are not sent.")
        if problem:
            self.say(_in_words(problem))
        elif event.waiting:
            first = event.waiting[0]
            self.say(
                f"{event.files_done} of {event.files_total} files stored; waiting for {first.name}: {first.reason}"
            )
        elif event.files_total:
            self.say(f"{event.files_done} of {event.files_total} files stored.")

    def _now(self, what: str, why: str) -> None:
        if why:
            self.why[what] = why
        else:
            self.why.pop(what, None)

    def say_what_is_left(self) -> None:
        """Write to stderr that something is left for another run, and what it waits for."""
        count = f" ({self.sessions_left} sessions)" if self.sessions_left and self.sessions_left > 1 else ""
        self.say(f"Something still waits on this PC{count}; the next start, or another `sync`, goes on with it.")
        for line in dict.fromkeys(self.why.values()):
            self.say(f"- {line}")

    def say(self, line: str) -> None:
        """Write a line to stderr, unless it is the last one once more."""
        if line != self.said:
            self.said = line
            print(line, file=sys.stderr, flush=True)


def _in_words(problem: Problem) -> str:
    return f"{problem.title}: {problem.message}"


class Standstill:
    """How long nothing has moved although something waits."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._stood: tuple[object, ...] = ()
        self._since = clock.monotonic()
        self._stuck_since: float | None = None

    def lasts_s(self, watched: Watched) -> float:
        """Take notice of how things stand; return for how many seconds they have stood so."""
        now = self._clock.monotonic()
        if watched.stage is PassStage.SCANNING:
            return 0.0  # it will be known when everything was looked at; a look that finds nothing new is no step
        begins = watched.progress is None and (watched.looked_after > 0 or not watched.why)
        # To a store that does not answer, files are on their way again and again.
        busy = watched.stage in {PassStage.SENDING, PassStage.VERIFYING} and not watched.away
        if begins or busy or watched.how_far != self._stood:
            self._stood, self._since = watched.how_far, now
        return now - self._since

    def stuck_s(self, watched: Watched) -> float:
        """As `lasts_s`, of what hangs: a share that is slow for minutes may still go on."""
        now = self._clock.monotonic()
        if not watched.stuck:
            self._stuck_since = None
            return 0.0
        if self._stuck_since is None:
            self._stuck_since = now
        return now - self._stuck_since

    def is_final(self, watched: Watched, settle_s: float) -> bool:
        """Whether a catch-up has come as far as it can: what holds one session up does not hold up the others.

        Parameters
        ----------
        settle_s
            How long a file stands still before it is sent, seconds.
        """
        patience_s = _PATIENCE_S if watched.away else _PATIENCE_S + 3 * settle_s
        never = watched.failed is not None or watched.deaths >= MOST_DEATHS
        return never or self.lasts_s(watched) > patience_s or self.stuck_s(watched) > UNATTENDED_S
