"""A Windows PC under Wine as a facility has it: the installer, what it installs, a screen. Linux looks on.

Slow, and asked for by name: ``make test-installer``.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops

from nexuslims_logger.demo.virtual_screen import VirtualScreen
from nexuslims_logger.gui.palette import LIGHT
from tests.windows.__main__ import TOP, stop_wine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The installer to try; `make test-installer` names it.
SETUP = os.environ.get("NEXUSLIMS_TEST_INSTALLER", "")
needs_setup = pytest.mark.skipif(not SETUP, reason="slow, and needs the installer: make test-installer")
PROGRAM = TOP / "dist" / "windows" / "nexuslims-logger"

LIMIT_S = 180.0
_HEARD_S = 5.0
_REGISTERED = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\NexusLIMS-Logger"
#: The folder as the last word and without quotation marks, though there be spaces in it.
_REMOVE = """
import subprocess, sys
sys.exit(subprocess.call(f'"{sys.argv[1]}\\\\uninstall.exe" /S _?={sys.argv[1]}'))
"""
#: Beside a button's own colour, the one that it has below the pointer, and what a photograph makes of both.
_ALIKE = 40


@dataclass
class Pc:
    """A Windows of its own."""

    folder: Path
    screen: VirtualScreen
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prefix = self.folder / "prefix"
        self.drive_c = self.prefix / "drive_c"
        self.machine = self.drive_c / "ProgramData" / "NexusLIMS-Logger"
        self.home = self.machine / "home"
        menu = self.machine.parent / "Microsoft" / "Windows" / "Start Menu" / "Programs"
        self.menu = menu / "NexusLIMS-Logger.lnk"
        self.startup = menu / "StartUp" / "NexusLIMS-Logger.lnk"
        self.task = self.drive_c / "windows" / "system32" / "tasks" / "NexusLIMS-Logger sync"
        self.watch = self.folder / "watch é"
        self.environment = self._environment()
        self.run("cmd", "/c", "ver")  # makes drive C; some services want one more start after that

    def make_new(self) -> None:
        """Take away what was installed and recorded."""
        stop_wine(self.environment)
        for process in self.started:
            with process:  # closes its pipes
                process.kill()
        self.started.clear()
        self.environment = self._environment()
        if self.version():
            self.run("reg", "delete", _REGISTERED, "/f")
        self.program = self.drive_c / "Program Files" / "NexusLIMS-Logger"
        for folder in (self.program, self.machine, self.watch):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.menu, self.startup, self.task):
            file.unlink(missing_ok=True)
        self.watch.mkdir(parents=True)

    def _environment(self) -> dict[str, str]:
        own = ("USERPROFILE", "PROGRAMDATA")  # Windows'
        inherited = {name: value for name, value in self.screen.environment.items() if name not in own}
        return inherited | {"WINEPREFIX": os.fspath(self.prefix)}

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start a program; `finish` waits for its end, and `complaints` tells what it has said so far.

        The end of its pipes tells nothing: Windows' desktop, which Wine starts with the first program, keeps them open.
        """
        with self._complaints(len(self.started)).open("w", encoding="utf-8") as complaints:
            process = subprocess.Popen(
                [TOP / "packaging" / "wine.sh", *words],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                encoding="utf-8",
            )
        self.started.append(process)
        return process

    def _complaints(self, number: int) -> Path:
        return self.folder / f"complaints-{number}.txt"

    def complaints(self, process: subprocess.Popen[str]) -> str:
        """Return what it has written to stderr."""
        return self._complaints(self.started.index(process)).read_text(encoding="utf-8")

    def finish(self, process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
        """Wait for its end."""
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        with process.stdout as stream:
            out = stream.read()
        code = process.wait(LIMIT_S)
        return subprocess.CompletedProcess(process.args, code, out, self.complaints(process))

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.finish(self.start(*words))

    def logger(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.program / "nexuslims-logger.exe", *words)

    def headless(self, *words: str) -> tuple[subprocess.Popen[str], str]:
        """Start a session; return the process and the identifier that it prints."""
        process = self.start(self.program / "nexuslims-logger.exe", "headless", "--user", "ada", *words)
        assert process.stdout
        session = process.stdout.readline().strip()
        assert session, self.complaints(process)
        return process, session

    def install(self, setup: str | Path, *options: str) -> int:
        return self.run(setup, "/S", *options).returncode

    def remove(self) -> int:
        """Remove the program as a software distribution does, which wants to know how that went."""
        return self.run("python", "-c", _REMOVE, self.path_of(self.program)).returncode

    def version(self) -> str:
        """Return the version that Windows lists among its programs, "" for none."""
        asked = self.run("reg", "query", _REGISTERED, "/v", "DisplayVersion")
        return asked.stdout.split()[-1] if asked.returncode == 0 else ""

    def configure(self, **settings: object) -> Path:
        """Write the facility's settings, and return their file."""
        given = {"FILESTORE_PATH": windows(self.watch), "SETTLE_SECONDS": 0.3, "SYNC_INTERVAL_SECONDS": 1, **settings}
        path = self.folder / "the facility's.json"
        path.write_text(json.dumps({f"NEXUSLIMSGUI_{key}": value for key, value in given.items()}), encoding="utf-8")
        return path

    def rows(self) -> list[tuple[str, str, str]]:
        """Return what the embedded database has recorded: event, status, user."""
        if not (self.home / "nexuslims.db").exists():
            return []
        with closing(sqlite3.connect(self.home / "nexuslims.db")) as connection:
            return connection.execute(
                "SELECT event_type, record_status, user FROM session_log ORDER BY id_session_log"
            ).fetchall()

    def path_of(self, path: Path) -> str:
        """Return what Windows calls a file of its drive C."""
        return f"C:\\{path.relative_to(self.drive_c)}".replace("/", "\\")

    def titles(self) -> list[str]:
        """Return the titles of the windows on the screen."""
        done = subprocess.run(["wmctrl", "-l"], env=self.environment, capture_output=True, text=True, check=False)
        return [line.split(None, 3)[-1] for line in done.stdout.splitlines()]

    def insist(self, do: Callable[[], None], until_this: Callable[[], bool]) -> None:
        """Press or click until it has been heard: a window that has just changed does not hear."""
        end = time.monotonic() + LIMIT_S
        while not until_this():
            assert time.monotonic() < end, f"nothing is heard: {self.titles()}"
            do()
            heard = time.monotonic() + _HEARD_S
            while not until_this() and time.monotonic() < heard:
                time.sleep(0.2)

    def press(self, key: str) -> None:
        self.screen.do("key", "--clearmodifiers", key)

    def click_end_session(self) -> None:
        """Click into the middle of the one red button, where a photograph of the screen shows it."""
        photograph = self.folder / "screen.png"
        self.screen.photograph(photograph)
        with Image.open(photograph) as opened:
            image = opened.convert("RGB")
        red = Image.new("RGB", image.size, LIGHT.danger.ground)
        found = ImageChops.difference(image, red).convert("L").point([255 * (value < _ALIKE) for value in range(256)])
        box = found.getbbox()
        assert box, "there is no red button"
        self.screen.click((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)

    def photograph(self, name: str) -> None:
        """Keep what a person sees, where the environment names a folder for it."""
        if folder := os.environ.get("NEXUSLIMS_TEST_PHOTOGRAPHS"):
            self.screen.photograph(Path(folder) / f"{name}.png")


def windows(path: Path) -> str:
    """Return what Windows calls one of Linux's files."""
    return f"Z:{path}".replace("/", "\\")


def build_setup(version: str, out: Path, program: Path = PROGRAM) -> Path:
    """Build an installer of that version, quickly, and return it."""
    places = {
        "SOURCE": program,
        "ICON": TOP / "build" / "windows" / "nexuslims_logger" / "icon.ico",
        "LICENSE": TOP / "LICENSE",
        "OUT": out / f"Setup-{version}.exe",
    }
    given = {"VERSION": version, "COMPRESSION": "zlib", **places}
    defined = [f"-D{name}={value}" for name, value in given.items()]
    subprocess.run(["makensis", "-V1", *defined, f"{TOP}/packaging/installer.nsi"], check=True, timeout=300)
    return places["OUT"]


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pc]:
    with VirtualScreen() as screen:
        pc = Pc(tmp_path_factory.mktemp("pc"), screen)
        yield pc
        pc.make_new()
        stop_wine(pc.environment)
        shutil.rmtree(pc.folder)


@pytest.fixture
def pc(machine: Pc) -> Pc:
    """A Windows without the program."""
    machine.make_new()
    return machine
