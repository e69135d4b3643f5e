"""The views' known answers, and that every database gives the same ones to the same reports."""

from __future__ import annotations

import decimal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, inspect, text

from nexuslims_logger.models import FILE_MANIFEST, INSTRUMENTS, LOGGERS, SESSION_LOG
from tests.windows.linux_programs import run_linux

if TYPE_CHECKING:
    from tests.database_servers import Database


def at(when: str) -> datetime:
    return datetime.fromisoformat(when).replace(tzinfo=UTC)


def start(session: str, instrument: str, when: str, user: str, **more: object) -> dict[str, object]:
    return {
        "session_identifier": session,
        "instrument": instrument,
        "timestamp": at(when),
        "utc_offset_min": 60,
        "event_type": "START",
        "user": user,
        **more,
    }


def end(session: str, instrument: str, when: str, user: str, **more: object) -> dict[str, object]:
    return {**start(session, instrument, when, user, **more), "event_type": "END"}


READY = {"record_status": "TO_BE_BUILT"}
BUILT = {"record_status": "COMPLETED"}
#: Local time is UTC + 1 h everywhere.
SESSION_ROWS = [
    # Over the end of a month: 31 October 22:30 to 1 November 02:00; fractions of a second are not rounded up.
    start("night", "TITAN", "2026-10-31T21:30:00.250000", "ada", project="P-17", clock_offset_ms=120, **READY),
    end("night", "TITAN", "2026-11-01T01:00:00.249999", "ada", **READY),
    # A day with a pause of two hours, continued once; its clock is two hours behind.
    start("pause", "TITAN", "2026-11-10T08:00:00", "bob", project="P-18", clock_offset_ms=-7_200_500, resumed=1),
    end("pause", "TITAN", "2026-11-10T16:00:00", "bob", paused_seconds=7200),
    # Ended by recovery, built, and the builder's own row.
    start("built", "SEM", "2026-11-12T08:00:00", "ada", project="P-17", **BUILT),
    end("built", "SEM", "2026-11-12T09:30:00", "ada", end_reason="LAST_ACTIVITY", **BUILT),
    {**start("built", "SEM", "2026-11-13T02:00:00", "nexuslims", **BUILT), "event_type": "RECORD_GENERATION"},
    # Forgotten for years, and running for months: each counts to its last activity, over at most 100 days.
    start("forgotten", "SEM", "2021-03-01T08:00:00", "cyd", last_activity_at=at("2021-03-01T10:00:00")),
    start("endless", "SEM", "2022-01-01T08:00:00", "dan", last_activity_at=at("2022-12-31T08:00:00")),
    # Nothing but a START, before anything happened, and no zone.
    {**start("bare", "TITAN", "2026-11-20T23:59:59.999999", "cyd"), "utc_offset_min": None},
    # Ends on the stroke of midnight.
    start("midnight", "TITAN", "2026-11-21T21:00:00", "eve"),
    end("midnight", "TITAN", "2026-11-21T23:00:00", "eve"),
]


def file(session: str, name: str, size: int, state: str, number: int, **more: object) -> dict[str, object]:
    uploaded = {"md5": f"{number:032x}", "generation": number, "uploaded_at": at("2026-11-01T00:00:00")}
    return {
        "session_identifier": session,
        "instrument": "TITAN",
        "bucket": "b",
        "object_name": name,
        "object_digest": f"{number:064x}",
        "size_bytes": size,
        "state": state,
        "discovered_at": at("2026-11-01T00:00:00"),
        **(uploaded if state == "UPLOADED" else {}),
        **more,
    }


FILE_ROWS = [
    file("night", "Titan/a.dm4", 1500, "UPLOADED", 1),
    file("night", "Titan/b.tif", 500, "UPLOADED", 2),
    file("pause", "Titan/c.mrc", 70_000, "UPLOADED", 3),
    file("pause", "Titan/d.mrc", 9000, "PENDING", 4, attempts=3, last_error="in use by EPU.exe"),
    file("pause", "Titan/e.mrc", 100, "PENDING", 5),
    file("pause", "Titan/f.tmp", 10, "SKIPPED", 6, reason="not data", decided_by="bob"),
    file("pause", "Titan/g.ser", 20, "MISSING", 7, reason="deleted before it was sent"),
    file("built", "SEM/c.tif", 4000, "UPLOADED", 8),
]

