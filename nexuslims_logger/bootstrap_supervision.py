"""Keeps the program's threads alive (P7): one that dies is logged, shown and started again; one that hangs is told."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nexuslims_logger.errors import LoggerError
from nexuslims_logger.events import Healed, Problem, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.bootstrap_threads import QueueInbox

log = logging.getLogger(__name__)

STOPPED = "A part of the program has stopped, and is started again"
STANDS_STILL = "No progress: {what}"


@dataclass(frozen=True)
class Pace:
    """How patient the supervision is, in seconds.

    Attributes
    ----------
    first_s, most_s
        The delays before a part is started again: the first, doubled each time, up to the last.
    healed_s
        A part that has run for so long is well again.
    hang_s
        A part that has been busy with one thing for so long, and has not moved, hangs.
    look_s
        Between two looks at all parts.
    """

    first_s: float = 1.0
    most_s: float = 300.0
    healed_s: float = 60.0
    hang_s: float = 120.0
    look_s: float = 5.0


@dataclass
class Doing:
    """What a thread is busy with: written by the thread, read by who looks after it.

    Attributes
    ----------
    what
        In a user's words, after "No progress:".
    since
        When it began with this (monotonic seconds); None: it waits for something to do.
    steps
        Grows as long as it goes on, however slowly; see `step`.
    """

    what: str = ""
    since: float | None = None
    steps: int = 0


_own = threading.local()


def step() -> None:
    """Note that the thread that calls this goes on: called at each block and each answer, it costs next to nothing."""
    doing: Doing | None = getattr(_own, "doing", None)
    if doing is not None:
        doing.steps += 1


class Part:
    """One thread: runs its main, again and again until that returns.

    Attributes
    ----------
    thread
        Ends when the main returns, or when it dies while the program is being closed.
    """

    def __init__(self, supervision: Supervision, name: str, main: Callable[[], None], doing: Doing) -> None:
        self._supervision = supervision
        self._name = name
        self._main = main
        self._doing = doing
        self._deaths = 0
        self._began_at = time.monotonic()
        self._runs = True
        self._sick_since: datetime | None = None
        self._hangs = False
        #: What it was busy with and how far it was, and when a look first saw it so.
        self._mark: tuple[float, int] | None = None
        #: For how long the looks have seen it so, and since when.
        self._stood_s = 0.0
        self._stands_since = datetime.now(UTC)
        self._looked_at = time.monotonic()
        self.thread = threading.Thread(target=self._live, name=name, daemon=True)
        self.thread.start()

    def _live(self) -> None:
        closing, pace = self._supervision.closing, self._supervision.pace
        _own.doing = self._doing
        while True:
            self._began_at, self._runs = time.monotonic(), True
            try:
                self._main()
            except Exception as error:
                log.exception("%s died", self._name)
                self._runs = False
                if closing.is_set():
                    return
                if time.monotonic() - self._began_at >= pace.healed_s:
                    self._deaths = 0
                self._deaths += 1
                delay_s = min(pace.first_s * 2 ** (self._deaths - 1), pace.most_s)
                self._tell_death(error, delay_s)
                closing.wait(delay_s)
            else:
                return

    def _tell_death(self, error: Exception, delay_s: float) -> None:
        if self._deaths == 1 or self._sick_since is None:
            self._sick_since = datetime.now(UTC)
        if isinstance(error, LoggerError):
            self._supervision.window.put(Trouble(self._name, Problem(error.title, error.message, self._sick_since)))
            return
        often = (
            f" It has stopped {self._deaths} times: should that not end, close the program, start it again, and send "
            "the support bundle (Log) to who looks after it."
            if self._deaths > 1
            else ""
        )
        message = (
            f"{self._name} stopped ({type(error).__name__}) and goes on where it was in {max(1, round(delay_s))} s. "
            f"What was recorded is safe on this PC; the log has the details.{often}"
        )
        self._supervision.window.put(Trouble(self._name, Problem(STOPPED, message, self._sick_since)))

    def look(self) -> None:
        """Tell what has become well, and what hangs. Does not block."""
        well_at = self._began_at + self._supervision.pace.healed_s
        if self._sick_since and self._runs and time.monotonic() >= well_at:
            self._sick_since = None
            log.info("%s is well again", self._name)
            self._supervision.window.put(Healed(self._name))
        self._look_for_a_hang()

    def _look_for_a_hang(self) -> None:
        doing, pace, now = self._doing, self._supervision.pace, time.monotonic()
        since = doing.since if self._runs and self.thread.is_alive() else None
        mark = None if since is None else (since, doing.steps)
        # Between two looks the whole PC may have slept.
        self._stood_s += min(now - self._looked_at, 2 * pace.look_s)
        self._looked_at = now
        if mark != self._mark:
            self._mark, self._stood_s, self._stands_since = mark, 0.0, datetime.now(UTC)
        hangs = mark is not None and self._stood_s >= pace.hang_s
        kind = f"stuck {self._name}"
        if hangs and not self._hangs:
            message = (
                f"This has not moved for more than {pace.hang_s / 60:.0f} minutes. Mostly a disk, a share or a "
                "network does not answer: look whether the watch folders, and the folder that is the store, can be "
                "opened. Nothing is lost; it goes on by itself when it is answered, or after the next start."
            )
            log.warning("%s hangs: %s", self._name, doing.what)
            title = STANDS_STILL.format(what=doing.what)
            self._supervision.window.put(Trouble(kind, Problem(title, message, self._stands_since)))
        elif self._hangs and not hangs:
            log.info("%s goes on", self._name)
            self._supervision.window.put(Healed(kind))
        self._hangs = hangs


class Supervision:
    """All threads of one run of the program.

    Parameters
    ----------
    window
        Is told what is with them.
    pace
        How patient it is.
    """

    def __init__(self, window: QueueInbox, pace: Pace | None = None) -> None:
        self.window = window
        self.pace = pace or Pace()
        self.closing = threading.Event()
        self._parts: list[Part] = []
        threading.Thread(target=self._look, name="nexuslims-supervision", daemon=True).start()

    def start(self, name: str, main: Callable[[], None], doing: Doing) -> threading.Thread:
        """Start a thread of this name.

        Parameters
        ----------
        main
            Is called again, after a growing delay, when it has died; it returns when the thread shall end.
        doing
            What it is busy with; it keeps this up to date.
        """
        part = Part(self, name, main, doing)
        self._parts.append(part)
        return part.thread

    def close(self) -> None:
        """Let what has died start at once, a last time, to put everything down; then let the dead lie."""
        self.closing.set()

    def _look(self) -> None:
        while not self.closing.wait(self.pace.look_s):
            for part in tuple(self._parts):
                part.look()
