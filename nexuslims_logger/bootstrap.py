"""Where the concrete parts meet: threads, queues, clock, chance, disks, stores. Nothing else starts a thread.

Whatever the mains need is made here and handed to them through their ports; so the simulator can hand
them something else.
"""

from __future__ import annotations

import getpass
import logging
import platform
import queue
import random
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nexuslims_logger import BUILT_AT, __version__
from nexuslims_logger.config_folders import make_watch_folder
from nexuslims_logger.db.worker import DatabasePorts, Task, database_main
from nexuslims_logger.errors import ConfigurationError, Defect, LoggerError
from nexuslims_logger.events import Event, Problem, Trouble
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.results import Results
from nexuslims_logger.journal.sqlite import open_journal_file
from nexuslims_logger.messages import Stop
from nexuslims_logger.ports import Reply
from nexuslims_logger.session.main import session_main
from nexuslims_logger.session.ports import SessionPorts, Station
from nexuslims_logger.session.service import SessionService
from nexuslims_logger.session.who import UNKNOWN_USER, USER_LENGTH
from nexuslims_logger.single_instance import SingleInstance
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.main import transfer_main
from nexuslims_logger.transfer.ports import TransferPorts, TransferRules
from nexuslims_logger.transfer.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.unit_of_work import EngineUnits
    from nexuslims_logger.events import InterruptedChoice
    from nexuslims_logger.ports import Inbox
    from nexuslims_logger.storage.contract import ObjectStore

log = logging.getLogger(__name__)

#: How long a task of the database may finish when the program ends, seconds; the next start repeats what was cut off.
_DATABASE_STOP_S = 5.0


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
    """A few threads that run leaves."""

    def __init__(self, threads: int) -> None:
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
        self.thread = _thread("nexuslims-database", lambda: database_main(DatabasePorts(self._inbox, open_units)))

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        """Run a function of `db.tasks` soon, and put a `Reply`."""
        self._inbox.put(Task(function, args, ticket, reply_to))

    def stop(self) -> None:
        """Let the thread end after the tasks that were submitted."""
        self._inbox.put(Stop())


class Running:
    """The workers of one run of the program.

    Attributes
    ----------
    service
        What they can be asked.
    events
        What they tell, in order.
    """

    def __init__(
        self,
        service: SessionService,
        window: QueueInbox,
        parts: tuple[ThreadPool, DatabaseThread],
        threads: tuple[threading.Thread, ...],
        lock: SingleInstance,
    ) -> None:
        self.service = service
        self.events: queue.SimpleQueue[Event] = window.queue
        self._window = window
        self._parts = parts
        self._threads = threads
        self._lock = lock

    def next_event(self, timeout_s: float) -> Event | None:
        """Wait for the next event; None when `timeout_s` seconds brought none. Blocks: not for the Tk thread."""
        event: Event | None = self._window.get(timeout_s)
        return event

    def stop(self, timeout_s: float) -> None:
        """Put everything down, for at most `timeout_s` seconds; what hangs dies with the process."""
        until = time.monotonic() + timeout_s
        self.service.stop()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for part in self._parts:
            part.stop()
        self._parts[1].thread.join(min(_DATABASE_STOP_S, max(0.0, until - time.monotonic())))
        self._lock.release()


