"""Who may start beside whom."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger import bootstrap_lock
from nexuslims_logger.bootstrap_aside import Aside
from nexuslims_logger.bootstrap_lock import copy_claims, take_lock
from nexuslims_logger.config import load_settings
from nexuslims_logger.doorbell import Doorbell, Inside
from nexuslims_logger.journal.records import Instrument
from nexuslims_logger.single_instance import AlreadyRunning

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.config import Settings

LIMIT_S = 30.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path, "home", "data")


def settings_of(tmp_path: Path, home: str, folder: str, **more: str) -> Settings:
    names = {"HOME": str(tmp_path / home), "FILESTORE_PATH": str(tmp_path / folder), **more}
    return load_settings({"HOME": str(tmp_path)} | {f"NEXUSLIMSGUI_{name}": value for name, value in names.items()})


def test_a_catch_up_gives_way_before_its_bell_hangs_and_while_it_stops(settings: Settings) -> None:
    catch_up = take_lock(settings, "TEM-PC", catch_up_only=True)
    start = Aside(lambda: take_lock(settings, "TEM-PC", catch_up_only=False))
    assert not start.wait(0.2), "refused because there is no bell yet"

    bell = Doorbell(settings.home, Inside.CATCH_UP)
    deadline = time.monotonic() + LIMIT_S
    while not bell.rang():
        assert time.monotonic() < deadline, "nobody rings a second time"
        time.sleep(0.01)
    bell.close()
    assert not start.wait(0.2), "refused while the catch-up puts everything down"

    catch_up.release()
    assert start.wait(LIMIT_S)
    start.result().release()


def test_nobody_rings_at_a_session_and_no_catch_up_at_another(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap_lock, "ring", lambda *_where: pytest.fail("it waits for what does not give way"))
    for catch_up_only in (False, True):
        running = take_lock(settings, "TEM-PC", catch_up_only=catch_up_only)
        with pytest.raises(AlreadyRunning):
            take_lock(settings, "TEM-PC", catch_up_only=True)
        if not catch_up_only:
            with pytest.raises(AlreadyRunning):
                take_lock(settings, "TEM-PC", catch_up_only=False)
        running.release()


def refused(settings: Settings) -> bool:
    try:
        take_lock(settings, "TEM-PC", catch_up_only=False).release()
    except AlreadyRunning as running:
        return running.elsewhere
    return False


@pytest.mark.skipif(sys.platform not in {"linux", "win32"}, reason="nobody is kept out there")
def test_nobody_else_watches_a_part_of_a_watch_folder_nor_all_around_it(tmp_path: Path) -> None:
    (tmp_path / "data" / "ada").mkdir(parents=True)
    running = take_lock(settings_of(tmp_path, "one", "data/ada"), "TEM-PC", catch_up_only=False)
    for folder in ("data/ada", "data", "data/ada/today"):
        assert refused(settings_of(tmp_path, "two", folder)), folder
    assert not refused(settings_of(tmp_path, "two", "data/bob")), "a folder beside"
    if os.name != "nt":
        (tmp_path / "linked").symlink_to(tmp_path / "data")
        assert refused(settings_of(tmp_path, "two", "linked/ada"))
    running.release()
    assert not refused(settings_of(tmp_path, "two", "data"))


@pytest.mark.skipif(sys.platform not in {"linux", "win32"}, reason="nobody is kept out there")
def test_an_instrument_is_the_same_by_its_computer_and_by_its_identifier(tmp_path: Path) -> None:
    database = {"DATABASE_URL": "mysql+pymysql://u@db/nexuslims"}
    by_name = settings_of(tmp_path, "one", "data", **database)
    by_pid = settings_of(tmp_path, "two", "other", INSTRUMENT="tem-1", **database)
    copy = Instrument("TEM-1", "Titan", "./Titan", "tem-pc", "UTC")

    running = take_lock(by_name, "TEM-PC", catch_up_only=False)
    assert not refused(by_pid), "it does not know the identifier yet"
    running.claim(*copy_claims(by_name, "TEM-PC", copy))
    assert refused(by_pid)
    assert refused(settings_of(tmp_path, "three", "more", **database))
    running.release()

    running = take_lock(by_pid, "TEM-PC", catch_up_only=False)
    second = take_lock(by_name, "TEM-PC", catch_up_only=False)
    with pytest.raises(AlreadyRunning):
        second.claim(*copy_claims(by_name, "TEM-PC", copy))
    assert not refused(by_name), "the lock was not given back"
    running.release()
    assert copy_claims(by_name, "CAMERA-PC", copy) == (), "a copy of another computer's instrument"
