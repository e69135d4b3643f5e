"""The program's folder is taken away from the real program, or from under its writes, while a session runs."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.exit_codes import ExitCode
from tests.faults.machine import Forks, Machine, Run
from tests.faults.outside import FolderContents, in_the_end
from tests.faults.sweep import asked
from tests.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Absent on Windows, and so is what runs the program here.
resource = pytest.importorskip("resource")

#: Less than the journal's files are at that time, and more than anything that only tells.
FULL_AT_BYTES = 40_000


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with Forks() as forks:
        # The store is elsewhere: only the program's own folder is concerned.
        made = Machine(tmp_path, forks, NEXUSLIMSGUI_DATA_BUCKET=str(tmp_path / "bucket"))
        made.store = FolderContents(tmp_path / "bucket")
        yield made


def says(run: Run, words: str) -> None:
    for _ in waiting(f"nobody said {words!r}: {run.complaints.read_text()}"):
        if words in run.complaints.read_text():
            return


def ends_well(machine: Machine, run: Run, *, ended: bool = False) -> None:
    says(run, "2 of 2 files stored")
    if not ended:
        machine.tell(run, signal.SIGINT)
    assert machine.finish(run) == ExitCode.COMPLETE, run.complaints.read_text()
    verdict = in_the_end(asked(machine), machine)
    assert verdict.is_kept(), verdict
    with closing(sqlite3.connect(machine.home / "facts.db")) as journal:
        assert journal.execute("SELECT state FROM session WHERE revision = database_revision").fetchall() == [
            ("READY",)
        ]


@pytest.mark.parametrize("is_put_back", [True, False], ids=["moved away and put back", "deleted and made again"])
def test_a_deleted_folder_is_written_anew(machine: Machine, *, is_put_back: bool) -> None:
    run = machine.start("headless", "--user", "Ada")
    session = machine.started(run)
    assert session
    machine.write("first.tif", b"first", session)
    says(run, "1 of 1 files stored")
    away = machine.home.with_name("away")
    machine.home.rename(away)
    if not is_put_back:
        shutil.rmtree(away)
    machine.write("second.tif", b"second", session)
    says(run, "has gone while the program runs")
    if is_put_back:
        away.rename(machine.home)
    else:
        machine.home.mkdir()
    ends_well(machine, run)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a running program can be given a limit")
def test_what_cannot_be_written_is_told_and_written_later(machine: Machine) -> None:
    run = machine.start("headless", "--user", "Ada")
    session = machine.started(run)
    assert session
    machine.write("first.tif", b"first", session)
    says(run, "1 of 1 files stored")
    # From now on no file of the program grows beyond this: its journal, its database, and what it brings to the store.
    resource.prlimit(run.process, resource.RLIMIT_FSIZE, (FULL_AT_BYTES, resource.RLIM_INFINITY))
    machine.write("second.tif", bytes(4 * FULL_AT_BYTES), session)
    says(run, "files.db cannot be used")
    machine.tell(run, signal.SIGINT)
    says(run, "facts.db cannot be used")
    assert "END is recorded" not in run.complaints.read_text()
    with closing(sqlite3.connect(machine.home / "facts.db")) as journal:
        assert journal.execute("SELECT state FROM session").fetchall() == [("RUNNING",)]
    resource.prlimit(run.process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    ends_well(machine, run, ended=True)
