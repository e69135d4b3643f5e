"""One file against its row: every answer of the store and of this PC."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.journal.records import ManifestRow, ResultState
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.file_check import CheckedFile, FileToCheck, InStore, OnThisPc, check_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.transfer.conftest import Transfer

NAME = "Titan/x.tif"


@pytest.fixture
def sent(transfer: Transfer) -> FileToCheck:
    """Bring a file into the store; return it with its row and its place."""
    transfer.track(transfer.a_session())
    transfer.write("x.tif", b"content")
    transfer.settle()
    (result,) = transfer.results.of("s1")
    row = ManifestRow(
        session_identifier="s1",
        instrument_pid="TITAN",
        computer_name="tem-pc",
        bucket=transfer.store.url,
        object_name=result.object_name,
        state=ResultState.UPLOADED,
        size_bytes=result.stat.size,
        md5=result.md5,
        modified_at=time_of(result.stat.mtime_ns),
        generation=result.generation,
    )
    return FileToCheck(row, result.key, result.stat)


def check(transfer: Transfer, file: FileToCheck) -> CheckedFile:
    (found,) = check_files(transfer.store, Disk(), [file])
    return found


def test_all_as_it_should_be(transfer: Transfer, sent: FileToCheck) -> None:
    found = check(transfer, sent)
    assert (found.in_store, found.on_this_pc, found.place) == (InStore.AS_RECORDED, OnThisPc.EQUAL, NAME)
    assert found.safe_to_delete
    assert not found.remark


def test_gone_here_is_nothing_to_delete(transfer: Transfer, sent: FileToCheck) -> None:
    (transfer.watch / "x.tif").unlink()
    found = check(transfer, sent)
    assert (found.in_store, found.on_this_pc) == (InStore.AS_RECORDED, OnThisPc.GONE)
    assert not found.safe_to_delete


def test_written_since(transfer: Transfer, sent: FileToCheck) -> None:
    (transfer.watch / "x.tif").write_bytes(b"CONTENT")
    assert check(transfer, sent).on_this_pc is OnThisPc.CHANGED
    (transfer.watch / "x.tif").write_bytes(b"longer content")
    found = check(transfer, sent)
    assert found.on_this_pc is OnThisPc.CHANGED
    assert not found.safe_to_delete


def test_equal_content_counts_whatever_its_time(transfer: Transfer, sent: FileToCheck) -> None:
    os.utime(transfer.watch / "x.tif", (1, 1))
    assert check(transfer, sent).safe_to_delete


def test_other_bytes_behind_the_same_looks_are_damage(transfer: Transfer, sent: FileToCheck) -> None:
    (transfer.watch / "x.tif").write_bytes(b"CONTENT")
    now = Disk().stat(str(transfer.watch), "x.tif")
    found = check(transfer, replace(sent, stat=now))
    assert found.on_this_pc is OnThisPc.DAMAGED
    assert not found.safe_to_delete


@pytest.mark.skipif(os.name == "nt", reason="a folder in the way is what this needs")
def test_what_cannot_be_read_is_not_called_gone(transfer: Transfer, sent: FileToCheck, tmp_path: Path) -> None:
    (transfer.watch / "x.tif").unlink()
    (transfer.watch / "x.tif").mkdir()
    assert check(transfer, sent).on_this_pc in {OnThisPc.UNREADABLE, OnThisPc.GONE}
    assert not check(transfer, sent).safe_to_delete


def test_another_pc_s_file(transfer: Transfer, sent: FileToCheck) -> None:
    found = check(transfer, FileToCheck(sent.row))
    assert (found.in_store, found.on_this_pc) == (InStore.AS_RECORDED, OnThisPc.UNKNOWN)
    assert not found.safe_to_delete


def test_moved_aside(transfer: Transfer, sent: FileToCheck) -> None:
    aside = f".versions/{NAME}/{sent.row.generation}"
    transfer.store.copy(NAME, aside, if_generation=sent.row.generation or 0)
    transfer.store.overwrite(NAME, b"another session's")
    found = check(transfer, sent)
    assert (found.in_store, found.place) == (InStore.MOVED, aside)
    assert found.safe_to_delete


def test_other_content_or_none(transfer: Transfer, sent: FileToCheck) -> None:
    transfer.store.overwrite(NAME, b"somebody's")
    found = check(transfer, sent)
    assert (found.in_store, found.place) == (InStore.DIFFERENT, None)
    assert "unknown writer" in found.remark
    assert not found.safe_to_delete
    del transfer.store._kept[NAME]
    assert check(transfer, sent).in_store is InStore.ABSENT


def test_an_object_without_md5_is_other_content(transfer: Transfer, sent: FileToCheck) -> None:
    transfer.store.overwrite(NAME, b"content")
    kept = transfer.store._kept[NAME]
    transfer.store._kept[NAME] = replace(kept, stored=replace(kept.stored, md5=None))
    assert check(transfer, sent).in_store is InStore.DIFFERENT
    # Nor does a row without one equal it.
    row = replace(sent.row, md5=None)
    assert check(transfer, FileToCheck(row)).in_store is InStore.DIFFERENT


def test_written_again_by_somebody_with_equal_content(transfer: Transfer, sent: FileToCheck) -> None:
    transfer.store.overwrite(NAME, b"content")
    found = check(transfer, sent)
    assert found.in_store is InStore.AS_RECORDED
    assert "written again" in found.remark
    assert "no time" in found.remark


def test_another_store(transfer: Transfer, sent: FileToCheck) -> None:
    # The same share under another address: what is found there counts.
    row = replace(sent.row, bucket="file:///S:/store")
    assert check(transfer, replace(sent, row=row)).safe_to_delete
    del transfer.store._kept[NAME]
    found = check(transfer, replace(sent, row=row))
    assert found.in_store is InStore.ELSEWHERE
    assert not found.safe_to_delete


@pytest.mark.parametrize("state", [ResultState.PENDING, ResultState.MISSING, ResultState.SKIPPED])
def test_nothing_is_asked_of_what_is_not_uploaded(transfer: Transfer, sent: FileToCheck, state: ResultState) -> None:
    found = check(transfer, replace(sent, row=replace(sent.row, state=state)))
    assert (found.in_store, found.safe_to_delete) == (InStore.NOT_UPLOADED, False)


def test_a_store_that_does_not_answer_is_said(transfer: Transfer, sent: FileToCheck) -> None:
    def away(_name: str) -> None:
        raise StoreUnavailable("Away", "away")

    transfer.store.stat = away  # type: ignore[assignment, method-assign]  # a fault
    with pytest.raises(StoreUnavailable):
        check(transfer, sent)
