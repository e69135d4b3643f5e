"""The executable for Linux (``make exe``) works by itself: with its own migrations, and with Google's libraries."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.db import migrate
from tests.cloud_sql_database import logger_account, standin_for_executables
from tests.database_servers import new_database
from tests.integration.test_headless import Pc
from tests.storage_emulators import make_bucket, needs_emulators, store_at
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database_servers import Server
    from tests.storage_proxy import StorageProxy

TOP = Path(__file__).parents[2]
EXECUTABLE = TOP / "dist" / "linux" / "nexuslims-logger" / "nexuslims-logger"


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    """A PC with the executable, which has to be the present sources'."""
    if not EXECUTABLE.exists():
        pytest.skip("the executable is not built: make exe")
    if subprocess.run(["make", "--question", "exe"], cwd=TOP, capture_output=True, check=False).returncode:
        pytest.skip("the executable is older than the sources: make exe")
    machine = Pc(tmp_path)
    machine.program = (EXECUTABLE,)
    # Nothing of this environment's Python.
    machine.environment["PATH"] = "/usr/bin:/bin"
    yield machine
    machine.kill_all()


def test_a_session_without_any_settings_of_the_cloud(pc: Pc) -> None:
    assert "headless" in pc.run("--help").stdout
    upgraded = pc.run("db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    program, session = pc.headless("--user", "ada")
    pc.write("ä.tif", b"image")
    until(lambda: "ä.tif" in pc.stored())
    assert pc.finish(program) == 0
    assert pc.sql("SELECT DISTINCT record_status FROM session_log") == [("TO_BE_BUILT",)]
    assert json.loads(pc.run("sessions", "--json").stdout)[0]["session_identifier"] == session
    doctor = pc.run("doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout
    assert {check["outcome"] for check in json.loads(doctor.stdout)["checks"]} <= {"OK", "NOT CHECKED"}


@needs_emulators
def test_a_session_in_the_cloud(
    pc: Pc, mariadb: Server, proxy: StorageProxy, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    bucket = make_bucket(proxy.upstream)
    with new_database("mariadb", request, tmp_path) as database:
        migrate.upgrade(database.engine)
        schema = str(database.engine.url.database)
        mariadb.run(
            f"INSERT INTO {schema}.instruments (instrument_pid, schema_name, filestore_path, computer_name)"
            " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')"
        )
        with logger_account(mariadb, schema, tmp_path, standin_for_executables(mariadb)) as cloud:
            pc.environment |= cloud.environ | {
                "STORAGE_EMULATOR_HOST": proxy.url,
                "NEXUSLIMSGUI_DATA_BUCKET": bucket,
                "NEXUSLIMSGUI_INSTRUMENT": "TITAN",
                "NEXUSLIMSGUI_HOME": os.fspath(pc.home),
            }
            program, session = pc.headless("--user", "ada")
            pc.write("ä.tif", b"image")
            until(lambda: bool(list(store_at(proxy.url, bucket, tmp_path).list("Titan/"))))
            assert pc.finish(program) == 0
            rows = mariadb.ask(f"SELECT record_status, session_identifier FROM {schema}.session_log")
    assert list(rows) == [("TO_BE_BUILT", session)] * 2
