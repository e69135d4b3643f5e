"""Whatever a microscope, a network and a power cut do one after the other: manifest, store and disk agree.

The real disk, the real journals, the real tables and a real store, without threads; hypothesis makes up the sequence
and shortens one that fails. What the simulator does with virtual disks and schedules, this does with real files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.config import load_settings
from nexuslims_logger.db.tasks import find_instrument, open_database
from nexuslims_logger.errors import DatabaseUnavailable, LoggerError, StoreUnavailable
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.results import Results
from nexuslims_logger.journal.sqlite import open_journal_file
from nexuslims_logger.messages import AllRecorded
from nexuslims_logger.ports import Reply
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.transfer.verify import find_content
from tests.storage_emulators import make_bucket, needs_emulators, store_at
from tests.unit.transfer.conftest import SETTLE_S, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.storage.contract import ObjectStore
    from tests.storage_proxy import StorageProxy

PC, PID = "tem-pc", "tem-pc"
NAMES = ("a.tif", "deep/er/ü 1%.ser")
#: The calls at which something may go wrong.
STORE_CALLS = ("stat", "put", "copy", "set_metadata")
#: A program that does not come to rest is broken; one that needs more rounds than this does not come to rest.
ROUNDS = 30


class PowerCutError(BaseException):
    """Nothing after this line is done."""


@dataclass
class Trouble:
    """What goes wrong at the next calls: each word is used up by one."""

    store: list[str] = field(default_factory=list)
    database: list[str] = field(default_factory=list)
    #: Runs once, while a content is being read.
    meanwhile: Callable[[], None] | None = None
    #: Names and MD5s that the store has had.
    ever_stored: set[tuple[str, str | None]] = field(default_factory=set)


class TroubledStore:
    """A store whose answers are lost now and then, and who takes its time."""

    def __init__(self, store: ObjectStore, trouble: Trouble) -> None:
        self._store = store
        self._trouble = trouble

    def __getattr__(self, name: str) -> Any:
        really = getattr(self._store, name)
        if name not in STORE_CALLS:
            return really

        def call(*arguments: Any, **more: Any) -> Any:
            harm = self._trouble.store.pop(0) if self._trouble.store else ""
            if harm == "away":
                raise StoreUnavailable("Away", "away")
            if harm == "cut before":
                raise PowerCutError
            if self._trouble.meanwhile and name == "put":
                meanwhile, self._trouble.meanwhile = self._trouble.meanwhile, None
                meanwhile()
            answer = really(*arguments, **more)
            if answer is not None:
                self._trouble.ever_stored.add((answer.name, answer.md5))
            if harm == "answer lost":
                raise StoreUnavailable("Lost", "the answer was lost")
            if harm == "cut after":
                raise PowerCutError
            return answer

        return call


class TroubledDatabase:
    """The database's thread, at once."""

    def __init__(self, units: Any, trouble: Trouble) -> None:
        self._units = units
        self._trouble = trouble

    def submit(self, function: Any, *arguments: Any, ticket: object, reply_to: Any) -> None:
        harm = self._trouble.database.pop(0) if self._trouble.database else ""
        if harm == "away":
            reply_to.put(Reply(ticket, error=DatabaseUnavailable("Away", "away")))
            return
        try:
            function(self._units, *arguments)
        except LoggerError as error:
            reply_to.put(Reply(ticket, error=error))
            return
        if harm == "cut after":
            raise PowerCutError
        lost = DatabaseUnavailable("Lost", "the answer was lost") if harm == "answer lost" else None
        reply_to.put(Reply(ticket, error=lost))


