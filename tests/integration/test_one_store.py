"""One store for several: two PCs with one prefix, a journal that was lost, and names that are odd."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.exit_codes import ExitCode
from tests.integration.test_headless import Pc, checked_by_md5sum, md5
from tests.waiting import until
from tests.windows.signals import STARTED_WITH, interrupt, terminate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class NamedPc(Pc):
    """A PC with a name of its own, in a lab with one database and one store."""

    def __init__(self, folder: Path, name: str, lab: Path) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.name = name
        self.bucket = lab / "bucket"
        self.environment |= {
            "NEXUSLIMSGUI_DATA_BUCKET": str(self.bucket),
            "NEXUSLIMSGUI_DATABASE_URL": f"sqlite:///{lab}/lab.db",
            "NEXUSLIMSGUI_INSTRUMENT": "TITAN",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        code = (
            f"import platform, sys; platform.node = lambda: {self.name!r}; "
            "from nexuslims_logger.cli import main; sys.exit(main(sys.argv[1:]))"
        )
        program = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            creationflags=STARTED_WITH,
        )
        self._started.append(program)
        return program


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    machine = Pc(tmp_path)
    yield machine
    machine.kill_all()


def looks(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return what changes when a file of the store is written again, by path."""
    found = {}
    for path in folder.rglob("*.*"):
        below = path.relative_to(folder)
        if path.is_file() and not below.parts[0].startswith(".") and ".manifests" not in below.parts:
            looked = path.stat()
            found[str(below)] = (looked.st_ino, looked.st_ctime_ns, looked.st_mtime_ns)
    return found


def test_two_pcs_with_one_prefix(tmp_path: Path) -> None:
    tem, cam = (NamedPc(tmp_path / name, name, tmp_path) for name in ("TEM-1", "CAM-1"))
    try:
        assert tem.run("db", "upgrade").returncode == ExitCode.COMPLETE
        added = tem.run("instruments", "add", "--pid", "TITAN", "--name", "Titan", "--filestore-path", "./Titan")
        assert added.returncode == ExitCode.COMPLETE, added.stderr
        programs = [pc.headless("--user", pc.name) for pc in (tem, cam)]
        written: dict[tuple[str, str], str] = {}
        for pc in (tem, cam):
            for name, content in (("own.tif", pc.name), ("equal.tif", "equal"), (f"{pc.name}.tif", pc.name)):
                written[pc.name, name] = md5(pc.write(f"run/{name}", content.encode()))
        until(lambda: len(looks(tmp_path / "bucket")) == 6)
        assert [pc.finish(program) for pc, (program, _) in zip((tem, cam), programs, strict=True)] == [0, 0]
        stored = {str(path.name): md5(path) for path in (tmp_path / "bucket/Titan/run").iterdir()}
        # Who came second has a second name, which says whose it is; nothing of the other is replaced.
        (own,) = [name for name in stored if name.startswith("own (")]
        second = own.removeprefix("own (").removesuffix(").tif")
        first = {"TEM-1": "CAM-1", "CAM-1": "TEM-1"}[second]
        assert (stored["own.tif"], stored[own]) == (written[first, "own.tif"], written[second, "own.tif"])
        assert sorted(name for name in stored if name.startswith("equal"))[1] == "equal.tif"
        assert len(stored) == 6
        assert len(list((tmp_path / "bucket/Titan/.manifests").iterdir())) == 2
        verified = tem.run("verify", "--all")
        assert verified.returncode == ExitCode.COMPLETE, verified.stdout
        assert "Altogether: 6 of 6 files are in the store with their MD5" in verified.stdout
        assert "UNKNOWN" not in verified.stdout
        for manifest in (tmp_path / "bucket/Titan/.manifests").iterdir():
            checked = checked_by_md5sum(manifest.read_text(encoding="utf-8"), tmp_path / "bucket")
            assert checked.returncode == 0, checked
    finally:
        tem.kill_all()
        cam.kill_all()


