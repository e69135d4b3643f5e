from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import (
    AccessDenied,
    FileUnreadable,
    LoggerError,
    NameRefused,
    PreconditionFailed,
    StoreUnavailable,
)
from nexuslims_logger.storage import folder as folder_module
from nexuslims_logger.storage.contract import ABSENT, Origin, StoredObject
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.storage.folder_disk import place_new
from nexuslims_logger.storage.folder_errors import explained
from tests.unit.storage.cut_short import PcClock

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "Titan/grid 7.tif"
ORIGIN = Origin("0a1b2c3d-4444-4555-8666-777788889999", "TEM-PC", "FEI-Titan")
# Windows counts in tenths of a microsecond.
MTIME_NS = 1_763_900_000_123_456_789 if os.name != "nt" else 1_763_900_000_123_456_700


class SetClock(PcClock):
    """A clock that stands where it is put."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    return tmp_path / "my bucket"


@pytest.fixture
def store(bucket: Path) -> FolderStore:
    return FolderStore(bucket, PcClock())


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def put(
    store: FolderStore,
    data: bytes,
    *,
    name: str = NAME,
    if_generation: int = ABSENT,
    mtime_ns: int = MTIME_NS,
) -> StoredObject:
    return store.put(
        name,
        io.BytesIO(data),
        size=len(data),
        md5=md5_of(data),
        mtime_ns=mtime_ns,
        origin=ORIGIN,
        if_generation=if_generation,
    )


def temporary_files(bucket: Path) -> list[Path]:
    return list((bucket / ".nexuslims" / "tmp").iterdir())


def test_objects_are_plain_files_with_their_times(bucket: Path, store: FolderStore) -> None:
    put(store, b"content")
    assert (bucket / NAME).read_bytes() == b"content"
    assert (bucket / NAME).stat().st_mtime_ns == MTIME_NS
    assert temporary_files(bucket) == []


@pytest.mark.skipif(shutil.which("md5sum") is None, reason="no md5sum on this machine")
def test_other_programs_can_check_the_folder(bucket: Path, store: FolderStore) -> None:
    for number, name in enumerate(("a b.tif", "é/\U0001f52c #1 %41?.tif", "x" * 255)):
        put(store, b"content" * number, name=name)
    lines = "".join(f"{stored.md5}  {stored.name}\n" for stored in store.list(""))
    subprocess.run(["md5sum", "--check", "--strict"], input=lines.encode(), cwd=bucket, check=True)


def test_the_url_is_the_folders(bucket: Path, store: FolderStore) -> None:
    assert store.url == bucket.as_uri()
    assert store.url.endswith("/my%20bucket")
    assert FolderStore(bucket / ".." / "my bucket", PcClock()).url == store.url
    assert not bucket.exists(), "the folder was touched before the first call"


def test_an_unchanged_object_is_known_without_reading_it(
    store: FolderStore, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = put(store, b"content")

    def read(path: Path, _name: str) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(folder_module, "hash_content", read)
    assert FolderStore(bucket, PcClock()).stat(NAME) == stored
    assert list(store.list("")) == [stored]
    put(store, b"more", if_generation=stored.generation)


def test_content_that_changed_behind_its_size_and_time_is_seen(bucket: Path, store: FolderStore) -> None:
    put(store, b"content")
    before = (bucket / NAME).stat()
    # The disk's clock may stand still for some milliseconds.
    while (bucket / NAME).stat().st_ctime_ns == before.st_ctime_ns:
        with (bucket / NAME).open("r+b") as file:
            file.write(b"CONTENT")
        os.utime(bucket / NAME, ns=(before.st_mtime_ns, before.st_mtime_ns))
    found = store.stat(NAME)
    assert found is not None
    assert (found.md5, found.origin) == (md5_of(b"CONTENT"), None)


def test_a_writer_faster_than_the_disks_clock_is_seen(bucket: Path) -> None:
    store = FolderStore(bucket, PcClock())
    put(store, b"content")
    seen = set()
    for number in range(50):
        (bucket / NAME).write_bytes(f"{number:03}".encode())
        found = store.stat(NAME)
        assert found is not None
        assert found.md5 == md5_of(f"{number:03}".encode())
        seen.add(found.generation)
    assert len(seen) == 50


def test_equal_content_keeps_generation_and_origin_and_shows_its_time(bucket: Path, store: FolderStore) -> None:
    stored = put(store, b"content")
    # As a restored backup would.
    (bucket / NAME).unlink()
    (bucket / NAME).write_bytes(b"content")
    found = store.stat(NAME)
    assert found == replace(stored, mtime_ns=(bucket / NAME).stat().st_mtime_ns)
    assert store.set_metadata(NAME, mtime_ns=MTIME_NS, origin=ORIGIN, if_generation=stored.generation) == stored
    assert (bucket / NAME).stat().st_mtime_ns == MTIME_NS


def test_an_object_that_was_looked_at_long_after_is_remembered(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(bucket, PcClock())
    put(store, b"ours")
    (bucket / NAME).write_bytes(b"theirs")
    later = FolderStore(bucket, SetClock(datetime.now(UTC) + timedelta(minutes=1)))
    found = later.stat(NAME)
    monkeypatch.setattr(folder_module, "hash_content", lambda *_: pytest.fail("read again"))
    assert later.stat(NAME) == found


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"entries": 1}', b'{"entries": [{}]}', b"\xff" * 9])
def test_a_damaged_record_never_decides_what_the_content_is(bucket: Path, damage: bytes) -> None:
    stored = put(FolderStore(bucket, PcClock()), b"content")
    (record,) = (bucket / ".nexuslims" / "objects").glob("*/*.json")
    record.write_bytes(damage)
    found = FolderStore(bucket, PcClock()).stat(NAME)
    assert found == replace(stored, generation=found.generation, origin=None) if found else None
    assert found is not None


def test_generations_grow_though_the_clock_goes_back(bucket: Path) -> None:
    clock = SetClock(datetime(2026, 11, 23, tzinfo=UTC))
    store = FolderStore(bucket, clock)
    first = put(store, b"1")
    second = put(store, b"2", if_generation=first.generation)
    clock.time = datetime(2020, 1, 1, tzinfo=UTC)
    third = put(store, b"3", if_generation=second.generation)
    (bucket / NAME).unlink()
    assert store.stat(NAME) is None
    fourth = put(store, b"4")
    assert 0 < first.generation < second.generation < third.generation < fourth.generation


def test_a_store_that_is_away_is_not_taken_for_an_empty_one(bucket: Path, store: FolderStore) -> None:
    stored = put(store, b"content")
    bucket.rename(bucket.parent / "elsewhere")
    bucket.mkdir()
    calls: list[Callable[[], object]] = [
        lambda: store.stat(NAME),
        lambda: put(store, b"content"),
        lambda: list(store.list("")),
        lambda: store.copy(NAME, "copy", if_generation=stored.generation),
        lambda: store.set_metadata(NAME, mtime_ns=1, origin=None, if_generation=stored.generation),
        lambda: FolderStore(bucket, PcClock(), create=False).stat(NAME),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable) as away:
            call()
        assert str(bucket) in away.value.message
    assert list(bucket.iterdir()) == []
    bucket.rmdir()
    (bucket.parent / "elsewhere").rename(bucket)
    assert store.stat(NAME) == stored
    assert FolderStore(bucket, PcClock(), create=False).stat(NAME) == stored


def test_folders_and_files_in_each_others_way_are_refused(bucket: Path, store: FolderStore) -> None:
    stored = put(store, b"content", name="a/file")
    for name in ("a", "a/file/below"):
        assert store.stat(name) is None
        with pytest.raises(NameRefused) as refused:
            put(store, b"other", name=name)
        assert name in refused.value.message
    assert list(store.list("")) == [stored]
    assert temporary_files(bucket) == []


def test_a_part_that_the_disk_cannot_write_down_is_refused(store: FolderStore) -> None:
    for name in ("x" * 256, "x" * 256 + "/a"):
        with pytest.raises(NameRefused):
            put(store, b"content", name=name)


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_links_are_neither_followed_nor_replaced(bucket: Path, store: FolderStore, tmp_path: Path) -> None:
    stored = put(store, b"content")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"outside")
    (bucket / "file").symlink_to(outside / "file")
    (bucket / "folder").symlink_to(outside)
    (bucket / "nowhere").symlink_to(tmp_path / "nowhere")
    for name in ("file", "nowhere"):
        assert store.stat(name) is None
        with pytest.raises(NameRefused):
            put(store, b"ours", name=name)
    assert list(store.list("")) == [stored]
    assert (outside / "file").read_bytes() == b"outside"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_files_with_impossible_names_are_left_out_of_a_list(bucket: Path, store: FolderStore) -> None:
    stored = put(store, b"content")
    for name in (b"caf\xe9.tif", b"back\\slash"):
        Path(os.fsdecode(os.path.join(os.fsencode(bucket), name))).write_bytes(b"x")  # noqa: PTH118 - bytes
    assert list(store.list("")) == [stored]


def test_a_source_that_fails_leaves_nothing_behind(bucket: Path, store: FolderStore) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise FileUnreadable("The file cannot be read", "a disk error")
            return super().read(1)

    with pytest.raises(FileUnreadable):
        store.put(
            NAME,
            Torn(b"content"),
            size=7,
            md5=md5_of(b"content"),
            mtime_ns=MTIME_NS,
            origin=ORIGIN,
            if_generation=ABSENT,
        )
    assert store.stat(NAME) is None
    assert temporary_files(bucket) == []


def test_only_a_small_part_of_a_file_is_in_memory(store: FolderStore) -> None:
    asked = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size)
            return super().read(size)

    data = bytes(3_000_000)
    stored = store.put(
        NAME,
        Watched(data),
        size=len(data),
        md5=md5_of(data),
        mtime_ns=MTIME_NS,
        origin=ORIGIN,
        if_generation=ABSENT,
    )
    assert stored.size == len(data)
    assert set(asked) == {1 << 20}


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    bucket: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = put(store, b"content")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreUnavailable) as refused:
            put(store, b"more", if_generation=stored.generation)
    assert "room" in refused.value.message
    assert str(bucket) in refused.value.message
    assert store.stat(NAME) == stored
    assert temporary_files(bucket) == []


def test_a_disk_without_hard_links_does_as_well(
    store: FolderStore, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", unable)
    stored = put(store, b"content")
    assert store.stat(NAME) == stored
    (bucket / "folder").mkdir()
    with pytest.raises(NameRefused):
        put(store, b"content", name="folder")
    with pytest.raises(PreconditionFailed):
        put(store, b"other")


def test_a_writer_who_knows_no_locks_is_not_overwritten_by_a_creation(
    store: FolderStore, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(temporary: Path, path: Path) -> None:
        path.write_bytes(b"theirs")
        place_new(temporary, path)

    monkeypatch.setattr(folder_module, "place_new", overtaken)
    with pytest.raises(PreconditionFailed):
        put(store, b"ours")
    assert (bucket / NAME).read_bytes() == b"theirs"
    found = store.stat(NAME)
    assert found is not None
    assert (found.md5, found.origin) == (md5_of(b"theirs"), None)


def test_files_left_behind_are_removed_after_a_day(bucket: Path, store: FolderStore) -> None:
    put(store, b"content")
    left = bucket / ".nexuslims" / "tmp" / "left"
    left.write_bytes(b"half")
    # A file under way has its source's time already; that does not make it old.
    os.utime(left, (0, 0))
    now = datetime.now(UTC)
    FolderStore(bucket, SetClock(now + timedelta(hours=23))).stat(NAME)
    assert left.exists()
    FolderStore(bucket, SetClock(now + timedelta(hours=25))).stat(NAME)
    assert not left.exists()


_CREATE = """
import sys
from pathlib import Path
from nexuslims_logger.errors import PreconditionFailed
from nexuslims_logger.storage.folder import FolderStore
from tests.unit.storage.cut_short import PcClock
from tests.unit.storage.test_folder import put
store = FolderStore(Path(sys.argv[1]), PcClock())
won = []
sys.stdin.readline()
for number in range(40):
    try:
        won.append(put(store, sys.argv[2].encode() * 1000, name=f"{number}.tif").name)
    except PreconditionFailed:
        pass
