"""Threads, queues, the clock and chance: what stands behind the ports of `nexuslims_logger.ports`."""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nexuslims_logger.db.worker import DatabasePorts, Task, database_main
from nexuslims_logger.errors import Defect, LoggerError
from nexuslims_logger.events import Problem, Trouble
from nexuslims_logger.messages import Stop
from nexuslims_logger.ports import Reply
from nexuslims_logger.priority import work_in_background

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.db.unit_of_work import EngineUnits
    from nexuslims_logger.ports import Inbox

log = logging.getLogger(__name__)


class SystemClock:
    """The PC's clock."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

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
    """A thread's letter box, and the window's."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def put(self, message: Any) -> None:
        """Leave a message; never blocks."""
        self.queue.put(message)

    def get(self, timeout_s: float | None) -> Any:
        """Wait for the next message; None when the time is over."""
        if timeout_s is not None:
            # A lock cannot wait for longer than threading.TIMEOUT_MAX; a minute more or less changes nothing.
            timeout_s = min(max(timeout_s, 0.0), 3600.0)
        try:
            return self.queue.get(timeout=timeout_s)
        except queue.Empty:
            return None


class ThreadPool:
    """A few threads that run leaves.

    Parameters
    ----------
    threads
        How many.
    background
        They give way to whatever else the PC does.
    """

    def __init__(self, threads: int, *, background: bool = False) -> None:
        self._background = background
        self._calls: queue.SimpleQueue[tuple[Callable[..., Any], tuple[object, ...], object, Inbox[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"nexuslims-upload-{number}", daemon=True)
            for number in range(1, threads + 1)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        """Run `function` soon, and put a `Reply`."""
        self._calls.put((function, args, ticket, reply_to))

    def stop(self) -> None:
        """Let the threads end when they have done what was submitted."""
        for _ in self._threads:
            self._calls.put(None)

    def _work(self) -> None:
        if self._background:
            work_in_background()
        while call := self._calls.get():
            function, args, ticket, reply_to = call
            try:
                reply = Reply(ticket, value=function(*args))
            except LoggerError as error:
                reply = Reply(ticket, error=error)
            except Exception as error:
                log.exception("a transfer failed")
                message = f"{type(error).__name__}; the log has the details. The file is tried again."
                reply = Reply(ticket, error=Defect("The transfer of a file failed unexpectedly", message))
            reply_to.put(reply)


class DatabaseThread:
    """The pool of one that the database's tasks run on."""

    def __init__(self, open_units: Callable[[], EngineUnits]) -> None:
        self._inbox = QueueInbox()
        self.thread = named_thread("nexuslims-database", lambda: database_main(DatabasePorts(self._inbox, open_units)))

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        """Run a function of `db.tasks` soon, and put a `Reply`."""
        self._inbox.put(Task(function, args, ticket, reply_to))

    def stop(self) -> None:
        """Let the thread end after the tasks that were submitted."""
        self._inbox.put(Stop())


def named_thread(name: str, main: Callable[[], None], window: QueueInbox | None = None) -> threading.Thread:
    """Start a main as a thread of this name; one that dies is logged, and told to the window."""

    def work() -> None:
        try:
            main()
        except Exception as error:
            log.exception("%s died", name)
            if window:
                message = (
                    f"{name} stopped: {type(error).__name__}. What was recorded is safe on this PC. "
                    "Close the program and start it again; the log has the details."
                )
                window.put(Trouble(name, Problem("A part of the program has stopped", message, datetime.now(UTC))))

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
