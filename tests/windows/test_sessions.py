"""Whole sessions of the real program, where Windows makes them hard."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_headless import LIMIT_S, Pc, checked_by_md5sum, md5
from tests.integration.test_resume import PART, PARTS
from tests.storage_emulators import make_bucket, needs_emulators, store_at
from tests.storage_proxy import Fault, Harm, StorageProxy
from tests.waiting import until
from tests.windows.other_programs import DENY_ALL, asleep, drive, held
from tests.windows.signals import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

assert sys.platform == "win32"

#: Together longer than the 260 characters that a plain Windows path may have.
DEEP = "/".join(f"{number} Prüfling 試料 {'x' * 40}" for number in range(6))


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    machine = Pc(tmp_path)
    yield machine
    machine.kill_all()


def test_a_session_on_a_mapped_drive_that_goes_away_and_comes_back(pc: Pc, tmp_path: Path) -> None:
    """A user and folders with names of another alphabet, a long path, and a file that the instrument keeps for long."""
    profile = tmp_path / "Jürgen Łukasz 試料"
    profile.mkdir()
    del pc.environment["NEXUSLIMSGUI_HOME"]
    pc.home = profile / "nexuslims" / "gui"
    pc.bucket = pc.home / "bucket"
    pc.environment |= {"USERPROFILE": str(profile), "NEXUSLIMSGUI_FILESTORE_PATH": "T:\\"}

    def logged(words: str) -> bool:
        return words in (pc.home / "logs" / "nexuslims-logger.log").read_text(encoding="utf-8")

    with drive("T:", pc.watch) as mapped:
        program, session = pc.headless("--user", "Jürgen 試")
        deep = Path(f"\\\\?\\{pc.watch}\\{DEEP}".replace("/", "\\"))
        deep.mkdir(parents=True)
        (deep / "scan 1.ser").write_bytes(b"deep")
        pc.write("first.tif", b"first")
        until(lambda: len(pc.stored()) == 2)

        mapped.disconnect()
        until(lambda: logged("Check that the disk or share is connected"))
        mapped.connect()
        kept = pc.write("kept.ser", b"kept")
        with held(kept, DENY_ALL):
            pc.write("last.tif", b"last")
            until(lambda: "last.tif" in pc.stored())
            interrupt(program)
            until(lambda: pc.sql("SELECT 1 FROM session_log WHERE event_type = 'END'") == [(1,)])
            assert "kept.ser" not in pc.stored()
        _, told = program.communicate(timeout=LIMIT_S)
    assert program.returncode == 0, told
    assert "waiting for kept.ser: it is in use by another program" in told

    assert pc.sql("SELECT event_type, user, record_status FROM session_log ORDER BY 1") == [
        ("END", "Jürgen 試", "TO_BE_BUILT"),
        ("START", "Jürgen 試", "TO_BE_BUILT"),
    ]
    assert pc.sql("SELECT DISTINCT state FROM file_manifest") == [("UPLOADED",)]
    names = {row[0] for row in pc.sql("SELECT object_name FROM file_manifest")}
    assert {name.partition("/")[2] for name in names} == {"first.tif", "kept.ser", "last.tif", f"{DEEP}/scan 1.ser"}
    assert not any("\\" in name for name in names)
    checked = checked_by_md5sum(pc.run("manifest", session).stdout, pc.bucket)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 4), checked


@needs_emulators
def test_a_pc_that_sleeps_in_the_middle_of_an_upload(pc: Pc, proxy: StorageProxy, gcp_url: str, tmp_path: Path) -> None:
    """Its connections are dead when it wakes, and more time has passed than it has worked."""
    bucket = make_bucket(gcp_url)
    pc.environment |= {"NEXUSLIMSGUI_DATA_BUCKET": bucket, "STORAGE_EMULATOR_HOST": proxy.url}
    store = store_at(gcp_url, bucket, tmp_path)
    stall = Fault(Harm.STALL, PARTS, skip=1)
    proxy.faults.append(stall)
    program, _ = pc.headless()
    big = pc.write("big.ser", random.Random(1).randbytes(2 * PART + 1000))
    until(lambda: stall.times == 0)
    with asleep(program.pid):
        proxy.refuse()
        proxy.start()
    until(lambda: any(found.name.endswith("/big.ser") for found in store.list("")))
    assert pc.finish(program) == 0
    stored = {found.name.rpartition("/")[2]: found.md5 for found in store.list("")}
    assert stored["big.ser"] == md5(big)
    assert pc.sql("SELECT record_status FROM session_log") == [("TO_BE_BUILT",)] * 2
