"""The clock, the network, the settings, and the folders on this PC."""

from __future__ import annotations

import dataclasses
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.admin.doctor import folders
from nexuslims_logger.admin.doctor.clock import check_clock
from nexuslims_logger.admin.doctor.findings import Outcome
from nexuslims_logger.admin.doctor.folders import check_space, check_store, check_watch_folder, check_writable
from nexuslims_logger.admin.doctor.network import connect, resolve
from nexuslims_logger.admin.doctor.program_folder import check_journal, check_place, check_running
from nexuslims_logger.admin.doctor.settings import check_settings
from nexuslims_logger.admin.doctor.store import store_groups
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result, Results
from nexuslims_logger.journal.seen import FileKey
from nexuslims_logger.journal.sqlite import open_journal_file
from nexuslims_logger.ports import FileStat
from nexuslims_logger.single_instance import SingleInstance
from nexuslims_logger.storage.folder import FolderStore
from tests.database_servers import free_port
from tests.integration.test_tasks import ENDED, RUNNING

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = SystemClock()

as_somebody = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read and write everything"
)


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), Outcome.OK),
        (datetime(2016, 1, 1, tzinfo=UTC), Outcome.FAIL),
        (datetime(2099, 1, 1, tzinfo=UTC), Outcome.FAIL),
    ],
)
def test_the_clock_has_to_be_plausible(now: datetime, outcome: Outcome) -> None:
    assert check_clock(now).outcome is outcome


def test_a_name_is_looked_up() -> None:
    assert resolve("localhost", 3306).outcome is Outcome.OK
    unknown = resolve("no-such-host.invalid", 3306)
    assert unknown.outcome is Outcome.FAIL
    assert "no-such-host.invalid" in unknown.said
    assert "port 53" in unknown.remedy
    assert resolve("a" * 64 + ".example", 3306).outcome is Outcome.FAIL


def test_a_port_is_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert connect("127.0.0.1", port).outcome is Outcome.OK
    closed = connect("127.0.0.1", free_port())
    assert closed.outcome is Outcome.FAIL
    assert "refuses port" in closed.said
    assert "127.0.0.1, port" in closed.remedy


def test_a_port_that_swallows_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexuslims_logger.admin.doctor.network.CONNECT_LIMIT_S", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
            found = connect("127.0.0.1", port)
        finally:
            for one in waiting:
                one.close()
    assert found.outcome is Outcome.FAIL
    assert "no answer" in found.said
    assert f"127.0.0.1, port {port}" in found.remedy


def test_every_problem_of_the_settings_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUSLIMSGUI_SYNC_INTERVAL_SECONDS", "soon")
    monkeypatch.setenv("NEXUSLIMSGUI_DATA_BUKET", "x")
    monkeypatch.setenv("NEXUSLIMSGUI_DATABASE_URL", "oracle://ada:S3CRET@db/x")

    settings, lines = check_settings()

    assert settings is None
    assert [line.outcome for line in lines] == [Outcome.FAIL] * 3
    told = "\n".join(line.said for line in lines)
    assert "Did you mean NEXUSLIMSGUI_DATA_BUCKET" in told
    assert "S3CRET" not in told


def test_settings_without_effect_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text("{}")
    monkeypatch.setenv("NEXUSLIMSGUI_CREDENTIALS_FILE", os.fspath(key))
    monkeypatch.setenv("NEXUSLIMSGUI_GCP_PROJECT", "lab-microscopy-1234")

    settings, (read, *idle) = check_settings()

    assert settings is not None
    assert (read.outcome, read.said) == (Outcome.OK, "2 set, by: environment")
    assert [line.outcome for line in idle] == [Outcome.WARN] * 2
    assert "CREDENTIALS_FILE" in idle[0].said

    monkeypatch.setenv("NEXUSLIMSGUI_DATA_BUCKET", "lab-data")
    assert len(check_settings()[1]) == 1


def test_room_on_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def with_free(free: int) -> Outcome:
        monkeypatch.setattr(folders, "_FULL_BYTES", 2**80 if free == 0 else 0)
        monkeypatch.setattr(folders, "_TIGHT_BYTES", 2**80 if free <= 1 else 0)
        return check_space(tmp_path / "not" / "yet").outcome

    assert [with_free(free) for free in (0, 1, 2)] == [Outcome.FAIL, Outcome.WARN, Outcome.OK]


def test_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    found = check_writable(tmp_path / "a" / "b", setting="NEXUSLIMSGUI_HOME", made="is made")

    assert found.outcome is Outcome.OK
    assert "does not exist yet" in found.said
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")

    found = check_writable(tmp_path / "a", setting="NEXUSLIMSGUI_HOME", made="is made")

    assert found.outcome is Outcome.FAIL
    assert "NEXUSLIMSGUI_HOME" in found.remedy
    assert check_watch_folder(os.fspath(tmp_path / "a"), CLOCK, is_default=False).outcome is Outcome.FAIL


