"""Everything a logger does, done with no more rights than it is granted."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, update

from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.tasks import (
    apply_manifest,
    apply_session,
    find_instrument,
    manifest_of,
    recent_sessions,
)
from nexuslims_logger.db.unit_of_work import Units, units_on
from nexuslims_logger.errors import AccessDenied
from nexuslims_logger.journal.records import EndReason
from nexuslims_logger.models import SESSION_LOG
from tests.database_servers import KINDS, new_database, settings_for
from tests.integration.test_tasks import AT, ENDED, FILE, HOUR, READY, RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database_servers import Server

LATER = AT + 2 * HOUR

#: Table: what a logger may do there besides reading.
GRANTS = {
    "alembic_version": "",
    "schema_info": "",
    "instruments": "",
    "session_summary": "",
    "session_log": """, INSERT, UPDATE (`timestamp`, record_status, session_note, end_reason, last_activity_at,
        resumed, paused_seconds)""",
    "file_manifest": """, INSERT, UPDATE (md5, size_bytes, modified_at, state, generation, attempts, last_error,
        reason, decided_by, uploaded_at)""",
}


@pytest.fixture(params=[kind for kind in KINDS if kind != "sqlite"])
def logger_units(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Units]:
    """Units of work of a user who may do what a logger must, on a schema with one instrument."""
    server: Server = request.getfixturevalue(request.param)
    with new_database(request.param, request, tmp_path) as database:
        migrate.upgrade(database.engine)
        schema = database.engine.url.database
        user = f"'logger-{schema}'@'%'"
        server.run(
            f"INSERT INTO {schema}.instruments (instrument_pid, schema_name, filestore_path, computer_name)"
            " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')",
            f"CREATE USER {user} IDENTIFIED BY 'pass'",
            *(f"GRANT SELECT{more} ON {schema}.{table} TO {user}" for table, more in GRANTS.items()),
        )
        url = database.engine.url.set(username=f"logger-{schema}", password="pass")
        engine = build_engine(settings_for(tmp_path / "logger", url.render_as_string(hide_password=False)))
        try:
            yield units_on(engine)
        finally:
            engine.dispose()
            server.run(f"DROP USER {user}")


def test_a_loggers_rights_are_enough(logger_units: Units) -> None:
    units = logger_units
    assert find_instrument(units, "TEM-PC-1", None, register=False).instrument_pid == "TITAN"
    apply_session(units, RUNNING)
    apply_session(units, ENDED)
    apply_session(units, dataclasses.replace(ENDED, ended_at=LATER, end_reason=EndReason.LAST_FILE))
    apply_session(units, READY)
    apply_session(units, dataclasses.replace(READY, note="later", last_activity_at=READY.started_at))
    apply_manifest(units, (dataclasses.replace(FILE, size_bytes=1),))
    apply_manifest(units, (FILE,))

    assert manifest_of(units, RUNNING.identifier) == (FILE,)
    assert recent_sessions(units, 5)[0].status == "TO_BE_BUILT"


def test_a_logger_can_neither_delete_nor_rewrite_history(logger_units: Units) -> None:
    apply_session(logger_units, READY)

    with pytest.raises(AccessDenied), logger_units() as unit:
        unit.repository._connection.execute(delete(SESSION_LOG))
    with pytest.raises(AccessDenied), logger_units() as unit:
        unit.repository._connection.execute(update(SESSION_LOG).values(user="somebody else"))
