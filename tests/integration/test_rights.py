"""Everything that each database user does, done with no more rights than `db grants` prints; the rest is refused."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import text

from nexuslims_logger.admin.instruments import add_instrument
from nexuslims_logger.db import migrate
from nexuslims_logger.db.amend_session import Amendment
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.errors import FOREIGN_ERRORS, translate
from nexuslims_logger.db.grants import Role, grants
from nexuslims_logger.db.records import LoggerReport, LoggerState
from nexuslims_logger.db.tasks import (
    amend_session,
    apply_manifest,
    apply_session,
    find_instrument,
    manifest_of,
    recent_sessions,
    report_logger,
)
from nexuslims_logger.db.unit_of_work import units_on
from nexuslims_logger.errors import AccessDenied, StopAndTell
from nexuslims_logger.journal.records import EndReason, ResultState
from tests.database_servers import KINDS, Database, Server, new_database, settings_for
from tests.integration.test_tasks import AT, ENDED, FILE, HOUR, READY, RUNNING
from tests.session_facts import with_note

if TYPE_CHECKING:
    from collections.abc import Iterator

LATER = AT + 2 * HOUR
REPORT = LoggerReport(
    logger_id="7d1c9a52-1f0e-4a4e-9a57-0b2f9c1de001",
    computer_name="TEM-PC-1",
    instrument="TITAN",
    logger_version="0.1.0",
    state=LoggerState.RUNNING,
    session_identifier=RUNNING.identifier,
    files_waiting=3,
    bytes_waiting=3000,
    last_good_pass_at=AT,
    last_error=None,
    clock_offset_ms=12,
)
VIEWS = ("session_summary", "instrument_usage", "transfer_backlog", "fleet_status")
TABLES = ("instruments", "session_log", "file_manifest", "loggers")

DELETES = tuple(f"DELETE FROM {table}" for table in (*TABLES, "alembic_version", "schema_info"))
DDL = (
    "CREATE TABLE mine (x INT)",
    "ALTER TABLE session_log ADD COLUMN mine INT",
    "DROP TABLE file_manifest",
    "TRUNCATE TABLE session_log",
    "CREATE INDEX mine ON session_log (user)",
    "CREATE VIEW mine AS SELECT 1",
    "DROP VIEW session_summary",
    "SELECT * FROM elsewhere_{schema}.secret",
    "INSERT INTO elsewhere_{schema}.secret VALUES (2)",
    "CREATE USER 'mine-{schema}'@'%'",
    "GRANT SELECT ON session_log TO CURRENT_USER()",
)
REFUSED = {
    Role.LOGGER: (
        *DELETES,
        *DDL,
        *(
            f"UPDATE session_log SET {column} = {column}"
            for column in (
                *("id_session_log", "session_identifier", "instrument", "utc_offset_min", "event_type", "user"),
                *("project", "computer_name", "logger_version", "clock_offset_ms", "recorded_at"),
            )
        ),
        *(
            f"UPDATE file_manifest SET {column} = {column}"
            for column in (
                *("id", "session_identifier", "instrument", "computer_name", "bucket", "object_name"),
                *("object_digest", "discovered_at"),
            )
        ),
        *(f"UPDATE loggers SET {column} = {column}" for column in ("logger_id", "computer_name", "first_seen_at")),
        "UPDATE instruments SET schema_name = schema_name",
        "INSERT INTO instruments (instrument_pid, schema_name, filestore_path) VALUES ('X', 'X', './X')",
        "UPDATE schema_info SET compat = compat",
        "UPDATE alembic_version SET version_num = version_num",
        "SELECT * FROM instrument_usage",
    ),
    Role.REPORTS: (
        *DELETES,
        *DDL,
        *(f"UPDATE {table} SET instrument = instrument" for table in ("session_log", "file_manifest", "loggers")),
        "UPDATE instruments SET schema_name = schema_name",
        "INSERT INTO instruments (instrument_pid, schema_name, filestore_path) VALUES ('X', 'X', './X')",
        "INSERT INTO session_log (session_identifier, instrument, event_type) VALUES ('x', 'TITAN', 'START')",
    ),
    Role.BUILDER: (
        *DELETES,
        *DDL,
        "UPDATE session_log SET `timestamp` = `timestamp`",
        "UPDATE session_log SET user = user",
        "UPDATE instruments SET schema_name = schema_name",
        "UPDATE file_manifest SET state = state",
        "SELECT * FROM loggers",
    ),
    Role.DBA: (
        "SELECT * FROM elsewhere_{schema}.secret",
        "CREATE USER 'mine-{schema}'@'%'",
        "GRANT SELECT ON session_log TO CURRENT_USER()",
    ),
    Role.FACILITY: (
        *DELETES,
        *DDL,
        "UPDATE session_log SET instrument = instrument",
        "UPDATE session_log SET session_identifier = session_identifier",
        "UPDATE file_manifest SET md5 = md5",
        "UPDATE loggers SET state = state",
        "INSERT INTO file_manifest (session_identifier) VALUES ('x')",
    ),
}


class Granted:
    """A migrated database with one instrument, on a server, and users who have what `db grants` prints."""

    def __init__(self, server: Server, database: Database, folder: Path) -> None:
        self.server = server
        self.database = database
        self.schema = str(database.engine.url.database)
        self._folder = folder

    @contextmanager
    def user(self, role: Role) -> Iterator[Database]:
        """Log in as a user of that role."""
        name = f"{role}-{self.schema}"
        account = f"'{name}'@'%'"
        # Its name as an IAM user has it: what stands before the @ is the database's user.
        statements = grants(role, f"{name}@project.iam.gserviceaccount.com", self.schema)
        self.server.run(f"CREATE USER {account} IDENTIFIED BY 'pass'", *statements)
        url = self.database.engine.url.set(username=name, password="pass")
        settings = settings_for(self._folder / role, url.render_as_string(hide_password=False))
        engine = build_engine(settings)
        try:
            yield Database(self.database.kind, settings, engine)
        finally:
            engine.dispose()
            self.server.run(f"DROP USER {account}")


@pytest.fixture(params=[kind for kind in KINDS if kind != "sqlite"])
def granted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Granted]:
    server: Server = request.getfixturevalue(request.param)
    with new_database(request.param, request, tmp_path) as database:
        migrate.upgrade(database.engine)
        found = Granted(server, database, tmp_path)
        server.run(
            f"INSERT INTO {found.schema}.instruments (instrument_pid, schema_name, filestore_path, computer_name)"
            " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')",
            f"CREATE DATABASE elsewhere_{found.schema}",
            f"CREATE TABLE elsewhere_{found.schema}.secret (x INT)",
        )
        try:
            yield found
        finally:
            server.run(f"DROP DATABASE elsewhere_{found.schema}")


def run(user: Database, statement: str) -> None:
    """Run a statement, and undo it."""
    try:
        with user.engine.connect() as connection:
            connection.execute(text(statement.replace(":", "\\:")))
            connection.rollback()
    except FOREIGN_ERRORS as error:
        raise translate(error) from error


def is_refused(user: Database, statement: str) -> bool:
    try:
        run(user, statement)
    except AccessDenied:
        return True
    return False


def test_a_loggers_rights_are_enough(granted: Granted) -> None:
    with granted.user(Role.LOGGER) as user:
        units = units_on(user.engine)
        assert find_instrument(units, "TEM-PC-1", None, register=False).instrument_pid == "TITAN"
        apply_session(units, RUNNING)
        report_logger(units, REPORT)
        apply_session(units, ENDED)
        apply_session(units, dataclasses.replace(ENDED, ended_at=LATER, end_reason=EndReason.LAST_FILE))
        apply_manifest(units, (dataclasses.replace(FILE, size_bytes=1),))
        apply_manifest(units, (FILE,))
        apply_session(units, READY)
        apply_session(units, dataclasses.replace(with_note(READY, "later"), last_activity_at=LATER))
        report_logger(units, dataclasses.replace(REPORT, state=LoggerState.IDLE, session_identifier=None))

        assert manifest_of(units, RUNNING.identifier) == (FILE,)
        assert recent_sessions(units, 5)[0].status == "TO_BE_BUILT"


def test_a_report_users_rights_are_enough(granted: Granted) -> None:
    with granted.user(Role.REPORTS) as user:
        for source in (*TABLES, *VIEWS):
            run(user, f"SELECT * FROM {source}")


def test_a_record_builders_rights_are_enough(granted: Granted) -> None:
    apply_session(units_on(granted.database.engine), READY)
    with granted.user(Role.BUILDER) as user:
        run(user, "SELECT * FROM instruments")
        run(user, "SELECT * FROM file_manifest")
        run(user, "UPDATE session_log SET record_status = 'COMPLETED' WHERE record_status = 'TO_BE_BUILT'")
        run(
            user,
            "INSERT INTO session_log (session_identifier, instrument, event_type, record_status)"
            f" VALUES ('{RUNNING.identifier}', 'TITAN', 'RECORD_GENERATION', 'COMPLETED')",
        )


def test_a_dbas_rights_are_enough(granted: Granted) -> None:
    # To MySQL a view of a more powerful user is out of reach: who migrates is the one who made the views.
    command.downgrade(migrate._config(granted.database.engine), "base")
    with granted.user(Role.DBA) as user:
        migrate.upgrade(user.engine)
        assert migrate.check(user.engine).fits
        command.downgrade(migrate._config(user.engine), "base")


def test_a_facility_managers_rights_are_enough(granted: Granted) -> None:
    units = units_on(granted.database.engine)
    apply_session(units, RUNNING)
    apply_manifest(units, (dataclasses.replace(FILE, state=ResultState.PENDING, md5=None, uploaded_at=None),))
    with granted.user(Role.FACILITY) as user:
        add_instrument(user.settings, {"instrument_pid": "SEM", "schema_name": "Zeiss", "filestore_path": "./SEM"})
        amendment = Amendment(RUNNING.identifier, "mia", "gone", LATER, "0.1.0", user="bob", skip_missing=True)
        assert amend_session(units_on(user.engine), amendment).left_out == 1
        for source in (*TABLES, *VIEWS, "schema_info", "alembic_version"):
            run(user, f"SELECT * FROM {source}")


@pytest.mark.parametrize("role", Role)
def test_everything_else_is_refused(granted: Granted, role: Role) -> None:
    apply_session(units_on(granted.database.engine), READY)
    with granted.user(role) as user:
        run(user, "SELECT * FROM session_log")  # the user is known, and in the right schema
        statements = [statement.format(schema=granted.schema) for statement in REFUSED[role]]
        assert [statement for statement in statements if not is_refused(user, statement)] == []


def test_the_page_shows_what_is_granted() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rights.md").read_text(encoding="utf-8")
    shown = [line for line in page.splitlines() if line.startswith("GRANT ")]
    assert shown == list(grants(Role.LOGGER, "tem1-logger@my-project.iam.gserviceaccount.com", "nexuslims"))


@pytest.mark.parametrize("user", ["", "@project", "a" * 33, "back\\slash", " padded", "line\nbreak"])
def test_no_user_of_that_name(user: str) -> None:
    with pytest.raises(StopAndTell, match="no such database user"):
        grants(Role.LOGGER, user, "nx")


def test_names_are_quoted() -> None:
    (dba,) = grants(Role.DBA, "o'neill", "nexus_lims")
    assert dba.endswith(r"ON `nexus\_lims`.* TO 'o''neill'@'%';")
    assert grants(Role.REPORTS, "r", "we`ird_1")[0] == "GRANT SELECT ON `we``ird_1`.`instruments` TO 'r'@'%';"
