"""The commands for the DBA, as they are typed, on an embedded database."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nexuslims_logger.config import load_settings
from nexuslims_logger.db import tasks
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.records import ManifestRow, ResultState, SessionState, WatchFolder
from tests.integration.test_headless import checked_by_md5sum
from tests.session_facts import a_session

SESSION = "11111111-2222-4333-8444-555555555555"
ODD_NAMES: tuple[str, ...] = ("a b/ü #1 100%.tif", "emoji \N{MICROSCOPE}.ser", "-rf")
if os.name != "nt":  # Windows has no such names
    ODD_NAMES += ("what?.tif", "line\nbreak.dm3", "return\rhere.dm3", "*x")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "nexuslims_logger", *arguments],
        env=os.environ | environment,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def recorded(own_environment: Path) -> Path:
    """Record an ended session with files of every state; return the store's folder."""
    settings = load_settings()
    units = tasks.open_database(settings)
    instrument = tasks.find_instrument(units, "TITAN-PC", None, True)
    started = datetime(2026, 5, 4, 8, 0, 0, 250_000, tzinfo=UTC)
    facts = a_session(
        SESSION,
        computer_name="TITAN-PC",
        instrument_pid=instrument.instrument_pid,
        filestore_path=instrument.filestore_path,
        store_url=settings.data_bucket,
        folders=(WatchFolder("", "/data"),),
        started_at=started,
        utc_offset_min=120,
        note="grid 7",
        ended_at=started.replace(hour=9),
        clicked_at=started.replace(hour=9),
        state=SessionState.CLOSED,
    )
    tasks.apply_session(units, facts)
    bucket = settings.bucket_folder
    assert bucket is not None
    rows = []
    for name in ODD_NAMES:
        path = bucket / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        rows.append(_row(name, ResultState.UPLOADED, md5=hashlib.md5(name.encode()).hexdigest()))  # noqa: S324 - the field's checksum
    rows.append(_row("gone.tif", ResultState.MISSING, reason="it was deleted"))
    tasks.apply_manifest(units, tuple(rows))
    return bucket


def _row(name: str, state: ResultState, *, md5: str | None = None, reason: str | None = None) -> ManifestRow:
    moment = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
    return ManifestRow(
        session_identifier=SESSION,
        instrument_pid="TITAN-PC",
        computer_name="TITAN-PC",
        bucket="store",
        object_name=name,
        state=state,
        size_bytes=len(name.encode()),
        md5=md5,
        modified_at=moment,
        generation=None if md5 is None else 1,
        reason=reason,
        uploaded_at=None if md5 is None else moment,
    )


def test_the_database_is_made_and_named() -> None:
    missing = run("db", "current")
    assert missing.returncode == ExitCode.FAILED
    assert b"does not exist yet" in missing.stderr
    assert not load_settings().embedded_database.exists()

    made = run("db", "upgrade")
    assert made.returncode == ExitCode.COMPLETE
    revision = made.stdout.decode().split()[-1].rstrip(".")
    assert f"{load_settings().embedded_database} went from no revision to".encode() in made.stdout

    again = run("db", "upgrade")
    assert again.returncode == ExitCode.COMPLETE
    assert f"is at {revision}.".encode() in again.stdout

    current = run("db", "current")
    assert (current.returncode, current.stdout.decode().strip()) == (ExitCode.COMPLETE, revision)

    check = run("db", "check")
    assert check.returncode == ExitCode.COMPLETE
    assert b"It fits." in check.stdout


