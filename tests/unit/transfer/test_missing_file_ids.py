"""On Windows an entry of a listed folder has no file id: what tells files apart is their name, size and times."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.storage.folder import FolderStore
from tests.unit.transfer.conftest import SETTLE_S, md5
from tests.unit.transfer.test_looking import look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.transfer.conftest import Transfer

#: What `DirEntry.stat` leaves 0 on Windows.
LACKING = frozenset({"st_ino", "st_dev", "st_nlink"})


class Without:
    """Hands on all of an entry, or of what it says of itself, but a file id: whoever asks for that, fails."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def stat(self, *, follow_symlinks: bool = True) -> Any:
        return Without(self._whole.stat(follow_symlinks=follow_symlinks))

    def __getattr__(self, name: str) -> Any:
        assert name != "inode", "asked for a file id"
        assert name not in LACKING, f"asked for {name}"
        return getattr(self._whole, name)


@pytest.fixture(autouse=True)
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every listing be without file ids; return the folders that were listed."""
    scandir, folders = os.scandir, []

    @contextmanager
    def without_ids(path: str) -> Iterator[Iterator[Without]]:
        folders.append(os.fspath(path))
        with scandir(path) as entries:
            yield map(Without, entries)

    monkeypatch.setattr(os, "scandir", without_ids)
    return folders


@pytest.mark.skipif(sys.platform != "win32", reason="other systems have them")
def test_windows_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (tmp_path / "a.tif").write_bytes(b"a")
    with os.scandir(tmp_path) as entries:
        assert [entry.stat(follow_symlinks=False).st_ino for entry in entries] == [0]


def test_a_session_with_renames_needs_none(transfer: Transfer, scanned: list[str], tmp_path: Path) -> None:
    """Scans, quick looks, settling, sending, and the last look, into a folder store and a list of what it holds."""
    store = FolderStore(tmp_path / "bucket", SystemClock())
    transfer.ports = replace(transfer.ports, store=store)
    session = transfer.a_session()
    transfer.track(session)
    first = transfer.write("day/first.tif", b"first")
    second = transfer.write("day/second.tif", b"second")
    transfer.settle()

    # Each gets the other's name: with equal sizes, no id tells them apart.
    first.rename(first.with_name("kept.tif"))
    second.rename(first)
    look(transfer)
    look(transfer, SETTLE_S)
    first.parent.rename(transfer.watch / "renamed")
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.settle()

    assert transfer.results.verified("s1")
    stored = {found.name: found.md5 for found in store.list("Titan/")}
    assert stored["Titan/renamed/first.tif"] == md5(b"second")
    assert stored["Titan/renamed/kept.tif"] == md5(b"first")
    assert {row.object_name: row.md5 for row in transfer.database.rows}.items() <= stored.items()
    assert any("bucket" in folder for folder in scanned)
    assert any("renamed" in folder for folder in scanned)
