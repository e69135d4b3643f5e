from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import FolderMissing
from nexuslims_logger.events import DiskLow
from nexuslims_logger.journal.records import WatchFolder
from nexuslims_logger.transfer.disk import Disk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.transfer.conftest import Transfer


def test_a_disk_that_fills_up_is_told_once_and_taken_back(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 10**12
    monkeypatch.setattr(Disk, "free_bytes", lambda _self, _root: free)
    transfer.track(transfer.a_session())
    told = []
    for free in (10**12, 1_900_000_000, 1_000, 2_500_000_000, 1_000, 3_100_000_000, 10**12):  # noqa: B007 - the lambda reads it
        transfer.go_on(60)
        told += transfer.window.take(DiskLow)
    watch = str(transfer.watch)
    assert told == [DiskLow(watch, 1_900_000_000), DiskLow(watch, None)]


def test_a_new_life_of_the_thread_takes_back_what_the_one_before_had_told(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 10**9
    monkeypatch.setattr(Disk, "free_bytes", lambda _self, _root: free)
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    transfer.state = transfer.state.successor()
    transfer.go_on(0)
    free = 10**12
    transfer.go_on(0)
    watch = str(transfer.watch)
    assert transfer.window.take(DiskLow) == [DiskLow(watch, 10**9), DiskLow(watch, None)]


def test_the_warning_goes_with_the_last_session_that_watches_the_folder(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    older = transfer.a_session("s0", folders=(WatchFolder("", str(other)),))
    monkeypatch.setattr(Disk, "free_bytes", lambda _self, root: 10**9 if root == str(other) else 10**12)
    transfer.track(transfer.ended(older, folders=older.folders), transfer.a_session())
    transfer.go_on(0)
    assert transfer.window.take(DiskLow) == [DiskLow(str(other), 10**9)]
    transfer.track(transfer.a_session())
    for _ in range(2):
        transfer.go_on(0)
    assert transfer.window.take(DiskLow) == [DiskLow(str(other), None)]


def test_the_real_disk_tells_what_is_left(tmp_path: Path) -> None:
    assert Disk().free_bytes(str(tmp_path)) > 0
    with pytest.raises(FolderMissing, match="nowhere"):
        Disk().free_bytes(str(tmp_path / "nowhere"))
