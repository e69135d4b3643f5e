"""The installed Windows program, from the installer to its removal. Linux builds, installs and looks on.

Slow, and asked for by name: ``make test-installer``.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import nexuslims_logger
from nexuslims_logger.db.grants import Role, grants
from nexuslims_logger.demo.virtual_screen import VirtualScreen
from tests.cloud_sql_standin import INSTANCE, CloudSqlStandin
from tests.database_servers import mariadb
from tests.integration.test_headless import checked_by_md5sum, until
from tests.windows.__main__ import TOP, stop_wine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.database_servers import Server

__all__ = ["mariadb"]

#: The installer to try; `make test-installer` names it.
SETUP = os.environ.get("NEXUSLIMS_TEST_INSTALLER")
pytestmark = pytest.mark.skipif(SETUP is None, reason="slow, and needs the installer: make test-installer")

LIMIT_S = 120.0
PROGRAM = "Program Files/NexusLIMS-Logger"
#: Google's, and fixed in the connector, which an executable cannot be told otherwise.
CLOUD_SQL_PORT = 3307
DEEP = "/".join(f"{number} Prüfling 試料 {'x' * 40}" for number in range(6)) + "/scan.ser"
#: Writes a file as the instrument's program does, and keeps it to itself until the standard input ends.
HOLD = """
import ctypes, sys
kernel32 = ctypes.WinDLL("kernel32")
kernel32.CreateFileW.restype = ctypes.c_void_p
handle = ctypes.c_void_p(kernel32.CreateFileW(sys.argv[1], 0xC0000000, 0, None, 2, 0, None))
written = ctypes.c_ulong()
kernel32.WriteFile(handle, b"scan" * 1000, 4000, ctypes.byref(written), None)
print("held", written.value, flush=True)
sys.stdin.readline()
"""


@dataclass
class Pc:
    """A Windows of its own under Wine, with a screen."""

    folder: Path
    screen: VirtualScreen
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prefix = self.folder / "prefix"
        self.drive_c = self.prefix / "drive_c"
        self.program = self.drive_c / PROGRAM
        self.machine = self.drive_c / "ProgramData" / "NexusLIMS-Logger"
        self.home = self.machine / "home"
        self.menu = self.machine.parent / "Microsoft" / "Windows" / "Start Menu" / "Programs"
        self.watch = self.folder / "watch é"
        self.watch.mkdir()
        self.environment = {**self.screen.environment, "WINEPREFIX": os.fspath(self.prefix)}
        for name in ("USERPROFILE", "PROGRAMDATA"):  # Windows' own
            self.environment.pop(name, None)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [TOP / "packaging" / "wine.sh", *words],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.started.append(process)
        return process

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        process = self.start(*words)
        out, error = process.communicate(timeout=LIMIT_S)
        return subprocess.CompletedProcess(words, process.returncode, out, error)

    def logger(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.program / "nexuslims-logger.exe", *words)

    def headless(self, seconds: float) -> tuple[subprocess.Popen[str], str]:
        words = ("headless", "--user", "ada", "--note", "Prüfling 7", "--for", str(seconds))
        process = self.start(self.program / "nexuslims-logger.exe", *words)
        assert process.stdout
        session = process.stdout.readline().strip()
        assert session, process.communicate(timeout=LIMIT_S)[1]
        return process, session

    def install(self, setup: str | Path, *options: str) -> int:
        return self.run(setup, "/S", *options).returncode

    def configure(self, **settings: object) -> Path:
        """Write the facility's settings, and return their file."""
        given = {"FILESTORE_PATH": windows(self.watch), "SETTLE_SECONDS": 0.3, "SYNC_INTERVAL_SECONDS": 1, **settings}
        path = self.folder / "facility.json"
        path.write_text(json.dumps({f"NEXUSLIMSGUI_{key}": value for key, value in given.items()}), encoding="utf-8")
        return path

    def rows(self) -> list[tuple[str, str, str]]:
        with closing(sqlite3.connect(self.home / "nexuslims.db")) as connection:
            return connection.execute(
                "SELECT event_type, record_status, user FROM session_log ORDER BY id_session_log"
            ).fetchall()


def windows(path: Path) -> str:
    """Return what Windows calls one of Linux's files."""
    return f"Z:{path}".replace("/", "\\")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pc]:
    """A Windows without the program."""
    with VirtualScreen() as screen:
        pc = Pc(tmp_path_factory.mktemp("pc"), screen)
        yield pc
        stop_wine(pc.environment)
        shutil.rmtree(pc.folder)


