"""``verify`` on a real store, a real journal and a real database, after sessions of the real program."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.admin import verify
from nexuslims_logger.config import load_settings
from nexuslims_logger.db import tasks
from nexuslims_logger.errors import StopAndTell, StoreUnavailable
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.records import ManifestRow, ResultState
from tests.integration.test_headless import Pc, md5
from tests.storage_emulators import make_bucket, needs_emulators
from tests.waiting import until
from tests.windows.linux_programs import run_linux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.storage_proxy import StorageProxy


@pytest.fixture
def pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pc]:
    machine = Pc(tmp_path)
    for name, value in machine.environment.items():
        if name.startswith("NEXUSLIMSGUI_"):
            monkeypatch.setenv(name, value)
    yield machine
    machine.kill_all()


@pytest.fixture
def session(pc: Pc) -> str:
    """Record a session with three files; return its identifier."""
    program, identifier = pc.headless("--user", "ada")
    for name in ("run/a.tif", "run/b.tif", "run/scan.ser"):
        pc.write(name, name.encode())
    until(lambda: len(pc.stored()) == 3)
    assert pc.finish(program) == ExitCode.COMPLETE
    return identifier


def verified(identifier: str | None, capsys: pytest.CaptureFixture[str]) -> tuple[ExitCode, str]:
    code = verify.run(load_settings(), identifier)
    return code, capsys.readouterr().out


def instrument_folder(pc: Pc) -> Path:
    (folder,) = [path for path in pc.bucket.iterdir() if not path.name.startswith(".")]
    return folder


def test_what_differs_is_shown(pc: Pc, session: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = (pc.home / "facts.db").read_bytes(), (pc.home / "files.db").read_bytes()
    code, shown = verified(session, capsys)
    assert code is ExitCode.COMPLETE
    first, checked = shown.splitlines()
    assert "of ada at" in first
    assert "3 of 3 files are in the store with their MD5; on this PC 3 unchanged; 3 safe to delete here" in first
    assert checked.startswith("Checked 20")

    folder = instrument_folder(pc)
    (manifest,) = folder.glob(f".manifests/*{session}.md5")
    assert pc.run("manifest", session).stdout == manifest.read_text(encoding="utf-8")
    assert set(manifest.read_text(encoding="utf-8").splitlines()) == {
        f"{md5(path)}  {folder.name}/run/{path.name}" for path in (pc.watch / "run").iterdir()
    }
    (pc.watch / "run/a.tif").unlink()
    (pc.watch / "run/b.tif").write_bytes(b"later")
    (folder / "run/scan.ser").write_bytes(b"somebody's")
    (folder / "run/stray.txt").write_bytes(b"stray")
    code, shown = verified(session, capsys)
    assert code is ExitCode.FAILED
    name = folder.name
    assert f"DIFFERENT  {name}/run/scan.ser: in the store is other content (10 bytes" in shown
    assert f"CHANGED    {name}/run/b.tif: " in shown
    assert f"UNKNOWN    {name}/run/stray.txt: 5 bytes, of an unknown writer" in shown
    assert "2 of 3 files are in the store" in shown
    assert "on this PC 1 unchanged, 1 changed since, 1 gone; 0 safe to delete here" in shown
    # The file of the store that a logger wrote is gone altogether.
    (folder / "run/scan.ser").unlink()
    assert f"ABSENT     {name}/run/scan.ser: not in the store" in verified(session, capsys)[1]
    # Nothing was written, and another PC finds the same without a journal.
    assert before == ((pc.home / "facts.db").read_bytes(), (pc.home / "files.db").read_bytes())
    (pc.home / "files.db").unlink()
    code, shown = verified(session, capsys)
    assert code is ExitCode.FAILED
    assert "on this PC" not in shown
    (pc.home / "files.db").write_bytes(b"no database at all")
    assert verified(session, capsys)[0] is ExitCode.FAILED
    # Its manifest beside the data says the same.
    done = run_linux("md5sum", "--quiet", "-c", manifest, cwd=pc.bucket)
    assert done.returncode == 1
    assert "run/scan.ser" in done.stdout + done.stderr
    assert "run/a.tif" not in done.stdout + done.stderr

    shutil.move(pc.bucket, pc.bucket.with_name("away"))
    with pytest.raises(StoreUnavailable):
        verified(session, capsys)


def test_all_sessions_beside_a_running_logger(pc: Pc, session: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = verified(None, capsys)
    assert code is ExitCode.COMPLETE
    assert "Altogether: 3 of 3 files are in the store" in shown
    assert "UNKNOWN" not in shown
    program, running = pc.headless("--user", "bob")
    pc.write("run/scan.ser", b"bob's own")
    pc.write("new.tif", b"new")
    until(lambda: len(pc.stored()) == 4)
    until(lambda: pc.sql("SELECT COUNT(*) FROM file_manifest") == [(5,)])
    code, shown = verified(None, capsys)
    assert code is ExitCode.WAITING
    assert "MOVED      " in shown  # ada's, when bob wrote the same name
    assert "UNKNOWN" not in shown
    assert "not complete yet" in shown
    assert pc.finish(program) == ExitCode.COMPLETE
    assert verified(None, capsys)[0] is ExitCode.COMPLETE
    assert session != running
    # The rows of a session that the database has forgotten leave its objects to nobody.
    with closing(sqlite3.connect(pc.home / "nexuslims.db")) as database, database:
        database.execute("DELETE FROM file_manifest WHERE session_identifier = ?", [running])
    code, shown = verified(None, capsys)
    assert "new.tif: 3 bytes, brought by" in shown
    assert f"in session {running}" in shown


def test_what_is_not_in_the_store_for_a_reason(pc: Pc, session: str, capsys: pytest.CaptureFixture[str]) -> None:
    units = tasks.open_database(load_settings())
    (row, *_) = tasks.manifest_of(units, session)

    def put(name: str, state: ResultState, **more: str) -> None:
        other = ManifestRow(session, row.instrument_pid, row.computer_name, row.bucket, name, state, 1, **more)  # type: ignore[arg-type]  # texts alone
        tasks.apply_manifest(units, (other,))

    put("x/vanished.tif", ResultState.MISSING, reason="deleted before it was sent")
    put("x/left out.tif", ResultState.SKIPPED, reason="too large", decided_by="ada")
    code, shown = verified(session, capsys)
    assert code is ExitCode.COMPLETE
    assert "MISSING    x/vanished.tif: deleted before it was sent" in shown
    assert "SKIPPED    x/left out.tif: too large (decided by ada)" in shown
    assert "3 of 3 files are in the store with their MD5; 1 missing; 1 skipped" in shown
    put("x/waits.tif", ResultState.PENDING, last_error="locked")
    code, shown = verified(session, capsys)
    assert code is ExitCode.WAITING
    assert "PENDING    x/waits.tif: locked" in shown
    # The same rows as another PC sees them: its own name for the share, then another store altogether.
    with closing(sqlite3.connect(pc.home / "nexuslims.db")) as database, database:
        database.execute("UPDATE file_manifest SET bucket = 'gs://another'")
    assert "3 of 3 files" in verified(session, capsys)[1]
    shutil.rmtree(instrument_folder(pc))
    code, shown = verified(session, capsys)
    assert code is ExitCode.FAILED
    assert "brought to another store (gs://another)" in shown


def test_a_session_that_nobody_knows(pc: Pc, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StopAndTell, match="There is no session"):
        verified("no-such-session", capsys)
    code, shown = verified(None, capsys)
    assert code is ExitCode.COMPLETE
    assert "0 of 0 files" in shown
    assert pc.run("verify").returncode == ExitCode.USAGE


@needs_emulators
@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed (packaging/system.sh does)")
def test_a_bucket_and_what_was_copied_from_it(
    pc: Pc, gcp_url: str, proxy: StorageProxy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = make_bucket(gcp_url)
    for name, value in (("NEXUSLIMSGUI_DATA_BUCKET", bucket), ("STORAGE_EMULATOR_HOST", proxy.url)):
        pc.environment[name] = value
        monkeypatch.setenv(name, value)
    program, session = pc.headless()
    # No % or #: the emulator does not escape them in the address under which rclone downloads.
    for name in ("run/a.tif", "run/ü 1.tif", "run/-rf"):
        pc.write(name, name.encode())
    until(lambda: pc.sql("SELECT COUNT(*) FROM file_manifest") == [(3,)])
    assert pc.finish(program) == ExitCode.COMPLETE
    copy = pc.home / "copy"
    copied = subprocess.run(
        ["rclone", "copy", f"bucket:{bucket}", copy],
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.fspath(pc.home),
            "RCLONE_CONFIG": os.fspath(pc.home / "rclone.conf"),
            "RCLONE_CONFIG_BUCKET_TYPE": "google cloud storage",
            "RCLONE_CONFIG_BUCKET_ANONYMOUS": "true",
            "RCLONE_CONFIG_BUCKET_ENDPOINT": f"{gcp_url}/storage/v1/",
        },
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert copied.returncode == 0, copied.stderr.decode()
    (manifest,) = copy.glob(f"*/.manifests/*{session}.md5")
    subprocess.run(["md5sum", "--strict", "-c", manifest], cwd=copy, check=True, capture_output=True, timeout=20)
    assert len(manifest.read_text(encoding="utf-8").splitlines()) == 3
    code, shown = verified(session, capsys)
    assert code is ExitCode.COMPLETE
    assert "3 of 3 files are in the store with their MD5; on this PC 3 unchanged; 3 safe to delete here" in shown
    assert verified(None, capsys)[0] is ExitCode.COMPLETE
    proxy.denied.add("storage.objects.list")
    code, shown = verified(session, capsys)
    assert code is ExitCode.COMPLETE
    assert "NOTE       objects that belong to no session were not looked for" in shown
    assert "storage.objects.list" in shown
