"""The session thread's way to the world, and what it knows of this run of the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events import Event, InterruptedChoice, NeighbourChoice
    from nexuslims_logger.journal.facts import FactsJournal
    from nexuslims_logger.journal.records import WatchFolder
    from nexuslims_logger.ports import Clock, Inbox, Pool, Random


@dataclass(frozen=True)
class Station:
    """This PC and this run of the program.

    Attributes
    ----------
    launched_at
        When the program was started: the START of a new session.
    instrument_pid
        The setting ``INSTRUMENT``; None: found by the computer's name.
    database_label
        Names the database without secrets; a copy of the instrument counts only for the database it came from.
    this_pc_only
        The database is the embedded one: this computer registers itself.
    account
        Who works when only the project is asked for; None when the name is asked, too.
    ask_project
        Where `user` is None: whether the project is asked for.
    auto_end_s
        After so long without anybody a session is ended at its last activity; 0: never.
    built_at
        When this program was made: no clock that is right is before it.
    interrupted, neighbour
        Answers given beforehand (``headless``); None: a person is asked.
    catch_up_only
        Start no session: send what is owed.
    confirm_clock
        With `catch_up_only`: the session whose times somebody says are right.
    """

    computer_name: str
    user: str | None  # None: is asked, while the session already runs
    launched_at: datetime
    folders: tuple[WatchFolder, ...]
    store_url: str
    logger_version: str
    gap_s: float
    database_label: str
    this_pc_only: bool
    instrument_pid: str | None = None
    note: str = ""
    project: str | None = None
    account: str | None = None
    ask_project: bool = False
    auto_end_s: float = 0.0
    built_at: datetime | None = None
    interrupted: InterruptedChoice | None = None
    neighbour: NeighbourChoice | None = None
    catch_up_only: bool = False
    confirm_clock: str | None = None


@dataclass(frozen=True)
class SessionPorts:
    """The session thread's way to the world; `facts` are its own."""

    clock: Clock
    random: Random
    inbox: Inbox[Any]
    transfer: Inbox[Any]
    window: Inbox[Event]
    database: Pool
    facts: FactsJournal
    station: Station
