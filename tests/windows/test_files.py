"""Files that only Windows has, or has in another way, from the watch folder to the store."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.events import FileState
from nexuslims_logger.storage.folder import FolderStore
from tests.unit.transfer.conftest import Transfer, md5, transfer
from tests.unit.transfer.test_listing import listed
from tests.windows.other_programs import DENY_ALL, held

if TYPE_CHECKING:
    from collections.abc import Callable

assert sys.platform == "win32"

__all__ = ["transfer"]


def into_folder(transfer: Transfer, bucket: Path) -> FolderStore:
    """Let the transfer write into a folder."""
    store = FolderStore(bucket, SystemClock())
    transfer.ports = replace(transfer.ports, store=store)
    return store


def contents(bucket: Path) -> dict[str, bytes]:
    """Return what is in a folder store, as its folder has it, without the program's own."""
    return {
        path.relative_to(bucket).as_posix(): path.read_bytes()
        for path in bucket.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(bucket).parts)
    }


def test_a_file_that_the_instrument_keeps_waits_is_told_and_is_sent_when_it_is_let_go(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    path = transfer.write("scan.ser", b"scan")
    transfer.write("other.tif", b"other")
    with held(path, DENY_ALL):
        transfer.settle()
        assert transfer.stored().keys() == {"Titan/other.tif"}
        (row,) = (row for row in listed(transfer).rows if row.path == "scan.ser")
        assert row.state is FileState.WAITING
        assert row.reason.startswith("it is in use by another program")
        transfer.track(transfer.ended(session))
        transfer.go_on(3600)
        assert not transfer.results.verified("s1")
    transfer.go_on(3600)
    transfer.go_on()
    assert transfer.stored() == {"Titan/scan.ser": md5(b"scan"), "Titan/other.tif": md5(b"other")}
    assert transfer.results.verified("s1")


#: Made by programs that ask Windows not to look at names, or on a share that another system serves.
BENT = ("CON", "nul.tif", "aux.txt", "COM1.ser", "dot.", "space ")


def plainly(path: Path) -> Path:
    r"""Return the path in the form that Windows takes as it is."""
    return Path(f"\\\\?\\{path}")


def test_names_that_windows_bends_are_read_and_go_into_a_bucket(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    for name in BENT:
        with open(f"{plainly(transfer.watch)}\\{name}", "wb") as file:  # noqa: PTH123 - Path drops what is bent
            file.write(name.encode())
    transfer.settle()
    assert transfer.stored() == {f"Titan/{name}": md5(name.encode()) for name in BENT}


def test_names_that_windows_bends_are_refused_by_a_folder_and_stop_nobody(transfer: Transfer, tmp_path: Path) -> None:
    into_folder(transfer, tmp_path / "bucket")
    transfer.track(transfer.a_session())
    for name in (*BENT, "good.tif"):
        with open(f"{plainly(transfer.watch)}\\{name}", "wb") as file:  # noqa: PTH123 - Path drops what is bent
            file.write(name.encode())
    transfer.settle()
    assert contents(tmp_path / "bucket") == {"Titan/good.tif": b"good.tif"}
    waiting = {row.path: row.reason for row in listed(transfer).rows if row.state is FileState.WAITING}
    assert waiting.keys() == set(BENT)
    assert all("device on Windows" in reason or "which Windows drops" in reason for reason in waiting.values())


def test_two_names_that_differ_by_case_alone_are_both_kept(transfer: Transfer, tmp_path: Path) -> None:
    """Two PCs of one instrument, and a store that takes one name for the other."""
    bucket = tmp_path / "bucket"
    into_folder(transfer, bucket)
    transfer.track(transfer.a_session())
    transfer.write("Image.tif", b"of the microscope")
    transfer.settle()

    (tmp_path / "camera").mkdir()
    camera = Transfer(tmp_path / "camera")
    store = into_folder(camera, bucket)
    camera.track(camera.a_session("s2", computer_name="cam-pc"))
    camera.write("image.tif", b"of the camera")
    camera.settle()

    assert contents(bucket) == {"Titan/Image.tif": b"of the microscope", "Titan/image (cam-pc).tif": b"of the camera"}
    recorded = {row.object_name: row.md5 for row in (*transfer.database.rows, *camera.database.rows)}
    for name, checksum in recorded.items():
        stored = store.stat(name)
        assert stored is not None
        assert stored.md5 == checksum, name


@pytest.mark.parametrize("into", ["bucket", "folder"])
def test_a_file_renamed_by_case_alone_stays_whole(transfer: Transfer, tmp_path: Path, into: str) -> None:
    if into == "folder":
        into_folder(transfer, tmp_path / "bucket")
    session = transfer.a_session()
    transfer.track(session)
    path = transfer.write("Image.tif", b"first")
    transfer.settle()
    path.rename(transfer.watch / "image.tif")
    transfer.settle()
    transfer.write("image.tif", b"second content")
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.settle()
    assert transfer.results.verified("s1")
    present = {row.object_name: row.md5 for row in transfer.database.rows}
    assert md5(b"second content") in present.values()
    for name, checksum in present.items():
        stored = transfer.ports.store.stat(name)
        assert stored is not None
        assert stored.md5 == checksum, name


@pytest.mark.parametrize("make", [str.upper, str.lower])
def test_types_and_what_is_ignored_know_no_case(transfer: Transfer, make: Callable[[str], str]) -> None:
    transfer.track(transfer.a_session())
    transfer.write(make("a.Tmp"), b"temporary")
    transfer.write(make("A.Tif"), b"image")
    transfer.settle()
    assert transfer.stored() == {f"Titan/{make('A.Tif')}": md5(b"image")}
