"""A network that is away for days, and copies that are put back: of the PC, and of the database; and a new disk.

The real program, a real server behind a cable, and a store on a share.
"""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.exit_codes import ExitCode
from tests.faults.cable import Cable
from tests.faults.long_run import LongRun
from tests.faults.machine import Forks, Machine, caught_up
from tests.faults.outside import in_the_end
from tests.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database_servers import Server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs the program many times by forking it")


@pytest.fixture(scope="module")
def cable(mariadb: Server) -> Iterator[Cable]:
    with Cable(mariadb.port) as cable:
        yield cable


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, mariadb: Server, cable: Cable) -> Iterator[LongRun]:
    """A PC that has had its first session; every test leaves it whole."""
    folder = tmp_path_factory.mktemp("pc")
    with Forks() as forks:
        lab = LongRun(folder, mariadb, abs(hash(folder)) % 10**9, forks, cable)
        lab.prepare()
        yield lab


def a_session(machine: Machine, user: str, path: str) -> tuple[str, int]:
    """Run a session with one file, click on its end; return its identifier, and the exit code."""
    run = machine.start("headless", "--user", user)
    session = machine.started(run)
    assert session, run.complaints.read_text()
    machine.write(path, user.encode() * 1000, session)
    for _ in waiting("nothing was stored"):
        if any(name.endswith(path) for name in machine.store.names()):
            break
    machine.tell(run, signal.SIGINT)
    return session, machine.finish(run)


def count(lab: LongRun, table: str) -> int:
    number: int = lab.ask(f"SELECT COUNT(*) FROM {table}")[0][0]
    return number


def all_is_well(lab: LongRun) -> None:
    assert not caught_up(lab.machine)
    verdict = in_the_end(lab.ask, lab.machine)
    assert verdict.is_kept(), verdict


def test_two_sessions_without_a_database_arrive_complete_and_in_order(lab: LongRun, cable: Cable) -> None:
    before = count(lab, "session_log")
    cable.pull()
    ends = [a_session(lab.machine, "Ada", "away 1.tif"), a_session(lab.machine, "Bob", "away 2.tif")]
    assert [code for _, code in ends] == [ExitCode.WAITING] * 2
    assert count(lab, "session_log") == before
    cable.put_back()
    all_is_well(lab)
    told = lab.ask("SELECT session_identifier, event_type FROM session_log ORDER BY timestamp, id_session_log")
    assert told[before:] == [(session, kind) for session, _ in ends for kind in ("START", "END")]


def test_an_image_of_the_pc_is_put_back(lab: LongRun) -> None:
    before = count(lab, "file_manifest")
    image = lab.machine.home.with_name("image")
    shutil.copytree(lab.machine.home, image)
    assert a_session(lab.machine, "Ada", "image 1.tif")[1] == ExitCode.COMPLETE
    shutil.rmtree(lab.machine.home)
    image.rename(lab.machine.home)
    assert a_session(lab.machine, "Bob", "image 2.tif")[1] == ExitCode.COMPLETE
    all_is_well(lab)
    assert count(lab, "file_manifest") == before + 2


def test_the_database_is_restored_from_a_backup(lab: LongRun) -> None:
    before = count(lab, "session_log")
    session, _ = a_session(lab.machine, "Ada", "backup 1.tif")
    lab.forget(session)
    assert a_session(lab.machine, "Bob", "backup 2.tif")[1] == ExitCode.COMPLETE
    all_is_well(lab)
    assert count(lab, "session_log") == before + 4


def test_a_new_disk_or_another_account(lab: LongRun) -> None:
    run = lab.machine.start("headless", "--user", "Ada")
    session = lab.machine.started(run)
    assert session
    lab.machine.write("disk 1.tif", b"grain", session)
    for _ in waiting("nothing was recorded"):
        if lab.ask(f"SELECT 1 FROM file_manifest WHERE session_identifier = '{session}'"):
            break
    lab.machine.tell(run, signal.SIGKILL)
    lab.machine.finish(run)
    generations = lab.ask("SELECT object_name, generation FROM file_manifest ORDER BY object_name")
    shutil.rmtree(lab.machine.home)
    assert a_session(lab.machine, "Bob", "disk 2.tif")[1] == ExitCode.COMPLETE
    all_is_well(lab)
    end = f"session_identifier = '{session}' AND event_type = 'END'"
    assert lab.ask(f"SELECT end_reason FROM session_log WHERE {end}") == [("LAST_ACTIVITY",)]
    now = dict(lab.ask("SELECT object_name, generation FROM file_manifest"))
    assert {name: now[name] for name, _ in generations} == dict(generations), "what was stored was sent once more"