def start(  # noqa: PLR0913 - what differs between the window, headless and sync
    settings: Settings,
    *,
    user: str | None = None,
    project: str | None = None,
    note: str = "",
    launched_at: datetime | None = None,
    interrupted: InterruptedChoice | None = None,
    catch_up_only: bool = False,
    asks: bool = True,
) -> Running:
    """Take the lock, open the journal, and start the threads. Blocks on the disk only.

    Parameters
    ----------
    settings
        Checked.
    user
        Who works; None: the account of the operating system, or with ``ASK_USER`` the window asks.
    project
        For whom.
    note
        The new session's first note.
    launched_at
        When the program was started (aware); None: now.
    interrupted
        The answer to an interrupted session; None: a person is asked.
    catch_up_only
        Start no session, send what is owed.
    asks
        Somebody is there to say who works.

    Raises
    ------
    AlreadyRunning
        Another logger of this PC writes the journal.
    ConfigurationError, JournalDamaged
        With the remedy.
    """
    clock = SystemClock()
    # Somebody who is asked has no name yet; the account's never stands in for it.
    asked = asks and user is None and (settings.ask_user or settings.ask_project)
    account = None if user or settings.ask_user else _account()
    lock = SingleInstance(settings.home)
    lock.acquire()
    try:
        if settings.filestore_is_default:
            for folder in settings.filestore_path:
                make_watch_folder(folder.path)
        facts = FactsJournal(open_journal_file(settings.home / "facts.db"))
        files = FilesJournal(open_journal_file(settings.home / "files.db"))
        results = Results(files)
        store = _store(settings, clock, facts, results)
    except BaseException:  # whatever it was, a start that failed must not keep the next one out
        lock.release()
        raise
    window, session_inbox, transfer_inbox = QueueInbox(), QueueInbox(), QueueInbox()
    database = DatabaseThread(lambda: _open_database(settings, clock))
    pool = ThreadPool(settings.upload_workers)
    chance = SystemRandom()
    station = Station(
        computer_name=platform.node() or "unknown",
        user=None if asked else user or account,
        account=account,
        project=project,
        ask_project=settings.ask_project,
        auto_end_s=settings.auto_end_after_hours * 3600,
        built_at=BUILT_AT,
        launched_at=launched_at or clock.now(),
        folders=settings.filestore_path,
        store_url=store.url,
        logger_version=__version__,
        gap_s=settings.remind_after_hours * 3600,
        database_label=settings.database_label,
        this_pc_only=settings.is_embedded,
        instrument_pid=settings.instrument,
        note=note,
        interrupted=interrupted,
        catch_up_only=catch_up_only,
    )
    session_ports = SessionPorts(clock, chance, session_inbox, transfer_inbox, window, database, facts, station)
    transfer_ports = TransferPorts(
        clock=clock,
        random=chance,
        inbox=transfer_inbox,
        session=session_inbox,
        window=window,
        database=database,
        pool=pool,
        file_system=Disk(),
        store=store,
        files=files,
        results=results,
        rules=TransferRules(
            selection=Selection(settings.filetypes_sync, settings.ignore),
            interval_s=settings.sync_interval_seconds,
            settle_s=settings.settle_seconds,
            workers=settings.upload_workers,
            gap_s=settings.remind_after_hours * 3600,
            own_folder=str(settings.home),
        ),
    )
    threads = (
        _thread("nexuslims-session", lambda: session_main(session_ports), window),
        _thread("nexuslims-transfer", lambda: transfer_main(transfer_ports), window),
    )
    return Running(SessionService(session_inbox), window, (pool, database), threads, lock)


def _thread(name: str, main: Callable[[], None], window: QueueInbox | None = None) -> threading.Thread:
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


def _account() -> str:
    """Return the operating system's name for who works, as the database can hold it.

    Raises
    ------
    ConfigurationError
        The system has no name for this account.
    """
    try:
        name = getpass.getuser().strip()
    except (KeyError, OSError, ImportError) as error:
        message = "The operating system has no name for this account. Set USERNAME, or say: headless --user NAME."
        raise ConfigurationError("Who is working?", message) from error
    return name.encode(errors="replace").decode()[:USER_LENGTH] or UNKNOWN_USER


def _open_database(settings: Settings, clock: SystemClock) -> EngineUnits:
    from nexuslims_logger.db.tasks import open_database

    return open_database(settings, clock)


def _store(settings: Settings, clock: SystemClock, facts: FactsJournal, results: Results) -> ObjectStore:
    folder = settings.bucket_folder
    if folder is None:
        message = (
            f"NEXUSLIMSGUI_DATA_BUCKET is {settings.data_bucket!r}, a Cloud Storage bucket; this version stores in a "
            "folder only. Set it to a folder (file:///... or a path), or leave it out."
        )
        raise ConfigurationError("Cloud Storage comes with a later version", message)
    # A share that is not connected looks like a new folder: once used, a store is never made a second time.
    used = facts.of_store(FolderStore(folder, clock).url) & results.stored_sessions()
    return FolderStore(folder, clock, create=not used)
