"""A newer logger on an older schema, an older logger on a newer one, and one that must not write at all (P10)."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from nexuslims_logger.admin import database as admin
from nexuslims_logger.db import migrate
from nexuslims_logger.db.tasks import apply_manifest, apply_session, find_instrument
from nexuslims_logger.db.unit_of_work import units_on
from nexuslims_logger.errors import AccessDenied, SchemaMismatch
from nexuslims_logger.exit_codes import ExitCode
from tests.integration.test_headless import Pc
from tests.integration.test_tasks import ENDED, FILE, READY, RUNNING
from tests.waiting import until
from tests.windows.signals import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.database_servers import Database, Server

REGISTERED = (
    "INSERT INTO instruments (instrument_pid, schema_name, filestore_path, computer_name)"
    " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')"
)
#: What a later program may add within one `compat`.
LATER = (
    "ALTER TABLE session_log ADD mood VARCHAR(20)",
    "ALTER TABLE file_manifest ADD sha256 CHAR(64)",
    "ALTER TABLE loggers ADD colour INT DEFAULT 3 NOT NULL",
    "CREATE TABLE reservations (id INT)",
    "UPDATE alembic_version SET version_num = '0042_from_the_future'",
)
NO_ROOM_BEFORE = "0011_file_manifest"


def run(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def whole_session(database: Database, identifier: str) -> None:
    """Do to the database what a session does, from the search for the instrument to ready."""
    units = units_on(database.engine)
    assert find_instrument(units, "TEM-PC-1", None, register=False).filestore_path == "./Titan"
    for facts in (RUNNING, RUNNING, ENDED):
        assert not apply_session(units, dataclasses.replace(facts, identifier=identifier)).ready
    apply_manifest(units, (dataclasses.replace(FILE, session_identifier=identifier),))
    assert apply_session(units, dataclasses.replace(READY, identifier=identifier)).ready


def test_a_newer_logger_on_every_older_schema(empty_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    config = migrate._config(empty_database.engine)
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    command.upgrade(config, revisions[0])
    run(empty_database, REGISTERED)

    for number, revision in enumerate(revisions):
        command.upgrade(config, revision)
        empty_database.engine.dispose()
        whole_session(empty_database, f"at {revision[:4]}")

        checked = migrate.check(empty_database.engine)
        assert checked.fits, revision
        assert ("file_manifest" in checked.missing) == (revision < NO_ROOM_BEFORE)
        assert admin.check(empty_database.settings) == ExitCode.COMPLETE
        told = capsys.readouterr().out
        assert ("as far as it goes" in told) == (revision != migrate.HEAD)
        assert len(rows(empty_database, "SELECT 1 FROM session_log WHERE record_status = 'TO_BE_BUILT'")) == 2 * (
            number + 1
        )

    recorded = rows(empty_database, "SELECT session_identifier FROM file_manifest ORDER BY 1")
    assert recorded == [(f"at {revision[:4]}",) for revision in revisions if revision >= NO_ROOM_BEFORE]


def test_an_older_logger_on_a_newer_schema(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    run(database, REGISTERED, *LATER)
    if database.kind != "sqlite":
        run(
            database,
            "ALTER TABLE session_log DROP CONSTRAINT ck_session_log_event, ADD CONSTRAINT ck_session_log_event"
            " CHECK (event_type IN ('START', 'END', 'RECORD_GENERATION', 'PAUSE'))",
        )

    whole_session(database, "newer")

    assert rows(database, "SELECT state FROM file_manifest") == [("UPLOADED",)]
    assert migrate.check(database.engine).fits
    assert admin.check(database.settings) == ExitCode.COMPLETE
    assert "0042_from_the_future" in capsys.readouterr().out


def test_a_column_that_must_be_given_does_not_fit(database: Database) -> None:
    if database.kind == "sqlite":
        pytest.skip("SQLite adds no such column")
    run(database, "ALTER TABLE session_log ADD badge INT NOT NULL")

    checked = migrate.check(database.engine)

    assert checked.obstacles == ("The column session_log.badge wants a value, and this program does not know it.",)


def test_tables_of_others_are_no_difference(database: Database) -> None:
    run(database, "CREATE TABLE somebody_elses (id INT)")

    checked = migrate.check(database.engine)

    assert (checked.fits, checked.differences) == (True, ())


@pytest.mark.parametrize("compat", [0, 2])
def test_another_compat_is_read_and_never_written(
    database: Database, compat: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run(database, REGISTERED)
    units = units_on(database.engine)
    apply_session(units, RUNNING)
    run(database, f"UPDATE schema_info SET compat = {compat}, minimum_logger = '7.5'")
    before = rows(database, "SELECT * FROM session_log")
    database.engine.dispose()

    assert find_instrument(units, "TEM-PC-1", None, register=False).instrument_pid == "TITAN"
    for facts in (ENDED, READY, dataclasses.replace(RUNNING, identifier="another")):
        with pytest.raises(SchemaMismatch, match="stays safe on this PC") as refused:
            apply_session(units, facts)
        assert ("7.5" in refused.value.message) == (compat > 1)
    with pytest.raises(SchemaMismatch):
        apply_manifest(units, (FILE,))

    assert rows(database, "SELECT * FROM session_log") == before
    assert rows(database, "SELECT 1 FROM file_manifest") == []
    assert not migrate.check(database.engine).fits
    assert admin.check(database.settings) == ExitCode.FAILED
    assert "compatibility number" in capsys.readouterr().out

    run(database, "UPDATE schema_info SET compat = 1")
    assert apply_session(units, READY).ready


def test_a_manifest_without_rights_is_no_older_schema(database: Database, request: pytest.FixtureRequest) -> None:
    if database.kind == "sqlite":
        pytest.skip("SQLite knows no rights")
    server: Server = request.getfixturevalue(database.kind)
    schema = database.engine.url.database
    run(database, REGISTERED)
    server.run(
        f"CREATE USER 'half-{schema}'@'%' IDENTIFIED BY 'pass'",
        f"GRANT SELECT ON {schema}.schema_info TO 'half-{schema}'@'%'",
    )
    try:
        engine = migrate_engine(database, f"half-{schema}")
        with pytest.raises(AccessDenied, match="file_manifest"):
            apply_manifest(units_on(engine), (FILE,))
        with pytest.raises(AccessDenied):
            apply_session(units_on(engine), RUNNING)
        engine.dispose()
    finally:
        server.run(f"DROP USER 'half-{schema}'@'%'")


def migrate_engine(database: Database, user: str) -> Any:
    from nexuslims_logger.db.engine import build_engine

    url = database.engine.url.set(username=user, password="pass").render_as_string(hide_password=False)
    return build_engine(dataclasses.replace(database.settings, database_url=url))


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    (tmp_path / "pc").mkdir()
    machine = Pc(tmp_path / "pc")
    yield machine
    machine.kill_all()


def test_a_schema_that_does_not_fit_stops_no_session(database: Database, pc: Pc) -> None:
    """The session is journaled, its files are sent, the program says so; the next start brings it all in."""
    run(database, "UPDATE schema_info SET compat = 2, minimum_logger = '7.5'", REGISTERED)
    pc.environment |= {
        "NEXUSLIMSGUI_DATABASE_URL": database.environ["NEXUSLIMSGUI_DATABASE_URL"],
        "NEXUSLIMSGUI_INSTRUMENT": "TITAN",
    }
    program, session = pc.headless("--user", "ada")
    pc.write("a.tif", b"image")
    until(lambda: "a.tif" in pc.stored())
    interrupt(program)
    _, told = program.communicate(timeout=60)

    assert program.returncode == ExitCode.WAITING
    assert "NexusLIMS-Logger 7.5 or newer" in told
    assert rows(database, "SELECT 1 FROM session_log") == []
    with closing(sqlite3.connect(pc.home / "facts.db")) as journal:
        assert journal.execute("SELECT identifier, ended_at IS NOT NULL FROM session").fetchall() == [(session, 1)]

    run(database, "UPDATE schema_info SET compat = 1")
    assert pc.run("sync").returncode == ExitCode.COMPLETE
    assert rows(database, "SELECT event_type, user, record_status FROM session_log ORDER BY 1 DESC") == [
        ("START", "ada", "TO_BE_BUILT"),
        ("END", "ada", "TO_BE_BUILT"),
    ]