REPORTS = {
    "hours per instrument and month": """SELECT instrument, SUBSTR(CAST(day_local AS CHAR(10)), 1, 7) AS month,
        ROUND(SUM(seconds) / 3600.0, 1) AS hours FROM instrument_usage WHERE user <> 'dan'
        GROUP BY instrument, SUBSTR(CAST(day_local AS CHAR(10)), 1, 7) ORDER BY 1, 2""",
    "users per month": """SELECT SUBSTR(CAST(day_local AS CHAR(10)), 1, 7) AS month, COUNT(DISTINCT user) AS users
        FROM instrument_usage WHERE user <> 'dan' GROUP BY SUBSTR(CAST(day_local AS CHAR(10)), 1, 7) ORDER BY 1""",
    "left open": """SELECT session_identifier, user, started_local FROM session_summary WHERE status = 'OPEN'
        ORDER BY started_at""",
    "bytes per user": "SELECT user, SUM(bytes_stored) FROM session_summary GROUP BY user ORDER BY 2 DESC, 1",
    "backlog": """SELECT instrument, COUNT(*), SUM(size_bytes), MIN(waiting_since), MIN(why) FROM transfer_backlog
        GROUP BY instrument ORDER BY 1""",
    "recovered": """SELECT session_identifier, end_reason, resumed FROM session_summary
        WHERE end_reason IS NOT NULL OR resumed > 0 ORDER BY started_at""",
    "clocks": """SELECT session_identifier, clock_offset_ms FROM session_summary
        WHERE clock_offset_ms > 2000 OR clock_offset_ms < -2000""",
    "versions": "SELECT logger_version, COUNT(*), MIN(last_seen_at) FROM loggers GROUP BY logger_version ORDER BY 1",
    "the bill": """SELECT project, ROUND(SUM(used_seconds) / 3600.0, 1) FROM session_summary
        WHERE status <> 'OPEN' AND project IS NOT NULL GROUP BY project ORDER BY 1""",
    "counts": """SELECT session_identifier, status, used_seconds, files, bytes_stored, files_waiting, files_missing,
        files_left_out FROM session_summary WHERE status <> 'OPEN' ORDER BY started_at""",
    "the endless one": """SELECT COUNT(*), MIN(day_local), MAX(day_local), SUM(seconds) FROM instrument_usage
        WHERE user = 'dan'""",
    "days": """SELECT day_local, user, project, sessions, seconds FROM instrument_usage
        WHERE instrument = 'TITAN' ORDER BY 1, 2""",
    "silence": "SELECT computer_name, instrument, state, files_waiting FROM fleet_status ORDER BY 1",
}

ANSWERS = {
    "hours per instrument and month": [
        ("SEM", "2021-03", "2"),
        ("SEM", "2026-11", "1.5"),
        ("TITAN", "2026-10", "1.5"),
        ("TITAN", "2026-11", "12"),
    ],
    "users per month": [("2021-03", "1"), ("2026-10", "1"), ("2026-11", "4")],
    "left open": [
        ("forgotten", "cyd", "2021-03-01 09:00:00.000000"),
        ("endless", "dan", "2022-01-01 09:00:00.000000"),
        ("bare", "cyd", "2026-11-20 23:59:59.999999"),
    ],
    "bytes per user": [("bob", "70000"), ("ada", "6000"), ("cyd", "0"), ("dan", "0"), ("eve", "0")],
    "backlog": [("TITAN", "2", "9100", "2026-11-01 00:00:00.000000", "in use by EPU.exe")],
    "recovered": [("pause", None, "1"), ("built", "LAST_ACTIVITY", "0")],
    "clocks": [("pause", "-7200500")],
    "versions": [
        ("1.0.0", "1", "2026-11-12 09:30:00.000000"),
        ("1.1.0", "1", "2026-11-20 12:00:00.000000"),
    ],
    "the bill": [("P-17", "5"), ("P-18", "6")],
    "counts": [
        ("night", "TO_BE_BUILT", "12599", "2", "2000", "0", "0", "0"),
        ("pause", "CLOSED", "21600", "5", "70000", "2", "1", "1"),
        ("built", "COMPLETED", "5400", "1", "4000", "0", "0", "0"),
        ("midnight", "CLOSED", "7200", "0", "0", "0", "0", "0"),
    ],
    "the endless one": [("100", "2022-01-01", "2022-04-10", str(15 * 3600 + 99 * 86400))],
    "days": [
        ("2026-10-31", "ada", "P-17", "1", "5399"),
        ("2026-11-01", "ada", "P-17", "1", "7200"),
        ("2026-11-10", "bob", "P-18", "1", "28800"),
        ("2026-11-20", "cyd", None, "1", "0"),
        ("2026-11-21", "eve", None, "1", "7200"),
    ],
    "silence": [("SEM-PC-1", "SEM", "IDLE", "0"), ("TEM-PC-1", "TITAN", "RUNNING", "3")],
}


