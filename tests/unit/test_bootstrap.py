"""The whole program without a window, whose threads die in the middle of a session."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger import bootstrap
from nexuslims_logger.bootstrap_supervision import Pace, Supervision
from nexuslims_logger.config import load_settings
from nexuslims_logger.events import Healed, NoteSaved, SessionReady, SessionStarted, TransferProgress, Trouble
from nexuslims_logger.journal.salvage import TITLE
from nexuslims_logger.session import end
from nexuslims_logger.session import main as session_main
from nexuslims_logger.session.forgotten import somebody_works
from nexuslims_logger.storage import folder
from nexuslims_logger.storage.folder_content import identity_at
from nexuslims_logger.transfer import finish
from nexuslims_logger.transfer import main as transfer_main
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.sync_pass import sync_pass
from nexuslims_logger.transfer.verify import verify_some

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nexuslims_logger.bootstrap import Running
    from nexuslims_logger.config import Settings
    from nexuslims_logger.ports import OpenFile
    from nexuslims_logger.storage.folder_content import Identity

LIMIT_S = 60.0


def breaks_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, which raises at first what nobody has foreseen."""
    left = 1

    def broken(*arguments: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise ZeroDivisionError
        return function(*arguments)

    return broken


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir()
    return load_settings(
        {
            "HOME": str(tmp_path),
            "NEXUSLIMSGUI_HOME": str(tmp_path / "home"),
            "NEXUSLIMSGUI_FILESTORE_PATH": str(tmp_path / "data"),
            "NEXUSLIMSGUI_SETTLE_SECONDS": "0.2",
            "NEXUSLIMSGUI_SYNC_INTERVAL_SECONDS": "1",
        }
    )


class Window:
    """What a window would hear."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.told: list[Any] = []

    def until(self, kind: type, about: str = "") -> Any:
        """Wait for an event of this kind; `about` begins its own kind."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            event = self._running.next_event(0.2)
            self.told.append(event)
            if isinstance(event, kind) and getattr(event, "kind", "").startswith(about):
                return event
        pytest.fail(f"no {kind.__name__}")


def test_threads_that_die_in_a_session_lose_nothing_of_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transfer_main, "sync_pass", breaks_once(sync_pass))
    monkeypatch.setattr(
        session_main, "somebody_works", breaks_once(somebody_works)
    )  # when the note has been written, before it is told
    monkeypatch.setattr(end, "write_end", breaks_once(end.write_end))
    caplog.set_level(logging.CRITICAL, logger="nexuslims_logger")
    running = bootstrap.start(settings, user="ada")
    window = Window(running)
    try:
        session = window.until(SessionStarted).session_identifier
        (tmp_path / "data" / "a.dm3").write_bytes(b"one")
        running.service.set_note("grid 7")
        window.until(NoteSaved)
        running.service.end()
        assert window.until(SessionReady).session_identifier == session
    finally:
        running.stop(LIMIT_S)

    dead = [event.kind for event in window.told if isinstance(event, Trouble)]
    assert sorted(set(dead)) == ["nexuslims-session", "nexuslims-transfer"]
    assert {event.session_identifier for event in window.told if isinstance(event, SessionStarted)} == {session}
    with closing(sqlite3.connect(settings.embedded_database)) as connection:
        rows = connection.execute(
            "SELECT event_type, record_status, session_note FROM session_log ORDER BY event_type"
        ).fetchall()
        files = connection.execute("SELECT state FROM file_manifest").fetchall()
    assert rows == [("END", "TO_BE_BUILT", "grid 7"), ("START", "TO_BE_BUILT", "grid 7")]
    assert files == [("UPLOADED",)]


def test_a_file_that_hangs_is_named_and_holds_up_no_other(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung, answered = "locked.dm3", threading.Event()
    really_open = Disk.open

    def opened(disk: Disk, root: str, path: str) -> OpenFile:
        # Not where it is looked whether it has settled: only the leaf hangs, as at a read that never ends.
        if path == hung and threading.current_thread().name.startswith("nexuslims-upload"):
            answered.wait(LIMIT_S)
        return really_open(disk, root, path)

    monkeypatch.setattr(Disk, "open", opened)
    monkeypatch.setattr(bootstrap, "Supervision", partial(Supervision, pace=Pace(hang_s=0.5, look_s=0.1)))
    running = bootstrap.start(settings, user="ada")
    window = Window(running)
    try:
        window.until(SessionStarted)
        (tmp_path / "data" / hung).write_bytes(b"read by nobody")
        stuck = window.until(Trouble, "stuck nexuslims-upload")
        assert stuck.problem.title == f"No progress: the transfer of {hung}"
        (tmp_path / "data" / "b.dm3").write_bytes(b"goes on")
        while not list(settings.home.glob("bucket/*/b.dm3")):
            window.until(TransferProgress)
        answered.set()
        window.until(Healed, stuck.kind)
        running.service.end()
        window.until(SessionReady)
    finally:
        answered.set()
        running.stop(LIMIT_S)
    assert len(list(settings.home.glob("bucket/*/*.dm3"))) == 2


def test_a_slow_store_is_not_called_a_hang(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = threading.Event()

    def looked(path: Path) -> Identity | None:
        if compared.is_set():
            time.sleep(0.1)
        return identity_at(path)

    def verified(*arguments: Any) -> Any:
        compared.set()
        return verify_some(*arguments)

    monkeypatch.setattr(folder, "identity_at", looked)
    monkeypatch.setattr(finish, "verify_some", verified)
    monkeypatch.setattr(bootstrap, "Supervision", partial(Supervision, pace=Pace(hang_s=0.6, look_s=0.1)))
    running = bootstrap.start(settings, user="ada")
    window = Window(running)
    try:
        window.until(SessionStarted)
        for number in range(12):
            (tmp_path / "data" / f"{number}.dm3").write_bytes(b"%d" % number)
        running.service.end()
        window.until(SessionReady)
    finally:
        running.stop(LIMIT_S)
    assert compared.is_set()
    assert not [event for event in window.told if isinstance(event, Trouble)]


def test_a_damaged_journal_keeps_no_session_from_starting(settings: Settings) -> None:
    settings.home.mkdir()
    for name in ("facts.db", "files.db"):
        (settings.home / name).write_bytes(b"damaged " * 1024)
    running = bootstrap.start(settings, user="ada")
    window = Window(running)
    try:
        window.until(SessionStarted)
        running.service.end()
        window.until(SessionReady)
    finally:
        running.stop(LIMIT_S)

    told = [event.problem for event in window.told if isinstance(event, Trouble)]
    assert [problem.title for problem in told] == [TITLE] * 2
    assert "facts.db could not be read" in told[1].message
    assert len(list(settings.home.glob("*.damaged-*"))) == 2
