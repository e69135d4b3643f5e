"""What the commands write where Windows' code page lacks the characters: in pipes, and on consoles of cp1252."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_headless import LIMIT_S, Pc, checked_by_md5sum
from tests.waiting import until
from tests.windows.signals import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if os.name != "nt":
    pytest.skip("Windows alone: make test-windows", allow_module_level=True)

USER, NAME = "Łukasz 試", "試料 😀 é.tif"


def as_a_console(text: str) -> str:
    """Return what remains of a text on a console of cp1252."""
    return text.encode("cp1252", "backslashreplace").decode("cp1252")


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    folder = tmp_path / "日本 😀"
    folder.mkdir()
    machine = Pc(folder)
    # As an instrument's PC has it: Python goes by the code page.
    machine.environment.pop("PYTHONIOENCODING", None)
    machine.environment["PYTHONUTF8"] = "0"
    yield machine
    machine.kill_all()


def said_by(pc: Pc, encoding: str, *arguments: str, **environment: str) -> str:
    """Run a command, and return what it says, on both streams."""
    told = subprocess.run(
        [*pc.program, *arguments], env=pc.environment | environment, capture_output=True, timeout=LIMIT_S, check=False
    )
    assert told.returncode == 0, told
    assert b"Traceback" not in told.stderr
    return (told.stdout + told.stderr).decode(encoding)


def test_names_that_the_code_page_lacks(pc: Pc) -> None:
    """In a pipe they stand as they are; a console gets escapes."""
    program, session = pc.headless("--user", USER)
    pc.write(NAME, b"content")
    until(lambda: NAME in pc.stored())
    interrupt(program)
    _, told = program.communicate(timeout=LIMIT_S)
    assert program.returncode == 0, told
    assert f"The session of {USER} at " in told
    assert "Traceback" not in told

    assert USER in said_by(pc, "utf-8", "sessions")
    assert str(pc.watch) in said_by(pc, "utf-8", "doctor")
    assert as_a_console(str(pc.watch)) in said_by(pc, "cp1252", "doctor", PYTHONIOENCODING="cp1252")
    manifest = said_by(pc, "utf-8", "manifest", session)
    assert NAME in manifest
    checked = checked_by_md5sum(manifest, pc.bucket)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 1), checked
