"""A session without a window, and the catch-up of what earlier ones left (commands ``headless`` and ``sync``).

The first line on stdout is the session's identifier, as soon as START is safe; everything else goes to stderr.
"""

from __future__ import annotations

import math
import signal
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger import bootstrap
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.events import (
    CatchUp,
    ClockInDoubt,
    DiskLow,
    Event,
    Healed,
    InstrumentUnknown,
    InterruptedChoice,
    NeighbourChoice,
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
from nexuslims_logger.session.who import UNKNOWN_USER

if TYPE_CHECKING:
    from types import FrameType

    from nexuslims_logger.config import Settings

#: How often the loop looks up from waiting for events, seconds: a signal is answered no later.
_TICK_S = 0.2
_STOP_S = 30.0
#: How long `sync` waits for files that cannot be sent, seconds, beside the time in which a file settles.
_PATIENCE_S = 5.0
#: How long a stored session waits for the database's last word, seconds.
_DATABASE_S = 10.0
#: How long the end of an unattended session waits for files that cannot be sent, seconds.
_UNATTENDED_S = 300.0
#: A part that dies so often is not waited for.
_MOST_DEATHS = 3


@dataclass
class _Signals:
    """What was asked from outside: counted by the handlers, read by the loop."""

    interrupts: int = 0
    terminated: bool = False

    def install(self) -> None:
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._terminate)
        if sys.platform == "win32":
            # The console is closed, or the user logs off; some seconds are left then.
            signal.signal(signal.SIGBREAK, self._terminate)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupts += 1

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        self.terminated = True


@dataclass
class _Watched:
    """What the events have told so far."""

    session: str | None = None
    ending: bool = False
    stored: bool = False
    ready: bool = False
    database_problem: str | None = None
    transfer_problem: str | None = None
    sessions_left: int | None = None
    failed: bool = False
    troubled: bool = False
    deaths: int = 0
    #: What does not go on, by the kind of its trouble.
    stuck: dict[str, str] = field(default_factory=dict)
    unassigned: int = 0
    #: How far the files are while nothing moves and some of them cannot be sent; None while something moves.
    standstill: tuple[int, ...] | None = None
    scanning: bool = False
    said: str = ""

    @property
    def hopeless(self) -> bool:
        """Whether nothing more will come of it."""
        dying = self.deaths >= _MOST_DEATHS
        return (self.session is None and (self.failed or dying)) or (self.ending and dying)

    def take(self, event: Event) -> None:  # noqa: C901, PLR0912 - one case for each kind of event
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
                self.failed = True
                self.say(f"{event.problem.title}: {event.problem.message}")
            case ClockInDoubt():
                held = " It becomes ready when somebody has said so in the window." if event.held else ""
                self.say(
                    f"The clock of this PC is in doubt: the session began at {event.pc_at:%Y-%m-%d %H:%M} UTC.{held}"
                )
            case DiskLow(free_bytes=int() as free):
                self.say(f"The disk with {event.folder} is nearly full: {free / 1e9:.1f} GB are left.")
            case Trouble():
                # None of these keeps a session from being ready: a neighbour's that was not joined, a part that is
                # started again, a journal that was damaged.
                self.troubled |= not event.kind.startswith(("neighbour", "nexuslims-", "stuck ", "salvage"))
                self.failed |= event.kind == "start"
                self.deaths += event.kind.startswith("nexuslims-")
                title = event.problem.title
                if event.kind.startswith("stuck "):
                    self.stuck[event.kind] = title
                    title += f" since {event.problem.since:%H:%M} UTC"
                self.say(f"{title}: {event.problem.message}")
            case Healed(kind=kind) if kind in self.stuck:
                self.say(f"It goes on again ({self.stuck.pop(kind)}).")
            case CatchUp():
                self.sessions_left = event.sessions_left

    def _progress(self, event: TransferProgress) -> None:
        self.scanning = event.stage is PassStage.SCANNING
        if not self.scanning:
            stands = event.stage is PassStage.IDLE and (event.waiting or event.left_over)
            self.standstill = (event.files_done, event.files_waiting, event.left_over) if stands else None
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
        if line != self.said:
            self.said = line
            print(line, file=sys.stderr, flush=True)


