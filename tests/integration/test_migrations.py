"""The migrations, on every database that they are for."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

import nexuslims_logger
from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.schema_check import SchemaCheck
from nexuslims_logger.errors import DataRefused, LoggerError, SchemaMismatch
from nexuslims_logger.models import Base
from tests.database_servers import Database, free_port, settings_for

TOP = Path(__file__).parents[2]

LEGACY_ROWS = (
    """INSERT INTO instruments (instrument_pid, schema_name, filestore_path, computer_name)
    VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1'), ('SEM', 'Zeiss SEM', './SEM', 'SEM-PC-1')""",
    """INSERT INTO session_log
    (id_session_log, session_identifier, instrument, timestamp, event_type, record_status, user, session_note)
    VALUES
    (1, 'good', 'TITAN', '2021-06-01 08:00:00', 'START', 'COMPLETED', 'ada', 'Gitter 7, ätzend'),
    (2, 'good', 'TITAN', '2021-06-01 10:00:00', 'END', 'COMPLETED', 'ada', 'Gitter 7, ätzend'),
    (3, 'good', 'TITAN', '2021-06-02 01:00:00', 'RECORD_GENERATION', 'COMPLETED', 'nexuslims', NULL),
    (4, 'open', 'SEM', '2021-06-03 08:00:00', 'START', 'WAITING_FOR_END', 'bob', '')""",
)
KEPT = (
    "SELECT id_session_log, session_identifier, instrument, event_type, record_status, user, session_note"
    " FROM session_log ORDER BY id_session_log"
)


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_head_is_the_newest_revision() -> None:
    scripts = ScriptDirectory.from_config(migrate._config(None))

    assert scripts.get_heads() == [migrate.HEAD]


def test_every_revision_is_short_enough_for_version_num() -> None:
    scripts = ScriptDirectory.from_config(migrate._config(None))

    assert all(len(script.revision) <= 32 for script in scripts.walk_revisions())


def test_up_down_and_up_again_keeps_the_rows(empty_database: Database) -> None:
    engine = empty_database.engine
    config = migrate._config(engine)
    command.upgrade(config, "0001_legacy")
    run(engine, *LEGACY_ROWS)
    before = rows(engine, KEPT)

    migrate.upgrade(engine)

    assert migrate.current(engine) == migrate.HEAD
    assert rows(engine, KEPT) == before
    started = rows(engine, "SELECT started_at FROM session_summary WHERE session_identifier = 'good'")
    assert str(started[0][0]).removesuffix(".000000") == "2021-06-01 08:00:00"
    assert rows(engine, "SELECT timezone, harvester FROM instruments") == [("UTC", "nemo")] * 2

    command.downgrade(config, "0001_legacy")

    assert rows(engine, KEPT) == before
    assert set(inspect(engine).get_table_names()) == {"alembic_version", "instruments", "session_log"}
    assert inspect(engine).get_view_names() == []

    migrate.upgrade(engine)

    assert rows(engine, KEPT) == before
    assert migrate.check(engine).differences == ()


def test_down_to_nothing_and_up_again(database: Database) -> None:
    command.downgrade(migrate._config(database.engine), "base")

    assert inspect(database.engine).get_table_names() == ["alembic_version"]

    migrate.upgrade(database.engine)

    assert migrate.check(database.engine).fits


def test_every_step_can_be_taken_back_alone(empty_database: Database) -> None:
    config = migrate._config(empty_database.engine)
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    for revision in reversed(revisions):
        command.upgrade(config, revision)
        command.downgrade(config, "-1")
        command.upgrade(config, revision)

    assert migrate.check(empty_database.engine).fits


def test_upgrade_again_changes_nothing(database: Database) -> None:
    migrate.upgrade(database.engine)

    assert migrate.check(database.engine) == SchemaCheck(migrate.HEAD, migrate.HEAD, 1, ())


def test_check_sees_a_column_that_is_missing(database: Database) -> None:
    run(database.engine, "ALTER TABLE loggers DROP COLUMN last_good_pass_at")

    found = migrate.check(database.engine).differences

    assert len(found) == 1
    assert "last_good_pass_at" in found[0]


def test_the_tables_have_the_models_rules_and_keys(database: Database, tmp_path: Path) -> None:
    """Autogenerate sees neither CHECKs nor their names; the models made elsewhere do."""
    present = {table: facts(database.engine, table) for table in Base.metadata.tables}
    made = database.engine
    if database.kind == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path / 'models.db'}")
    else:
        command.downgrade(migrate._config(made), "base")
    Base.metadata.create_all(made)
    wanted = {table: facts(made, table) for table in Base.metadata.tables}
    made.dispose()

    for table, about in wanted.items():
        for what, value in about.items():
            assert present[table][what] == value, f"{what} of {table}"


