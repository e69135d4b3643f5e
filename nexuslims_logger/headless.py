"""A session without a window, and the catch-up of what earlier ones left (commands ``headless`` and ``sync``).

The first line on stdout is the session's identifier, as soon as START is safe; everything else goes to stderr.
"""

from __future__ import annotations

import math
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger import bootstrap
from nexuslims_logger.events import (
    CatchUp,
    Event,
    InstrumentUnknown,
    InterruptedChoice,
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
    from types import FrameType

    from nexuslims_logger.config import Settings

#: How often the loop looks up from waiting for events, seconds: a signal is answered no later.
_TICK_S = 0.2
_STOP_S = 30.0
#: How long a stored session waits for the database's last word, seconds.
_DATABASE_S = 10.0


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
    died: bool = False
    unassigned: int = 0
    said: str = ""

    def take(self, event: Event) -> None:  # noqa: C901 - one case for each kind of event
        match event:
            case SessionStarted():
                self.session = event.session_identifier
                print(event.session_identifier, flush=True)
                verb = "continues" if event.continued else "started"
                self.say(f"The session of {event.user} at {event.instrument_name} {verb}.")
            case SessionEnding():
                self.ending = True
                self.say("END is recorded on this PC; the last files are being brought to the store.")
            case SessionStored(session_identifier=identifier) if identifier == self.session:
                self.stored = True
                missing = f", {event.missing} missing" if event.missing else ""
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
            case Trouble():
                self.troubled = True
                self.failed |= event.kind == "start"
                self.died |= event.kind.startswith("nexuslims-")
                self.say(f"{event.problem.title}: {event.problem.message}")
            case CatchUp():
                self.sessions_left = event.sessions_left

    def _progress(self, event: TransferProgress) -> None:
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


def run(settings: Settings, *, seconds: float | None, user: str | None, note: str | None, continue_: bool) -> ExitCode:
    """Run one session until SIGINT or `seconds` are over, and end it. Blocks.

    A second SIGINT leaves the rest for later; SIGTERM (on Windows: the console is closed, a log-off) leaves the
    session open.

    Raises
    ------
    LoggerError
        The session could not be started.
    """
    signals = _Signals()
    signals.install()
    interrupted = InterruptedChoice.CONTINUE if continue_ else InterruptedChoice.END
    running = bootstrap.start(settings, user=user, note=note or "", interrupted=interrupted)
    watched = _Watched()
    clock = bootstrap.SystemClock()
    started = stored = math.inf
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
            if watched.died or (watched.failed and watched.session is None):
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

    Raises
    ------
    LoggerError
        The program could not be started.
    """
    signals = _Signals()
    signals.install()
    running = bootstrap.start(settings, catch_up_only=True)
    watched = _Watched()
    try:
        while not signals.terminated and not signals.interrupts and watched.sessions_left != 0:
            if event := running.next_event(_TICK_S):
                watched.take(event)
            if watched.troubled or watched.database_problem or watched.transfer_problem:
                break
    finally:
        running.stop(_STOP_S)
    if watched.failed:
        return ExitCode.FAILED
    return ExitCode.COMPLETE if watched.sessions_left == 0 else ExitCode.WAITING
