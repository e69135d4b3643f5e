"""A transfer without threads, on a real folder."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import WatchFolder
from nexuslims_logger.journal.results import Results, ns_of
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.messages import AllRecorded, Recover, Track, TrackedSession
from nexuslims_logger.ports import Reply
from nexuslims_logger.storage.names import MANIFESTS_FOLDER
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.main import handle
from nexuslims_logger.transfer.ports import TransferPorts, TransferRules
from nexuslims_logger.transfer.progress import Progress
from nexuslims_logger.transfer.selection import Selection
from nexuslims_logger.transfer.state import PassState
from nexuslims_logger.transfer.sync_pass import sync_pass
from tests.contract.memory_store import MemoryStore
from tests.unit.bench import CountingRandom, InlinePool, ListInbox, ManualClock, start_of_test

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SETTLE_S = 10.0


class Recorder:
    """A database that takes every manifest row."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.calls = 0

    def submit(self, function: Any, *args: Any, ticket: object, reply_to: Any) -> None:
        self.calls += 1
        (rows,) = args
        self.rows += rows
        reply_to.put(Reply(ticket))


class Transfer:
    """The transfer thread's work, a round at a time."""

    def __init__(self, watch: Path) -> None:
        self.watch = watch
        self.clock = ManualClock(start_of_test())
        self.inbox, self.session, self.window = ListInbox(), ListInbox(), ListInbox()
        self.store = MemoryStore()
        self.pool = InlinePool()
        self.database = Recorder()
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.files = FilesJournal(JournalFile(self.connection))
        self.results = Results(self.files)
        self.restart()

    def restart(self) -> None:
        """Forget everything but the journal, as a crash does."""
        self.state = PassState()
        self.ports = TransferPorts(
            clock=self.clock,
            random=CountingRandom(),
            inbox=self.inbox,
            session=self.session,
            window=self.window,
            database=self.database,
            pool=self.pool,
            file_system=Disk(),
            store=self.store,
            files=self.files,
            results=self.results,
            rules=TransferRules(Selection((), ("*.tmp",)), 60.0, SETTLE_S, 4, 4 * 3600.0),
        )
        self.progress = Progress(self.ports, self.state)

    def track(self, *sessions: TrackedSession) -> None:
        handle(self.ports, self.state, Track(sessions))

    def recover(self, session: TrackedSession, last: datetime, **times: datetime) -> None:
        handle(self.ports, self.state, Recover(session, last, **times))

    def turn(self) -> None:
        """Do rounds until nothing more comes of them."""
        for _ in range(1000):
            sync_pass(self.ports, self.state)
            message = self.inbox.get(0)
            if message is None:
                return
            handle(self.ports, self.state, message)
        pytest.fail("the transfer does not come to rest")

    def go_on(self, seconds: float = SETTLE_S) -> None:
        """Let time pass, look at the folders, and do what is due."""
        self.clock.go_on(seconds)
        self.state.scan_at = 0.0
        self.turn()

    def wait(self, seconds: float) -> None:
        """Let time pass, count what waits, and do what is due on the interval."""
        self.go_on(seconds)
        self.progress.tell()
        self.state.waiting_at = self.state.record_at = 0.0
        self.turn()

    def settle(self) -> None:
        """Let what is there be seen, settle, and be sent."""
        self.go_on(0)
        self.go_on()

    def write(self, name: str, data: bytes, mtime: datetime | None = None) -> Path:
        path = self.watch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if mtime:
            os.utime(path, ns=(0, ns_of(mtime)))
        return path

    def is_recorded(self, session: str) -> bool:
        """Whether it was told that the database has the session's whole manifest."""
        told = [message for message in self.session.messages if isinstance(message, AllRecorded)]
        return session in [message.session_identifier for message in told]

    def stored(self) -> dict[str, str | None]:
        """Return MD5 by object name, without the sessions' manifests."""
        return {found.name: found.md5 for found in self.store.list("") if MANIFESTS_FOLDER not in found.name}

    def a_session(self, name: str = "s1", **changes: Any) -> TrackedSession:
        facts: dict[str, Any] = {
            "identifier": name,
            "instrument_pid": "TITAN",
            "computer_name": "tem-pc",
            "filestore_path": "./Titan",
            "folders": (WatchFolder("", str(self.watch)),),
            "started_at": self.clock.now(),
            "ended": False,
        }
        return TrackedSession(**(facts | changes))

    def ended(self, session: TrackedSession, **changes: Any) -> TrackedSession:
        return self.a_session(
            session.identifier,
            **{"started_at": session.started_at, "ended": True, "ended_at": self.clock.now()} | changes,
        )


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def transfer(tmp_path: Path) -> Transfer:
    watch = tmp_path / "watch"
    watch.mkdir()
    return Transfer(watch)


@pytest.fixture
def long_ago(transfer: Transfer) -> datetime:
    return transfer.clock.now() - timedelta(days=3)