def test_a_database_that_does_not_fit(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    current = run("db", "current", NEXUSLIMSGUI_DATABASE_URL=url)
    assert current.returncode == ExitCode.FAILED
    assert b"has no revision" in current.stderr
    check = run("db", "check", NEXUSLIMSGUI_DATABASE_URL=url)
    assert check.returncode == ExitCode.FAILED
    assert b"session_log" in check.stdout
    assert b"does not fit" in check.stderr


def test_no_password_is_printed() -> None:
    url = "mysql+pymysql://ada:S3CRET@127.0.0.1:9/db"  # nothing listens on the discard port
    result = run("-vv", "db", "current", NEXUSLIMSGUI_DATABASE_URL=url)
    assert result.returncode == ExitCode.FAILED
    log = next(Path.home().rglob("nexuslims-logger.log")).read_bytes()
    assert b"S3CRET" not in result.stdout + result.stderr + log


def test_grants_are_printed_for_the_configured_database() -> None:
    url = "mysql://root:S3CRET@127.0.0.1:9/nx"  # nothing listens there, and nobody asks
    printed = run("db", "grants", "tem1@project.iam.gserviceaccount.com", NEXUSLIMSGUI_DATABASE_URL=url)
    assert printed.returncode == ExitCode.COMPLETE
    lines = printed.stdout.decode().splitlines()
    assert lines[0] == "GRANT SELECT ON `nx`.`alembic_version` TO 'tem1'@'%';"
    assert all(line.startswith("GRANT SELECT") and line.endswith("TO 'tem1'@'%';") for line in lines)
    cloud = run(
        *("db", "grants", "tem1", "--for", "reports"),
        NEXUSLIMSGUI_CLOUDSQL_INSTANCE="project:region:name",
        NEXUSLIMSGUI_DB_NAME="labs",
    )
    assert b"ON `labs`.`fleet_status` TO 'tem1'@'%';" in cloud.stdout
    embedded = run("db", "grants", "tem1")
    assert embedded.returncode == ExitCode.FAILED
    assert b"There is nothing to grant" in embedded.stderr


@pytest.mark.usefixtures("recorded")
def test_a_session_is_corrected() -> None:
    done = run("amend", SESSION, "--reason", "wrong badge", "--user", "bob")
    assert done.returncode == ExitCode.COMPLETE, done
    (found,) = json.loads(run("sessions", "--json").stdout)
    assert found["user"] == "bob"
    assert found["session_note"].startswith("grid 7\n[amended ")
    again = run("amend", SESSION, "--reason", "wrong badge", "--user", "bob")
    assert again.returncode == ExitCode.FAILED
    assert b"nothing to correct" in again.stderr


@pytest.mark.usefixtures("recorded")
def test_sessions() -> None:
    # Windows' C library wants it spelt out.
    shown = run("sessions", TZ="CET-1CEST" if os.name == "nt" else "Europe/Berlin").stdout.decode().splitlines()
    assert len(shown) == 2
    assert re.split(r"  +", shown[1]) == [
        "2026-05-04 10:00",
        "2026-05-04 11:00",
        "ada",
        "TITAN-PC",
        "CLOSED",
        f"{len(ODD_NAMES) + 1} (1 missing)",
        SESSION,
    ]
    (found,) = json.loads(run("sessions", "--json").stdout)
    assert found["session_identifier"] == SESSION
    assert found["started_at"] == "2026-05-04T08:00:00.250000+00:00"
    assert found["session_note"] == "grid 7"


def test_no_session_yet() -> None:
    assert run("sessions").stdout == b"No session is recorded yet.\n"
    assert json.loads(run("sessions", "--json").stdout) == []


def test_md5sum_reads_the_manifest(recorded: Path) -> None:
    # Also where the locale's encoding has none of these characters.
    result = run("manifest", SESSION, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert result.returncode == ExitCode.COMPLETE
    assert b"# MISSING gone.tif: it was deleted" in result.stderr
    assert b"# %d of %d files are in the store store" % (len(ODD_NAMES), len(ODD_NAMES) + 1) in result.stderr
    checked = checked_by_md5sum(result.stdout.decode(), recorded)
    assert checked.returncode == 0, checked
    assert checked.stdout.count(": OK") == len(ODD_NAMES)


def test_the_manifest_of_a_session_without_files() -> None:
    unknown = run("manifest", SESSION)
    assert unknown.returncode == ExitCode.FAILED
    assert b"There is no session" in unknown.stderr