class _Standstill:
    """How long nothing has moved although something waits."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._stood: tuple[int, ...] | None = None
        self._since = clock.monotonic()

    def lasts_s(self, watched: _Watched) -> float:
        """Take notice of how things stand; return for how many seconds they have stood so."""
        now = self._clock.monotonic()
        if watched.scanning or watched.standstill is None or watched.standstill != self._stood:
            self._stood, self._since = watched.standstill, now
        return now - self._since


def run(  # noqa: PLR0913 - the command's options
    settings: Settings,
    *,
    seconds: float | None,
    user: str | None,
    project: str | None,
    note: str | None,
    continue_: bool,
    neighbour: NeighbourChoice,
) -> ExitCode:
    """Run one session until SIGINT or `seconds` are over, and end it. Blocks.

    `neighbour` says what to do beside another computer's open session at the instrument. A second SIGINT leaves the
    rest for later; SIGTERM (on Windows: the console is closed, a log-off) leaves the session open.

    Raises
    ------
    LoggerError
        The session could not be started; with ``ASK_USER`` a `ConfigurationError` when nobody is named.
    """
    if settings.ask_user and (user or UNKNOWN_USER).casefold() == UNKNOWN_USER:
        message = (
            "NEXUSLIMSGUI_ASK_USER is set, so the account of the operating system says nothing of who works here. "
            "Say it: headless --user NAME."
        )
        raise ConfigurationError("Who is working?", message)
    signals = _Signals()
    signals.install()
    interrupted = InterruptedChoice.CONTINUE if continue_ else InterruptedChoice.END
    running = bootstrap.start(
        settings,
        user=user,
        project=project,
        note=note or "",
        interrupted=interrupted,
        neighbour=neighbour,
        asks=False,
    )
    watched = _Watched()
    clock = SystemClock()
    started = stored = math.inf
    standstill = _Standstill(clock)
    try:
        while not signals.terminated and not watched.ready and signals.interrupts < 2:  # noqa: PLR2004 - the second one
            if event := running.next_event(_TICK_S):
                watched.take(event)
            now = clock.monotonic()
            started = min(started, now) if watched.session else started
            stored = min(stored, now) if watched.stored else stored
            over = signals.interrupts > 0 or (seconds is not None and now - started >= seconds)
            if signals.interrupts and watched.session is None:
                break
            if over and not watched.ending:
                watched.ending = True
                running.service.end()
            # At an unattended end nobody is there to leave a file out.
            stands = watched.stuck or standstill.lasts_s(watched) > _UNATTENDED_S
            if watched.hopeless or (stands and watched.ending and seconds is not None):
                break
            # The files are safe; a database that does not answer, or refuses, is caught up another time.
            if watched.stored and (watched.database_problem or watched.troubled or now - stored > _DATABASE_S):
                break
    finally:
        running.stop(_STOP_S)
    return _answer(watched)


def _answer(watched: _Watched) -> ExitCode:
    if watched.ready:
        return ExitCode.COMPLETE
    if watched.session is None:
        print("No session was started.", file=sys.stderr)
        return ExitCode.FAILED
    print("Something still waits on this PC and is caught up by the next start, or by `sync`.", file=sys.stderr)
    return ExitCode.WAITING


def catch_up(settings: Settings) -> ExitCode:
    """Send what earlier sessions are owed, as far as it can be sent now. Blocks.

    A file that is locked, still being written, or has a name that no store takes is tried a few times, and left.

    Raises
    ------
    LoggerError
        The program could not be started.
    """
    signals = _Signals()
    signals.install()
    running = bootstrap.start(settings, catch_up_only=True)
    watched = _Watched()
    clock = SystemClock()
    patience_s = _PATIENCE_S + 3 * settings.settle_seconds
    standstill = _Standstill(clock)
    try:
        while not signals.terminated and not signals.interrupts and watched.sessions_left != 0:
            if event := running.next_event(_TICK_S):
                watched.take(event)
            if watched.troubled or watched.database_problem or watched.transfer_problem:
                break
            if watched.deaths >= _MOST_DEATHS or watched.stuck:
                break
            if standstill.lasts_s(watched) > patience_s:
                break
    finally:
        running.stop(_STOP_S)
    if watched.failed:
        return ExitCode.FAILED
    if watched.sessions_left == 0:
        return ExitCode.COMPLETE
    print("Something still waits on this PC; the next start, or another `sync`, goes on with it.", file=sys.stderr)
    return ExitCode.WAITING
