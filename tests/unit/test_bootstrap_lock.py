"""Who may start beside whom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger import bootstrap_lock
from nexuslims_logger.bootstrap_aside import Aside
from nexuslims_logger.bootstrap_lock import take_lock
from nexuslims_logger.config import load_settings
from nexuslims_logger.doorbell import Doorbell, Inside
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