@as_somebody
def test_a_folder_without_rights(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    below = tmp_path / "watched" / "below"
    below.mkdir(parents=True)
    below.chmod(0)
    try:
        assert check_writable(closed, setting="X", made="").outcome is Outcome.FAIL
        found = check_watch_folder(os.fspath(below.parent), CLOCK, is_default=False)
        assert (found.outcome, "below" in found.said) == (Outcome.WARN, True)
        assert check_watch_folder(os.fspath(below), CLOCK, is_default=False).outcome is Outcome.FAIL
    finally:
        below.chmod(0o700)


def test_a_local_disk_is_one_and_a_roaming_profile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_place(tmp_path / "gui").outcome is Outcome.OK
    monkeypatch.setenv("APPDATA", os.fspath(tmp_path))
    found = check_place(tmp_path / "gui")
    assert found.outcome is Outcome.FAIL
    assert "roaming" in found.said


def test_the_journal_is_counted_and_left_alone(tmp_path: Path) -> None:
    assert check_journal(tmp_path).outcome is Outcome.OK
    assert list(tmp_path.iterdir()) == []

    file = open_journal_file(tmp_path / "facts.db")
    journal = FactsJournal(file)
    journal.add(RUNNING)
    while_running = check_journal(tmp_path)
    journal.add(dataclasses.replace(ENDED, identifier="ended"))
    file.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    at_rest = check_journal(tmp_path)

    assert (while_running.outcome, while_running.said[:17]) == (Outcome.OK, "1 session(s) open")
    assert at_rest.outcome is Outcome.WARN
    assert at_rest.said == "1 session(s) open, 1 ended and waiting to be completed"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_journal_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "facts.db").write_bytes(b"\x00garbage" * 200)

    found = check_journal(tmp_path)

    assert found.outcome is Outcome.FAIL
    assert "facts.db" in found.said


def test_a_running_logger_is_seen(tmp_path: Path) -> None:
    assert check_running(tmp_path / "none").said == "no logger runs at present"
    assert not (tmp_path / "none").exists()
    lock = SingleInstance(tmp_path)
    lock.acquire()
    try:
        assert f"process {os.getpid()}" in check_running(tmp_path).said
    finally:
        lock.release()
    found = check_running(tmp_path)
    assert (found.outcome, found.said) == (Outcome.OK, "no logger runs at present")


def test_the_store(tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert check_store(store, used=False).outcome is Outcome.OK
    assert check_store(store, used=True).outcome is Outcome.WARN
    assert not store.exists()

    store.mkdir()
    assert "makes a store of it" in check_store(store, used=False).said
    (store / "somebody's file").write_text("")
    assert check_store(store, used=False).outcome is Outcome.WARN
    list(FolderStore(store, CLOCK).list(""))
    assert check_store(store, used=False).said == f"{store} is a store"


def test_a_store_that_has_files_of_sessions_should_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    monkeypatch.setenv("NEXUSLIMSGUI_DATA_BUCKET", os.fspath(store))
    settings, _ = check_settings()
    assert settings is not None
    (group,) = store_groups(settings, CLOCK, lambda: None)
    (look,) = [check.look for check in group.checks if check.name == "folder"]
    assert look().outcome is Outcome.OK

    file = open_journal_file(settings.home / "facts.db")
    FactsJournal(file).add(dataclasses.replace(RUNNING, store_url=FolderStore(store, CLOCK).url))
    file.close()
    assert look().outcome is Outcome.OK, "a session without files makes no store"

    file = open_journal_file(settings.home / "files.db")
    files = FilesJournal(file)
    key, stat = FileKey("/watch", "", "a.tif"), FileStat(1, 1, 1)
    with files.transaction():
        Results(files).put(Result(RUNNING.identifier, key, ResultState.UPLOADED, stat, "a", CLOCK.now(), "0" * 32, 1))
    file.close()

    found = look()
    assert (found.outcome, "connected" in found.remedy) == (Outcome.WARN, True)


def test_a_watch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.fspath(tmp_path / "data")
    assert check_watch_folder(path, CLOCK, is_default=True).outcome is Outcome.OK
    missing = check_watch_folder(path, CLOCK, is_default=False)
    assert missing.outcome is Outcome.FAIL
    assert "NEXUSLIMSGUI_FILESTORE_PATH" in missing.remedy

    for name in ("a.dm4", "day/b.dm4", "day/c.dm4"):
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    assert ": 3 files, on the volume " in check_watch_folder(path, CLOCK, is_default=False).said
    monkeypatch.setattr(folders, "_COUNT_FILES", 1)
    assert ": 1 or more files" in check_watch_folder(path, CLOCK, is_default=False).said
