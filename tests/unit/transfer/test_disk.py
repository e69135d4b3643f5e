from __future__ import annotations

import errno
import os
import shutil
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.errors import FileProblem, FileUnreadable, FileVanished, FolderMissing
from nexuslims_logger.ports import FileEntry, FileStat, FolderListing
from nexuslims_logger.transfer.disk import Disk, explained

if TYPE_CHECKING:
    from collections.abc import Callable

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
#: Larger than what one read brings.
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    folder = tmp_path / "watch"
    folder.mkdir()
    return folder


def write(path: Path, content: bytes = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def names(listings: list[FolderListing]) -> dict[str, list[str]]:
    return {listing.folder: [file.name for file in listing.files] for listing in listings}


def raising(code: int, at: str) -> Callable[..., Any]:
    """Return an ``os.scandir`` that fails at one folder; a user who may do everything meets no closed one."""
    scandir = os.scandir

    def scan(path: str) -> Any:
        if Path(path).name == at:
            raise OSError(code, os.strerror(code), path)
        return scandir(path)

    return scan


def test_a_tree_is_listed_folder_by_folder_by_name(watch: Path) -> None:
    for path in ("b/2.tif", "b/1.tif", "a/z/deep.tif", "top.tif", "a/x.tif", ".hidden/.file"):
        write(watch / path)
    (watch / "empty").mkdir()
    listings = list(Disk().walk(str(watch)))
    assert names(listings) == {
        "": ["top.tif"],
        ".hidden": [".file"],
        "a": ["x.tif"],
        "a/z": ["deep.tif"],
        "b": ["1.tif", "2.tif"],
        "empty": [],
    }
    assert [listing.folder for listing in listings] == ["", ".hidden", "a", "a/z", "b", "empty"]
    assert all(listing.problem is None for listing in listings)


def test_a_listing_the_path_and_the_handle_say_the_same(watch: Path) -> None:
    write(watch / "a b/é.tif", CONTENT)
    os.utime(watch / "a b/é.tif", ns=(1, 1_763_900_000_123_456_700))
    disk = Disk()
    listed = next(listing for listing in disk.walk(str(watch)) if listing.files).files
    stat = (watch / "a b/é.tif").stat()
    expected = FileStat(len(CONTENT), 1_763_900_000_123_456_700, stat.st_ctime_ns)
    assert listed == (FileEntry("é.tif", expected),)
    assert disk.stat(str(watch), "a b/é.tif") == expected
    with closing(disk.open(str(watch), "a b/é.tif")) as file:
        assert file.stat() == expected


def test_a_tree_is_walked_lazily(watch: Path) -> None:
    for folder in ("a", "b"):
        write(watch / folder / "1.tif")
    walk = Disk().walk(str(watch))
    assert [next(walk).folder, next(walk).folder] == ["", "a"]
    write(watch / "b" / "2.tif")
    assert names(list(walk)) == {"b": ["1.tif", "2.tif"]}


def test_a_file_is_read_as_often_as_wanted(watch: Path) -> None:
    write(watch / "a.tif", CONTENT)
    with closing(Disk().open(str(watch), "a.tif")) as file:
        for _ in range(2):
            read = b""
            while block := file.read(100_000):
                assert len(block) <= 100_000
                read += block
            assert read == CONTENT
            assert file.read(1) == b""
            file.seek(0)


def test_an_open_file_may_be_written_renamed_and_deleted(watch: Path) -> None:
    write(watch / "a.tif", b"old")
    disk = Disk()
    with closing(disk.open(str(watch), "a.tif")) as file:
        before = file.stat()
        with (watch / "a.tif").open("ab") as writer:
            writer.write(b" and new")
        assert file.stat().size == 11
        assert file.stat() != before
        (watch / "a.tif").rename(watch / "b.tif")
        (watch / "b.tif").unlink()
        assert file.read(100) == b"old and new"
        with pytest.raises(FileVanished):
            disk.stat(str(watch), "a.tif")


@posix_only
@pytest.mark.parametrize("name", [b"caf\xe9.tif", b"\xff\xfe", b"back\\slash", b"new\nline", b" ", b"x" * 255])
def test_every_name_of_the_disk_leads_to_its_file(watch: Path, name: bytes) -> None:
    folder = os.fsencode(watch) + b"/d" + name[:100]
    os.mkdir(folder)  # noqa: PTH102 - a name in bytes
    with open(folder + b"/" + name, "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write(name)
    disk = Disk()
    (listing,) = (listing for listing in disk.walk(str(watch)) if listing.folder)
    (entry,) = listing.files
    path = f"{listing.folder}/{entry.name}"
    assert os.fsencode(entry.name) == name
    assert disk.stat(str(watch), path) == entry.stat
    with closing(disk.open(str(watch), path)) as opened:
        assert opened.read(300) == name


@posix_only
def test_an_error_can_be_shown_whatever_the_name(watch: Path) -> None:
    with pytest.raises(FileVanished) as vanished:
        Disk().open(str(watch), "caf\udce9.tif")
    assert "caf" in vanished.value.message
    vanished.value.message.encode("utf-8")


@posix_only
def test_links_and_special_files_are_left_out(watch: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside" / "file")
    write(watch / "a.tif")
    (watch / "link.tif").symlink_to(watch / "a.tif")
    (watch / "outside").symlink_to(tmp_path / "outside")
    (watch / "loop").symlink_to(watch)
    (watch / "nowhere").symlink_to(tmp_path / "nowhere")
    os.mkfifo(watch / "pipe")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        here = os.open(watch, os.O_RDONLY)
        try:
            listener.bind(f"/proc/self/fd/{here}/s" if Path("/proc/self/fd").exists() else str(watch / "s"))
        finally:
            os.close(here)
        disk = Disk()
        assert names(list(disk.walk(str(watch)))) == {"": ["a.tif"]}
        for name in ("link.tif", "outside", "nowhere", "pipe", "s", "a.tif/below"):
            for call in (disk.stat, disk.open):
                with pytest.raises(FileVanished):
                    call(str(watch), name)


@posix_only
def test_a_watch_folder_may_itself_be_a_link(watch: Path, tmp_path: Path) -> None:
    write(watch / "a.tif")
    (tmp_path / "link").symlink_to(watch)
    assert names(list(Disk().walk(str(tmp_path / "link")))) == {"": ["a.tif"]}


def test_a_deep_tree_needs_no_deep_stack(watch: Path) -> None:
    folders = [watch]
    for _ in range(1200):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    write(folders[-1] / "bottom.tif")
    try:
        listings = list(Disk().walk(str(watch)))
        assert len(listings) == 1201
        assert names(listings)["/".join(["d"] * 1200)] == ["bottom.tif"]
    finally:
        # From below, because removing a tree recurses.
        for folder in reversed(folders):
            shutil.rmtree(folder)


@pytest.mark.parametrize(("code", "words"), [(errno.EACCES, "no right"), (errno.EIO, "disk says")])
def test_a_folder_that_cannot_be_read_is_reported_and_the_walk_goes_on(
    watch: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    for path in ("a/1.tif", "closed/2.tif", "closed/below/3.tif", "z/4.tif"):
        write(watch / path)
    monkeypatch.setattr(os, "scandir", raising(code, "closed"))
    listings = list(Disk().walk(str(watch)))
    assert names(listings) == {"": [], "a": ["1.tif"], "closed": [], "z": ["4.tif"]}
    (problem,) = (listing.problem for listing in listings if listing.problem)
    assert isinstance(problem, FileUnreadable)
    assert "closed" in problem.message
    assert words in problem.message


def test_a_watch_folder_without_rights_is_waited_for(watch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "scandir", raising(errno.EACCES, "watch"))
    with pytest.raises(FolderMissing, match="no right") as refused:
        list(Disk().walk(str(watch)))
    assert str(watch) in refused.value.message


def test_a_watch_folder_that_does_not_answer_is_missing(watch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "scandir", raising(errno.ESTALE, "watch"))
    with pytest.raises(FolderMissing):
        list(Disk().walk(str(watch)))


def test_folders_and_files_that_vanish_meanwhile_are_left_out(watch: Path) -> None:
    for path in ("a/1.tif", "b/2.tif", "c/3.tif"):
        write(watch / path)
    walk = Disk().walk(str(watch))
    assert next(walk).folder == ""
    shutil.rmtree(watch / "b")
    (watch / "c" / "3.tif").unlink()
    assert names(list(walk)) == {"a": ["1.tif"], "c": []}


def test_a_watch_folder_that_is_gone_is_missing(watch: Path) -> None:
    disk, missing = Disk(), str(watch / "missing")
    with pytest.raises(FolderMissing) as gone:
        list(disk.walk(missing))
    assert missing in gone.value.message
    with pytest.raises(FolderMissing):
        disk.volume(missing)
    write(watch / "file")
    with pytest.raises(FolderMissing):
        list(disk.walk(str(watch / "file")))


def test_a_watch_folder_that_goes_away_during_a_walk_is_missing(watch: Path) -> None:
    for path in ("a/1.tif", "b/2.tif"):
        write(watch / path)
    walk = Disk().walk(str(watch))
    next(walk)
    watch.rename(watch.parent / "elsewhere")
    with pytest.raises(FolderMissing):
        list(walk)


@pytest.mark.parametrize("folders_left", [0, 1])
def test_a_volume_that_changes_during_a_walk_makes_the_folder_missing(watch: Path, folders_left: int) -> None:
    for path in ("a/1.tif", "b/2.tif"):
        write(watch / path)

    class Remounted(Disk):
        mounted = "first"

        def volume(self, root: str) -> str:
            return self.mounted

    disk = Remounted()
    walk = disk.walk(str(watch))
    next(walk)
    # As if the share had been unmounted from a folder with, or without, sub-folders of the same names.
    disk.mounted = "second"
    shutil.rmtree(watch / "a")
    if not folders_left:
        shutil.rmtree(watch / "b")
    with pytest.raises(FolderMissing):
        list(walk)


def test_a_volume_keeps_its_name(watch: Path) -> None:
    (watch / "sub").mkdir()
    disk = Disk()
    assert disk.volume(str(watch)) == disk.volume(str(watch / "sub")) == Disk().volume(str(watch))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a second file system")
def test_another_file_system_is_another_volume(watch: Path) -> None:
    assert Disk().volume(str(watch)) != Disk().volume("/proc")


@pytest.mark.parametrize(
    ("code", "windows", "expected", "words"),
    [
        (errno.ENOENT, 2, FileVanished, "deleted"),
        (errno.ENOTDIR, None, FileVanished, "deleted"),
        (errno.ELOOP, None, FileVanished, "deleted"),
        (errno.EACCES, 32, FileUnreadable, "in use by another program"),
        (errno.EACCES, 33, FileUnreadable, "in use by another program"),
        (errno.EACCES, 5, FileUnreadable, "no right to read it"),
        (errno.EPERM, None, FileUnreadable, "no right to read it"),
        (errno.EIO, None, FileUnreadable, "Input/output error"),
        (errno.ESTALE, None, FileUnreadable, "disk says"),
    ],
)
def test_what_the_disk_says_is_told_in_a_users_words(
    code: int, windows: int | None, expected: type[FileProblem], words: str
) -> None:
    error = OSError(code, os.strerror(code))
    error.winerror = windows  # type: ignore[attr-defined,unused-ignore] # it exists on Windows alone
    told = explained(error, "a/b.tif")
    assert type(told) is expected
    assert "a/b.tif" in told.message
    assert words in told.message


def test_a_read_that_fails_is_told(watch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(watch / "a.tif")
    with closing(Disk().open(str(watch), "a.tif")) as file:
        with monkeypatch.context() as patched:

            def fail(*_: object) -> bytes:
                raise OSError(errno.EIO, os.strerror(errno.EIO))

            patched.setattr(os, "read", fail)
            with pytest.raises(FileUnreadable):
                file.read(1)
        assert file.read(1) == b"x"
