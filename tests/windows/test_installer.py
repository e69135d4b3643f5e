"""What the installer does on a PC, with a program of three small files in place of the real one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.waiting import until
from tests.windows.pc import Pc, build_setup, machine, needs_setup, pc, windows

__all__ = ["machine", "pc"]

pytestmark = needs_setup

TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    (folder / "_internal").mkdir()
    for name in ("nexuslims-logger.exe", "NexusLIMS-Logger-Window.exe", "_internal/library.dll"):
        (folder / name).write_bytes(b"1")
    return folder


@pytest.fixture(scope="module")
def setup(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_setup("1.9.0", tmp_path_factory.mktemp("setup"), program)


@pytest.fixture(scope="module")
def newer(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (program / "_internal" / "library.dll").write_bytes(b"2")
    return build_setup("1.10.0", tmp_path_factory.mktemp("newer"), program)


def in_task(pc: Pc, *path: str) -> list[str]:
    """Return the texts of the elements at that path of the task's description, of which Wine keeps half."""
    task = ET.fromstring((pc.program / "sync-task.xml").read_bytes())  # noqa: S314 - ours
    found = task.iterfind("/".join(f"{TASK}{name}" for name in path))
    return [element.text or "" for element in found]


def test_an_upgrade_keeps_what_was_chosen_until_something_else_is(pc: Pc, setup: Path, newer: Path) -> None:
    pc.program = pc.drive_c / "R&D" / "Logger"
    assert pc.install(setup, "/AUTOSTART=1", f"/CONFIG={windows(pc.configure())}", "/D=C:\\R&D\\Logger") == 0
    assert pc.version() == "1.9.0"
    assert pc.home.is_dir()
    assert json.loads((pc.machine / "config.json").read_text())["NEXUSLIMSGUI_SYNC_INTERVAL_SECONDS"] == 1
    assert [file.exists() for file in (pc.menu, pc.startup, pc.task)] == [True, True, True]
    assert in_task(pc, "Triggers", "BootTrigger", "Delay") == ["PT2M"]
    assert in_task(pc, "Principals", "Principal", "UserId") == ["S-1-5-18"]
    assert in_task(pc, "Settings", "ExecutionTimeLimit") == ["PT0S"]
    assert in_task(pc, "Actions", "Exec", "Command") == ["C:\\R&D\\Logger\\nexuslims-logger.exe"]
    assert in_task(pc, "Actions", "Exec", "Arguments") == ["-s sync"]

    left = pc.program / "_internal" / "of-an-older-version.dll"
    left.touch()
    pc.menu.unlink()
    assert pc.install(newer, "/D=C:\\Elsewhere") == 0
    assert pc.version() == "1.10.0"
    assert [file.name for file in (pc.program / "_internal").iterdir()] == ["library.dll"]
    assert (pc.program / "_internal" / "library.dll").read_bytes() == b"2"
    assert not (pc.drive_c / "Elsewhere").exists()
    assert (pc.machine / "config.json").exists()
    assert [file.exists() for file in (pc.menu, pc.startup, pc.task)] == [False, True, True]

    second = pc.configure(SYNC_INTERVAL_SECONDS=2)
    assert pc.install(newer, "/AUTOSTART=0", "/SYNCTASK=0", f"/CONFIG={os.path.relpath(second)}") == 0
    assert json.loads((pc.machine / "config.json").read_text())["NEXUSLIMSGUI_SYNC_INTERVAL_SECONDS"] == 2
    assert pc.install(newer) == 0
    assert [file.exists() for file in (pc.menu, pc.startup, pc.task)] == [False, False, False]
    assert not (pc.program / "sync-task.xml").exists()


def test_a_removal_leaves_the_facilitys_folder_alone(pc: Pc, setup: Path) -> None:
    assert pc.install(setup, "/AUTOSTART=1", f"/CONFIG={windows(pc.configure())}") == 0
    (pc.home / "facts.db").write_bytes(b"what happened")
    assert pc.remove() == 0
    assert pc.version() == ""
    assert [file.exists() for file in (pc.menu, pc.startup, pc.task)] == [False, False, False]
    # It runs from its own folder, and cannot delete itself then.
    assert [file.name for file in pc.program.iterdir()] == ["uninstall.exe"]
    assert (pc.home / "facts.db").read_bytes() == b"what happened"
    assert (pc.machine / "config.json").exists()

    assert pc.install(setup) == 0
    assert pc.run(pc.program / "uninstall.exe", "/S").returncode == 0
    until(lambda: not pc.program.exists())
    until(lambda: pc.version() == "")


def test_what_is_refused_changes_nothing(pc: Pc, setup: Path, newer: Path) -> None:
    assert pc.install(setup, "/CONFIG=C:\\nothing.json") == 2
    assert pc.install(setup, "/AUTOSTART=yes") == 2
    assert not pc.program.exists()
    assert not pc.machine.exists()
    assert pc.version() == ""

    assert pc.install(newer) == 0
    assert pc.install(setup, "/AUTOSTART=1") == 4
    assert pc.version() == "1.10.0"
    assert not pc.startup.exists()
    assert (pc.program / "_internal" / "library.dll").read_bytes() == b"2"
    assert pc.remove() == 0
    assert pc.install(setup) == 0
    assert pc.version() == "1.9.0"
