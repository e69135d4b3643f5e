"""A session without a window, and the catch-up of what earlier ones left (commands ``headless`` and ``sync``).

The first line on stdout is the session's identifier, as soon as START is safe; everything else goes to stderr.
"""

from __future__ import annotations

import contextlib
import math
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger import bootstrap
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.doorbell import Doorbell, Inside
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.events import InterruptedChoice, NeighbourChoice
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.headless_watched import UNATTENDED_S, Standstill, Watched
from nexuslims_logger.session.who import UNKNOWN_USER

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
    watched = Watched()
    clock = SystemClock()
    started = stored = math.inf
    standstill = Standstill(clock)
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
            stands = max(standstill.lasts_s(watched), standstill.stuck_s(watched)) > UNATTENDED_S
            unattended = seconds is not None and (watched.ending or watched.session is None)
            if watched.hopeless or (stands and unattended):
                break
            # The files are safe; a database that does not answer, or refuses, is caught up another time.
            if watched.stored and (watched.refused or watched.held or now - stored > _DATABASE_S):
                break
    finally:
        running.stop(_STOP_S)
    return _answer(watched)


def _answer(watched: Watched) -> ExitCode:
    if watched.ready:
        return ExitCode.COMPLETE
    if watched.session is None:
        print("No session was started.", file=sys.stderr)
        return watched.failed or ExitCode.FAILED
    watched.say_what_is_left()
    return ExitCode.WAITING


def catch_up(settings: Settings, *, confirm_clock: str | None = None) -> ExitCode:
    """Send what earlier sessions are owed, as far as it can be sent now. Blocks.

    The times of the session `confirm_clock` are right, somebody says, although the clock was in doubt.

    What holds up one session (a file that is locked, a watch folder or another store that is away, rows that the
    database refuses) is tried a few times, and left; the others go on. When a session is to be started on this PC
    meanwhile, that goes on with the rest.

    Raises
    ------
    LoggerError
        The program could not be started.
    """
    signals = _Signals()
    signals.install()
    running = bootstrap.start(settings, catch_up_only=True, confirm_clock=confirm_clock)
    bell = _doorbell(settings)
    watched = Watched()
    clock = SystemClock()
    standstill = Standstill(clock)
    try:
        while not signals.terminated and not signals.interrupts and watched.sessions_left != 0:
            if event := running.next_event(_TICK_S):
                watched.take(event)
            if bell and bell.rang():
                watched.say("A session is to be started on this PC: it goes on with what is left.")
                break
            if standstill.is_final(watched, settings.settle_seconds):
                break
    finally:
        if bell:
            bell.close()
        running.stop(_STOP_S)
    if watched.failed is not None:
        return watched.failed
    if watched.sessions_left == 0:
        return ExitCode.COMPLETE
    watched.say_what_is_left()
    return ExitCode.WAITING


def _doorbell(settings: Settings) -> Doorbell | None:
    """Listen for who wants to start a session; None without loopback."""
    with contextlib.suppress(OSError):
        return Doorbell(settings.home, Inside.CATCH_UP)
    return None
