"""The scripts that ``alembic --sql`` writes, run as a DBA runs them: in the real client, on real servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import text

from nexuslims_logger.db import migrate
from tests.database_servers import KINDS, MYSQLD, Database, _program, new_database
from tests.integration.test_adoption import log, schema
from tests.integration.test_migrations import LEGACY_ROWS
from tests.windows.linux_programs import run_linux

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[2]


@pytest.fixture(params=[kind for kind in KINDS if kind != "sqlite"])
def server_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with new_database(request.param, request, tmp_path) as made:
        yield made


def alembic(*arguments: str, **settings: str) -> str:
    """Write a script; no database is needed for that."""
    named = {"NEXUSLIMSGUI_DATABASE_URL": "mysql+pymysql://nobody@nowhere.invalid/anything"}
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments, "--sql"],
        cwd=TOP,
        env={**os.environ, **(settings or named), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def client(kind: str) -> str:
    """Return the server's own client where there is one."""
    own = Path(MYSQLD).with_name("mysql") if kind == "mysql" and MYSQLD else None
    if sys.platform == "win32":
        return "mariadb"  # Linux's
    return str(own) if own and own.exists() else _program("mariadb", "mysql")


def pipe(database: Database, script: str) -> subprocess.CompletedProcess[str]:
    url = database.engine.url
    return run_linux(
        client(database.kind),
        "--no-defaults",
        "--host=127.0.0.1",
        f"--port={url.port}",
        f"--user={url.username}",
        str(url.database),
        given=script,
    )


def run_script(database: Database, *arguments: str) -> None:
    done = pipe(database, alembic(*arguments))
    assert done.returncode == 0, done.stderr


def execute(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_from_nothing_to_the_newest_and_back(server_database: Database, tmp_path: Path) -> None:
    run_script(server_database, "upgrade", "head")

    by_script = schema(server_database.engine)
    checked = migrate.check(server_database.engine)
    assert (checked.revision, checked.differences, checked.obstacles) == (migrate.HEAD, (), ())

    run_script(server_database, "downgrade", "head:base")
    with server_database.engine.begin() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM alembic_version")) == 0

    migrate.upgrade(server_database.engine)
    for made, wanted in zip(by_script, schema(server_database.engine), strict=True):
        assert made == wanted


def test_ranges_keep_the_rows(server_database: Database) -> None:
    command.upgrade(migrate._config(server_database.engine), "0001_legacy")
    execute(server_database, *LEGACY_ROWS)
    before = log(server_database.engine)

    for one, other in (("0001_legacy", "0006"), ("0006", "0011_file_manifest"), ("0011", "head")):
        run_script(server_database, "upgrade", f"{one}:{other}")

    assert log(server_database.engine) == before
    assert migrate.check(server_database.engine).fits
    assert migrate.current(server_database.engine) == migrate.HEAD


def test_a_script_for_another_revision_stops_before_it_changes_anything(server_database: Database) -> None:
    command.upgrade(migrate._config(server_database.engine), "0006_session_log")
    before = schema(server_database.engine)

    for arguments in (["upgrade", "0008:head"], ["upgrade", "0001:0003"], ["downgrade", "head:0010"]):
        done = pipe(server_database, alembic(*arguments))
        assert done.returncode != 0
        assert "1242" in done.stderr
    assert "1242" in pipe(server_database, alembic("upgrade", "head")).stderr

    assert schema(server_database.engine) == before
    assert migrate.current(server_database.engine) == "0006_session_log"


@pytest.mark.parametrize(
    "row",
    [
        "(9, 'good', 'TITAN', '2021-06-01 10:00:01', 'END', 'COMPLETED', 'ada', '')",
        "(9, 'case', 'titan', '2021-06-01 10:00:01', 'END', 'COMPLETED', 'ada', '')",
        "(9, '', 'TITAN', '2021-06-01 10:00:01', 'END', 'COMPLETED', 'ada', '')",
    ],
)
def test_rows_that_break_a_rule_stop_the_script_before_it_changes_anything(server_database: Database, row: str) -> None:
    command.upgrade(migrate._config(server_database.engine), "0001_legacy")
    execute(server_database, *LEGACY_ROWS, f"INSERT INTO session_log VALUES {row}")
    before = schema(server_database.engine)

    done = pipe(server_database, alembic("upgrade", "0001_legacy:head"))

    assert "1242" in done.stderr
    assert schema(server_database.engine) == before
    execute(server_database, "DELETE FROM session_log WHERE id_session_log = 9")
    run_script(server_database, "upgrade", "0001_legacy:head")
    assert migrate.check(server_database.engine).fits


def test_the_script_waits_for_another_migration(server_database: Database) -> None:
    script = alembic("upgrade", "head").replace(", 60), 0) = 1", ", 1), 0) = 1")
    with server_database.engine.connect() as other, migrate.migrating(other):
        assert "1242" in pipe(server_database, script).stderr

    assert pipe(server_database, script).returncode == 0


def test_cloud_sql_needs_no_connection_for_a_script() -> None:
    script = alembic(
        "upgrade",
        "head",
        NEXUSLIMSGUI_CLOUDSQL_INSTANCE="project:region:name",
        NEXUSLIMSGUI_DB_NAME="nexuslims",
        NEXUSLIMSGUI_DB_USER="dba@project.iam",
    )

    assert script == alembic("upgrade", "head")


def test_a_stamp_guards_nothing() -> None:
    assert "otherwise" not in alembic("stamp", "0001_legacy")


def test_two_dbas_with_plain_alembic_do_not_collide(server_database: Database) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=TOP,
            env={**os.environ, **server_database.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]

    told = [process.communicate(timeout=120)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], told
    # One did it all, and the other found nothing left to do.
    assert sorted(words.count("Running upgrade") for words in told) == [0, 15]
    assert migrate.check(server_database.engine).fits
