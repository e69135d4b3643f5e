"""The loggers' reports of themselves, on every database."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from nexuslims_logger.db.records import LoggerState
from nexuslims_logger.db.tasks import report_logger
from nexuslims_logger.models import LOGGERS
from tests.database_servers import counted_statements
from tests.integration.test_rights import REPORT
from tests.integration.test_tasks import units

if TYPE_CHECKING:
    from nexuslims_logger.db.unit_of_work import Units
    from tests.database_servers import Database

__all__ = ["units"]


def test_one_row_for_each_logger(database: Database, units: Units) -> None:
    report_logger(units, REPORT)
    report_logger(units, dataclasses.replace(REPORT, logger_id="x", computer_name="TEM-PC-2"))
    with database.engine.connect() as connection:
        first = connection.execute(select(LOGGERS).where(LOGGERS.c.logger_id == REPORT.logger_id)).one()

    report_logger(units, dataclasses.replace(REPORT, state=LoggerState.IDLE, files_waiting=0, last_error="ä" * 600))

    with database.engine.connect() as connection:
        rows = connection.execute(select(LOGGERS).order_by(LOGGERS.c.computer_name)).all()
        fleet = connection.execute(
            text("SELECT computer_name, state, silent_minutes FROM fleet_status ORDER BY 1")
        ).all()
    assert [row.computer_name for row in rows] == ["TEM-PC-1", "TEM-PC-2"]
    assert (rows[0].state, rows[0].files_waiting, rows[0].last_error) == ("IDLE", 0, "ä" * 500)
    assert rows[0].first_seen_at == first.first_seen_at
    assert rows[0].last_seen_at > first.last_seen_at
    assert abs(rows[0].last_seen_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert [tuple(row) for row in fleet] == [("TEM-PC-1", "IDLE", 0), ("TEM-PC-2", "RUNNING", 0)]


def test_a_report_is_one_statement(database: Database, units: Units) -> None:
    report_logger(units, REPORT)

    with counted_statements(database.engine) as sent:
        report_logger(units, REPORT)

    assert [statement.split()[0] for statement in sent] == ["UPDATE"]


def test_a_schema_without_the_table_is_left_alone(database: Database, units: Units) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP VIEW fleet_status"))
        connection.execute(text("DROP TABLE schema_info"))
        connection.execute(text("DROP TABLE loggers"))

    report_logger(units, REPORT)
