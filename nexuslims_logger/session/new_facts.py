"""What a new entry of the journal begins with: this PC, this run of the program, and the instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nexuslims_logger.journal.records import SessionFacts

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import Instrument
    from nexuslims_logger.session.loop import SessionLoop


def new_facts(loop: SessionLoop, instrument: Instrument, identifier: str, **facts: Any) -> SessionFacts:
    """Return the facts of a session that begins in the journal: begun at the launch, or as `facts` say.

    Parameters
    ----------
    facts
        What is known otherwise; as in `SessionFacts`.
    """
    station = loop.ports.station
    began: dict[str, Any] = {"started_at": station.launched_at, "utc_offset_min": loop.ports.clock.utc_offset_min()}
    began |= facts
    began.setdefault("last_activity_at", began["started_at"])
    return SessionFacts(
        identifier=identifier,
        computer_name=station.computer_name,
        instrument_pid=instrument.instrument_pid,
        instrument_name=instrument.schema_name,
        filestore_path=instrument.filestore_path,
        store_url=station.store_url,
        folders=station.folders,
        logger_version=station.logger_version,
        **began,
    )