def test_nothing_is_sent_twice_when_the_file_state_is_lost(pc: Pc) -> None:
    program, session = pc.headless()
    for name in ("a.tif", "run/b.tif", "run/c.ser"):
        pc.write(name, name.encode() * 1000)
    until(lambda: len(pc.stored()) == 3)
    until(lambda: pc.sql("SELECT COUNT(*) FROM file_manifest WHERE state = 'UPLOADED'") == [(3,)])
    pc.finish(program, terminate)
    before, rows = looks(pc.bucket), pc.sql("SELECT object_name, md5, generation FROM file_manifest ORDER BY 1")
    for path in pc.home.glob("files.db*"):
        path.unlink()
    pc.write("run/new.tif", b"new")
    program, again = pc.headless("--continue")
    assert again == session
    until(lambda: "run/new.tif" in pc.stored())
    assert pc.finish(program) == ExitCode.COMPLETE
    after = looks(pc.bucket)
    assert {name: after[name] for name in before} == before
    assert len(after) == 4
    kept = pc.sql(
        "SELECT object_name, md5, generation FROM file_manifest WHERE object_name NOT LIKE '%new%' ORDER BY 1"
    )
    assert kept == rows
    assert pc.run("verify", session).returncode == ExitCode.COMPLETE
    (manifest,) = pc.bucket.glob(f"*/.manifests/*{session}.md5")
    assert len(manifest.read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only here a name may be any bytes")
def test_odd_names_are_stored_or_reported(pc: Pc) -> None:
    storable = [
        "a b/ü #1 100%?.tif",
        "line\nbreak.dm3",
        "return\rhere.dm3",
        "emoji \N{MICROSCOPE}.ser",
        "-rf",
        "*x",
        "trailing. ",
        "CON.txt",
        "colon:stream.tif",
        "e\N{COMBINING ACUTE ACCENT}.tif",
        "\N{LATIN SMALL LETTER E WITH ACUTE}.tif",
        "x" * 250 + ".tif",
    ]
    refused = [b"back\\slash.tif", b"not utf-8 \xff.tif", b"/".join([b"d" * 200] * 6) + b"/too-long.tif"]
    program, session = pc.headless()
    for name in storable:
        pc.write(name, name.encode())
    for blob in refused:
        path = os.path.join(os.fsencode(pc.watch), blob)  # noqa: PTH118 - bytes
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - as above
        with open(path, "wb") as file:  # noqa: PTH123 - as above
            file.write(blob)
    until(lambda: len(pc.stored()) == len(storable))
    interrupt(program)
    until(lambda: pc.sql("SELECT COUNT(*) FROM session_log WHERE event_type = 'END'") == [(1,)])
    interrupt(program)
    _, said = program.communicate(timeout=60)
    assert "Traceback" not in said
    assert program.returncode == ExitCode.WAITING
    rows = {name.partition("/")[2]: checksum for name, checksum in pc.sql("SELECT object_name, md5 FROM file_manifest")}
    assert pc.stored().keys() == set(storable)
    assert rows.items() <= pc.stored().items()
    # The others keep the session from being called complete; somebody sees why, and may leave them out.
    log = next(pc.home.rglob("nexuslims-logger.log")).read_text(encoding="utf-8")
    shown = f"{said}\n{log}"
    assert "waiting for " in said
    assert pc.sql("SELECT DISTINCT record_status FROM session_log") == [("WAITING_FOR_END",)]
    assert any(reason in shown for reason in ("backslash", "not valid UTF-8", "longer than 1024 bytes"))
    # `sync` tries, says so, and comes to an end; without the file (or with another name) it is complete.
    for blob in refused[1:]:
        os.unlink(os.path.join(os.fsencode(pc.watch), blob))  # noqa: PTH108, PTH118 - as above
    tried = pc.run("sync")
    assert tried.returncode == ExitCode.WAITING
    assert "backslash" in tried.stderr
    (pc.watch / "back\\slash.tif").unlink()
    assert pc.run("sync").returncode == ExitCode.COMPLETE
    assert pc.sql("SELECT DISTINCT record_status FROM session_log") == [("TO_BE_BUILT",)]
    assert pc.run("verify", session).returncode == ExitCode.COMPLETE
