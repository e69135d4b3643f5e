"""The installed Windows program at work: sessions on Cloud SQL and a bucket, and an upgrade between them."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nexuslims_logger
from nexuslims_logger.config import load_settings
from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine
from tests.cloud_sql_database import logger_account, standin_for_executables
from tests.database_servers import mariadb
from tests.integration.test_headless import checked_by_md5sum
from tests.storage_emulators import make_bucket, needs_emulators, store_at
from tests.waiting import until
from tests.windows.__main__ import TOP, stop_wine
from tests.windows.pc import LIMIT_S, PROGRAM, SETUP, Pc, build_setup, machine, needs_setup, pc, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database_servers import Server
    from tests.storage_proxy import StorageProxy

__all__ = ["machine", "mariadb", "pc"]

pytestmark = needs_setup

#: Together longer than the 260 characters that a plain Windows path may have.
DEEP = "/".join(f"{number} Prüfling 試料 {'x' * 40}" for number in range(6)) + "/scan.ser"
ODD = "grid 7 é 試料.tif"
#: At a line of input, writes a file as the instrument's program does; keeps it to itself until the input ends.
HOLD = """
import ctypes, sys
kernel32 = ctypes.WinDLL("kernel32")
kernel32.CreateFileW.restype = ctypes.c_void_p
print("ready", flush=True)
sys.stdin.readline()
handle = ctypes.c_void_p(kernel32.CreateFileW(sys.argv[1], 0xC0000000, 0, None, 2, 0, None))
written = ctypes.c_ulong()
kernel32.WriteFile(handle, b"scan" * 1000, 4000, ctypes.byref(written), None)
print("held", written.value, flush=True)
sys.stdin.readline()
"""


@dataclass
class Facility:
    """A schema and a bucket."""

    server: Server
    schema: str
    bucket: str
    url: str
    folder: Path

    def rows(self, columns: str) -> tuple[tuple[Any, ...], ...]:
        return self.server.ask(f"SELECT {columns} FROM {self.schema}.session_log ORDER BY id_session_log")

    def stored(self) -> dict[str, int]:
        """Return the sizes of the objects, by name, without the program's own."""
        found = store_at(self.url, self.bucket, self.folder).list("Titan/")
        return {one.name: one.size for one in found if "/." not in one.name}

    @contextmanager
    def logger_settings(self) -> Iterator[dict[str, str]]:
        """Give a logger an account, and return its settings."""
        self.server.run(
            f"INSERT INTO {self.schema}.instruments (instrument_pid, schema_name, filestore_path, computer_name)"
            " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')"
        )
        with logger_account(self.server, self.schema, self.folder, standin_for_executables(self.server)) as cloud:
            given = {key.removeprefix("NEXUSLIMSGUI_"): value for key, value in cloud.environ.items()}
            yield {
                "CLOUDSQL_INSTANCE": given["CLOUDSQL_INSTANCE"],
                "CLOUDSQL_API_ENDPOINT": given["CLOUDSQL_API_ENDPOINT"],
                "CREDENTIALS_FILE": windows(Path(given["CREDENTIALS_FILE"])),
                "DB_NAME": self.schema,
                "DATA_BUCKET": self.bucket,
                "INSTRUMENT": "TITAN",
            }


@pytest.fixture
def facility(mariadb: Server, proxy: StorageProxy, tmp_path: Path) -> Iterator[Facility]:
    schema = f"nx_{uuid.uuid4().hex[:12]}"
    mariadb.run(f"CREATE DATABASE {schema}")
    yield Facility(mariadb, schema, make_bucket(proxy.upstream), proxy.url, tmp_path)
    mariadb.run(f"DROP DATABASE {schema}")


def write(folder: Path, name: str, content: bytes) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


class Instrument:
    """Another program, which keeps ``locked.ser`` to itself for a while."""

    def __init__(self, pc: Pc) -> None:
        self._pc = pc
        self._program = pc.start("python", "-c", HOLD, windows(pc.watch / "locked.ser"))
        self._heard("ready")

    def hold(self) -> None:
        assert self._program.stdin
        self._program.stdin.write("\n")
        self._program.stdin.flush()
        self._heard("held 4000")

    def let_go(self) -> None:
        self._pc.finish(self._program)

    def _heard(self, word: str) -> None:
        assert self._program.stdout
        assert self._program.stdout.readline().strip() == word


