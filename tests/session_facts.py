"""A session as the journal keeps it, for the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from nexuslims_logger.journal.records import SessionFacts, WatchFolder, note_digest

START = datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=UTC)


def a_session(identifier: str = "s1", **changes: Any) -> SessionFacts:
    """Return a session that has just begun, with what is said otherwise."""
    known: dict[str, Any] = {
        "identifier": identifier,
        "computer_name": "TEM-PC",
        "instrument_pid": "TITAN",
        "instrument_name": "FEI Titan",
        "filestore_path": "./Titan",
        "store_url": "file:///bucket",
        "folders": (WatchFolder("a", "/é"), WatchFolder("b", "/b")),
        "user": "ada",
        "started_at": START,
        "utc_offset_min": 60,
        "logger_version": "0.1.0",
    }
    known |= changes
    return SessionFacts(**({"last_activity_at": known["started_at"]} | known))


def with_note(facts: SessionFacts, note: str) -> SessionFacts:
    """Return the session with another note, as the journal changes it."""
    earlier, revision = (*facts.earlier_notes, note_digest(facts.note)), facts.revision + 1
    return replace(facts, note=note, earlier_notes=earlier, revision=revision, note_revision=revision)
