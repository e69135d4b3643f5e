"""Where the concrete parts meet: threads, queues, clock, chance, disks, stores. Nothing else starts a thread.

Whatever the mains need is made here and handed to them through their ports; so the simulator can hand
them something else.
"""

from __future__ import annotations

import getpass
import platform
import time
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from nexuslims_logger import BUILT_AT, __version__
from nexuslims_logger.bootstrap_lock import copy_claims, take_lock
from nexuslims_logger.bootstrap_store import open_store
from nexuslims_logger.bootstrap_supervision import Supervision, step
from nexuslims_logger.bootstrap_threads import (
    DatabaseThread,
    QueueInbox,
    SystemClock,
    SystemRandom,
    ThreadPool,
)
from nexuslims_logger.config_folders import make_watch_folder
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.events import Trouble
from nexuslims_logger.journal.results import Results
from nexuslims_logger.journal.salvage import open_facts, open_files
from nexuslims_logger.priority import work_in_background
from nexuslims_logger.session.loop import SessionLoop
from nexuslims_logger.session.main import new_loop, session_main
from nexuslims_logger.session.ports import SessionPorts, Station
from nexuslims_logger.session.service import SessionService
from nexuslims_logger.session.who import UNKNOWN_USER, USER_LENGTH
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.main import transfer_main
from nexuslims_logger.transfer.ports import TransferPorts, TransferRules
from nexuslims_logger.transfer.selection import Selection
from nexuslims_logger.transfer.state import PassState

if TYPE_CHECKING:
    import queue
    import threading
    from collections.abc import Callable

    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.unit_of_work import EngineUnits
    from nexuslims_logger.events import Event, InterruptedChoice, NeighbourChoice
    from nexuslims_logger.single_instance import SingleInstance


#: What a thread's main works on, from one life to the next.
_State = TypeVar("_State", SessionLoop, PassState)
#: How long a task of the database may finish when the program ends, seconds; the next start repeats what was cut off.
_DATABASE_STOP_S = 5.0


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
        supervision: Supervision,
        parts: tuple[ThreadPool, DatabaseThread],
        threads: tuple[threading.Thread, ...],
        lock: SingleInstance,
    ) -> None:
        self.service = service
        self.events: queue.SimpleQueue[Event] = supervision.window.queue
        self._window = supervision.window
        self._parts = parts
        self._threads = threads
        self._supervision = supervision
        self._lock = lock

    def next_event(self, timeout_s: float) -> Event | None:
        """Wait for the next event; None when `timeout_s` seconds brought none. Blocks: not for the Tk thread."""
        event: Event | None = self._window.get(timeout_s)
        return event

    def stop(self, timeout_s: float) -> None:
        """Put everything down, for at most `timeout_s` seconds; what hangs dies with the process."""
        until = time.monotonic() + timeout_s
        self.service.stop()
        self._supervision.close()
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
    neighbour: NeighbourChoice | None = None,
    catch_up_only: bool = False,
    confirm_clock: str | None = None,
    asks: bool = True,
) -> Running:
    """Take the lock, open the journal, and start the threads. Blocks on the disk only, and on a catch-up giving way.

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
    interrupted, neighbour
        The answers to an interrupted session, and to one of another computer; None: a person is asked.
    catch_up_only
        Start no session, send what is owed.
    confirm_clock
        With `catch_up_only`: the session whose times somebody says are right.
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
    computer = platform.node() or "unknown"
    with ExitStack() as failed:  # must not keep the next start out
        lock = take_lock(settings, computer, catch_up_only=catch_up_only)
        failed.callback(lock.release)
        if settings.filestore_is_default:
            for folder in settings.filestore_path:
                make_watch_folder(folder.path)
        facts, facts_problem = open_facts(settings.home / "facts.db", clock.now())
        if not catch_up_only:
            lock.claim(*copy_claims(settings, computer, facts.instrument()))
        files, files_problem = open_files(settings.home / "files.db", clock.now())
        results = Results(files)
        store = open_store(settings, clock, facts, results)
        failed.pop_all()
    window = QueueInbox()
    session_inbox, transfer_inbox = QueueInbox("the journal on this PC"), QueueInbox("the look at the watch folders")
    for problem in (files_problem, facts_problem):
        if problem:
            window.put(Trouble("salvage", problem))
    supervision = Supervision(window)
    database = DatabaseThread(lambda: _open_database(settings, clock), supervision)
    pool = ThreadPool(settings.upload_workers, background=True, supervision=supervision)
    chance = SystemRandom()
    station = Station(
        computer_name=computer,
        user=None if asked else user or account,
        account=account,
        project=project,
        ask_project=settings.ask_project,
        auto_end_s=settings.auto_end_after_hours * 3600,
        built_at=datetime.fromisoformat(BUILT_AT),
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
        neighbour=neighbour,
        catch_up_only=catch_up_only,
        confirm_clock=confirm_clock,
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
        file_system=Disk(step),
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

    def transfer(state: PassState) -> None:
        work_in_background()
        transfer_main(transfer_ports, state)

    session_lives, transfer_lives = _lives(new_loop(session_ports), session_main), _lives(PassState(), transfer)
    threads = (
        supervision.start("nexuslims-session", session_lives, session_inbox.doing),
        supervision.start("nexuslims-transfer", transfer_lives, transfer_inbox.doing),
    )
    return Running(SessionService(session_inbox), supervision, (pool, database), threads, lock)


def _lives(state: _State, live: Callable[[_State], None]) -> Callable[[], None]:
    """Return a main that begins anew, after its death, with what it had been told."""

    def main() -> None:
        nonlocal state
        try:
            live(state)
        finally:
            state = state.successor()

    return main


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