@needs_emulators
def test_a_headless_session_in_the_cloud(pc: Pc, facility: Facility) -> None:
    assert pc.install(SETUP) == 0
    # The DBA's part, with the same program and another account.
    pc.environment["NEXUSLIMSGUI_DATABASE_URL"] = facility.server.url(facility.schema)
    upgraded = pc.logger("db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    del pc.environment["NEXUSLIMSGUI_DATABASE_URL"]

    pc.environment["STORAGE_EMULATOR_HOST"] = facility.url
    with facility.logger_settings() as settings:
        assert pc.install(SETUP, f"/CONFIG={windows(pc.configure(**settings))}") == 0
        examined = json.loads(pc.logger("doctor", "--json").stdout)["checks"]
        # The emulator gives every permission, which is too many.
        assert {check["name"] for check in examined if check["outcome"] == "FAIL"} == {"permissions"}, examined
        assert {check["outcome"] for check in examined if check["group"] == "database"} == {"OK"}, examined

        instrument = Instrument(pc)
        program, session = pc.headless("--note", "Prüfling 7", "--for", "15")
        write(pc.watch, ODD, b"image" * 1000)
        write(pc.watch, DEEP, b"deep" * 1000)
        instrument.hold()
        until(lambda: "END is recorded" in pc.complaints(program))
        assert "locked.ser: it is in use by another program" in pc.complaints(program)
        instrument.let_go()
        done = pc.finish(program)
        assert done.returncode == 0, done.stderr
        verified = pc.logger("verify", session)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        manifest = pc.logger("manifest", session)

    assert sorted(facility.rows("event_type, record_status, session_note")) == [
        ("END", "TO_BE_BUILT", "Prüfling 7"),
        ("START", "TO_BE_BUILT", "Prüfling 7"),
    ]
    assert facility.stored() == {f"Titan/{ODD}": 5000, f"Titan/{DEEP}": 4000, "Titan/locked.ser": 4000}
    checked = checked_by_md5sum(manifest.stdout.replace("Titan/", ""), pc.watch)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_emulators
def test_a_session_in_the_window_in_the_cloud(pc: Pc, facility: Facility) -> None:
    settings = load_settings(
        {"HOME": str(facility.folder), "NEXUSLIMSGUI_DATABASE_URL": facility.server.url(facility.schema)}
    )
    engine = build_engine(settings)
    migrate.upgrade(engine)
    engine.dispose()
    pc.environment["STORAGE_EMULATOR_HOST"] = facility.url
    with facility.logger_settings() as account:
        assert pc.install(SETUP, f"/CONFIG={windows(pc.configure(**account))}") == 0
        instrument = Instrument(pc)
        window = pc.start(pc.program / "NexusLIMS-Logger-Window.exe")
        until(lambda: len(facility.rows("event_type")) == 1)
        write(pc.watch, ODD, b"image" * 1000)
        write(pc.watch, DEEP, b"deep" * 1000)
        instrument.hold()
        until(lambda: any(title.startswith("2/3") for title in pc.titles()))
        pc.photograph("held")
        # Nobody installs or removes anything below an open window.
        assert pc.install(SETUP) == 3
        assert pc.remove() == 3
        instrument.let_go()
        until(lambda: any(title.startswith("3/3") for title in pc.titles()))
        pc.photograph("running")
        pc.insist(pc.click_end_session, lambda: len(facility.rows("event_type")) == 2)
        until(lambda: {status for (status,) in facility.rows("record_status")} == {"TO_BE_BUILT"})
        until(lambda: any(title.startswith("Done") for title in pc.titles()))
        pc.photograph("done")
        pc.insist(lambda: pc.press("Return"), lambda: window.poll() is not None)
    assert window.returncode == 0
    assert facility.stored() == {f"Titan/{ODD}": 5000, f"Titan/{DEEP}": 4000, "Titan/locked.ser": 4000}


def test_an_upgrade_and_a_removal_between_two_halves_of_a_session(pc: Pc, tmp_path: Path) -> None:
    assert pc.install(SETUP, f"/CONFIG={windows(pc.configure())}") == 0
    newer = build_setup("99.0.0", tmp_path)
    program, session = pc.headless()
    write(pc.watch, "first.tif", b"first")
    assert pc.install(newer) == 3
    assert pc.remove() == 3
    assert (pc.program / "_internal").exists()
    assert pc.version() == nexuslims_logger.__version__
    # The PC goes down in the middle.
    stop_wine(pc.environment)
    program.wait(LIMIT_S)

    assert pc.install(newer) == 0
    assert pc.install(SETUP) == 4
    assert pc.remove() == 0
    assert not (pc.program / "_internal").exists()
    assert (pc.home / "facts.db").exists()
    assert pc.rows() == [("START", "WAITING_FOR_END", "ada")]

    assert pc.install(SETUP) == 0
    program, again = pc.headless("--continue", "--for", "5")
    assert again == session
    write(pc.watch, "second.tif", b"second")
    done = pc.finish(program)
    assert done.returncode == 0, done.stderr
    assert pc.rows() == [("START", "TO_BE_BUILT", "ada"), ("END", "TO_BE_BUILT", "ada")]
    assert sorted(path.name for path in (pc.home / "bucket").rglob("*.tif")) == ["first.tif", "second.tif"]


@pytest.mark.parametrize(("name", "console"), [("nexuslims-logger.exe", True), ("NexusLIMS-Logger-Window.exe", False)])
def test_windows_knows_what_the_program_is(pc: Pc, name: str, *, console: bool) -> None:
    looked = pc.run("python", windows(TOP / "tests" / "windows" / "resources.py"), windows(PROGRAM / name))
    assert json.loads(looked.stdout) == {
        "version": [int(part) for part in nexuslims_logger.__version__.split(".")],
        "words": ["NexusLIMS-Logger", nexuslims_logger.__version__, "MIT License; see AUTHORS.md"],
        "icon": [16, 20, 24, 32, 40, 48, 64, 128, 256],
        "console": console,
    }, looked.stderr
