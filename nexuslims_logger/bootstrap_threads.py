"""Threads, queues, the clock and chance: what stands behind the ports of `nexuslims_logger.ports`."""

from __future__ import annotations

import logging
import queue
import random
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from nexuslims_logger.bootstrap_supervision import Doing
from nexuslims_logger.db.worker import DatabasePorts, Task, database_main
from nexuslims_logger.errors import Defect, LoggerError
from nexuslims_logger.messages import Stop
from nexuslims_logger.ports import Reply
from nexuslims_logger.priority import work_in_background

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.bootstrap_supervision import Supervision
    from nexuslims_logger.db.unit_of_work import EngineUnits
    from nexuslims_logger.ports import Inbox

log = logging.getLogger(__name__)


class SystemClock:
    """The PC's clock."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back, and go on while the PC sleeps."""
        # Linux' own stand still meanwhile: the PC's clock would seem to have been set.
        return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()

    def utc_offset_min(self) -> int:
        """Return the present offset of local time from UTC, in minutes."""
        offset = datetime.now(UTC).astimezone().utcoffset()
        return round(offset.total_seconds() / 60) if offset else 0


class SystemRandom:
    """Chance."""

    def identifier(self) -> str:
        """Return a new UUID4."""
        return str(uuid.uuid4())

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return random.random()  # noqa: S311 - spreads retries, keeps no secret


class QueueInbox:
    """A thread's letter box, and the window's.

    Parameters
    ----------
    what
        What its reader does with the messages; see `Doing`.

    Attributes
    ----------
    doing
        Says since when the reader is away to work.
    """

    def __init__(self, what: str = "") -> None:
        self.queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.doing = Doing(what)

    def put(self, message: Any) -> None:
        """Leave a message; never blocks."""
        self.queue.put(message)

    def get(self, timeout_s: float | None) -> Any:
        """Wait for the next message; None when the time is over."""
        if timeout_s is not None:
            # A lock cannot wait for longer than threading.TIMEOUT_MAX; a minute more or less changes nothing.
            timeout_s = min(max(timeout_s, 0.0), 3600.0)
        self.doing.since = None
        try:
            return self.queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        finally:
            self.doing.since = time.monotonic()


class ThreadPool:
    """A few threads that run leaves.

    A ticket says by its text what its leaf is busy with (`Doing`).

    Parameters
    ----------
    count
        How many.
    background
        They give way to whatever else the PC does.
    supervision
        Starts one that has died again; None: in a command that ends soon.
    """

    def __init__(self, count: int, *, background: bool = False, supervision: Supervision | None = None) -> None:
        self._background = background
        self._calls: queue.SimpleQueue[tuple[Callable[..., Any], tuple[object, ...], object, Inbox[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._count = count
        for number in range(1, count + 1):
            name, doing = f"nexuslims-upload-{number}", Doing()
            work = partial(self._work, doing)
            if supervision:
                supervision.start(name, work, doing)
            else:
                threading.Thread(target=work, name=name, daemon=True).start()

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        """Run `function` soon, and put a `Reply`."""
        self._calls.put((function, args, ticket, reply_to))

    def stop(self) -> None:
        """Let the threads end when they have done what was submitted."""
        for _ in range(self._count):
            self._calls.put(None)

    def _work(self, doing: Doing) -> None:
        if self._background:
            work_in_background()
        doing.since = None
        while call := self._calls.get():
            function, args, ticket, reply_to = call
            doing.what, doing.since = str(ticket), time.monotonic()
            try:
                reply = Reply(ticket, value=function(*args))
            except LoggerError as error:
                reply = Reply(ticket, error=error)
            except Exception as error:
                log.exception("a transfer failed")
                message = f"{type(error).__name__}; the log has the details. The file is tried again."
                reply = Reply(ticket, error=Defect("The transfer of a file failed unexpectedly", message))
            doing.since = None
            reply_to.put(reply)


class DatabaseThread:
    """The pool of one that the database's tasks run on."""

    def __init__(self, open_units: Callable[[], EngineUnits], supervision: Supervision) -> None:
        self._inbox = QueueInbox("the question to the database")
        ports = DatabasePorts(self._inbox, open_units)
        self.thread = supervision.start("nexuslims-database", lambda: database_main(ports), self._inbox.doing)

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        """Run a function of `db.tasks` soon, and put a `Reply`."""
        self._inbox.put(Task(function, args, ticket, reply_to))

    def stop(self) -> None:
        """Let the thread end after the tasks that were submitted."""
        self._inbox.put(Stop())