@pytest.fixture
def pc(machine: Pc) -> Iterator[Pc]:
    """A Windows from which everything is taken away again."""
    yield machine
    for process in machine.started:
        process.kill()
        process.communicate()
    machine.started.clear()
    stop_wine(machine.environment)
    for folder in (machine.program, machine.machine, machine.watch):
        shutil.rmtree(folder, ignore_errors=True)
    machine.watch.mkdir()
    machine.program = machine.drive_c / PROGRAM


@dataclass
class Cloud:
    """An empty schema behind the stand-in for Cloud SQL, and a logger's account."""

    server: Server
    schema: str
    settings: dict[str, object]


@pytest.fixture
def cloud(mariadb: Server, tmp_path: Path) -> Iterator[Cloud]:
    schema, user = f"nx_{uuid.uuid4().hex[:12]}", f"tem-{uuid.uuid4().hex[:8]}"
    email = f"{user}@lab-project.iam.gserviceaccount.com"
    mariadb.run(f"CREATE DATABASE {schema}", f"CREATE USER '{user}'@'%'")
    standin = CloudSqlStandin(
        lambda: socket.create_connection(("127.0.0.1", mariadb.port), 10), port=CLOUD_SQL_PORT
    ).start()
    try:
        key = standin.service_account_file(email, tmp_path / "key.json")
        yield Cloud(
            mariadb,
            schema,
            {
                "CLOUDSQL_INSTANCE": INSTANCE,
                "CLOUDSQL_API_ENDPOINT": standin.endpoint,
                "DB_NAME": schema,
                "CREDENTIALS_FILE": windows(key),
                "INSTRUMENT": "TITAN",
            },
        )
    finally:
        standin.stop()
        mariadb.run(f"DROP DATABASE {schema}", f"DROP USER '{user}'@'%'")