def facts(engine: Engine, table: str) -> dict[str, object]:
    """Describe a table; spaces in rules and the order of columns do not count."""
    seen = inspect(engine)
    return {
        "columns": {column["name"]: (str(column["type"]), column["nullable"]) for column in seen.get_columns(table)},
        "checks": {
            # MySQL writes down in which character set it read a text.
            check["name"]: re.sub(r"_(ascii|utf8mb4)(?=')|[\s\"]", "", check["sqltext"])
            for check in seen.get_check_constraints(table)
        },
        "uniques": {(index["name"], *index["column_names"]) for index in seen.get_indexes(table) if index["unique"]},
        "indexes": {(index["name"], *index["column_names"]) for index in seen.get_indexes(table)},
        "references": {
            (key["name"], *key["constrained_columns"], key["referred_table"], str(key["options"]))
            for key in seen.get_foreign_keys(table)
        },
    }


def test_two_at_once_do_not_collide(empty_database: Database) -> None:
    program = (
        "from nexuslims_logger.config import load_settings\n"
        "from nexuslims_logger.db import migrate\n"
        "from nexuslims_logger.db.engine import build_engine\n"
        "migrate.upgrade(build_engine(load_settings(), patient=True))\n"
    )
    environ = {**os.environ, **empty_database.environ}
    both = [
        subprocess.Popen([sys.executable, "-c", program], env=environ, cwd=TOP, stderr=subprocess.PIPE)
        for _ in range(2)
    ]

    told = [process.communicate(timeout=120)[1].decode() for process in both]

    assert told == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    assert migrate.check(empty_database.engine).fits


def test_plain_alembic_from_the_checkout(empty_database: Database) -> None:
    def alembic(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=TOP,
            env={**os.environ, **empty_database.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    alembic("upgrade", "head")
    assert migrate.HEAD in alembic("current")
    assert "No new upgrade operations detected" in alembic("check")
    alembic("downgrade", "base")
    script = alembic("upgrade", "head", "--sql")

    assert "CREATE TABLE session_log" in script
    if empty_database.kind == "sqlite":
        with contextlib.closing(empty_database.engine.raw_connection()) as connection:
            driver = connection.driver_connection
            assert driver is not None
            driver.executescript(f"DROP TABLE alembic_version;{script}")
        assert migrate.check(empty_database.engine).fits


@pytest.mark.parametrize("folder", ["plain", "with 100% and spaces"])
def test_the_folder_is_found_through_the_package(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / folder / "nexuslims_logger"
    package.mkdir(parents=True)
    monkeypatch.setattr(nexuslims_logger, "__file__", str(package / "__init__.py"))

    assert migrate.scripts_folder() == tmp_path / folder / "migrations"

    shutil.copytree(TOP / "migrations", package / "migrations")

    assert migrate.scripts_folder() == package / "migrations"
    assert ScriptDirectory.from_config(migrate._config(None)).get_heads() == [migrate.HEAD]


def test_orphaned_rows_stop_an_sqlite_upgrade(empty_database: Database) -> None:
    if empty_database.kind != "sqlite":
        pytest.skip("the servers refuse by themselves")
    engine = empty_database.engine
    command.upgrade(migrate._config(engine), "0001_legacy")
    assert engine.url.database is not None
    with contextlib.closing(sqlite3.connect(engine.url.database)) as raw, raw:
        raw.execute(
            "INSERT INTO session_log (session_identifier, instrument, event_type) VALUES ('x', 'GONE', 'START')"
        )

    with pytest.raises(SchemaMismatch, match="session_log"):
        migrate.upgrade(engine)

    assert migrate.current(engine) == "0001_legacy"


def test_rows_that_break_a_new_rule_stop_the_upgrade(empty_database: Database) -> None:
    engine = empty_database.engine
    command.upgrade(migrate._config(engine), "0001_legacy")
    run(engine, *LEGACY_ROWS)
    run(
        engine,
        "INSERT INTO session_log (session_identifier, instrument, event_type) VALUES ('good', 'TITAN', 'END')",
    )

    with pytest.raises(DataRefused):
        migrate.upgrade(engine)

    assert migrate.current(engine) != migrate.HEAD
    run(engine, "DELETE FROM session_log WHERE id_session_log > 4")
    migrate.upgrade(engine)
    assert migrate.check(engine).fits


def test_prepare_accepts_a_newer_revision_of_equal_compatibility(database: Database) -> None:
    run(database.engine, "UPDATE alembic_version SET version_num = '9999_from_the_future'")

    migrate.prepare(database.engine)

    assert migrate.current(database.engine) == "9999_from_the_future"

    run(database.engine, "UPDATE schema_info SET compat = 2")
    with pytest.raises(SchemaMismatch, match="newer version"):
        migrate.prepare(database.engine)


def test_prepare_leaves_alembic_alone_when_there_is_nothing_to_do(database: Database) -> None:
    program = (
        "import sys\n"
        "from nexuslims_logger.config import load_settings\n"
        "from nexuslims_logger.db import migrate\n"
        "from nexuslims_logger.db.engine import build_engine\n"
        "migrate.prepare(build_engine(load_settings()))\n"
        "sys.exit('alembic' in sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **database.environ},
        cwd=TOP,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0


def test_an_unreachable_server_is_told_in_the_programs_words(tmp_path: Path) -> None:
    engine = build_engine(settings_for(tmp_path, f"mysql://u@127.0.0.1:{free_port()}/nx"))

    with pytest.raises(LoggerError, match="cannot be reached"):
        migrate.upgrade(engine)
