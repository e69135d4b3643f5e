"""The open sessions of a computer, for one whose journal does not know them: a new disk, another account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.db.parts import last_activity
from nexuslims_logger.journal.records import Lost

if TYPE_CHECKING:
    from nexuslims_logger.db.unit_of_work import Units


def find_lost(units: Units, instrument_pid: str, computer_name: str) -> tuple[Lost, ...]:
    """Return this computer's sessions at the instrument that have a START and no END, oldest first."""
    with units() as unit:
        repository = unit.repository
        has_manifest = repository.has_manifest()
        return tuple(
            Lost(
                session_identifier=identifier,
                user=start.user,
                note=start.session_note or "",
                started_at=start.timestamp,
                utc_offset_min=start.utc_offset_min,
                last_activity_at=last_activity(
                    start, repository.newest_file(identifier, computer_name) if has_manifest else None, None
                ),
                resumed=start.resumed or 0,
                clock_offset_ms=start.clock_offset_ms,
            )
            for identifier, start in repository.open_starts_of(instrument_pid, computer_name)
        )
