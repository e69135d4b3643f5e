"""A computer's own sessions: which ones its journal does not know (a new disk), and which the database has lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.db.manifest_check import lacks_manifest
from nexuslims_logger.db.parts import last_activity
from nexuslims_logger.db.records import EventType, RecordStatus
from nexuslims_logger.db.session_note import settled_note
from nexuslims_logger.journal.records import Lost, SessionState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nexuslims_logger.db.unit_of_work import UnitOfWork, Units
    from nexuslims_logger.journal.records import SessionFacts

#: So many sessions are asked for in one statement.
_AT_ONCE = 500


def find_lacking(units: Units, sessions: tuple[SessionFacts, ...]) -> tuple[str, ...]:
    """Return those of the sessions, all of which the database has had, that are not there any more, or not as far."""
    lacking: list[str] = []
    with units() as unit:
        for first in range(0, len(sessions), _AT_ONCE):
            several = sessions[first : first + _AT_ONCE]
            held = unit.repository.statuses_and_notes([facts.identifier for facts in several])
            lacking += [facts.identifier for facts in several if _lacks(unit, facts, held.get(facts.identifier, {}))]
    return tuple(lacking)


def _lacks(unit: UnitOfWork, facts: SessionFacts, held: Mapping[str, tuple[str, str]]) -> bool:
    if facts.joined:
        # START and END are its own computer's; what only this one can write again is the part's list of files.
        return facts.state is SessionState.READY and lacks_manifest(unit.repository, facts)
    wanted = {EventType.START} if facts.ended_at is None else {EventType.START, EventType.END}
    if not wanted <= held.keys():
        return True
    behind = facts.state is SessionState.READY and any(
        status == RecordStatus.WAITING_FOR_END for status, _ in held.values()
    )
    return behind or any(settled_note(facts, note) != note for _, note in held.values())


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
