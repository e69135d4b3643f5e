"""A simulated control PC: its disk, its clock, its microscope, and one run of the program after the other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from typing_extensions import override

from nexuslims_logger.db.worker import DatabasePorts, database_main
from nexuslims_logger.events import Event
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import WatchFolder
from nexuslims_logger.journal.results import Results
from nexuslims_logger.session.main import new_loop, session_main
from nexuslims_logger.session.ports import SessionPorts, Station
from nexuslims_logger.session.service import SessionService
from nexuslims_logger.transfer.main import transfer_main
from nexuslims_logger.transfer.ports import TransferPorts, TransferRules
from nexuslims_logger.transfer.selection import Selection
from nexuslims_logger.transfer.state import PassState
from tests.simulation.microscope import Microscope
from tests.simulation.observed import Observed
from tests.simulation.program import (
    Death,
    JournalDisk,
    Program,
    SimDatabasePool,
    SimInbox,
    SimJournalFile,
    SimPool,
    SimRandom,
)
from tests.simulation.sim_clock import BUILT_AT, SimClock
from tests.simulation.sim_store import SimStore
from tests.simulation.watched import SimFileSystem, WatchedDisk

if TYPE_CHECKING:
    from typing import Any

    from tests.simulation.scheduler import Actor
    from tests.simulation.world import World

#: How often there is what was thought of later.
CHANCES = {
    "builder": 0.4,
    "clock setter": 0.25,
    "clock hours wrong": 0.1,
    "short gap": 0.3,
    "store changes": 0.15,
    "absent-minded": 0.25,
}
#: How long after its last activity a session is left alone, where not for hours; seconds.
SHORT_GAPS_S = (40.0, 120.0)
#: Between two acts of the microscope, on average; seconds.
BUSY_S = (4.0, 15.0, 60.0)

#: Where files go, and where they go from some day on.
STORE_URL, OTHER_STORE_URL = "memory", "other memory"
IGNORE = ("~$*", "*.tmp")


class Pc:
    """A control PC: what is on its disk stays when its program dies."""

    def __init__(self, world: World, name: str, prefix: str, instrument_pid: str) -> None:
        self.world = world
        self.name = name
        self.prefix = prefix
        self.instrument_pid = instrument_pid
        random = world.scheduler.random
        apart = world.apart
        error_s = random.choice((0.0, 0.0, -7.25, 90.0, -10 * 86_400.0))
        if apart.random() < CHANCES["clock hours wrong"]:
            error_s = apart.choice((3 * 3600.0, -3600.0))
        self.clock = SimClock(world.scheduler, error_s)
        labels = random.choice((("",), ("",), ("camera", "spectra")))
        self.folders = tuple(WatchFolder(label, f"/{name}/{label or 'data'}") for label in labels)
        roots = tuple(folder.path for folder in self.folders)
        self.disk = WatchedDisk(self.clock, roots)
        self.microscope = Microscope(world.scheduler, self.disk, f"{name} microscope", random.choice(BUSY_S))
        self.observed = Observed(
            name=name,
            prefix=prefix,
            labels={folder.path: folder.label for folder in self.folders},
            clock=self.clock,
            disk=self.disk,
            gap=timedelta(hours=4)
            if apart.random() >= CHANCES["short gap"]
            else timedelta(seconds=apart.choice(SHORT_GAPS_S)),
            unassigned=self._unassigned,
            all_readable="disk.folder unreadable" not in world.faults.rates,
        )
        self._facts = JournalDisk(f"{name} facts", self.observed.see_facts)
        self._files = JournalDisk(f"{name} files", self.observed.see_files)
        self._rules = TransferRules(
            selection=Selection((), IGNORE),
            interval_s=random.choice((5.0, 60.0)),
            settle_s=10.0,
            workers=random.choice((1, 3)),
            gap_s=self.observed.gap.total_seconds(),
        )
        self._auto_end_s = random.choice((0.0, 0.0, 150.0))
        self.store_url = STORE_URL
        self.store_changes = apart.random() < CHANCES["store changes"]
        #: Who works here puts questions off, and goes away without a click.
        self.absent_minded = apart.random() < CHANCES["absent-minded"]
        self._launches = 0
        self.program: Program | None = None
        self.service: SessionService | None = None
        self.watcher: Actor | None = None

    @override
    def __str__(self) -> str:
        odd = [f"gap {self.observed.gap}", f"clock {self.clock.now()}"]
        odd += ["its store changes"] * self.store_changes + ["its users are absent-minded"] * self.absent_minded
        return ", ".join(odd)

    @property
    def running(self) -> bool:
        """Whether the program runs."""
        return self.program is not None and self.program.life.alive

    def launch(self, user: str | None, *, catch_up_only: bool = False) -> None:
        """Start the program; what it shows is kept in `observed.shown`."""
        scheduler = self.world.scheduler
        self._launches += 1
        program = Program(scheduler, f"{self.name} run {self._launches}", self.world.faults)
        station = Station(
            computer_name=self.name,
            user=user,
            launched_at=self.clock.now(),
            folders=self.folders,
            store_url=self.store_url,
            logger_version="0.0.0",
            gap_s=self._rules.gap_s,
            database_label="simulated",
            this_pc_only=False,
            instrument_pid=self.instrument_pid,
            catch_up_only=catch_up_only,
            auto_end_s=self._auto_end_s,
            built_at=BUILT_AT,
        )
        self.observed.launch(station.launched_at, user)
        inbox = SimInbox["Any"](program, "session")
        self.program = program
        self.service = SessionService(inbox)
        program.spawn(f"{self.name} main", self._boot, program, inbox, station)

    def kill(self) -> None:
        """End the program, as power cuts, task managers and exits do."""
        if self.program is not None and self.program.life.alive:
            self.world.scheduler.kill(self.program.life)

    def is_home(self, session: str) -> bool:
        """Whether this session, and all before that go to the same store, are ready, and the journal knows."""
        states = {row[0]: row[1:] for row in self.journal()}
        return session in states and all(
            state == "READY" and revision == database_revision
            for identifier, (state, revision, database_revision, _) in states.items()
            if self.observed.store_of[identifier] == self.store_url
        )

    def elsewhere(self) -> set[str]:
        """Return the stores, other than the present one, for which unfinished sessions wait."""
        unfinished = {identifier for identifier, state, *_ in self.journal() if state != "READY"}
        return {self.observed.store_of[identifier] for identifier in unfinished} - {self.store_url}

    def knows(self, root: str) -> bool:
        """Whether the journal has noted on which volume this watch folder stands."""
        return bool(self._in_files("folder", "SELECT 1 FROM folder WHERE root = ?", root.encode()))

    def _unassigned(self) -> set[tuple[bytes, ...]]:
        return set(self._in_files("seen", "SELECT root, folder, name FROM seen WHERE owner = ''"))

    def _in_files(self, table: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        content = self._files.content
        if content is None:
            return []
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(content)
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchall():
                return []
            return connection.execute(query, values).fetchall()

    def journal(self) -> list[tuple[Any, ...]]:
        """Return how the journal's sessions stand, in plain SQL."""
        content = self._facts.content
        if content is None:
            return []
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(content)
            return connection.execute(
                "SELECT identifier, state, revision, database_revision, database_error FROM session"
            ).fetchall()

    def _boot(self, program: Program, session: SimInbox[Any], station: Station) -> None:
        """Do what `bootstrap` does: bring the concrete parts together and start the threads."""
        transfer = SimInbox["Any"](program, "transfer")
        database = SimInbox["Any"](program, "database")
        window = SimInbox[Event](program, "window")
        random = SimRandom(program.scheduler)
        facts_file, files_file = SimJournalFile(program, self._facts), SimJournalFile(program, self._files)
        files = FilesJournal(files_file)
        bucket = self.world.buckets[station.store_url]
        database_pool = SimDatabasePool(database)
        session_ports = SessionPorts(
            clock=self.clock,
            random=random,
            inbox=session,
            transfer=transfer,
            window=window,
            database=database_pool,
            facts=FactsJournal(facts_file),
            station=station,
        )
        transfer_ports = TransferPorts(
            clock=self.clock,
            random=random,
            inbox=transfer,
            session=session,
            window=window,
            database=database_pool,
            pool=SimPool(program, f"{self.name} pool", self._rules.workers),
            file_system=SimFileSystem(program, self.disk),
            store=SimStore(program, bucket.store, bucket.history, bucket.begun),
            files=files,
            results=Results(files),
            rules=self._rules,
        )
        program.spawn(f"{self.name} database", self._serve_database, program, database)
        facts_file.in_use = files_file.in_use = True
        program.spawn(f"{self.name} transfer", self._transfer_lives, transfer_ports)
        program.spawn(f"{self.name} session", self._session_lives, session_ports)
        self._paint(window)

    def _transfer_lives(self, ports: TransferPorts) -> None:
        """Do what `bootstrap` does with a thread that dies."""
        state = PassState()
        while True:
            try:
                return transfer_main(ports, state)
            except Death:
                state = state.successor()
                self.world.scheduler.wait(1.0)

    def _session_lives(self, ports: SessionPorts) -> None:
        loop = new_loop(ports)
        while True:
            try:
                return session_main(loop)
            except Death:
                loop = loop.successor()
                self.world.scheduler.wait(1.0)

    def _serve_database(self, program: Program, inbox: SimInbox[Any]) -> None:
        units = self.world.database.units(program, self.clock)
        database_main(DatabasePorts(inbox, lambda: units))

    def _paint(self, window: SimInbox[Event]) -> None:
        """Show what comes, as the window does."""
        while True:
            event = window.get(None)
            assert event is not None
            self.observed.show(event)
            if self.watcher is not None:
                self.world.scheduler.wake(self.watcher)