class Lab(Transfer):
    """One PC with everything real, on which things happen."""

    def __init__(self, folder: Path, store: ObjectStore, template: Path) -> None:
        self._folder = folder
        self._journal: Any = None
        self._tick = 0
        self._sessions = 0
        self._real = store
        self.trouble = Trouble()
        (folder / "home").mkdir()
        self.database_file = folder / "home" / "nexuslims.db"
        shutil.copy(template, self.database_file)
        self._units = open_database(load_settings({"HOME": os.fspath(folder), "NEXUSLIMSGUI_HOME": f"{folder}/home"}))
        (folder / "watch").mkdir()
        super().__init__(folder / "watch")
        self.ended_ones: list[TrackedSession] = []
        self.running = self._begin()

    # --- the program -----------------------------------------------------------------------------------------

    def restart(self) -> None:
        if self._journal is not None:
            self._journal.close()
        self._journal = open_journal_file(self._folder / "files.db")
        # A test cuts the program, not the power of the machine that it runs on.
        self._journal.connection.execute("PRAGMA synchronous = OFF")
        self.files = FilesJournal(self._journal)
        self.results = Results(self.files)
        self.inbox.messages.clear()
        self.store = TroubledStore(self._real, self.trouble)  # type: ignore[assignment]  # all that the transfer uses
        self.database = TroubledDatabase(self._units, self.trouble)  # type: ignore[assignment]  # as above
        super().restart()

    def close(self) -> None:
        self._journal.close()
        self._units.disconnect()

    def _begin(self) -> TrackedSession:
        self._sessions += 1
        session = self.a_session(f"s{self._sessions}", instrument_pid=PID, computer_name=PC)
        self.running = session
        self._track()
        # The first scan of a session goes by times, and the test's clock is not the disk's.
        self._patiently(lambda: self.go_on(0))
        return session

    def _track(self) -> None:
        self.track(*self.ended_ones, self.running)

    def _patiently(self, work: Callable[[], None]) -> None:
        """Work, and start the program again as often as it is cut."""
        while True:
            try:
                work()
            except PowerCutError:
                self.restart()
                self._track()
            else:
                return

    # --- what happens ----------------------------------------------------------------------------------------

    def _stamp(self, path: Path) -> None:
        """Give the file a time of the test's clock, later than any before: no disk's coarse ticks."""
        self._tick += 1
        at = int(self.clock.now().timestamp() * 10**6) * 1000 + self._tick * 1000
        os.utime(path, ns=(at, at))

    def rewrite(self, name: str, content: bytes) -> None:
        path = self.write(name, content)
        self._stamp(path)

    def append(self, name: str, content: bytes) -> None:
        path = self.watch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(content)
        self._stamp(path)

    def rename(self, name: str, to: str) -> None:
        path, goal = self.watch / name, self.watch / to
        if path.exists() and name != to:
            goal.parent.mkdir(parents=True, exist_ok=True)
            path.replace(goal)

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self.watch / name).unlink()

    def replace(self, name: str, content: bytes) -> None:
        beside = self.write("beside.tmp", content)
        self._stamp(beside)
        goal = self.watch / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        beside.replace(goal)

    def change_while_sent(self, name: str, content: bytes) -> None:
        self.trouble.meanwhile = lambda: self.append(name, content)

    def look(self, seconds: float) -> None:
        self._patiently(lambda: self.go_on(seconds))

    def settle(self, in_store: tuple[str, ...] = (), in_database: tuple[str, ...] = ()) -> None:
        """Let what is there settle, be sent and be recorded; the next answers are such."""
        self.trouble.store[:] = in_store
        self.trouble.database[:] = in_database
        for seconds in (0, SETTLE_S, 60):
            self.look(seconds)

    def cut(self) -> None:
        self.restart()
        self._track()

    def next_user(self) -> None:
        self.ended_ones.append(self.ended(self.running, instrument_pid=PID, computer_name=PC))
        self._begin()

    # --- what must hold --------------------------------------------------------------------------------------

    def rows(self) -> list[tuple[str, str, str, str | None, int | None]]:
        with closing(sqlite3.connect(self.database_file)) as connection:
            return connection.execute(
                "SELECT session_identifier, object_name, state, md5, generation FROM file_manifest"
            ).fetchall()

    def nothing_is_claimed_in_vain(self) -> None:
        """Check that no row runs ahead of the store; behind it, for the moment between both, it may be."""
        for _, name, state, md5, _ in self.rows():
            assert state != "UPLOADED" or (name, md5) in self.trouble.ever_stored, f"{name} was never stored"

    def end_of_day(self) -> None:
        """End the last session in peace, and compare everything with everything."""
        self.trouble.store.clear()
        self.trouble.database.clear()
        self.trouble.meanwhile = None
        last = self.running
        self.ended_ones.append(self.ended(last, instrument_pid=PID, computer_name=PC))
        self.track(*self.ended_ones)
        for _ in range(ROUNDS):
            self.go_on(max(SETTLE_S, 400.0))
            told = [message for message in self.session.messages if isinstance(message, AllRecorded)]
            if {message.session_identifier for message in told} >= {one.identifier for one in self.ended_ones}:
                break
        else:
            pytest.fail(f"not recorded after {ROUNDS} rounds: {self.state}")
        rows = self.rows()
        for _, name, state, md5, generation in rows:
            found = state != "UPLOADED" or find_content(self._real, name, generation, md5)
            assert found, f"{name} is not in the store as recorded"
        assert len({(session, name) for session, name, *_ in rows}) == len(rows)
        uploaded = {(name, md5) for _, name, state, md5, _ in rows if state == "UPLOADED"}
        for path in self.watch.rglob("*"):
            if path.is_file() and path.suffix != ".tmp":
                name = f"Titan/{path.relative_to(self.watch).as_posix()}"
                md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
                assert (name, md5) in uploaded, f"{name} is on the disk and not in the manifest as it is"
        named = {name for _, name, *_ in rows}
        for stored in self._real.list(""):
            known = stored.name in named or stored.name.startswith((".versions/", "Titan/.manifests/"))
            assert known, f"{stored.name} is in the store, and nobody says so"