print(*won)
"""


def test_two_computers_that_create_the_same_objects_share_them(bucket: Path, store: FolderStore) -> None:
    computers = [
        subprocess.Popen(
            [sys.executable, "-c", _CREATE, bucket, computer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for computer in ("A", "B")
    ]
    for computer in computers:
        assert computer.stdin is not None
        computer.stdin.write("go\n")
        computer.stdin.flush()
    won = [computer.communicate(timeout=60)[0].split() for computer in computers]
    assert [computer.returncode for computer in computers] == [0, 0]
    assert sorted(won[0] + won[1]) == sorted(f"{number}.tif" for number in range(40))
    for names, letter in zip(won, (b"A", b"B"), strict=True):
        for name in names:
            found = store.stat(name)
            assert found is not None
            assert found.md5 == md5_of(letter * 1000) == md5_of((bucket / name).read_bytes())


@pytest.mark.parametrize(
    ("code", "expected", "words"),
    [
        (errno.ENOSPC, StoreUnavailable, "room"),
        (errno.EDQUOT, StoreUnavailable, "room"),
        (errno.EROFS, StoreUnavailable, "only be read"),
        (errno.EIO, StoreUnavailable, "does not answer"),
        (errno.ESTALE, StoreUnavailable, "does not answer"),
        (errno.ENOENT, StoreUnavailable, "does not answer"),
        (errno.ENOTCONN, StoreUnavailable, "does not answer"),
        (errno.EACCES, AccessDenied, "may not"),
        (errno.EPERM, AccessDenied, "may not"),
        (errno.EISDIR, NameRefused, "folder stands"),
        (errno.ENOTDIR, NameRefused, "folder stands"),
        (errno.EEXIST, NameRefused, "folder stands"),
        (errno.ENAMETOOLONG, NameRefused, "too long"),
        (errno.EILSEQ, NameRefused, "write this name down"),
    ],
)
def test_what_the_disk_says_is_told_in_a_users_words(code: int, expected: type[LoggerError], words: str) -> None:
    share = Path("/mnt/share")
    error = explained(OSError(code, os.strerror(code)), share, NAME)
    assert type(error) is expected
    assert words in error.message
    assert str(share) in error.message


@pytest.mark.parametrize(
    ("windows", "other", "expected"),
    [
        (32, None, StoreUnavailable),
        (33, None, StoreUnavailable),
        (5, "other", StoreUnavailable),
        (5, None, AccessDenied),
    ],
)
def test_an_object_that_is_open_on_windows_is_tried_again(
    windows: int, other: str | None, expected: type[LoggerError]
) -> None:
    error = PermissionError(errno.EACCES, "denied", "file")
    error.winerror = windows  # type: ignore[attr-defined,unused-ignore] # it exists on Windows alone
    error.filename2 = other
    assert type(explained(error, Path("/mnt/share"), NAME)) is expected


def test_each_block_that_it_reads_or_writes_is_a_step(bucket: Path) -> None:
    steps: list[int] = []
    store = FolderStore(bucket, PcClock(), step=lambda: steps.append(1))
    content = bytes(5 << 20)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()

    def taken() -> int:
        count = len(steps)
        steps.clear()
        return count

    first = store.put(
        NAME, io.BytesIO(content), size=len(content), md5=md5, mtime_ns=MTIME_NS, origin=ORIGIN, if_generation=ABSENT
    )
    assert taken() >= 5
    store.copy(NAME, "Titan/copy.tif", if_generation=first.generation)
    assert taken() >= 5
    os.utime(bucket / NAME, ns=(MTIME_NS, MTIME_NS + 10**9))
    store.stat(NAME)
    assert taken() >= 5, "a content that is read again"
    store.stat("Titan/nothing.tif")
    assert taken() == 1
