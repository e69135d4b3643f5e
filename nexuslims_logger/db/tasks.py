"""What the database thread runs: plain blocking functions, each idempotent.

Each takes `units` first, is one transaction (a manifest: one per batch), and may be repeated after a
lost answer. All raise `DatabaseUnavailable` when the same call may succeed later, and `AccessDenied`,
`SchemaMismatch`, `DataRefused` or `Defect` when it will not.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from nexuslims_logger.db import migrate
from nexuslims_logger.db.amend_session import amend_session
from nexuslims_logger.db.apply_manifest import apply_manifest
from nexuslims_logger.db.apply_session import apply_session
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.errors import DuplicateRow
from nexuslims_logger.db.own_sessions import find_lacking, find_lost
from nexuslims_logger.db.parts import apply_part, find_neighbour, join_session, take_over
from nexuslims_logger.db.report_logger import report_logger
from nexuslims_logger.db.unit_of_work import units_on
from nexuslims_logger.errors import UnknownInstrument
from nexuslims_logger.journal.records import Instrument

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.records import SessionSummary
    from nexuslims_logger.db.unit_of_work import EngineUnits, UnitOfWork, Units
    from nexuslims_logger.journal.records import ManifestRow
    from nexuslims_logger.ports import Clock

__all__ = [
    "amend_session",
    "apply_manifest",
    "apply_part",
    "apply_session",
    "find_instrument",
    "find_lacking",
    "find_lost",
    "find_neighbour",
    "join_session",
    "manifest_of",
    "open_database",
    "recent_sessions",
    "report_logger",
    "take_over",
]


def open_database(settings: Settings, clock: Clock | None = None) -> EngineUnits:
    """Make ready what the tasks need; the embedded database is created and upgraded. Blocks; once, first.

    A central database is not asked anything yet, so that this succeeds offline, and is never
    upgraded by a logger.

    Parameters
    ----------
    settings
        Which database.
    clock
        The PC's; without it no session's clock offset is measured.

    Raises
    ------
    ConfigurationError
        The settings name no database that this program can use.
    """
    engine = build_engine(settings)
    if settings.is_embedded:
        settings.home.mkdir(parents=True, exist_ok=True)
        migrate.prepare(engine)
    return units_on(engine, clock)


def find_instrument(
    units: Units,
    computer_name: str,
    instrument_pid: str | None,
    register: bool,
) -> Instrument:
    """Look up this computer's instrument.

    Parameters
    ----------
    units
        The database.
    computer_name
        Of this PC; case does not matter.
    instrument_pid
        The setting ``INSTRUMENT``; when given, it decides alone.
    register
        Whether an unknown computer registers itself (the embedded default).

    Raises
    ------
    UnknownInstrument
        There is none; the message has the computer's name and the remedy.
    """
    try:
        with units() as unit:
            found = _look_up(unit, computer_name, instrument_pid)
            if found is None and register and instrument_pid is None:
                found = _as_registered(computer_name)
                unit.repository.insert_instrument(asdict(found))
                unit.commit()
    except DuplicateRow:
        # Another process of this PC registered it in the same moment.
        with units() as unit:
            found = _look_up(unit, computer_name, instrument_pid)
    if found is None:
        raise _unknown(computer_name, instrument_pid)
    return found


def recent_sessions(units: Units, limit: int) -> tuple[SessionSummary, ...]:
    """Return the newest sessions, newest first."""
    with units() as unit:
        return unit.repository.recent_sessions(limit)


def manifest_of(units: Units, session_identifier: str) -> tuple[ManifestRow, ...]:
    """Return a session's manifest rows, by object name."""
    with units() as unit:
        return unit.repository.manifest_of(session_identifier)


def _look_up(unit: UnitOfWork, computer_name: str, instrument_pid: str | None) -> Instrument | None:
    if instrument_pid is not None:
        return unit.repository.instrument_by_pid(instrument_pid)
    return unit.repository.instrument_by_computer(computer_name)


def _as_registered(computer_name: str) -> Instrument:
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", computer_name).strip("-") or "this-computer"
    return Instrument(name, name, f"./{name}", computer_name)


def _unknown(computer_name: str, instrument_pid: str | None) -> UnknownInstrument:
    if instrument_pid is not None:
        return UnknownInstrument(
            f"The instrument {instrument_pid!r} is not registered",
            f"NEXUSLIMSGUI_INSTRUMENT on the computer {computer_name!r} names it. Correct the setting, or ask"
            " the facility manager to register it with 'nexuslims-logger instruments add'.",
        )
    return UnknownInstrument(
        "This computer is not registered",
        f"No instrument belongs to the computer {computer_name!r}. Give this name to the facility manager,"
        " who registers it with 'nexuslims-logger instruments add', then try again.",
    )
