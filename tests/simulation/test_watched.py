"""Watch folders and store of a simulated world."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import (
    ChecksumMismatch,
    FileVanished,
    FolderMissing,
    PreconditionFailed,
    StoreUnavailable,
)
from nexuslims_logger.storage.contract import ABSENT, Origin
from tests.contract.memory_store import MemoryStore
from tests.simulation.faults import Faults
from tests.simulation.program import Program
from tests.simulation.scheduler import Scheduler, SimulationFailed
from tests.simulation.sim_clock import SimClock
from tests.simulation.sim_store import SimStore
from tests.simulation.watched import SimFileSystem, WatchedDisk

if TYPE_CHECKING:
    from nexuslims_logger.storage.contract import StoredObject

_ROOT = "/data"
_ORIGIN = Origin("session", "pc", "titan")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _disk(seed: int, **rates: float) -> tuple[Program, WatchedDisk, SimFileSystem]:
    scheduler = Scheduler(seed)
    program = Program(scheduler, "pc run 1", Faults(scheduler.random, rates=rates))
    disk = WatchedDisk(SimClock(scheduler), (_ROOT,))
    return program, disk, SimFileSystem(program, disk)


def test_a_handle_keeps_its_file_and_the_path_shows_the_new_one() -> None:
    _, disk, system = _disk(1)
    disk.write(_ROOT, "a/scan.tif", b"first")
    with pytest.raises(FileVanished):
        system.open(_ROOT, "scan.tif")
    handle = system.open(_ROOT, "a/scan.tif")
    before = handle.stat()
    disk.replace(_ROOT, "a/scan.tif", b"other")
    assert b"".join(iter(lambda: handle.read(100), b"")) == b"first"
    assert handle.stat().mtime_ns == before.mtime_ns
    assert system.stat(_ROOT, "a/scan.tif").size == 5
    disk.rename(_ROOT, "a/scan.tif", "b.tif")
    with pytest.raises(FileVanished):
        system.stat(_ROOT, "a/scan.tif")
    assert [(change.path, change.md5) for change in disk.log] == [
        ("a/scan.tif", _md5(b"first")),
        ("a/scan.tif", _md5(b"other")),
        ("a/scan.tif", None),
        ("b.tif", _md5(b"other")),
    ]


def test_a_walk_sees_every_folder_and_a_lost_volume_looks_empty() -> None:
    _, disk, system = _disk(1)
    for path in ("top.tif", "day 1/one.tif", "day 1/deep/er/two.tif"):
        disk.write(_ROOT, path, b"x")
    listing = {listing.folder: [file.name for file in listing.files] for listing in system.walk(_ROOT)}
    assert listing == {
        "": ["top.tif"],
        "day 1": ["one.tif"],
        "day 1/deep": [],
        "day 1/deep/er": ["two.tif"],
    }
    at_home = system.volume(_ROOT)
    disk.away[_ROOT] = "empty"
    assert [listing.files for listing in system.walk(_ROOT)] == [()]
    assert system.volume(_ROOT) != at_home
    disk.away[_ROOT] = "missing"
    with pytest.raises(FolderMissing):
        system.volume(_ROOT)


def test_an_answer_lost_leaves_the_object_and_one_away_leaves_nothing() -> None:
    program, disk, system = _disk(1, **{"store.answer lost": 1.0})
    history: list[StoredObject] = []
    real = MemoryStore()
    store = SimStore(program, real, history)
    disk.write(_ROOT, "a.tif", b"micrograph")

    def put() -> StoredObject:
        return store.put(
            "a.tif",
            system.open(_ROOT, "a.tif"),
            size=10,
            md5=_md5(b"micrograph"),
            mtime_ns=1,
            origin=_ORIGIN,
            if_generation=ABSENT,
        )

    with pytest.raises(StoreUnavailable):
        put()
    assert [stored.md5 for stored in history] == [_md5(b"micrograph")]
    program.faults.rates = {}
    with pytest.raises(PreconditionFailed):
        put()
    real._kept.clear()
    program.faults.rates = {"store.corrupted": 1.0, "store.sent twice": 1.0}
    with pytest.raises(ChecksumMismatch):
        put()
    program.faults.rates = {"store.away": 1.0}
    with pytest.raises(StoreUnavailable):
        put()
    assert real.stat("a.tif") is None


def _send_file(seed: int, *, second_stat: bool) -> None:
    """Send a file that changes meanwhile with a toy protocol, and check what is said to be stored."""
    program, disk, system = _disk(seed)
    history: list[StoredObject] = []
    real = MemoryStore()
    store = SimStore(program, real, history)
    disk.write(_ROOT, "a.tif", b"0" * 20)
    recorded: list[tuple[str | None, str | None]] = []

    def send() -> bool:
        handle = system.open(_ROOT, "a.tif")
        before = handle.stat()
        md5 = _md5(b"".join(iter(lambda: handle.read(100), b"")))
        handle.seek(0)
        there = store.stat("a.tif")
        try:
            stored = store.put(
                "a.tif",
                handle,
                size=before.size,
                md5=md5,
                mtime_ns=before.mtime_ns,
                origin=_ORIGIN,
                if_generation=there.generation if there else ABSENT,
            )
        except (PreconditionFailed, ChecksumMismatch):
            return False
        if second_stat and system.stat(_ROOT, "a.tif") != before:
            return False
        recorded.append((stored.md5, disk.log[-1].md5))
        return True

    def logger() -> None:
        while not send():
            program.pause(0.05)

    def microscope() -> None:
        for number in range(1, 4):
            program.scheduler.wait(program.scheduler.random.random() * 0.4)
            disk.write(_ROOT, "a.tif", b"%d" % number * 20)

    def direct() -> None:
        program.scheduler.spawn("microscope", microscope)
        program.scheduler.join(program.spawn("logger", logger))
        ((stored, on_disk),) = recorded
        assert stored == on_disk, "a stale checksum was recorded"

    program.scheduler.run(program.scheduler.spawn("director", direct))


def _send_files(*, second_stat: bool) -> None:
    for seed in range(200):
        _send_file(seed, second_stat=second_stat)


def test_a_toy_protocol_with_the_second_stat_never_records_a_stale_checksum() -> None:
    _send_files(second_stat=True)


def test_the_same_protocol_without_it_is_caught() -> None:
    with pytest.raises(SimulationFailed, match="a stale checksum was recorded"):
        _send_files(second_stat=False)
