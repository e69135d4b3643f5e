"""NTFS brings a folder's entry of a file up to date when its writer closes it: until then it tells an old size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.transfer.disk import Disk
from tests.unit.transfer.conftest import SETTLE_S, md5

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.ports import FileEntry, FolderListing
    from tests.unit.transfer.conftest import Transfer


class NtfsDisk(Disk):
    """Lists every file as it was when it was listed first; handles and paths know better, as on NTFS."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[tuple[str, str], FileEntry] = {}

    def walk(self, root: str) -> Iterator[FolderListing]:
        return map(self._stale, super().walk(root))

    def list(self, root: str, folder: str) -> FolderListing:
        return self._stale(super().list(root, folder))

    def closed(self) -> None:
        """Let the writers close their files."""
        self._entries.clear()

    def _stale(self, listing: FolderListing) -> FolderListing:
        return replace(
            listing,
            files=tuple(self._entries.setdefault((listing.folder, entry.name), entry) for entry in listing.files),
        )


@pytest.fixture
def ntfs(transfer: Transfer) -> NtfsDisk:
    disk = NtfsDisk()
    transfer.ports = replace(transfer.ports, file_system=disk)
    return disk


@pytest.mark.usefixtures("ntfs")
def test_a_file_that_grows_behind_its_entry_is_not_settled(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("scan.ser", b"")
    transfer.go_on(0)
    for length in range(1, 4):
        transfer.write("scan.ser", b"x" * length)
        transfer.go_on()
        assert transfer.stored() == {}
    transfer.go_on()
    assert transfer.stored() == {"Titan/scan.ser": md5(b"xxx")}


def test_what_a_writer_adds_to_a_stored_file_is_sent_when_he_closes_it(transfer: Transfer, ntfs: NtfsDisk) -> None:
    transfer.track(transfer.a_session())
    transfer.write("scan.ser", b"first")
    transfer.settle()
    transfer.write("scan.ser", b"first and second")
    transfer.settle()
    ntfs.closed()
    transfer.settle()
    assert transfer.stored() == {"Titan/scan.ser": md5(b"first and second")}


@pytest.mark.usefixtures("ntfs")
def test_the_final_scan_believes_no_entry(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("scan.ser", b"first")
    transfer.settle()
    transfer.write("scan.ser", b"first and second")
    transfer.settle()

    transfer.clock.go_on(SETTLE_S)
    transfer.track(transfer.ended(session))
    transfer.go_on(0)
    assert not transfer.results.verified("s1")
    transfer.go_on()
    assert transfer.results.verified("s1")
    assert transfer.stored() == {"Titan/scan.ser": md5(b"first and second")}
