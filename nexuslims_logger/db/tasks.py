"""What the database thread runs: plain blocking functions, each idempotent.

Each takes `units` first, is one transaction (or one per batch), and may be repeated after a lost answer. All raise
`DatabaseUnavailable` when the same call may succeed later, and `AccessDenied`, `SchemaMismatch`, `DataRefused` or
`Defect` when it will not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.records import SessionSummary
    from nexuslims_logger.db.unit_of_work import Units
    from nexuslims_logger.journal.records import Applied, Instrument, ManifestRow, SessionFacts
    from nexuslims_logger.ports import Clock


def open_database(settings: Settings, clock: Clock | None = None) -> Units:
    """Make ready what the tasks need; the embedded database is created and upgraded. Blocks; once, first.

    A central database is not asked anything yet, so that this succeeds offline. Without a `clock` no
    clock offset is measured.
    """
    raise NotImplementedError


def find_instrument(
    units: Units, computer_name: str, instrument_pid: str | None, register: bool  # noqa: FBT001 - called through a pool, by position
) -> Instrument:
    """Look up the instrument: by `instrument_pid` when given, else by `computer_name`."""
    raise NotImplementedError


def apply_session(units: Units, facts: SessionFacts) -> Applied:
    """Bring the START and END rows to what the facts say, in one transaction, exactly once."""
    raise NotImplementedError


def apply_manifest(units: Units, rows: tuple[ManifestRow, ...]) -> None:
    """Insert or update the manifest rows, in batches."""
    raise NotImplementedError


def recent_sessions(units: Units, limit: int) -> tuple[SessionSummary, ...]:
    """Return the newest sessions, newest first."""
    raise NotImplementedError


def manifest_of(units: Units, session_identifier: str) -> tuple[ManifestRow, ...]:
    """Return a session's manifest rows, by object name."""
    raise NotImplementedError
