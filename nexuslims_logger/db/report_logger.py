"""Write a logger's report of itself into ``loggers``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nexuslims_logger.db.records import LoggerReport
    from nexuslims_logger.db.unit_of_work import Units

#: The last error only explains; it is cut, not refused.
_LAST_ERROR_CHARACTERS = 500


def report_logger(units: Units, report: LoggerReport) -> None:
    """Bring this logger's row to the report; it is inserted the first time. ``last_seen_at`` is the database's time.

    A schema that has no ``loggers`` yet is left alone.
    """
    values = {**asdict(report), "last_error": report.last_error and report.last_error[:_LAST_ERROR_CHARACTERS]}
    with units() as unit:
        if not unit.repository.has_loggers():
            return
        if not unit.repository.update_logger(values):
            unit.repository.insert_logger(values)
        unit.commit()