@pytest.fixture
def filled(database: Database) -> Database:
    with database.engine.begin() as connection:
        connection.execute(
            insert(INSTRUMENTS),
            [
                {"instrument_pid": "TITAN", "schema_name": "FEI Titan", "filestore_path": "./Titan"},
                {"instrument_pid": "SEM", "schema_name": "Zeiss SEM", "filestore_path": "./SEM"},
            ],
        )
        for row in SESSION_ROWS:
            connection.execute(insert(SESSION_LOG).values(row))
        for row in FILE_ROWS:
            connection.execute(insert(FILE_MANIFEST).values(row))
        connection.execute(
            insert(LOGGERS),
            [
                {
                    "logger_id": "l1",
                    "computer_name": "TEM-PC-1",
                    "instrument": "TITAN",
                    "logger_version": "1.1.0",
                    "state": "RUNNING",
                    "files_waiting": 3,
                    "last_seen_at": at("2026-11-20T12:00:00"),
                },
                {
                    "logger_id": "l2",
                    "computer_name": "SEM-PC-1",
                    "instrument": "SEM",
                    "logger_version": "1.0.0",
                    "state": "IDLE",
                    "files_waiting": 0,
                    "last_seen_at": at("2026-11-12T09:30:00"),
                },
            ],
        )
    return database


def written(value: object) -> str | None:
    """Write a value as one text for all databases: whole numbers plain, times with six digits."""
    if isinstance(value, (float, decimal.Decimal)):
        return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    return None if value is None else str(value)


def test_reports_have_the_known_answers(filled: Database) -> None:
    answers = {}
    with filled.engine.connect() as connection:
        for name, query in REPORTS.items():
            answers[name] = [tuple(written(value) for value in row) for row in connection.execute(text(query))]

    assert answers == ANSWERS


def test_waiting_is_counted_in_whole_minutes(filled: Database) -> None:
    with filled.engine.connect() as connection:
        waiting = connection.scalars(text("SELECT waiting_minutes FROM transfer_backlog")).all()
        silent = connection.scalars(text("SELECT silent_minutes FROM fleet_status WHERE instrument = 'SEM'")).all()

    now = datetime.now(UTC)
    assert waiting == [pytest.approx((now - at("2026-11-01T00:00:00")) / timedelta(minutes=1), abs=2)] * 2
    assert silent == [pytest.approx((now - at("2026-11-12T09:30:00")) / timedelta(minutes=1), abs=2)]


def test_views_run_with_the_callers_rights(filled: Database) -> None:
    if filled.kind == "sqlite":
        pytest.skip("a file has no rights of its own")
    with filled.engine.connect() as connection:
        found = connection.execute(
            text("SELECT table_name, security_type FROM information_schema.views WHERE table_schema = DATABASE()")
        ).all()

    assert {row[0] for row in found} == set(inspect(filled.engine).get_view_names())
    assert {row[1] for row in found} == {"INVOKER"}


def test_views_have_the_same_columns_everywhere(filled: Database) -> None:
    with filled.engine.connect() as connection:
        columns = {
            view: tuple(connection.execute(text(f"SELECT * FROM {view}")).keys())
            for view in ("session_summary", "instrument_usage", "transfer_backlog", "fleet_status")
        }

    assert columns["instrument_usage"] == ("instrument", "day_local", "user", "project", "sessions", "seconds")
    assert columns["session_summary"][:7] == (
        "session_identifier",
        "instrument",
        "instrument_name",
        "user",
        "project",
        "started_at",
        "ended_at",
    )
    assert len(columns["session_summary"]) == 22
    assert len(columns["transfer_backlog"]) == 10
    assert len(columns["fleet_status"]) == 13


def test_sqlites_own_shell_reads_the_views(filled: Database) -> None:
    if filled.kind != "sqlite":
        pytest.skip("for files only")
    database = filled.engine.url.database
    assert database is not None

    done = run_linux("sqlite3", Path(database), "SELECT session_identifier, status FROM session_summary ORDER BY 1")

    assert done.returncode == 0, done.stderr
    assert "night|TO_BE_BUILT" in done.stdout.splitlines()
    assert "pause|CLOSED" in done.stdout.splitlines()
