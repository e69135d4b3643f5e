"""What a run without a window has been told, and what it says of it on stdout and stderr."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.events import (
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
    from nexuslims_logger.bootstrap_threads import SystemClock

#: A part that dies so often is not waited for.
MOST_DEATHS = 3


@dataclass
class Watched:
    """What the events have told so far."""

    session: str | None = None
    ending: bool = False
    stored: bool = False
    #: A person has to say something of this session's times before it is ready.
    held: bool = False
    ready: bool = False
    database_problem: str | None = None
    transfer_problem: str | None = None
    sessions_left: int | None = None
    #: Why there will be no session, None while there may be one.
    failed: ExitCode | None = None
    #: The kinds of trouble that keep the session from being ready.
    troubles: set[str] = field(default_factory=set)
    deaths: int = 0
    #: What does not go on, by the kind of its trouble.
    stuck: dict[str, str] = field(default_factory=dict)
    unassigned: int = 0
    #: How far the files are while nothing moves: some cannot be sent, or somebody has to say something; else None.
    standstill: tuple[int, ...] | None = None
    scanning: bool = False
    said: str = ""

    @property
    def hopeless(self) -> bool:
        """Whether nothing more will come of it."""
        dying = self.deaths >= MOST_DEATHS
        return (self.session is None and (self.failed is not None or dying)) or (self.ending and dying)

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
                missing = f", {event.missing} missing" if event.missing else ""
                missing += f", {event.left_out} left out" if event.left_out else ""
                self.say(f"{event.files} of {event.files} files verified in the store{missing}.")
            case SessionReady(session_identifier=identifier) if identifier == self.session:
                self.ready = True
                self.say("The session is recorded and ready.")
            case RecordState():
                self.database_problem = f"{event.problem.title}: {event.problem.message}" if event.problem else None
                if self.database_problem:
                    self.say(self.database_problem)
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
                self.say(
                    f"The clock of this PC is in doubt: the session began at {event.pc_at:%Y-%m-%d %H:%M} UTC."
                    + (held if event.held else "")
                )
            case DiskLow(free_bytes=int() as free):
                self.say(f"The disk with {event.folder} is nearly full: {free / 1e9:.1f} GB are left.")
            case Trouble():
                # None of these keeps a session from being ready: a neighbour's that was not joined, a part that is
                # started again, a journal that was damaged.
                if not event.kind.startswith(("neighbour", "nexuslims-", "stuck ", "salvage")):
                    self.troubles.add(event.kind)
                if event.kind == "start":
                    self.failed = ExitCode.USAGE if event.problem.setting else ExitCode.FAILED
                self.deaths += event.kind.startswith("nexuslims-")
                title = event.problem.title
                if event.kind.startswith("stuck "):
                    self.stuck[event.kind] = title
                    title += f" since {event.problem.since:%H:%M} UTC"
                self.say(f"{title}: {event.problem.message}")
            case Healed(kind=kind):
                self.troubles.discard(kind)
                if kind in self.stuck:
                    self.say(f"It goes on again ({self.stuck.pop(kind)}).")
            case CatchUp():
                self.sessions_left = event.sessions_left

    def _progress(self, event: TransferProgress) -> None:
        self.scanning = event.stage is PassStage.SCANNING
        if not self.scanning:
            counts = event.files_done, event.files_waiting, event.left_over
            self.standstill = counts if event.stage is PassStage.IDLE else None
        problem = event.store_problem or event.folder_problem
        self.transfer_problem = f"{problem.title}: {problem.message}" if problem else None
        if event.unassigned != self.unassigned:
            self.unassigned = event.unassigned
            self.say(f"{event.unassigned} files changed while no session ran; they belong to none and are not sent.")
        if self.transfer_problem:
            self.say(self.transfer_problem)
        elif event.waiting:
            first = event.waiting[0]
            self.say(
                f"{event.files_done} of {event.files_total} files stored; waiting for {first.name}: {first.reason}"
            )
        elif event.files_total:
            self.say(f"{event.files_done} of {event.files_total} files stored.")

    def say(self, line: str) -> None:
        """Write a line to stderr, unless it is the last one once more."""
        if line != self.said:
            self.said = line
            print(line, file=sys.stderr, flush=True)


class Standstill:
    """How long nothing has moved although something waits."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._stood: tuple[int, ...] | None = None
        self._since = clock.monotonic()
        self._stuck_since: float | None = None

    def lasts_s(self, watched: Watched) -> float:
        """Take notice of how things stand; return for how many seconds they have stood so."""
        now = self._clock.monotonic()
        if watched.scanning:
            return 0.0  # it will be known when everything was looked at; a look that finds nothing new is no step
        if watched.standstill is None or watched.standstill != self._stood:
            self._stood, self._since = watched.standstill, now
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
