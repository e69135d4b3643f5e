"""The machine-wide folder as the installer makes it: one journal for every account of the PC."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.exit_codes import ExitCode
from tests.integration.test_headless import Pc
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if os.name != "nt":
    pytest.skip("Windows alone: make test-windows", allow_module_level=True)


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    """A PC on which nothing is set but by the facility's file, and on which nobody is logged on."""
    machine = Pc(tmp_path)
    shared = tmp_path / "ProgramData é 試" / "NexusLIMS-Logger"
    machine.home = shared / "home"
    machine.bucket = machine.home / "bucket"
    machine.home.mkdir(parents=True)
    of_this_pc = {name: value for name, value in machine.environment.items() if name.startswith("NEXUSLIMSGUI_")}
    del of_this_pc["NEXUSLIMSGUI_HOME"]
    (shared / "config.json").write_text(json.dumps(of_this_pc), encoding="utf-8")
    for name in ("NEXUSLIMSGUI_HOME", *of_this_pc, "LOGNAME", "USER", "LNAME"):
        machine.environment.pop(name, None)
    machine.environment["PROGRAMDATA"] = str(shared.parent)
    yield machine
    machine.kill_all()


def log_on(pc: Pc, user: str) -> Path:
    """Let an account be the one that starts programs; return its profile."""
    profile = pc.watch.parent / "Users" / user
    profile.mkdir(parents=True)
    pc.environment |= {"USERPROFILE": str(profile), "USERNAME": user}
    return profile


def test_the_next_account_goes_on_with_the_same_journal(pc: Pc) -> None:
    profiles = [log_on(pc, "ada")]
    program, of_ada = pc.headless()
    pc.write("of-ada.tif", b"ada")
    until(lambda: "of-ada.tif" in pc.stored())
    program.kill()
    program.wait()

    profiles.append(log_on(pc, "Łukasz 試"))
    program, of_the_next = pc.headless()
    pc.write("of-the-next.tif", b"next")
    until(lambda: "of-the-next.tif" in pc.stored())
    assert pc.finish(program) == 0

    assert sorted(pc.sql("SELECT session_identifier, event_type, user, record_status FROM session_log")) == sorted(
        (session, event, user, "TO_BE_BUILT")
        for session, user in ((of_ada, "ada"), (of_the_next, "Łukasz 試"))
        for event in ("START", "END")
    )
    assert pc.sql("SELECT session_identifier FROM file_manifest ORDER BY object_name") == [(of_ada,), (of_the_next,)]
    assert (pc.home / "facts.db").is_file()
    assert [list(profile.iterdir()) for profile in profiles] == [[], []]


@pytest.mark.parametrize(
    ("refused", "code", "title", "remedy"),
    [
        (
            "instance.lock",
            ExitCode.USAGE,
            "The program's folder cannot be used",
            "to a folder that this account may write to",
        ),
        (
            "facts.db-wal",
            ExitCode.FAILED,
            "The journal cannot be written",
            "its folder is there, and may be written",
        ),
    ],
)
def test_an_account_that_may_not_write_there_is_told_where(
    pc: Pc, refused: str, code: ExitCode, title: str, remedy: str
) -> None:
    """Wine has no rights: a folder in the place of a file cannot be opened either."""
    log_on(pc, "ada")
    (pc.home / refused).mkdir()
    told = pc.run("headless", "--for", "1")
    assert told.returncode == code
    assert told.stdout == "", "no START"
    assert told.stderr.startswith(f"{title}: {pc.home}")
    assert remedy in told.stderr
    assert "Traceback" not in told.stderr
