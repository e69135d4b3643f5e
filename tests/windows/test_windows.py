"""What Windows does differently, tried on Windows (under Wine) alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nexuslims_logger import headless
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.config import load_settings
from nexuslims_logger.errors import FileUnreadable, FolderMissing, NameRefused
from nexuslims_logger.storage.contract import ABSENT, Origin
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.transfer.disk import Disk
from tests.simulation.run import run as simulate
from tests.windows.other_programs import DENY_ALL, SHARE_ALL, drive, held

assert sys.platform == "win32"

#: Together longer than the 260 characters that a plain Windows path may have.
DEEP = "/".join(f"{number} Prüfling 試料 {'x' * 40}" for number in range(6)) + "/scan.ser"


def test_what_we_read_may_be_written_renamed_and_deleted(tmp_path: Path) -> None:
    path = tmp_path / "a.ser"
    path.write_bytes(b"first")
    with path.open("rb"), pytest.raises(PermissionError):  # Python's own way is not ours
        path.rename(tmp_path / "b.ser")
    file = Disk().open(str(tmp_path), "a.ser")
    try:
        with path.open("ab") as writer:
            writer.write(b" and second")
        path.rename(tmp_path / "b.ser")
        assert file.read(100) == b"first and second"
        (tmp_path / "b.ser").unlink()
    finally:
        file.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_instrument_locks_is_a_problem_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "locked.ser"
    path.write_bytes(b"content")
    with held(path, DENY_ALL):
        assert [file.name for listing in Disk().walk(str(tmp_path)) for file in listing.files] == ["locked.ser"]
        with pytest.raises(FileUnreadable, match="in use by another program"):
            Disk().open(str(tmp_path), "locked.ser")
    Disk().open(str(tmp_path), "locked.ser").close()
    with held(path, SHARE_ALL):
        Disk().open(str(tmp_path), "locked.ser").close()


def test_the_handle_knows_what_the_listing_may_not(tmp_path: Path) -> None:
    path = tmp_path / "grows.ser"
    with path.open("wb", buffering=0) as writer:
        writer.write(b"1" * 1000)
        file = Disk().open(str(tmp_path), "grows.ser")
        writer.write(b"2" * 1000)
        assert file.stat().size == 2000
        file.close()


def test_a_path_longer_than_260_characters_goes_through(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "bucket", SystemClock())
    watch = tmp_path / "watch"
    deep = Path(f"\\\\?\\{watch}\\{DEEP.replace('/', os.sep)}")
    deep.parent.mkdir(parents=True)
    deep.write_bytes(b"deep")
    assert len(str(deep)) > 300
    found = [
        f"{listing.folder}/{file.name}" if listing.folder else file.name
        for listing in Disk().walk(str(watch))
        for file in listing.files
    ]
    assert found == [DEEP]
    assert "\\" not in found[0]
    file = Disk().open(str(watch), DEEP)
    md5 = hashlib.md5(b"deep", usedforsecurity=False).hexdigest()
    name = f"Titan/{DEEP}"
    store.put(name, file, size=4, md5=md5, mtime_ns=0, origin=Origin("TITAN", "s", "PC"), if_generation=ABSENT)
    file.close()
    stored = store.stat(name)
    assert stored is not None
    assert stored.md5 == md5


@pytest.mark.parametrize("name", ["CON", "a/nul.tif", "com1.txt", "a:b", "dot./a", "space /a", 'quote".tif'])
def test_a_name_that_windows_would_bend_is_refused(tmp_path: Path, name: str) -> None:
    store = FolderStore(tmp_path / "bucket", SystemClock())
    (tmp_path / "nothing").touch()
    nothing = Disk().open(str(tmp_path), "nothing")
    md5 = hashlib.md5(b"", usedforsecurity=False).hexdigest()
    with contextlib.closing(nothing), pytest.raises(NameRefused):
        store.put(
            name,
            nothing,
            size=0,
            md5=md5,
            mtime_ns=0,
            origin=Origin("TITAN", "s", "PC"),
            if_generation=ABSENT,
        )


def test_a_drive_that_goes_away_concludes_nothing(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "a.tif").write_bytes(b"a")
    with drive("T:", share):
        settings = load_settings({"USERPROFILE": str(tmp_path), "NEXUSLIMSGUI_FILESTORE_PATH": "T:\\"})
        (folder,) = settings.filestore_path
        assert folder.path == "T:\\"
        assert [file.name for listing in Disk().walk(folder.path) for file in listing.files] == ["a.tif"]
        assert Disk().stat(folder.path, "a.tif").size == 1
    with pytest.raises(FolderMissing, match="share is connected"):
        list(Disk().walk(folder.path))


def test_a_share_is_named_by_its_server(tmp_path: Path) -> None:
    environ = {"USERPROFILE": str(tmp_path), "NEXUSLIMSGUI_DATA_BUCKET": r"\\nas\lab\bucket"}
    settings = load_settings({**environ, "NEXUSLIMSGUI_FILESTORE_PATH": r"\\scope\data"})
    assert settings.filestore_path[0].path.rstrip("\\") == r"\\scope\data"
    assert settings.bucket_folder == Path(r"\\nas\lab\bucket")
    assert FolderStore(settings.bucket_folder, SystemClock()).url == "file://nas/lab/bucket"
    with pytest.raises(FolderMissing):
        list(Disk().walk(settings.filestore_path[0].path))


def test_the_machine_wide_file_is_the_facilitys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facility = tmp_path / "ProgramData" / "NexusLIMS-Logger"
    facility.mkdir(parents=True)
    # As Notepad writes it, with a byte order mark.
    (facility / "config.json").write_text('{"NEXUSLIMSGUI_HOME": "C:\\\\Lab\\\\Journal é"}', encoding="utf-8-sig")
    monkeypatch.setenv("PROGRAMDATA", str(tmp_path / "ProgramData"))
    assert load_settings().home == Path("C:\\Lab\\Journal é")


def test_the_installers_folder_is_everybodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROGRAMDATA", str(tmp_path / "ProgramData"))
    assert load_settings().home.parent.name == "nexuslims"
    shared = tmp_path / "ProgramData" / "NexusLIMS-Logger" / "home"
    shared.mkdir(parents=True)
    assert load_settings().home == shared


def test_what_goes_to_a_file_is_utf8_with_plain_line_ends() -> None:
    script = "from nexuslims_logger import cli; cli._let_every_character_pass(); print('試料 é')"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60).stdout
    assert told == "試料 é\n".encode()


def test_a_closed_console_leaves_the_session_open(tmp_path: Path) -> None:
    settings = load_settings({"USERPROFILE": str(tmp_path), "NEXUSLIMSGUI_HOME": str(tmp_path / "home")})
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)}
    try:
        signals = headless._Signals()
        signals.install()
        # The C library turns closing, log-off and shut-down of a console into this signal.
        signal.raise_signal(signal.SIGBREAK)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert signals.terminated
    assert signals.interrupts == 0
    assert settings.home == tmp_path / "home"


def test_every_time_zone_is_there() -> None:
    assert ZoneInfo("America/Denver").key == "America/Denver"


@pytest.mark.parametrize("seed", range(4))
def test_the_promises_hold(seed: int) -> None:
    simulate(seed)