def test_a_headless_session_on_cloud_sql(pc: Pc, cloud: Cloud) -> None:
    assert SETUP
    assert pc.install(SETUP) == 0

    # The DBA's part, with the same program and another account.
    pc.environment["NEXUSLIMSGUI_DATABASE_URL"] = cloud.server.url(cloud.schema)
    upgraded = pc.logger("db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    assert pc.logger("db", "check").returncode == 0
    del pc.environment["NEXUSLIMSGUI_DATABASE_URL"]
    user = json.loads(Path(str(cloud.settings["CREDENTIALS_FILE"])[2:].replace("\\", "/")).read_text())["client_email"]
    cloud.server.run(
        *grants(Role.LOGGER, user, cloud.schema),
        f"INSERT INTO {cloud.schema}.instruments (instrument_pid, schema_name, filestore_path, computer_name)"
        " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')",
    )

    assert pc.install(SETUP, f"/CONFIG={windows(pc.configure(**cloud.settings))}") == 0
    examined = json.loads(pc.logger("doctor", "--json").stdout)["checks"]
    assert [check for check in examined if check["group"] == "database" and check["outcome"] != "OK"] == []

    program, session = pc.headless(12)
    (pc.watch / "grid 7 é 試料.tif").write_bytes(b"image" * 1000)
    deep = pc.watch / DEEP
    deep.parent.mkdir(parents=True)
    deep.write_bytes(b"deep" * 1000)
    holder = pc.start("python", "-c", HOLD, windows(pc.watch / "locked.ser"))
    assert holder.stdout
    assert holder.stdin
    assert holder.stdout.readline().strip() == "held 4000"
    assert program.stderr
    told: list[str] = []
    while not told or "END is recorded" not in told[-1]:
        told.append(program.stderr.readline())
        assert told[-1], told
    assert any("locked.ser: it is in use by another program" in line for line in told), told
    holder.communicate("\n")
    _, rest = program.communicate(timeout=LIMIT_S)
    assert program.returncode == 0, "".join(told) + rest

    rows = cloud.server.ask(f"SELECT event_type, record_status, session_note FROM {cloud.schema}.session_log")
    assert sorted(rows) == [("END", "TO_BE_BUILT", "Prüfling 7"), ("START", "TO_BE_BUILT", "Prüfling 7")]
    manifest = pc.logger("manifest", session)
    assert len(manifest.stdout.splitlines()) == 3
    checked = checked_by_md5sum(manifest.stdout, pc.home / "bucket")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"Titan/{DEEP}: OK" in checked.stdout


def test_a_session_in_the_window(pc: Pc) -> None:
    assert SETUP
    assert pc.install(SETUP, f"/CONFIG={windows(pc.configure())}", "/AUTOSTART=1") == 0
    assert (pc.menu / "NexusLIMS-Logger.lnk").exists()
    assert (pc.menu / "StartUp" / "NexusLIMS-Logger.lnk").exists()

    window = pc.start(pc.program / "NexusLIMS-Logger-Window.exe")
    until(lambda: bool(titles(pc)) and bool(recorded(pc)))
    (pc.watch / "ä.tif").write_bytes(b"image")
    until(lambda: any(title.startswith("1/1") for title in titles(pc)))
    photograph(pc, "running")
    key(pc, "alt+e", lambda: len(recorded(pc)) == 2)
    until(lambda: [row[1] for row in recorded(pc)] == ["TO_BE_BUILT"] * 2)
    until(lambda: not any(title.startswith("Ending") for title in titles(pc)))
    photograph(pc, "done")
    key(pc, "Return", lambda: window.poll() is not None)
    assert window.returncode == 0
    assert [path.name for path in (pc.home / "bucket").rglob("*.tif")] == ["ä.tif"]


def test_an_upgrade_waits_for_the_session_and_a_removal_keeps_the_journal(pc: Pc, tmp_path: Path) -> None:
    assert SETUP
    pc.program = pc.drive_c / "Logger"
    assert pc.install(SETUP, f"/CONFIG={windows(pc.configure())}", "/D=C:\\Logger") == 0
    newer = built("99.0.0", tmp_path)
    program, session = pc.headless(20)
    (pc.watch / "a.tif").write_bytes(b"a")
    assert pc.install(newer) == 3
    assert (pc.program / "_internal").exists()
    assert program.communicate(timeout=LIMIT_S)[1].count("Traceback") == 0
    assert program.returncode == 0
    left = pc.program / "_internal" / "of-an-older-version.txt"
    left.touch()

    assert pc.install(newer) == 0
    assert not left.exists()
    assert "99.0.0" in pc.run("reg", "query", REGISTERED, "/v", "DisplayVersion").stdout
    assert (pc.machine / "config.json").exists()
    assert session in pc.logger("sessions").stdout

    pc.run(pc.program / "uninstall.exe", "/S", "_?=C:\\Logger")
    until(lambda: pc.run("reg", "query", REGISTERED).returncode != 0)
    assert not (pc.program / "nexuslims-logger.exe").exists()
    assert not (pc.program / "_internal").exists()
    assert not (pc.menu / "NexusLIMS-Logger.lnk").exists()
    assert (pc.home / "facts.db").exists()
    assert pc.rows() == [("START", "TO_BE_BUILT", "ada"), ("END", "TO_BE_BUILT", "ada")]


REGISTERED = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\NexusLIMS-Logger"


def built(version: str, folder: Path) -> Path:
    """Build an installer that differs by its version alone."""
    assert SETUP
    out = folder / f"Newer-{version}.exe"
    places = {
        "SOURCE": TOP / "dist" / "windows" / "nexuslims-logger",
        "ICON": TOP / "build" / "windows" / "nexuslims_logger" / "icon.ico",
        "LICENSE": TOP / "LICENSE",
        "OUT": out,
    }
    defined = [f"-D{name}={path}" for name, path in places.items()]
    script = TOP / "packaging" / "installer.nsi"
    subprocess.run(
        ["makensis", "-V1", f"-DVERSION={version}", "-DCOMPRESSION=zlib", *defined, script], check=True, timeout=300
    )
    assert version != nexuslims_logger.__version__
    return out


def recorded(pc: Pc) -> list[tuple[str, str, str]]:
    try:
        return pc.rows()
    except sqlite3.Error:
        return []


def titles(pc: Pc) -> list[str]:
    """Return the titles of the program's windows."""
    done = subprocess.run(["wmctrl", "-l"], env=pc.environment, capture_output=True, text=True, check=False)
    return [line.split(None, 3)[-1] for line in done.stdout.splitlines()]


def key(pc: Pc, pressed: str, until_this: Callable[[], bool]) -> None:
    """Press a key until it has been heard: a window that has just changed may miss one."""
    end = time.monotonic() + LIMIT_S
    while not until_this():
        assert time.monotonic() < end, f"{pressed} does nothing"
        pc.screen.do("key", "--clearmodifiers", pressed)
        for _ in range(50):
            if until_this():
                return
            time.sleep(0.1)


def photograph(pc: Pc, name: str) -> None:
    """Keep what a person sees, where the environment names a folder for it."""
    if folder := os.environ.get("NEXUSLIMS_TEST_PHOTOGRAPHS"):
        pc.screen.photograph(Path(folder) / f"{name}.png")