names = st.sampled_from(NAMES)
contents = st.sampled_from([b"one", b"two", b""])
fine = st.just("")
in_store = st.lists(fine | st.sampled_from(["away", "answer lost", "cut before", "cut after"]), max_size=4).map(tuple)
in_database = st.lists(st.sampled_from(["away", "answer lost", "cut after"]), max_size=2).map(tuple)
changes = st.one_of(
    st.tuples(st.sampled_from(["rewrite", "replace"]), names, contents),
    st.tuples(st.sampled_from(["rewrite", "replace", "append"]), names, contents),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("change_while_sent"), names, st.just(b"more")),
)
times = st.one_of(
    st.tuples(st.just("settle")),
    st.tuples(st.just("settle"), in_store),
    st.tuples(st.just("settle"), st.just(()), in_database),
    st.tuples(st.just("settle"), in_store, in_database),
    st.tuples(st.just("look"), st.sampled_from([0.0, 1.0, SETTLE_S, 400.0])),
    st.tuples(st.just("cut")),
    st.tuples(st.just("next_user")),
)
#: Something is written, and then something happens to it, over and over again.
sequences = st.lists(st.tuples(st.lists(changes, min_size=1, max_size=2), times), min_size=3, max_size=9).map(
    lambda parts: [happening for changed, then in parts for happening in (*changed, then)]
)


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk be lazy: it is the program that is cut, not the machine."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tables once; an instrument is registered."""
    home = tmp_path_factory.mktemp("template")
    units = open_database(load_settings({"HOME": os.fspath(home), "NEXUSLIMSGUI_HOME": os.fspath(home)}))
    find_instrument(units, PC, None, True)
    units.disconnect()
    return home / "nexuslims.db"


def play(happening: list[tuple[Any, ...]], store_in: Callable[[Path], ObjectStore], template: Path) -> None:
    """Let it happen on a new PC, and compare afterwards."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        lab = Lab(folder, store_in(folder), template)
        try:
            for what, *arguments in happening:
                getattr(lab, what)(*arguments)
                lab.nothing_is_claimed_in_vain()
            lab.end_of_day()
        finally:
            lab.close()


def checked(examples: int) -> settings:
    """Return how often; the same sequences each time, so that a failure is the change's."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@checked(60 if os.name != "nt" else 10)  # Wine is slow
@given(happening=sequences)
def test_in_a_folder(happening: list[tuple[Any, ...]], template: Path) -> None:
    play(happening, lambda folder: FolderStore(folder / "bucket", SystemClock()), template)


@needs_emulators
@checked(4)
@given(happening=sequences)
def test_in_a_bucket(happening: list[tuple[Any, ...]], template: Path, gcp_url: str, proxy: StorageProxy) -> None:
    play(happening, lambda folder: store_at(proxy.url, make_bucket(gcp_url), folder), template)
