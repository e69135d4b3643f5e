"""A session thread without threads: what the window would say is a script, the transfer answers at once."""

from __future__ import annotations

import sqlite3
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.config import load_settings
from nexuslims_logger.db.tasks import apply_manifest, open_database
from nexuslims_logger.errors import DatabaseUnavailable
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.records import ManifestRow, ResultState, SessionFacts, WatchFolder
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.messages import (
    AllRecorded,
    AllStored,
    FinalSetFixed,
    RecordAgain,
    RecordedAnew,
    Recover,
    Recovered,
    Stop,
    Track,
    TransferStopped,
)
from nexuslims_logger.session.main import new_loop, session_main
from nexuslims_logger.session.ports import SessionPorts, Station
from tests.unit.bench import CountingRandom, InlinePool, ListInbox, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.db.unit_of_work import Units
    from nexuslims_logger.messages import TrackedSession

LAUNCH = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Script:
    """The session's inbox: answers that have come first, then the script, then `Stop`."""

    def __init__(self) -> None:
        self.lines: deque[Any] = deque()
        self.answers: deque[Any] = deque()

    def put(self, message: Any) -> None:
        self.answers.append(message)

    def get(self, _timeout_s: float | None) -> Any:
        if self.answers:
            return self.answers.popleft()
        line = self.lines.popleft() if self.lines else Stop()
        return line() if callable(line) else line


class Transfer:
    """What the transfer thread would answer; `files_arrive` False: a store that is away."""

    def __init__(self, script: Script, units: Units) -> None:
        self._script = script
        self._units = units
        self.files_arrive = True
        self.manifest: tuple[str, ...] = ()
        self.folders_there = True
        self.last_activity_at: datetime | None = None
        self.last_file_at: datetime | None = None
        self.tracked: tuple[Any, ...] = ()
        self.asked: list[Any] = []
        self._finished: set[str] = set()

    def put(self, message: Any) -> None:
        self.asked.append(message)
        match message:
            case Track():
                self.tracked = message.sessions
                for session in message.sessions:
                    if session.ended and self.files_arrive and session.identifier not in self._finished:
                        self._finished.add(session.identifier)
                        self._script.put(FinalSetFixed(session.identifier))
                        self._script.put(AllStored(session.identifier, self.last_file_at, 3, 300, 0))
                        self._script.put(self._recorded(session))
            case RecordAgain():
                self._finished.discard(message.session_identifier)
                self._script.put(RecordedAnew(message.session_identifier))
            case Recover():
                last = self.last_activity_at or message.last_activity_at
                self._script.put(Recovered(message.session.identifier, last, 2, 200, complete=self.folders_there))
            case Stop():
                self._script.put(TransferStopped())

    def _recorded(self, session: TrackedSession) -> AllRecorded:
        rows = tuple(
            ManifestRow(
                session_identifier=session.identifier,
                instrument_pid=session.instrument_pid,
                computer_name=session.computer_name,
                bucket="file:///bucket",
                object_name=name,
                state=ResultState.UPLOADED,
                size_bytes=100,
                md5="0" * 32,
                generation=1,
                uploaded_at=LAUNCH,
            )
            for name in self.manifest
        )
        apply_manifest(self._units, rows)
        return AllRecorded(session.identifier, len(rows), LAUNCH if rows else None)

    def get(self, _timeout_s: float | None) -> Any:
        raise NotImplementedError


class Pc:
    """One PC: its journal and its (embedded) database stay, the program is run again and again."""

    def __init__(self, folder: Path) -> None:
        self.settings = load_settings(
            {
                "HOME": str(folder),
                "NEXUSLIMSGUI_HOME": str(folder / "home"),
                "NEXUSLIMSGUI_FILESTORE_PATH": str(folder / "data"),
            }
        )
        self.units = open_database(self.settings)
        self.facts = FactsJournal(JournalFile(sqlite3.connect(":memory:", isolation_level=None)))
        # Known already, so that the sessions' identifiers are counted alone.
        self.facts.set_meta("logger_id", "logger-1")
        self.facts.set_meta("logger_id_of", "TEM-PC")
        self.clock = ManualClock(LAUNCH)
        self.random = CountingRandom()
        self.database = InlinePool(first_arguments=(self.units,))
        self.events = ListInbox()
        self.files_arrive = True
        #: Objects that every session's manifest has when it has ended.
        self.manifest: tuple[str, ...] = ()
        self.folders_there = True
        self.last_activity_at: datetime | None = None
        self.last_file_at: datetime | None = None

    def run(self, *script: Any, **station: Any) -> list[Any]:
        """Run the program through a script; return what it told the window."""
        inbox = Script()
        inbox.lines.extend(script)
        transfer = Transfer(inbox, self.units)
        self.transfer = transfer
        transfer.manifest = self.manifest
        transfer.files_arrive = self.files_arrive
        transfer.folders_there = self.folders_there
        transfer.last_activity_at = self.last_activity_at
        transfer.last_file_at = self.last_file_at
        known: dict[str, Any] = {
            "computer_name": "TEM-PC",
            "user": "ada",
            "launched_at": self.clock.now(),
            "folders": (WatchFolder("", "/data"),),
            "store_url": "file:///bucket",
            "logger_version": "0.1.0",
            "gap_s": 4 * 3600.0,
            "database_label": "the embedded database",
            "this_pc_only": True,
        }
        ports = SessionPorts(
            self.clock,
            self.random,
            inbox,
            transfer,
            self.events,
            self.database,
            self.facts,
            Station(**(known | station)),
        )
        self.loop = new_loop(ports)
        session_main(self.loop)
        told = list(self.events.messages)
        self.events.messages.clear()
        return told

    def later(self, seconds: float, message: Any) -> Any:
        """Return a line of a script that lets time pass before it is said."""

        def line() -> Any:
            self.clock.go_on(seconds)
            return message

        return line

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the log as a DBA sees it."""
        with sqlite3.connect(self.settings.embedded_database) as connection:
            found = connection.execute(
                "SELECT session_identifier, event_type, user, record_status, session_note, timestamp, end_reason "
                "FROM session_log ORDER BY session_identifier, event_type DESC"
            ).fetchall()
        connection.close()
        return found

    def session(self, identifier: str = "session-1") -> SessionFacts:
        return self.facts.session(identifier)


class InlineOutage:
    """A database that is away for a while."""

    def __init__(self, pc: Pc) -> None:
        self._pc = pc

    def begin(self) -> None:
        def refuse(*_: object) -> None:
            raise DatabaseUnavailable("The database does not answer", "The network may be gone.")

        self._pc.database.before = refuse

    def end(self) -> None:
        self._pc.database.before = None


@pytest.fixture
def pc(tmp_path: Path) -> Pc:
    return Pc(tmp_path)
